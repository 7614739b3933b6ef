//! The seam between what is run and how: one trait for every runtime of the grid.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use theoremata_kernels::mix;

use super::block::{Block, BlockId, Failure, Look, Post};
use crate::measure::Meter;

/// A grid of blocks that moves on by one cycle when asked.
///
/// All runtimes give the same results for the same calls: what a block is told, in which order, and
/// what is reported depend on the blocks alone, not on threads or time.
pub trait Runtime<B: Block> {
    /// Takes in new blocks, which run in the next cycle. Their ids stand in the order of `blocks`.
    ///
    /// # Panics
    /// If the run would have had more than 2^32 blocks.
    fn spawn(&mut self, blocks: Vec<B>) -> Vec<BlockId>;

    /// Runs one cycle: every block that is new, has mail or asked to go on works once, for at most
    /// `budget` steps; then all of it is committed in the order of block ids.
    ///
    /// `deliveries` come before the mail of blocks. After an error the grid is of no use but to be
    /// stopped: blocks may have run in part, and what they did in this cycle is lost.
    fn cycle(&mut self, deliveries: Vec<Post<B::Mail>>, budget: u64) -> Result<Committed<B>, Halt>;

    /// Removes blocks, frees them, and says how many there were. Mail on its way to them is dropped.
    fn remove(&mut self, ids: &[BlockId]) -> usize;

    /// Shows a block to `look`, and waits until it has looked. False if there is no such block, or if
    /// `look` panicked.
    fn inspect(&mut self, id: BlockId, look: Look<B>) -> bool;

    /// How many blocks there are.
    fn live(&self) -> usize;

    /// Whether a cycle without deliveries would wake no block. Removing the last busy block leaves this
    /// false until the next cycle.
    fn is_quiet(&self) -> bool;

    /// Frees all blocks and ends all threads. Further cycles give [`Halt::Stopped`].
    fn stop(&mut self);
}

/// Asks one block something, wherever it lives. `None` if there is no such block, or if
/// the question panicked.
pub fn ask<B: Block, T: Send + 'static>(
    grid: &mut (impl Runtime<B> + ?Sized),
    id: BlockId,
    question: impl FnOnce(&B) -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = std::sync::mpsc::channel();
    // The receiver outlives the look, so the answer always arrives.
    grid.inspect(id, Box::new(move |block| drop(sender.send(question(block)))));
    receiver.try_recv().ok()
}

/// What a whole cycle came to, in block order.
pub struct Committed<B: Block> {
    /// The number of the cycle; the first is 1.
    pub cycle: u64,
    /// All reports, by block, and those of one block as it gave them.
    pub reports: Vec<(BlockId, B::Report)>,
    /// The new blocks, by parent.
    pub spawned: Vec<Spawned>,
    /// Blocks that panicked and are no more.
    pub failed: Vec<Failure>,
    /// How much of everything there was.
    pub counts: Counts,
}

/// A block that another block made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spawned {
    /// The block that made it.
    pub parent: BlockId,
    /// The new block.
    pub child: BlockId,
}

/// The figures of one cycle. Mail is counted in items, not in slices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Blocks after the cycle, new ones included.
    pub live: usize,
    /// Blocks that worked.
    pub woken: usize,
    /// Blocks that will work in the next cycle without mail.
    pub awake: usize,
    /// Mail that was taken by blocks.
    pub mails: u64,
    /// Mail whose block was gone.
    pub dropped: u64,
    /// Mail that was posted, for the next cycle.
    pub posted: u64,
}

/// Why a grid runs no further cycle.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Halt {
    /// The cancellation flag was up before the cycle or during it.
    Cancelled {
        /// The cycle that did not take place, or not wholly.
        cycle: u64,
    },
    /// A thread of the grid has ended, which only a fault of the grid itself can bring about.
    ThreadLost {
        /// Its number.
        thread: usize,
        /// The cycle that could not be finished.
        cycle: u64,
    },
    /// The grid was stopped.
    Stopped,
}

impl fmt::Display for Halt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled { cycle } => write!(formatter, "cancelled in cycle {cycle}"),
            Self::ThreadLost { thread, cycle } => {
                write!(formatter, "thread {thread} of the grid was lost in cycle {cycle}")
            }
            Self::Stopped => formatter.write_str("the grid was stopped"),
        }
    }
}

impl Error for Halt {}

/// A flag that ends a run from anywhere: another thread, or a signal handler.
#[derive(Clone, Default, Debug)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Raises the flag, for good. It is looked at before every cycle and before every block.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// In which order the blocks of one cycle are run. The results are the same for all of them: that is
/// what the shuffled one is there to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Schedule {
    /// By block id.
    #[default]
    Ascending,
    /// In an order drawn anew for every cycle, from this seed.
    Shuffled(u64),
}

impl Schedule {
    /// Puts what is to be run in cycle `cycle` into its order; `place` keeps equal lists in
    /// different places from being shuffled alike.
    pub(crate) fn arrange<T: Ord>(self, items: &mut [T], cycle: u64, place: u64) {
        items.sort_unstable();
        let Self::Shuffled(seed) = self else { return };
        let mut state = mix(mix(seed ^ mix(cycle)) ^ place);
        for last in (1..items.len()).rev() {
            state = mix(state);
            let other = usize::try_from(state % (last as u64 + 1)).expect("at most the length of a slice");
            items.swap(last, other);
        }
    }
}

/// What all runtimes take.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The flag that ends the run.
    pub cancel: Cancel,
    /// The order inside a cycle.
    pub schedule: Schedule,
    /// Counts the CPU time of threads that the runtime starts.
    pub meter: Meter,
}
