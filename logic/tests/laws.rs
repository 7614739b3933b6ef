//! The lists of laws for the shipped theories: they can be parsed, and statements that only look like laws are not
//! proved. The bench `recall` measures how many laws are found.

mod verdict;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl::read_goals;
use theoremata_logic::saturation::block::Limits;
use theoremata_logic::search::attempt::{self, Effort};
use theoremata_logic::search::explore::{Exploration, Options, Task};
use verdict::{Told, shipped, told};

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

/// Proves goals of a list with lemmas found on the way, within this many steps of all blocks together; returns the
/// labels of open ones.
fn open(name: &str, wanted: &dyn Fn(&str) -> bool, most_steps: u64) -> Vec<String> {
    let theory = shipped(&format!("{name}.mpl"));
    let mut goals = goals(&theory, &format!("{name}.goals"));
    goals.retain(|goal| wanted(&goal.label));
    assert!(!goals.is_empty(), "{name} has goals of these names");
    let mut exploration = Exploration::new(theory, &goals, Options { generate: false, ..Options::default() });
    let mut done = 0;
    while done < most_steps {
        match exploration.next() {
            Task::Prepare => drop(exploration.prepare(&mut || true)),
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(attempt::solve).unzip();
                done += steps.iter().sum::<u64>();
                exploration.commit(verdicts, count, steps.iter().sum());
            }
            Task::Ask | Task::Finished => break,
        }
    }
    let told = told(&exploration);
    let open = exploration.conjectures.iter().zip(told).filter(|(_, told)| *told != Told::Theorem);
    open.filter_map(|(conjecture, _)| conjecture.goals().next().map(|goal| goal.label.to_string())).collect()
}

#[test]
fn functions_with_the_same_values_are_equal() {
    assert_eq!(open("mappings", &|label| label == "uniqueness-of-inverses", 20_000_000), Vec::<String>::new());
}

#[test]
fn lemmas_about_other_functions_lose_no_goal() {
    assert_eq!(open("lists", &|_| true, 60_000_000), Vec::<String>::new());
}

/// The exploration of goals, which ends early once its preparation has called `go_on` this often.
fn explore(name: &str, file: &str, options: Options) -> Exploration {
    const MOST_ASKED: u32 = 20_000;
    let theory = shipped(&format!("{name}.mpl"));
    let goals = goals(&theory, file);
    let mut exploration = Exploration::new(theory, &goals, options);
    let (mut asked, mut prepared) = (0, false);
    loop {
        match exploration.next() {
            // Lemma wishes of the goals are not pursued.
            Task::Prepare if std::mem::replace(&mut prepared, true) => return exploration,
            Task::Prepare => {
                let go_on = &mut || {
                    asked += 1;
                    asked < MOST_ASKED
                };
                if !exploration.prepare(go_on) {
                    return exploration;
                }
            }
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(attempt::solve).unzip();
                exploration.commit(verdicts, count, steps.iter().sum());
            }
            Task::Ask | Task::Finished => return exploration,
        }
    }
}

#[test]
fn what_only_looks_like_a_law_is_not_proved() {
    let limits = Limits { steps: 2_000, creations: 4 };
    let effort = Effort { direct: limits, ..Effort::GLANCE };
    let split = Limits { steps: 500, creations: 2 };
    let by_cases = Effort { splits: 2, split, nesting: 1, case: limits, ..effort };
    let little = Options {
        generate: false,
        efforts: [effort, effort],
        by_cases,
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
