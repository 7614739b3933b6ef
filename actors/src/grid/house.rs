//! Where blocks live, and the parcels in which their mail travels.

use super::block::{BlockId, Post};

/// Which thread and which cell a block belongs to. A cell is a contiguous range of ids, the logical
/// shard of the grid; cells are dealt out to the threads in turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct House {
    pub(crate) threads: usize,
    /// A cell has room for two to the power of this many blocks: blocks are looked for once for every
    /// slice of mail, and a shift is cheaper than a division.
    cell_bits: u32,
}

impl House {
    /// Cells of `cell_blocks` blocks, a power of two, on `threads` threads.
    pub(crate) fn new(threads: usize, cell_blocks: u32) -> Self {
        assert!(threads > 0 && cell_blocks.is_power_of_two(), "a house has threads and cells");
        Self { threads, cell_bits: cell_blocks.trailing_zeros() }
    }

    /// Blocks a cell has room for.
    pub(crate) fn cell_blocks(self) -> u32 {
        1 << self.cell_bits
    }

    /// The number of the cell in the whole grid.
    fn cell(self, id: BlockId) -> usize {
        id.index() >> self.cell_bits
    }

    /// The thread of the block.
    pub(crate) fn thread(self, id: BlockId) -> usize {
        if self.threads == 1 { 0 } else { self.cell(id) % self.threads }
    }

    /// The place of the block's cell among the cells of its thread.
    pub(crate) fn seat(self, id: BlockId) -> usize {
        if self.threads == 1 { self.cell(id) } else { self.cell(id) / self.threads }
    }

    /// The number in the whole grid of a cell that has a given seat on a thread.
    pub(crate) fn cell_at(self, thread: usize, seat: usize) -> u32 {
        u32::try_from(seat * self.threads + thread).expect("a cell of blocks that exist")
    }

    /// The place of the block in its cell.
    pub(crate) fn place(self, id: BlockId) -> usize {
        (id.number() & (self.cell_blocks() - 1)) as usize
    }

    /// The block that has a given place in a given cell.
    pub(crate) fn block(self, cell: u32, place: usize) -> BlockId {
        BlockId::new((cell << self.cell_bits) + u32::try_from(place).expect("less than the size of a cell"))
    }
}

/// What one cell posted to the blocks of one thread, by ascending sender.
pub(crate) struct Segment<M> {
    pub(crate) cell: u32,
    pub(crate) posts: Vec<Post<M>>,
}

/// All that one thread sends another at the end of a cycle. Empty ones are sent too: that all parcels
/// have come is how a thread knows that it may begin.
pub(crate) struct Parcel<M> {
    /// The cycle in which this mail is read. A thread that is ahead must not be mistaken for one that
    /// is late.
    pub(crate) cycle: u64,
    pub(crate) from: usize,
    /// By ascending cell.
    pub(crate) segments: Vec<Segment<M>>,
}

/// The mail of all parcels in the order of the grid, by ascending sender: parcels of different threads
/// hold different cells, and each is in order already.
pub(crate) fn merge<M>(parcels: Vec<Parcel<M>>) -> impl Iterator<Item = Post<M>> {
    let mut segments: Vec<Segment<M>> = parcels.into_iter().flat_map(|parcel| parcel.segments).collect();
    // A stable sort finds the few ascending runs and merges them.
    segments.sort_by_key(|segment| segment.cell);
    segments.into_iter().flat_map(|segment| segment.posts)
}
