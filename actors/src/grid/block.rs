//! The interface between the grid and a block.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A block id, in order of creation. Never reused within a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockId(u32);

impl BlockId {
    /// The block that was created after `number` others.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// How many blocks were created before this one.
    pub const fn number(self) -> u32 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "block {}", self.0)
    }
}

/// A slice of mail with its receiver. The slice is shared, never copied.
pub type Post<M> = (BlockId, Arc<[M]>);

/// A unit of the grid: takes mail, works for a bounded number of steps, returns its results.
///
/// A block must be deterministic: the same mail and budget give the same [`Cycle`]. It uses no clock, no randomness and
/// no mutable state shared with other blocks. A run is then the same on any runtime.
pub trait Block: Sized + Send + 'static {
    /// Messages between blocks.
    type Mail: Send + Sync + 'static;
    /// Messages to the coordinator.
    type Report: Send + 'static;

    /// Processes `mail` and remaining work, for at most `budget` steps.
    ///
    /// The order of `mail` is fixed: first deliveries of the coordinator, then posts of blocks in the cycle before, by
    /// ascending sender id. It is empty if the block is new, or continues after [`End::OutOfSteps`] and got no mail.
    fn cycle(&mut self, mail: &[Arc<[Self::Mail]>], budget: u64) -> Cycle<Self>;

    /// Tells a new block its id and its parent's, once, before its first cycle. Blocks spawned by the coordinator have
    /// no parent.
    fn settle(&mut self, _id: BlockId, _parent: Option<BlockId>) {}
}

/// A closure that inspects a block.
pub type Look<B> = Box<dyn FnOnce(&B) + Send>;

/// The results of one block in one cycle.
pub struct Cycle<B: Block> {
    /// Mail to other blocks, delivered in the next cycle. An empty slice counts as no mail.
    pub posts: Vec<Post<B::Mail>>,
    /// New blocks, which run from the next cycle on.
    pub spawn: Vec<B>,
    /// Reports to the coordinator.
    pub reports: Vec<B::Report>,
    /// Why the block stopped.
    pub end: End,
}

impl<B: Block> Cycle<B> {
    /// A cycle without results.
    pub fn silent(end: End) -> Self {
        Self { posts: Vec::new(), spawn: Vec::new(), reports: Vec::new(), end }
    }
}

/// Why a block stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// No work is left until mail arrives.
    Saturated,
    /// The budget ran out; the block runs in the next cycle even without mail.
    OutOfSteps,
}

/// A block that panicked. It was removed, and its last cycle is discarded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The block.
    pub block: BlockId,
    /// The panic message.
    pub message: String,
}

/// A block in the grid, with its scheduling state.
pub(crate) struct Slot<B> {
    /// Boxed, so that a removed block leaves eight bytes behind.
    pub(crate) block: Box<B>,
    /// Whether it runs in the next cycle even without mail.
    pub(crate) awake: bool,
}

impl<B: Block> Slot<B> {
    /// Runs one cycle of the block. A panic is caught and returned as its message.
    pub(crate) fn step(&mut self, mail: &[Arc<[B::Mail]>], budget: u64) -> Result<Cycle<B>, String> {
        // Unwind safe: a block that panicked is never accessed again.
        let cycle = catch_unwind(AssertUnwindSafe(|| self.block.cycle(mail, budget)))
            .map_err(|payload| message(payload.as_ref()))?;
        self.awake = cycle.end == End::OutOfSteps;
        Ok(cycle)
    }

    /// Runs `look` on the block. False if it panicked.
    pub(crate) fn show(&self, look: Look<B>) -> bool {
        catch_unwind(AssertUnwindSafe(|| look(&self.block))).is_ok()
    }

    /// Drops the block. A panic in its destructor is swallowed, so that it cannot harm other blocks.
    pub(crate) fn bury(self) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else {
        "a panic without a message".to_owned()
    }
}
