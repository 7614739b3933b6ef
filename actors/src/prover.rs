//! The prover on the grid: logic blocks as blocks of the grid, and the loop that runs an exploration on it.
//!
//! A proof attempt is one block; the cases of its inductions are child blocks. A child sends its verdict to its parent
//! in the next cycle; top-level attempts send theirs to the coordinator. When all attempts of a round have ended, the
//! exploration takes the verdicts in the order in which it handed out the attempts, so neither the runtime nor the
//! number of threads can change a result.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::search::attempt::{LogicBlock, Verdict};
use theoremata_logic::search::explore::{Exploration, Task};

use crate::advice::Advisor;
use crate::grid::{Block, BlockId, Committed, Coordinator, Cycle, End, Ended as Grid, Next, Runtime, Watch, drive};

/// A proof attempt in the grid.
pub struct ProofBlock {
    inner: LogicBlock,
    /// Where the verdict goes: the number of a top-level attempt, or the slot in the parent.
    slot: u32,
    parent: Option<BlockId>,
}

/// The verdict of a child block.
pub struct Ended {
    slot: u32,
    verdict: Verdict,
}

/// A report to the coordinator.
pub struct ProofReport {
    /// Look-ups and comparisons in this cycle.
    pub steps: u64,
    /// Whether the block has ended and can be removed.
    pub ended: bool,
    /// For a top-level attempt, its number and verdict.
    pub verdict: Option<(u32, Verdict)>,
}

impl ProofBlock {
    /// A top-level attempt with this number.
    #[must_use]
    pub fn top(attempt: u32, inner: LogicBlock) -> ProofBlock {
        ProofBlock { inner, slot: attempt, parent: None }
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
        cycle.spawn = turn.children.into_iter().map(|(slot, inner)| ProofBlock { inner, slot, parent: None }).collect();
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

/// Receives the results of each round of an exploration, to store or show them.
pub trait Rounds {
    /// Called after the preparation and after every round, with the new theorems. [`ControlFlow::Break`] ends the run
    /// here; committed rounds stay.
    fn round(&mut self, exploration: &Exploration, new: &[TheoremId]) -> ControlFlow<()>;
}

/// How a run on the grid ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The exploration is finished.
    Finished,
    /// [`Rounds`] ended it between two rounds.
    Stopped,
    /// Cancelled while models or conjectures were generated.
    Interrupted,
    /// It needs advice that is missing, for this reason.
    Unadvised(String),
    /// The grid ended it within a round, which does not count.
    Ended(Grid),
}

/// Step budget of a block per cycle.
pub const CYCLE_STEPS: u64 = 50_000;

/// Runs an exploration on a grid until it is finished, `rounds` stops it, or `watch` ends it. `go_on` is polled while
/// models and conjectures are generated, on the calling thread. Queries go to the advisor once the round that raised
/// them was reported.
pub fn explore(
    exploration: &mut Exploration,
    grid: &mut dyn Runtime<ProofBlock>,
    rounds: &mut dyn Rounds,
    advisor: Option<&mut (dyn Advisor + 'static)>,
    go_on: &mut dyn FnMut() -> bool,
    watch: &mut Watch<'_>,
) -> Outcome {
    let mut prover = Prover { exploration, rounds, advisor, go_on, round: Round::default(), outcome: None };
    prover.post();
    prover.advance(grid);
    if prover.outcome.is_none() {
        let ended = drive(grid, &mut prover, Vec::new(), watch);
        prover.outcome.get_or_insert(Outcome::Ended(ended));
    }
    prover.clear(grid);
    prover.outcome.expect("set above")
}

/// The coordinator, one round at a time.
struct Prover<'e> {
    exploration: &'e mut Exploration,
    rounds: &'e mut dyn Rounds,
    advisor: Option<&'e mut (dyn Advisor + 'static)>,
    go_on: &'e mut dyn FnMut() -> bool,
    round: Round,
    outcome: Option<Outcome>,
}

/// Verdicts of a round; `None` for attempts that have not ended.
#[derive(Default)]
struct Round {
    verdicts: Vec<Option<Verdict>>,
    /// The attempt to which each live block belongs.
    family: BTreeMap<BlockId, u32>,
    blocks: u64,
    steps: u64,
}

impl Prover<'_> {
    /// Starts the next round; sets the outcome if there is none.
    fn advance(&mut self, grid: &mut dyn Runtime<ProofBlock>) {
        while self.outcome.is_none() {
            match self.exploration.next() {
                Task::Finished => self.outcome = Some(Outcome::Finished),
                Task::Prepare => {
                    if self.exploration.prepare(self.go_on) {
                        self.report(&[]);
                    } else {
                        self.outcome = Some(Outcome::Interrupted);
                    }
                }
                Task::Ask => {
                    self.post();
                    let answers = match &mut self.advisor {
                        Some(advisor) => advisor.answers(),
                        None => Err("nobody was named who could be asked".to_owned()),
                    };
                    match answers {
                        Ok(answers) => {
                            self.exploration.advise(answers);
                            self.report(&[]);
                        }
                        Err(why) => self.outcome = Some(Outcome::Unadvised(why)),
                    }
                }
                Task::Solve(attempts) => {
                    let count = attempts.len();
                    let blocks = attempts.into_iter().zip(0..).map(|(inner, number)| ProofBlock::top(number, inner));
                    let ids = grid.spawn(blocks.collect());
                    self.round = Round {
                        verdicts: vec![None; count],
                        family: ids.into_iter().zip(0..).collect(),
                        blocks: count as u64,
                        steps: 0,
                    };
                    return;
                }
            }
        }
    }

    fn report(&mut self, new: &[TheoremId]) {
        if self.rounds.round(self.exploration, new).is_break() {
            self.outcome = Some(Outcome::Stopped);
        }
        self.post();
    }

    /// Posts new queries to the advisor.
    fn post(&mut self) {
        if let Some(advisor) = &mut self.advisor {
            advisor.post(self.exploration.queries());
        }
    }

    /// Removes the remaining blocks of a round.
    fn clear(&mut self, grid: &mut dyn Runtime<ProofBlock>) {
        let rest: Vec<BlockId> = std::mem::take(&mut self.round.family).into_keys().collect();
        grid.remove(&rest);
    }
}

impl Coordinator<ProofBlock> for Prover<'_> {
    fn digest(&mut self, committed: Committed<ProofBlock>, grid: &mut dyn Runtime<ProofBlock>) -> Next<ProofBlock> {
        let round = &mut self.round;
        round.blocks += committed.spawned.len() as u64;
        for spawned in &committed.spawned {
            if let Some(attempt) = round.family.get(&spawned.parent).copied() {
                round.family.insert(spawned.child, attempt);
            }
        }
        let mut gone = Vec::new();
        for (id, report) in committed.reports {
            round.steps += report.steps;
            if let Some((attempt, verdict)) = report.verdict {
                round.verdicts[attempt as usize].get_or_insert(verdict);
            }
            if report.ended {
                gone.push(id);
            }
        }
        // An attempt that lost a block cannot end: it counts as open, and all of its blocks are removed. Other attempts
        // are not affected.
        for failure in &committed.failed {
            let Some(attempt) = round.family.get(&failure.block).copied() else { continue };
            round.verdicts[attempt as usize].get_or_insert_with(|| Verdict::lost(&failure.message));
            gone.extend(round.family.iter().filter(|(_, of)| **of == attempt).map(|(id, _)| *id));
        }
        gone.sort_unstable();
        gone.dedup();
        grid.remove(&gone);
        for id in &gone {
            round.family.remove(id);
        }
        if round.verdicts.iter().any(Option::is_none) {
            return Next::Go(Vec::new());
        }
        let verdicts = std::mem::take(&mut round.verdicts).into_iter().flatten().collect();
        let (blocks, steps) = (round.blocks, round.steps);
        self.clear(grid);
        let new = self.exploration.commit(verdicts, blocks, steps);
        self.report(&new);
        self.advance(grid);
        if self.outcome.is_some() { Next::Stop } else { Next::Go(Vec::new()) }
    }
}
