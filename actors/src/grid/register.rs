//! The register of blocks: who lives, who is new, and the commit that ends a cycle.

use super::block::{Block, BlockId, Cycle, End, Failure, Post, Slot};
use super::runtime::{Committed, Counts, Spawned};

/// Which blocks there are. The only place that gives out ids, so that they are given in one order.
#[derive(Default)]
pub(crate) struct Register {
    /// For every id ever given: whether its block is still there.
    alive: Vec<bool>,
    live: usize,
    cycle: u64,
}

/// New blocks with their ids, ascending.
pub(crate) type Newcomers<B> = Vec<(BlockId, Slot<B>)>;

impl Register {
    /// Gives a block its id and tells it.
    fn admit<B: Block>(&mut self, mut block: B, parent: Option<BlockId>) -> (BlockId, Slot<B>) {
        let id = BlockId::new(u32::try_from(self.alive.len()).expect("fewer than 2^32 blocks in a run"));
        self.alive.push(true);
        self.live += 1;
        block.settle(id, parent);
        (id, Slot { block: Box::new(block), awake: true })
    }

    /// Blocks that the coordinator made.
    pub(crate) fn admit_all<B: Block>(&mut self, blocks: Vec<B>) -> Newcomers<B> {
        blocks.into_iter().map(|block| self.admit(block, None)).collect()
    }

    /// Strikes a block off. False if it was not there.
    pub(crate) fn strike(&mut self, id: BlockId) -> bool {
        let Some(alive) = self.alive.get_mut(id.index()) else { return false };
        let was = std::mem::replace(alive, false);
        self.live -= usize::from(was);
        was
    }

    /// Strikes all blocks off.
    pub(crate) fn strike_all(&mut self) {
        self.alive.fill(false);
        self.live = 0;
    }

    pub(crate) fn is_alive(&self, id: BlockId) -> bool {
        self.alive.get(id.index()).copied().unwrap_or(false)
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// The cycle that comes next.
    pub(crate) fn next_cycle(&self) -> u64 {
        self.cycle + 1
    }

    /// Ends the cycle: brings what the blocks did, in whatever order it came, into the order of ids,
    /// strikes off the failed and names the new.
    pub(crate) fn commit<B: Block>(&mut self, mut tally: Tally<B>) -> (Committed<B>, Newcomers<B>) {
        self.cycle += 1;
        // Stable sorts: what one block said stays in the order in which it said it.
        tally.reports.sort_by_key(|(id, _)| *id);
        tally.spawns.sort_by_key(|(id, _)| *id);
        tally.failed.sort_by_key(|failure| failure.block);
        for failure in &tally.failed {
            self.strike(failure.block);
        }
        let mut spawned = Vec::with_capacity(tally.spawns.len());
        let mut newcomers = Vec::with_capacity(tally.spawns.len());
        for (parent, block) in tally.spawns {
            let (child, slot) = self.admit(block, Some(parent));
            spawned.push(Spawned { parent, child });
            newcomers.push((child, slot));
        }
        tally.counts.awake += newcomers.len();
        tally.counts.live = self.live;
        let committed = Committed {
            cycle: self.cycle,
            reports: tally.reports,
            spawned,
            failed: tally.failed,
            counts: tally.counts,
        };
        (committed, newcomers)
    }
}

/// What some of the blocks did in one cycle, before it is committed.
pub(crate) struct Tally<B: Block> {
    pub(crate) reports: Vec<(BlockId, B::Report)>,
    pub(crate) spawns: Vec<(BlockId, B)>,
    pub(crate) failed: Vec<Failure>,
    pub(crate) counts: Counts,
    /// Whether the cancellation flag was seen, so that blocks were left out.
    pub(crate) torn: bool,
}

impl<B: Block> Default for Tally<B> {
    fn default() -> Self {
        Self { reports: Vec::new(), spawns: Vec::new(), failed: Vec::new(), counts: Counts::default(), torn: false }
    }
}

impl<B: Block> Tally<B> {
    /// Enters what a block did, and hands back the mail it posted for the caller to carry.
    pub(crate) fn record(&mut self, id: BlockId, mut cycle: Cycle<B>) -> Vec<Post<B::Mail>> {
        self.counts.woken += 1;
        self.counts.awake += usize::from(cycle.end == End::OutOfSteps);
        self.reports.extend(cycle.reports.into_iter().map(|report| (id, report)));
        self.spawns.extend(cycle.spawn.into_iter().map(|block| (id, block)));
        cycle.posts.retain(|(_, mail)| !mail.is_empty());
        self.counts.posted += cycle.posts.iter().map(|(_, mail)| mail.len() as u64).sum::<u64>();
        cycle.posts
    }

    /// Enters a block that panicked.
    pub(crate) fn record_failure(&mut self, block: BlockId, message: String) {
        self.counts.woken += 1;
        self.failed.push(Failure { block, message });
    }

    /// Adds what other blocks did in the same cycle.
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
