//! The loop over cycles: runs until the grid is quiet or the coordinator stops it.

use super::block::{Block, Post};
use super::runtime::{Committed, Counts, Halt, Runtime};

/// Decides, on the calling thread, how to continue after each cycle.
pub trait Coordinator<B: Block> {
    /// Processes a committed cycle: stores results, spawns and removes blocks.
    fn digest(&mut self, committed: Committed<B>, grid: &mut dyn Runtime<B>) -> Next<B>;
}

/// How to go on after a cycle.
pub enum Next<B: Block> {
    /// Continue, with this mail for the next cycle; the run ends if the grid is quiet.
    Go(Vec<Post<B::Mail>>),
    /// Stop: the result is complete.
    Stop,
}

/// Observes the progress of a run.
pub trait Observer {
    /// Called once after every cycle, on the coordinator's thread.
    fn observe(&mut self, progress: &Progress);
}

/// An observer that does nothing.
#[derive(Clone, Copy, Default, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Progress) {}
}

/// Progress after a cycle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The number of the cycle.
    pub cycle: u64,
    /// The figures of the cycle.
    pub counts: Counts,
    /// Number of reports in it.
    pub reports: usize,
    /// Blocks that panicked in it.
    pub failed: usize,
}

/// Bounds of a run, and its observer.
pub struct Watch<'a> {
    /// Step budget of a block per cycle.
    pub budget: u64,
    /// Maximal number of cycles.
    pub cycles: u64,
    /// Called before every cycle; an `Err` ends the run and names the bound that was hit, such as memory.
    pub bound: &'a mut dyn FnMut() -> Result<(), String>,
    /// Called after every cycle.
    pub observer: &'a mut dyn Observer,
}

/// How a run ended. All earlier cycles are committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// All blocks are saturated, and no mail is in flight.
    Quiet,
    /// The coordinator stopped it.
    Stopped,
    /// The maximal number of cycles was reached.
    OutOfCycles,
    /// `bound` returned this message.
    Bound(String),
    /// The grid failed or was cancelled.
    Halted(Halt),
}

/// Runs cycles until the run ends. `first` is the mail of the first cycle.
///
/// Bounds and cancellation are checked between cycles, so the coordinator only sees whole cycles.
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
