//! The lists of laws that belong to the theories that we ship: they can be read, and what only looks like a law is not
//! proved. How many laws are found is measured by the bench `recall`.

mod verdict;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl::read_goals;
use theoremata_logic::search::attempt::Effort;
use theoremata_logic::search::explore::{Exploration, Options};
use verdict::{Told, explore_theory, shipped, told};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../theories")
}

/// The names of the theories: files of definitions alone have no `theory`.
fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the folder of theories").flatten().map(|file| file.path());
    let is_theory = |path: &Path| fs::read_to_string(path).is_ok_and(|text| text.contains("\n(theory "));
    let theories = files.filter(|path| path.extension().is_some_and(|extension| extension == "mpl") && is_theory(path));
    let mut names: Vec<String> =
        theories.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn goals(theory: &Theory, file: &str) -> Vec<Goal> {
    let text = fs::read(folder().join("laws").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (goals, report) = read_goals(theory, &text, file);
    assert!(report.diagnostics.is_empty(), "{}", report.render(false));
    goals
}

#[test]
fn every_theory_has_laws_and_false_twins() {
    let (mut laws, mut twins) = (0, 0);
    let names = names();
    assert!(names.len() >= 21, "{names:?}");
    for name in &names {
        let theory = shipped(&format!("{name}.mpl"));
        assert!(theory.anchor_definition().doc.is_some() || name == "peano", "{name} says what it is");
        let listed = goals(&theory, &format!("{name}.goals"));
        let wrong = goals(&theory, &format!("{name}.false.goals"));
        assert!(listed.len() >= 8 && wrong.len() >= 3, "{name}: {} laws and {} twins", listed.len(), wrong.len());
        let all: Vec<&Goal> = listed.iter().chain(&wrong).collect();
        let different: HashSet<_> = all.iter().map(|goal| &goal.statement).collect();
        assert_eq!(different.len(), all.len(), "{name}: no statement stands twice");
        laws += listed.len();
        twins += wrong.len();
    }
    assert!(laws >= 60 && twins >= 60, "{laws} laws and {twins} twins");
}

fn explore(name: &str, file: &str, options: Options) -> Exploration {
    let theory = shipped(&format!("{name}.mpl"));
    let texts: Vec<String> = goals(&theory, file).iter().map(|goal| theory.write(&goal.statement, &[])).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    explore_theory(theory, &texts, options)
}

#[test]
fn what_only_looks_like_a_law_is_not_proved() {
    let little = Options {
        generate: false,
        efforts: [Effort::GLANCE, Effort::GLANCE],
        last_effort: None,
        lemmas: 0,
        ground: 8,
        ..Options::default()
    };
    for name in names() {
        let exploration = explore(&name, &format!("{name}.false.goals"), little);
        assert!(exploration.inconsistency.is_none(), "the axioms of {name} contradict each other");
        for (conjecture, told) in exploration.conjectures.iter().zip(told(&exploration)) {
            assert_ne!(told, Told::Theorem, "{name}: {conjecture:?}");
        }
    }
}
