//! Reads the files of the reference system, if available: in `THEOREMATA_GL_DATA`, or `../shared/gl-data` beside the
//! workspace. Otherwise each test reports that it was skipped.

#[path = "../../tests/common/skip.rs"]
mod skip;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl::{Report, read_gl, read_goals};

fn data() -> Option<PathBuf> {
    let path = std::env::var_os("THEOREMATA_GL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/gl-data"), PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    skip::skipped(format_args!("{} is not a folder", path.display()));
    None
}

fn load(version: &str, config: &str) -> Option<Result<(Theory, Report), Report>> {
    let folder = data()?.join(version);
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder.join("definitions")).expect("the folder of definitions") {
        let path = entry.expect("an entry of the folder").path();
        let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
        files.insert(name, fs::read(&path).expect("a definition file"));
    }
    let text = fs::read(folder.join("config").join(config)).expect("the configuration");
    Some(read_gl(&text, config, &files))
}

fn good(version: &str, config: &str) -> Option<Theory> {
    match load(version, config)? {
        Ok((theory, report)) => {
            println!("{}", report.render(false));
            Some(theory)
        }
        Err(report) => panic!("{}", report.render(false)),
    }
}

#[test]
fn the_peano_configurations_are_read() {
    let Some(theory) = good("v0.7", "ConfigPeano.json") else { return };
    assert_eq!(&*theory.name, "Peano");
    assert_eq!(theory.anchor_definition().parameters.join(","), "N,i0,s,+,*,i1");
    assert_eq!((theory.bounds.atoms, theory.bounds.atoms_with_constant), (5, 2));
    assert!(theory.inductions[0].added_by_reader);
    assert_eq!(theory.inductions[0].places, [0, 1, 2]);
    assert_eq!(theory.predicate(theory.anchor).sorts[1], Sort::Individual(1));
    let Some(theory) = good("paper", "ConfigPeano.json") else { return };
    assert_eq!(&*theory.name, "NaturalNumbers");
    assert_eq!(theory.inductions[0].places, [0, 1, 3]);
}

#[test]
fn the_other_configurations_are_read() {
    for config in ["ConfigGauss.json", "ConfigIncubatorPeano.json", "ConfigIncubatorGauss.json"] {
        let Some(theory) = good("v0.7", config) else { return };
        assert!(theory.predicates.len() > 8, "{config}");
    }
}

#[test]
fn the_sort_that_one_configuration_gets_wrong_is_found() {
    let Some(result) = load("v0.7", "ConfigVisu.json") else { return };
    let report = result.expect_err("`interval` is declared with a binary relation");
    let codes: Vec<&str> = report.diagnostics.iter().map(|diagnostic| diagnostic.code.text()).collect();
    assert!(codes.contains(&"E0507"), "{}", report.render(false));
    assert!(report.diagnostics.iter().any(|diagnostic| diagnostic.message.contains("interval")));
}

#[test]
fn the_goals_are_read() {
    let Some(theory) = good("v0.7", "ConfigPeano.json") else { return };
    let folder = data().expect("it was there before");
    let count = |theory: &Theory, path: &str| {
        let text = fs::read(folder.join(path)).expect("a file of goals");
        let (goals, report) = read_goals(theory, &text, path);
        assert!(!report.failed(), "{}", report.render(false));
        for goal in &goals {
            assert!(goal.statement.free_variables().is_empty());
        }
        println!("{}", theory.write(&goals[0].statement, &[]));
        goals.len()
    };
    assert_eq!(count(&theory, "v0.7/peano-conjectures.txt"), 465);
    let theory = good("paper", "ConfigPeano.json").expect("it was there before");
    assert_eq!(count(&theory, "paper/theorems/theorems.txt"), 406);
    assert!(count(&theory, "paper/theorems/reshuffled_theorems.txt") > 0);
}
