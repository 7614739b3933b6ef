//! The grid proves: logic blocks as blocks of the grid, and the loop that runs an exploration on it.
//!
//! A proof attempt is one block; the cases of its inductions are blocks below it. They tell the block
//! above how they ended, in the next cycle, and the attempts on top tell the coordinator. When all
//! attempts of a round have ended the exploration takes the verdicts in the order in which it handed
//! the attempts out, so neither the runtime nor the number of threads can change a result.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use theoremata_logic::explore::{Exploration, Task};
use theoremata_logic::proof::TheoremId;
use theoremata_logic::prove::{LogicBlock, Verdict};

use crate::grid::{Block, BlockId, Committed, Cycle, End, Halt, Runtime};

/// A proof attempt in the grid.
pub struct ProofBlock {
    inner: LogicBlock,
    /// Where the verdict goes: an attempt's number for those on top, else the slot in the block above.
    slot: u32,
    parent: Option<BlockId>,
}

/// How a block below ended.
pub struct Ended {
    slot: u32,
    verdict: Verdict,
}

/// What a block tells the coordinator.
pub struct ProofReport {
    /// The look-ups and comparisons of this cycle.
    pub steps: u64,
    /// Whether the block has ended and can be removed.
    pub ended: bool,
    /// For an attempt on top its number and verdict.
    pub verdict: Option<(u32, Verdict)>,
}

impl ProofBlock {
    /// The attempt with this number.
    #[must_use]
    pub fn top(attempt: u32, inner: LogicBlock) -> ProofBlock {
        ProofBlock { inner, slot: attempt, parent: None }
    }

    /// Approximate bytes that the block holds while it waits.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.size().1
    }
}

impl Block for ProofBlock {
    type Mail = Ended;
    type Report = ProofReport;

    fn settle(&mut self, _id: BlockId, parent: Option<BlockId>) {
        self.parent = parent;
    }

    fn cycle(&mut self, mail: &[Arc<[Ended]>], budget: u64) -> Cycle<Self> {
        let verdicts =
            mail.iter().flat_map(|slice| slice.iter()).map(|ended| (ended.slot, ended.verdict.clone())).collect();
        let turn = self.inner.turn(verdicts, budget);
        let ended = turn.verdict.is_some();
        let mut cycle = Cycle::silent(if turn.again { End::OutOfSteps } else { End::Saturated });
        cycle.spawn =
            turn.children.into_iter().map(|(slot, inner)| ProofBlock { inner, slot, parent: None }).collect();
        let mut verdict = None;
        match (turn.verdict, self.parent) {
            (Some(own), Some(parent)) => {
                cycle.posts.push((parent, Arc::new([Ended { slot: self.slot, verdict: own }])));
            }
            (Some(own), None) => verdict = Some((self.slot, own)),
            (None, _) => {}
        }
        cycle.reports.push(ProofReport { steps: turn.steps, ended, verdict });
        cycle
    }
}

/// What happens while an exploration runs, for progress, storage and limits.
pub trait Watch {
    /// After every cycle of the grid.
    fn cycle(&mut self, cycle: u64, live: usize, round: (usize, usize));

    /// After every round, with the theorems that it brought. [`ControlFlow::Break`] ends the run here;
    /// what was committed stays.
    fn round(&mut self, exploration: &Exploration, new: &[TheoremId]) -> ControlFlow<()>;
}

/// How a run on the grid ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The exploration is finished.
    Finished,
    /// The watch ended it between two rounds.
    Stopped,
    /// The grid halted within a round, which does not count.
    Halted(Halt),
}

/// The steps that a block may do in one cycle.
pub const CYCLE_STEPS: u64 = 50_000;

/// Runs an exploration to its end, or until `watch` or the grid's cancellation flag ends it.
pub fn run<R: Runtime<ProofBlock> + ?Sized>(
    exploration: &mut Exploration,
    grid: &mut R,
    watch: &mut dyn Watch,
) -> Outcome {
    loop {
        match exploration.next() {
            Task::Finished => return Outcome::Finished,
            Task::Prepare => {
                exploration.prepare();
                if watch.round(exploration, &[]).is_break() {
                    return Outcome::Stopped;
                }
            }
            Task::Solve(blocks) => {
                let progress = exploration.progress();
                let solved = match solve_round(blocks, grid, watch, progress) {
                    Ok(solved) => solved,
                    Err(halt) => return Outcome::Halted(halt),
                };
                let new = exploration.commit(solved.verdicts, solved.blocks, solved.steps);
                if watch.round(exploration, &new).is_break() {
                    return Outcome::Stopped;
                }
            }
        }
    }
}

/// The verdicts of a round, in the order of its attempts.
pub struct Solved {
    /// One for each attempt.
    pub verdicts: Vec<Verdict>,
    /// How many blocks there were.
    pub blocks: u64,
    /// The look-ups and comparisons of all of them.
    pub steps: u64,
}

/// Runs the attempts of one round until all have ended.
///
/// An attempt in which a block panics counts as open; the others are not touched by it.
///
/// # Errors
/// If the grid halts.
pub fn solve_round<R: Runtime<ProofBlock> + ?Sized>(
    attempts: Vec<LogicBlock>,
    grid: &mut R,
    watch: &mut dyn Watch,
    progress: (usize, usize),
) -> Result<Solved, Halt> {
    let count = attempts.len();
    let blocks = attempts.into_iter().enumerate().map(|(number, inner)| ProofBlock::top(number as u32, inner));
    let ids = grid.spawn(blocks.collect());
    let mut family: BTreeMap<BlockId, u32> = ids.iter().copied().zip(0..).collect();
    let mut verdicts: Vec<Option<Verdict>> = vec![None; count];
    let mut solved = Solved { verdicts: Vec::new(), blocks: count as u64, steps: 0 };
    while verdicts.iter().any(Option::is_none) {
        let committed: Committed<ProofBlock> = grid.cycle(Vec::new(), CYCLE_STEPS)?;
        watch.cycle(committed.cycle, committed.counts.live, progress);
        solved.blocks += committed.spawned.len() as u64;
        for spawned in &committed.spawned {
            if let Some(attempt) = family.get(&spawned.parent).copied() {
                family.insert(spawned.child, attempt);
            }
        }
        let mut gone = Vec::new();
        for (id, report) in committed.reports {
            solved.steps += report.steps;
            if let Some((attempt, verdict)) = report.verdict {
                verdicts[attempt as usize].get_or_insert(verdict);
            }
            if report.ended {
                gone.push(id);
            }
        }
        for failure in &committed.failed {
            // The attempt cannot end any more: all of its blocks go.
            let Some(attempt) = family.get(&failure.block).copied() else { continue };
            verdicts[attempt as usize].get_or_insert_with(Verdict::failed);
            gone.extend(family.iter().filter(|(_, of)| **of == attempt).map(|(id, _)| *id));
        }
        gone.sort_unstable();
        gone.dedup();
        grid.remove(&gone);
        for id in &gone {
            family.remove(id);
        }
        if grid.is_quiet() && verdicts.iter().any(Option::is_none) && grid.live() == 0 {
            // Nobody is left who could decide.
            for verdict in &mut verdicts {
                verdict.get_or_insert_with(Verdict::failed);
            }
        }
    }
    solved.verdicts = verdicts.into_iter().flatten().collect();
    // Blocks of attempts that were decided while others below them still worked.
    let rest: Vec<BlockId> = family.keys().copied().collect();
    grid.remove(&rest);
    Ok(solved)
}
