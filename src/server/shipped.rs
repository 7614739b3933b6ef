//! The theories shipped with the program: examples, and files that uploads may import.

/// The files, by their names in `theories/`.
const FILES: [(&str, &str); 27] = [
    ("abelian-group.mpl", include_str!("../../theories/abelian-group.mpl")),
    ("algebra.mpl", include_str!("../../theories/algebra.mpl")),
    ("boolean-algebra.mpl", include_str!("../../theories/boolean-algebra.mpl")),
    ("boolean-ring.mpl", include_str!("../../theories/boolean-ring.mpl")),
    ("divisibility.mpl", include_str!("../../theories/divisibility.mpl")),
    ("equivalence.mpl", include_str!("../../theories/equivalence.mpl")),
    ("functions.mpl", include_str!("../../theories/functions.mpl")),
    ("graphs.mpl", include_str!("../../theories/graphs.mpl")),
    ("group.mpl", include_str!("../../theories/group.mpl")),
    ("integers.mpl", include_str!("../../theories/integers.mpl")),
    ("lattice.mpl", include_str!("../../theories/lattice.mpl")),
    ("linear-order.mpl", include_str!("../../theories/linear-order.mpl")),
    ("lists.mpl", include_str!("../../theories/lists.mpl")),
    ("mappings.mpl", include_str!("../../theories/mappings.mpl")),
    ("monoid.mpl", include_str!("../../theories/monoid.mpl")),
    ("natural-order.mpl", include_str!("../../theories/natural-order.mpl")),
    ("naturals.mpl", include_str!("../../theories/naturals.mpl")),
    ("partial-order.mpl", include_str!("../../theories/partial-order.mpl")),
    ("peano.mpl", include_str!("../../theories/peano.mpl")),
    ("powers.mpl", include_str!("../../theories/powers.mpl")),
    ("properties.mpl", include_str!("../../theories/properties.mpl")),
    ("relations.mpl", include_str!("../../theories/relations.mpl")),
    ("ring.mpl", include_str!("../../theories/ring.mpl")),
    ("semigroup.mpl", include_str!("../../theories/semigroup.mpl")),
    ("sets.mpl", include_str!("../../theories/sets.mpl")),
    ("trees.mpl", include_str!("../../theories/trees.mpl")),
    ("triangular.mpl", include_str!("../../theories/triangular.mpl")),
];

/// The text of a shipped file.
pub(crate) fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of files that are complete theories, not only definitions, each with its leading comment.
pub(crate) fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
    let about = |text: &'static str| text.lines().next().and_then(|line| line.strip_prefix(';')).unwrap_or("").trim();
    FILES.iter().filter(|(_, text)| text.contains("(theory ")).map(move |(name, text)| (*name, about(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_shipped() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("theories");
        for entry in std::fs::read_dir(folder).expect("the folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.ends_with(".mpl") || file(&name).is_some(), "{name} is missing in src/server/shipped.rs");
        }
        assert!(examples().all(|(_, about)| !about.is_empty()));
    }
}
