//! Superstep results: what blocks did in one cycle, before the commit.

use super::block::{Block, BlockId, Cycle, End, Failure, Post};
use super::runtime::Counts;

/// Results of some of the blocks in one cycle, before the commit.
pub(crate) struct SuperstepResult<B: Block> {
    /// Reports to the coordinator.
    pub(crate) reports: Vec<(BlockId, B::Report)>,
    /// New blocks, each with its parent.
    pub(crate) spawns: Vec<(BlockId, B)>,
    /// Blocks that panicked.
    pub(crate) failed: Vec<Failure>,
    /// The figures of the cycle.
    pub(crate) counts: Counts,
    /// Whether blocks were skipped because the cancellation flag was raised.
    pub(crate) torn: bool,
}

impl<B: Block> Default for SuperstepResult<B> {
    fn default() -> Self {
        Self { reports: Vec::new(), spawns: Vec::new(), failed: Vec::new(), counts: Counts::default(), torn: false }
    }
}

impl<B: Block> SuperstepResult<B> {
    /// Records the results of a block, and returns its posts for the caller to route.
    pub(crate) fn record(&mut self, id: BlockId, mut cycle: Cycle<B>) -> Vec<Post<B::Mail>> {
        self.counts.woken += 1;
        self.counts.awake += usize::from(cycle.end == End::OutOfSteps);
        self.reports.extend(cycle.reports.into_iter().map(|report| (id, report)));
        self.spawns.extend(cycle.spawn.into_iter().map(|block| (id, block)));
        cycle.posts.retain(|(_, mail)| !mail.is_empty());
        self.counts.posted += cycle.posts.iter().map(|(_, mail)| mail.len() as u64).sum::<u64>();
        cycle.posts
    }

    /// Records a block that panicked.
    pub(crate) fn record_failure(&mut self, block: BlockId, message: String) {
        self.counts.woken += 1;
        self.failed.push(Failure { block, message });
    }

    /// Merges results of other blocks of the same cycle.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.reports.extend(other.reports);
        self.spawns.extend(other.spawns);
        self.failed.extend(other.failed);
        self.counts.woken += other.counts.woken;
        self.counts.awake += other.counts.awake;
        self.counts.mails += other.counts.mails;
        self.counts.dropped += other.counts.dropped;
        self.counts.posted += other.counts.posted;
        self.torn |= other.torn;
    }
}
