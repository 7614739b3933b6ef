//! The shipped theories, with their laws.

use std::path::{Path, PathBuf};

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl::{read_goals, read_mpl};

/// The folder of the shipped theories.
pub(crate) fn theories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("theories")
}

/// The theories with a list of laws, sorted by name.
pub(crate) fn names() -> Vec<String> {
    let files = std::fs::read_dir(theories().join("laws")).expect("the lists of laws").flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".goals").filter(|name| !name.contains('.')).map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// A theory and its laws.
pub(crate) fn read(name: &str) -> (Theory, Vec<Goal>) {
    let mut load = |path: &str| std::fs::read(theories().join(path)).map_err(|error| error.to_string());
    let file = format!("{name}.mpl");
    let text = load(&file).expect("a theory that we ship");
    let (theory, _) = read_mpl(&file, &text, &mut load).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let file = format!("laws/{name}.goals");
    let text = load(&file).expect("its laws");
    let (goals, report) = read_goals(&theory, &text, &file);
    assert!(!report.failed(), "{}", report.render(false));
    (theory, goals)
}
