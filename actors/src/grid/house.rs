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

/// The mail of one thread's cells to the blocks of one thread, by ascending sender.
pub(crate) struct Bundle<M> {
    /// How many posts each cell has in `posts`, by ascending cell.
    cells: Vec<(u32, usize)>,
    posts: Vec<Post<M>>,
}

impl<M> Default for Bundle<M> {
    fn default() -> Self {
        Self { cells: Vec::new(), posts: Vec::new() }
    }
}

impl<M> Bundle<M> {
    /// An empty bundle that is ready for as much as there is in this one.
    fn like(&self) -> Self {
        Self { cells: Vec::with_capacity(self.cells.len()), posts: Vec::with_capacity(self.posts.len()) }
    }

    /// Adds a post of a block of `cell`. All posts of a cell are added together.
    pub(crate) fn push(&mut self, cell: u32, post: Post<M>) {
        match self.cells.last_mut() {
            Some((last, count)) if *last == cell => *count += 1,
            _ => self.cells.push((cell, 1)),
        }
        self.posts.push(post);
    }

    /// Takes the mail out, by ascending cell, and leaves room for as much.
    pub(crate) fn take(&mut self) -> Self {
        let empty = self.like();
        let full = std::mem::replace(self, empty);
        if full.cells.is_sorted() {
            return full;
        }
        // Cells were run in another order, and their posts stand in that order.
        let mut posts = full.posts.into_iter();
        let part = |(cell, count)| (cell, posts.by_ref().take(count).collect::<Vec<_>>());
        let mut parts: Vec<_> = full.cells.into_iter().map(part).collect();
        parts.sort_by_key(|(cell, _)| *cell);
        let mut sorted = Self::default();
        for (cell, posts) in parts {
            posts.into_iter().for_each(|post| sorted.push(cell, post));
        }
        sorted
    }
}

/// All that one thread sends another at the end of a cycle. Empty ones are sent too: that all parcels
/// have come is how a thread knows that it may begin.
pub(crate) struct Parcel<M> {
    /// The cycle in which this mail is read. A thread that is ahead must not be mistaken for one that
    /// is late.
    pub(crate) cycle: u64,
    pub(crate) from: usize,
    pub(crate) bundle: Bundle<M>,
}

/// Hands on the mail of all bundles by ascending cell, which is by ascending sender: a cell has all its
/// posts in one bundle, in its own order.
pub(crate) fn merge<M>(bundles: Vec<Bundle<M>>, mut take: impl FnMut(Post<M>)) {
    let mut cells = Vec::new();
    let mut unread = Vec::with_capacity(bundles.len());
    for (source, bundle) in bundles.into_iter().enumerate() {
        cells.extend(bundle.cells.into_iter().map(|(cell, count)| (cell, source, count)));
        unread.push(bundle.posts.into_iter());
    }
    // A stable sort finds the few ascending runs and merges them.
    cells.sort_by_key(|(cell, ..)| *cell);
    for (_, source, count) in cells {
        unread[source].by_ref().take(count).for_each(&mut take);
    }
}
