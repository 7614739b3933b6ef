//! The loop around the cycles: goes on until nothing is left to do, or the coordinator says stop.

use super::block::{Block, Post};
use super::runtime::{Committed, Counts, Halt, Runtime};

/// Decides, on the calling thread, what a cycle means and what the next one gets.
pub trait Coordinator<B: Block> {
    /// Takes in a committed cycle: stores it, spawns and removes blocks, says how to go on.
    fn digest(&mut self, committed: Committed<B>, grid: &mut dyn Runtime<B>) -> Next<B>;
}

/// How to go on after a cycle.
pub enum Next<B: Block> {
    /// With this mail for the next cycle; the run ends if nothing is left to do.
    Go(Vec<Post<B::Mail>>),
    /// Not at all: what was wanted is there.
    Stop,
}

/// Sees how a run gets on.
pub trait Observer {
    /// Is called once after every cycle, on the coordinator's thread.
    fn observe(&mut self, progress: &Progress);
}

/// An observer that does nothing.
#[derive(Clone, Copy, Default, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Progress) {}
}

/// What an observer is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The number of the cycle.
    pub cycle: u64,
    /// Its figures.
    pub counts: Counts,
    /// Reports it brought.
    pub reports: usize,
    /// Blocks that panicked in it.
    pub failed: usize,
}

/// The bounds of a run, and its observer.
pub struct Watch<'a> {
    /// The steps that a block may take in a cycle.
    pub budget: u64,
    /// The most cycles.
    pub cycles: u64,
    /// Is asked before every cycle; an `Err` ends the run and says which bound was met, such as that
    /// of memory.
    pub bound: &'a mut dyn FnMut() -> Result<(), String>,
    /// Sees every cycle.
    pub observer: &'a mut dyn Observer,
}

/// How a run ended. All cycles before the end are committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Nothing is left to do: all blocks are saturated, and no mail is on its way.
    Quiet,
    /// The coordinator had enough.
    Stopped,
    /// The most cycles were run.
    OutOfCycles,
    /// The bound that was asked said so.
    Bound(String),
    /// The grid gave up, or was cancelled.
    Halted(Halt),
}

/// Runs cycles until the run ends. `first` is the mail of the first cycle.
///
/// A bound, the cancellation and the limit on cycles are looked at between cycles, so that what the
/// coordinator has taken in is always whole.
pub fn drive<B: Block>(
    grid: &mut dyn Runtime<B>,
    coordinator: &mut dyn Coordinator<B>,
    first: Vec<Post<B::Mail>>,
    watch: &mut Watch<'_>,
) -> Ended {
    let mut deliveries = first;
    let mut cycles = 0;
    loop {
        if deliveries.is_empty() && grid.is_quiet() {
            return Ended::Quiet;
        }
        if cycles == watch.cycles {
            return Ended::OutOfCycles;
        }
        if let Err(reason) = (watch.bound)() {
            return Ended::Bound(reason);
        }
        let committed = match grid.cycle(deliveries, watch.budget) {
            Ok(committed) => committed,
            Err(halt) => return Ended::Halted(halt),
        };
        cycles += 1;
        watch.observer.observe(&Progress {
            cycle: committed.cycle,
            counts: committed.counts,
            reports: committed.reports.len(),
            failed: committed.failed.len(),
        });
        deliveries = match coordinator.digest(committed, grid) {
            Next::Go(deliveries) => deliveries,
            Next::Stop => return Ended::Stopped,
        };
    }
}
