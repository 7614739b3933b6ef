//! The partition: maps each block to its thread and shard.

use super::block::BlockId;

/// Maps blocks to threads and shards. A shard is a contiguous range of ids; shards are assigned to threads round-robin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Partition {
    pub(crate) threads: usize,
    /// Log2 of the blocks per shard. The shard is computed for every slice of mail, and a shift is cheaper than a
    /// division.
    shard_bits: u32,
}

impl Partition {
    /// Shards of `shard_blocks` blocks, a power of two, on `threads` threads.
    pub(crate) fn new(threads: usize, shard_blocks: u32) -> Self {
        assert!(threads > 0 && shard_blocks.is_power_of_two(), "a partition has threads and shards");
        Self { threads, shard_bits: shard_blocks.trailing_zeros() }
    }

    /// Blocks per shard.
    pub(crate) fn shard_blocks(self) -> u32 {
        1 << self.shard_bits
    }

    /// The shard's number in the whole grid.
    fn shard(self, id: BlockId) -> usize {
        id.index() >> self.shard_bits
    }

    /// The thread of the block.
    pub(crate) fn thread(self, id: BlockId) -> usize {
        if self.threads == 1 { 0 } else { self.shard(id) % self.threads }
    }

    /// The index of the block's shard among the shards of its thread.
    pub(crate) fn local(self, id: BlockId) -> usize {
        if self.threads == 1 { self.shard(id) } else { self.shard(id) / self.threads }
    }

    /// The number in the whole grid of the shard at a local index of a thread.
    pub(crate) fn shard_at(self, thread: usize, local: usize) -> u32 {
        u32::try_from(local * self.threads + thread).expect("a shard of blocks that exist")
    }

    /// The index of the block in its shard.
    pub(crate) fn place(self, id: BlockId) -> usize {
        (id.number() & (self.shard_blocks() - 1)) as usize
    }

    /// The block at an index of a shard.
    pub(crate) fn block(self, shard: u32, place: usize) -> BlockId {
        BlockId::new((shard << self.shard_bits) + u32::try_from(place).expect("less than the size of a shard"))
    }
}
