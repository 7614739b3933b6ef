//! The trait that every runtime of the grid implements.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use theoremata_kernels::mix;

use super::block::{Block, BlockId, Failure, Look, Post};
use crate::measure::Meter;

/// A grid of blocks that advances by one cycle per call.
///
/// All runtimes give the same results for the same calls: the mail of each block, its order, and the reports depend on
/// the blocks alone, not on threads or time.
pub trait Runtime<B: Block> {
    /// Adds new blocks, which run in the next cycle. Ids are allocated in the order of `blocks`.
    ///
    /// # Panics
    /// If the run would exceed 2^32 blocks.
    fn spawn(&mut self, blocks: Vec<B>) -> Vec<BlockId>;

    /// Runs one cycle: every block that is new, has mail or ran out of steps runs once, for at most `budget` steps;
    /// then the results are committed in the order of block ids.
    ///
    /// `deliveries` precede the mail of blocks. After an error the grid can only be stopped: some blocks may have run,
    /// and the results of this cycle are lost.
    fn cycle(&mut self, deliveries: Vec<Post<B::Mail>>, budget: u64) -> Result<Committed<B>, Halt>;

    /// Removes and drops blocks; returns how many existed. Mail in flight to them is dropped.
    fn remove(&mut self, ids: &[BlockId]) -> usize;

    /// Runs `look` on a block, and waits for it. False if there is no such block, or if `look` panicked.
    fn inspect(&mut self, id: BlockId, look: Look<B>) -> bool;

    /// How many blocks there are.
    fn live(&self) -> usize;

    /// Whether a cycle without deliveries would run no block. Removing the last busy block leaves this false until the
    /// next cycle.
    fn is_quiet(&self) -> bool;

    /// Drops all blocks and ends all threads. Further cycles return [`Halt::Stopped`].
    fn stop(&mut self);
}

/// Evaluates a function of one block, wherever it lives. `None` if there is no such block, or if the function panicked.
pub fn ask<B: Block, T: Send + 'static>(
    grid: &mut (impl Runtime<B> + ?Sized),
    id: BlockId,
    question: impl FnOnce(&B) -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = std::sync::mpsc::channel();
    // The receiver outlives the closure, so the answer always arrives.
    grid.inspect(id, Box::new(move |block| drop(sender.send(question(block)))));
    receiver.try_recv().ok()
}

/// The results of a whole cycle, in block order.
pub struct Committed<B: Block> {
    /// The number of the cycle, from 1.
    pub cycle: u64,
    /// All reports, by block; those of one block in its own order.
    pub reports: Vec<(BlockId, B::Report)>,
    /// The new blocks, by parent.
    pub spawned: Vec<Spawned>,
    /// Blocks that panicked and were removed.
    pub failed: Vec<Failure>,
    /// The figures of the cycle.
    pub counts: Counts,
}

/// A block that another block spawned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spawned {
    /// The block that spawned it.
    pub parent: BlockId,
    /// The new block.
    pub child: BlockId,
}

/// The figures of one cycle. Mail is counted in items, not in slices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Blocks after the cycle, new ones included.
    pub live: usize,
    /// Blocks that ran.
    pub woken: usize,
    /// Blocks that will run in the next cycle even without mail.
    pub awake: usize,
    /// Mail delivered to blocks.
    pub mails: u64,
    /// Mail whose receiver no longer existed.
    pub dropped: u64,
    /// Mail posted for the next cycle.
    pub posted: u64,
}

/// Why a grid runs no further cycle.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Halt {
    /// The cancellation flag was raised before or during the cycle.
    Cancelled {
        /// The cycle that did not run, or not completely.
        cycle: u64,
    },
    /// A thread of the grid has ended, which only a bug in the grid can cause.
    ThreadLost {
        /// Its number.
        thread: usize,
        /// The unfinished cycle.
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

/// A flag that cancels a run, from another thread or a signal handler.
#[derive(Clone, Default, Debug)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Raises the flag, irrevocably. It is checked before every cycle and before every block.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The order in which the blocks of one cycle run. Results do not depend on it, which the shuffled order serves to
/// test.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Schedule {
    /// By block id.
    #[default]
    Ascending,
    /// Shuffled anew for every cycle, from this seed.
    Shuffled(u64),
}

impl Schedule {
    /// Orders the items to run in cycle `cycle`; `place` makes equal lists in different places shuffle differently.
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

/// Options common to all runtimes.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The flag that cancels the run.
    pub cancel: Cancel,
    /// The order within a cycle.
    pub schedule: Schedule,
    /// Counts the CPU time of threads that the runtime starts.
    pub meter: Meter,
}
