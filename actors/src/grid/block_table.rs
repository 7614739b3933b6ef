//! The block table: which blocks exist, and the commit that ends a cycle.

use super::block::{Block, BlockId, Slot};
use super::runtime::{Committed, Spawned};
use super::superstep::SuperstepResult;

/// Which blocks exist. Ids are allocated only here, in a single order.
#[derive(Default)]
pub(crate) struct BlockTable {
    /// By id: whether the block still exists.
    alive: Vec<bool>,
    /// Number of existing blocks.
    live: usize,
    /// The last committed cycle.
    cycle: u64,
}

/// New blocks with their ids, ascending.
pub(crate) type Newcomers<B> = Vec<(BlockId, Slot<B>)>;

impl BlockTable {
    /// Allocates an id for a block and tells the block.
    fn admit<B: Block>(&mut self, mut block: B, parent: Option<BlockId>) -> (BlockId, Slot<B>) {
        let id = BlockId::new(u32::try_from(self.alive.len()).expect("fewer than 2^32 blocks in a run"));
        self.alive.push(true);
        self.live += 1;
        block.settle(id, parent);
        (id, Slot { block: Box::new(block), awake: true })
    }

    /// Admits blocks of the coordinator.
    pub(crate) fn admit_all<B: Block>(&mut self, blocks: Vec<B>) -> Newcomers<B> {
        blocks.into_iter().map(|block| self.admit(block, None)).collect()
    }

    /// Removes a block. False if it did not exist.
    pub(crate) fn remove(&mut self, id: BlockId) -> bool {
        let Some(alive) = self.alive.get_mut(id.index()) else { return false };
        let was = std::mem::replace(alive, false);
        self.live -= usize::from(was);
        was
    }

    /// Removes all blocks.
    pub(crate) fn remove_all(&mut self) {
        self.alive.fill(false);
        self.live = 0;
    }

    pub(crate) fn is_alive(&self, id: BlockId) -> bool {
        self.alive.get(id.index()).copied().unwrap_or(false)
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// The number of the next cycle.
    pub(crate) fn next_cycle(&self) -> u64 {
        self.cycle + 1
    }

    /// Commits a cycle: sorts results by block id, whatever order they arrived in, removes failed blocks and admits new
    /// ones.
    pub(crate) fn commit<B: Block>(&mut self, mut result: SuperstepResult<B>) -> (Committed<B>, Newcomers<B>) {
        self.cycle += 1;
        // Stable sorts: the results of one block keep their order.
        result.reports.sort_by_key(|(id, _)| *id);
        result.spawns.sort_by_key(|(id, _)| *id);
        result.failed.sort_by_key(|failure| failure.block);
        for failure in &result.failed {
            self.remove(failure.block);
        }
        let mut spawned = Vec::with_capacity(result.spawns.len());
        let mut newcomers = Vec::with_capacity(result.spawns.len());
        for (parent, block) in result.spawns {
            let (child, slot) = self.admit(block, Some(parent));
            spawned.push(Spawned { parent, child });
            newcomers.push((child, slot));
        }
        result.counts.awake += newcomers.len();
        result.counts.live = self.live;
        let committed = Committed {
            cycle: self.cycle,
            reports: result.reports,
            spawned,
            failed: result.failed,
            counts: result.counts,
        };
        (committed, newcomers)
    }
}
