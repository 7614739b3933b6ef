//! Runs explorations, in one order or another.

use std::sync::Arc;

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::search::attempt::{LogicBlock, Verdict, solve};
use theoremata_logic::search::explore::{Exploration, Fate, Options, Origin, Task};

use super::random::Random;
use super::{accepts, goal};

/// Runs blocks; returns the verdicts, the number of blocks and the steps.
pub type Runner<'r> = &'r mut dyn FnMut(Vec<LogicBlock>) -> (Vec<Verdict>, u64, u64);

/// One after the other, each to its end.
pub fn in_order(blocks: Vec<LogicBlock>) -> (Vec<Verdict>, u64, u64) {
    let count = blocks.len() as u64;
    let mut steps = 0;
    let verdicts = blocks
        .into_iter()
        .map(|block| {
            let (verdict, more) = solve(block);
            steps += more;
            verdict
        })
        .collect();
    (verdicts, count, steps)
}

struct Running {
    block: LogicBlock,
    /// The parent block and the slot there; for the initial ones, their index.
    above: Option<usize>,
    slot: u32,
    mail: Vec<(u32, Verdict)>,
    ready: bool,
}

/// All blocks interleaved: each turn goes to a random block that has work, with a random budget.
pub fn at_random(blocks: Vec<LogicBlock>, random: &mut Random) -> (Vec<Verdict>, u64, u64) {
    let count = blocks.len();
    let start = |(slot, block)| Running { block, above: None, slot: slot as u32, mail: Vec::new(), ready: true };
    let mut running: Vec<Running> = blocks.into_iter().enumerate().map(start).collect();
    let mut verdicts: Vec<Option<Verdict>> = (0..count).map(|_| None).collect();
    let mut steps = 0;
    while verdicts.iter().any(Option::is_none) {
        let ready: Vec<usize> = (0..running.len()).filter(|place| running[*place].ready).collect();
        let place = ready[random.below(ready.len())];
        let budget = 1 + random.below(2_000) as u64;
        let mail = std::mem::take(&mut running[place].mail);
        let turn = running[place].block.turn(mail, budget);
        steps += turn.steps;
        running[place].ready = turn.again;
        for (slot, block) in turn.children {
            running.push(Running { block, above: Some(place), slot, mail: Vec::new(), ready: true });
        }
        if let Some(verdict) = turn.verdict {
            let slot = running[place].slot;
            match running[place].above {
                Some(above) => {
                    running[above].mail.push((slot, verdict));
                    running[above].ready = true;
                }
                None => verdicts[slot as usize] = Some(verdict),
            }
        }
    }
    (verdicts.into_iter().flatten().collect(), count as u64, steps)
}

/// Runs an exploration to its end and checks every theorem again, given the earlier ones.
pub fn explore(theory: &Arc<Theory>, goals: &[Goal], options: Options, run: Runner<'_>) -> Exploration {
    let mut exploration = Exploration::new(theory.clone(), goals, options);
    loop {
        match exploration.next() {
            Task::Prepare => {
                exploration.prepare(&mut || true);
            }
            Task::Solve(blocks) => {
                let (verdicts, count, steps) = run(blocks);
                exploration.commit(verdicts, count, steps);
            }
            Task::Ask | Task::Finished => break,
        }
    }
    let statements: Vec<_> = exploration.theorems.iter().map(|theorem| theorem.checked.statement().clone()).collect();
    for (number, theorem) in exploration.theorems.iter().enumerate() {
        accepts(theory, &statements[..number], theorem.checked.proof());
        assert_eq!(*theorem.checked.statement(), exploration.conjectures[theorem.conjecture].statement);
    }
    exploration
}

/// Tries goals without generating conjectures.
pub fn try_goals(theory: Theory, goals: &[(&str, &str)]) -> Exploration {
    let goals: Vec<Goal> = goals.iter().map(|(label, text)| goal(&theory, label, text)).collect();
    let options = Options { generate: false, ..Options::default() };
    explore(&Arc::new(theory), &goals, options, &mut in_order)
}

/// [`try_goals`], where every goal must become a theorem.
pub fn prove_goals(theory: Theory, goals: &[(&str, &str)]) -> Exploration {
    let exploration = try_goals(theory, goals);
    for conjecture in &exploration.conjectures[..goals.len()] {
        let Origin::Goal(goal) = &conjecture.origin else { continue };
        assert!(matches!(conjecture.fate, Fate::Proved(_)), "{}: {:?}", goal.label, conjecture.fate);
    }
    exploration
}
