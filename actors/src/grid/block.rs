//! What the grid asks of a block, and what it learns from one.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A block, by its place in the order of creation. Never used twice in one run.
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

/// A slice of mail and the block it is meant for. The slice is shared, never copied.
pub type Post<M> = (BlockId, Arc<[M]>);

/// A unit of the grid: takes mail, works for a while, says what came of it.
///
/// The same block with the same mail and budget must give the same [`Cycle`]: no clock, no random
/// source, nothing shared with other blocks that changes. Then a run is the same on any runtime.
pub trait Block: Sized + Send + 'static {
    /// What blocks tell each other.
    type Mail: Send + Sync + 'static;
    /// What a block tells the coordinator.
    type Report: Send + 'static;

    /// Works through `mail` and what was left from before, for at most `budget` steps.
    ///
    /// `mail` stands in the order of the grid: first what the coordinator delivered, then what other
    /// blocks posted in the cycle before, by ascending number of the sender. It is empty when the
    /// block is new or goes on after [`End::OutOfSteps`] and nobody wrote.
    fn cycle(&mut self, mail: &[Arc<[Self::Mail]>], budget: u64) -> Cycle<Self>;

    /// Tells a new block its id and its parent's, once, before its first cycle. A block that the
    /// coordinator made has no parent.
    fn settle(&mut self, _id: BlockId, _parent: Option<BlockId>) {}
}

/// What is done with a block that is inspected.
pub type Look<B> = Box<dyn FnOnce(&B) + Send>;

/// What one block did in one cycle.
pub struct Cycle<B: Block> {
    /// Mail to other blocks, which they get in the next cycle. An empty slice is no mail.
    pub posts: Vec<Post<B::Mail>>,
    /// New blocks, which run from the next cycle on.
    pub spawn: Vec<B>,
    /// For the coordinator.
    pub reports: Vec<B::Report>,
    /// Why the block stopped.
    pub end: End,
}

impl<B: Block> Cycle<B> {
    /// A cycle in which nothing happened that others need to know.
    pub fn silent(end: End) -> Self {
        Self { posts: Vec::new(), spawn: Vec::new(), reports: Vec::new(), end }
    }
}

/// Why a block stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Nothing is left to do until mail comes.
    Saturated,
    /// The budget ran out; the block is woken in the next cycle even if nobody writes.
    OutOfSteps,
}

/// A block that panicked. It has been removed, and nothing of its last cycle counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The block.
    pub block: BlockId,
    /// What the panic said.
    pub message: String,
}

/// A block in its place in the grid.
pub(crate) struct Slot<B> {
    /// Boxed, so that a removed block leaves eight bytes behind.
    pub(crate) block: Box<B>,
    /// Whether it runs in the next cycle without mail.
    pub(crate) awake: bool,
}

impl<B: Block> Slot<B> {
    /// Runs one cycle of the block. A panic is kept inside and becomes its message.
    pub(crate) fn step(&mut self, mail: &[Arc<[B::Mail]>], budget: u64) -> Result<Cycle<B>, String> {
        // A block that panicked is never looked at again, so it cannot be seen half-changed.
        let cycle = catch_unwind(AssertUnwindSafe(|| self.block.cycle(mail, budget)))
            .map_err(|payload| message(payload.as_ref()))?;
        self.awake = cycle.end == End::OutOfSteps;
        Ok(cycle)
    }

    /// Lets `look` see the block. False if it panicked.
    pub(crate) fn show(&self, look: Look<B>) -> bool {
        catch_unwind(AssertUnwindSafe(|| look(&self.block))).is_ok()
    }

    /// Frees the block. A block that panics even then is beyond help, and must not harm others.
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
