//! Explores goals of a theory given as text.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it

pub mod random;

use std::sync::Arc;

use theoremata_logic::calculus::check::check;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::language::mpl;
use theoremata_logic::search::attempt::{self, LogicBlock, Verdict};
use theoremata_logic::search::explore::{Exploration, Fate, Options, Task};

/// The verdict on a goal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    Theorem,
    CounterSatisfiable,
    /// The theory is inconsistent.
    Contradiction,
    /// Why it is open.
    Open(String),
}

/// What functions and operations are.
pub const FUNCTIONS: &str = "
  (define function[f,X,Y] (&
    (>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y])))
    (>[x] (in[x,X]) (exists[y] (in[y,Y]) (in2[x,y,f])))
    (>[x] (in[x,X]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))))
  (define operation[f,X,Y,Z] (&
    (>[x,y,z] (in3[x,y,z,f]) (& (in[x,X]) (in[y,Y]) (in[z,Z])))
    (>[x,y] (& (in[x,X]) (in[y,Y])) (exists[z] (in[z,Z]) (in3[x,y,z,f])))
    (>[x,y] (& (in[x,X]) (in[y,Y])) (>[z,w] (& (in3[x,y,z,f]) (in3[x,y,w,f])) (=[z,w])))))";

/// Checks the proofs of all theorems again, each given the earlier ones.
pub fn check_again(exploration: &Exploration) {
    let statements: Vec<_> = exploration.theorems.iter().map(|theorem| theorem.checked.statement().clone()).collect();
    for (number, theorem) in exploration.theorems.iter().enumerate() {
        let known = |id: TheoremId| statements[..number].get(id.0 as usize);
        check(exploration.theory(), known, theorem.checked.proof()).expect("a proof");
    }
}

/// The exploration of a theory and goals, run to its end.
pub fn explore(theory: &str, goals: &[&str], options: Options) -> Exploration {
    let (theory, _) = mpl::read_mpl("test.mpl", theory.as_bytes(), &mut |_| Err("no imports".into()))
        .unwrap_or_else(|report| panic!("{report:?}"));
    explore_theory(Arc::new(theory), goals, options)
}

/// [`explore`], with the work of each block divided into turns of this many steps.
pub fn explore_in_parts(theory: &str, goals: &[&str], options: Options, steps: u64) -> Exploration {
    let (theory, _) = mpl::read_mpl("test.mpl", theory.as_bytes(), &mut |_| Err("no imports".into()))
        .unwrap_or_else(|report| panic!("{report:?}"));
    explore_with(Arc::new(theory), goals, options, &mut |block| in_turns(block, steps))
}

fn in_turns(mut block: LogicBlock, budget: u64) -> (Verdict, u64) {
    let (mut verdicts, mut steps) = (Vec::new(), 0);
    loop {
        let turn = block.turn(std::mem::take(&mut verdicts), budget);
        steps += turn.steps;
        if let Some(verdict) = turn.verdict {
            return (verdict, steps);
        }
        for (slot, child) in turn.children {
            let (verdict, more) = in_turns(child, budget);
            steps += more;
            verdicts.push((slot, verdict));
        }
    }
}

/// [`explore`] for a parsed theory.
pub fn explore_theory(
    theory: Arc<theoremata_logic::calculus::theory::Theory>,
    goals: &[&str],
    options: Options,
) -> Exploration {
    explore_with(theory, goals, options, &mut attempt::solve)
}

fn explore_with(
    theory: Arc<theoremata_logic::calculus::theory::Theory>,
    goals: &[&str],
    options: Options,
    solve: &mut dyn FnMut(LogicBlock) -> (Verdict, u64),
) -> Exploration {
    let (goals, report) = mpl::read_goals(&theory, goals.join("\n").as_bytes(), "test.goals");
    assert!(!report.failed(), "{report:?}");
    let mut exploration = Exploration::new(theory, &goals, options);
    loop {
        match exploration.next() {
            Task::Prepare => assert!(exploration.prepare(&mut || true)),
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(&mut *solve).unzip();
                exploration.commit(verdicts, count, steps.iter().sum());
            }
            Task::Ask | Task::Finished => return exploration,
        }
    }
}

/// The verdict on each goal.
pub fn told(exploration: &Exploration) -> Vec<Told> {
    let goals = exploration.conjectures.iter().flat_map(|known| known.goals().map(move |_| known));
    goals
        .map(|conjecture| match &conjecture.fate {
            Fate::Proved(_) => Told::Theorem,
            Fate::Refuted(..) => Told::CounterSatisfiable,
            _ if exploration.inconsistency.is_some() => Told::Contradiction,
            other => Told::Open(format!("{other:?}")),
        })
        .collect()
}

/// The verdicts on goals with default options.
pub fn ask(theory: &str, goals: &[&str]) -> Vec<Told> {
    told(&explore(theory, goals, Options { generate: false, ..Options::default() }))
}

/// A theory shipped with the program.
pub fn shipped(name: &str) -> Arc<theoremata_logic::calculus::theory::Theory> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../theories");
    let text = std::fs::read(folder.join(name)).expect("a file of the project");
    let load = &mut |wanted: &str| std::fs::read(folder.join(wanted)).map_err(|error| error.to_string());
    Arc::new(mpl::read_mpl(name, &text, load).expect("a theory").0)
}
