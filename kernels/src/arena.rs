//! Memory for the weights of a model, in huge pages if the system has them.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::sync::Arc;

use crate::parallel::{Parallel, spread};

/// The unit of alignment and of size: a cache line, which is also the width of the widest vector.
pub(crate) const LINE: usize = 64;

/// A huge page of x86-64; chunks are aligned to it.
const HUGE: usize = 2 << 20;

/// The usual size of a chunk; larger matrices get larger ones. Unused parts are never written and so take no memory,
/// but the allocator takes an extra huge page for each chunk.
const CHUNK: usize = 64 * HUGE;

/// The memory of one model's matrices, side by side.
///
/// A decoding step reads all of them, and with pages of 4 KiB it spends a third of its time on TLB misses. So chunks
/// are allocated as huge pages, which a single matrix would seldom fill. A chunk is freed with the last matrix in it;
/// the arena itself can be dropped at any time.
#[derive(Default)]
pub struct Arena {
    chunk: Option<Arc<Chunk>>,
    used: usize, // bytes of `chunk` that are allocated
}

impl Arena {
    /// An empty arena.
    pub fn new() -> Arena {
        Arena::default()
    }

    /// A run of zeros, a whole number of lines. If `exact`, as for a single matrix, no more memory is taken than
    /// needed.
    ///
    /// Zeros are written on all threads: the first write to a page is a page fault, and page faults take most of the
    /// time of loading a model.
    pub(crate) fn take(&mut self, parallel: &dyn Parallel, bytes: usize, exact: bool) -> Fresh {
        debug_assert!(bytes.is_multiple_of(LINE));
        let chunk = match &self.chunk {
            Some(chunk) if chunk.layout.size() - self.used >= bytes => Arc::clone(chunk),
            _ => {
                let size = if exact { bytes.max(LINE) } else { bytes.next_multiple_of(HUGE).max(CHUNK) };
                let chunk = Arc::new(Chunk::new(size));
                self.chunk = Some(Arc::clone(&chunk));
                self.used = 0;
                chunk
            }
        };
        let start = self.used;
        self.used += bytes;
        let memory = Arc::clone(&chunk);
        // Split at huge pages, so that no two threads fault on the same one.
        let (first, last) = (start / HUGE, (start + bytes).div_ceil(HUGE));
        spread(parallel, last - first, 1, &|pages| {
            let from = ((first + pages.start) * HUGE).max(start);
            let to = ((first + pages.end) * HUGE).min(start + bytes);
            // SAFETY: the run is within the chunk, no other run overlaps it, and the ranges of pages are disjoint.
            unsafe { memory.pointer.add(from).write_bytes(0, to.saturating_sub(from)) };
        });
        Fresh(Run { chunk, start, bytes })
    }
}

/// Memory from which the arena takes runs.
struct Chunk {
    pointer: *mut u8,
    layout: Layout,
}

// SAFETY: a chunk is memory like that of a `Vec<u8>`; `Fresh` controls who may write which part of it.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new(size: usize) -> Chunk {
        let align = if size >= HUGE { HUGE } else { LINE };
        let layout = Layout::from_size_align(size, align).expect("a size that was checked as one of a matrix");
        // SAFETY: the size is not 0.
        let pointer = unsafe { alloc(layout) };
        if pointer.is_null() {
            handle_alloc_error(layout);
        }
        #[cfg(target_os = "linux")]
        if size >= HUGE {
            // SAFETY: the range is the one just allocated, and the advice changes none of its bytes. A system without
            // huge pages declines, and small ones are used.
            let _ = unsafe { rustix::mm::madvise(pointer.cast(), size, rustix::mm::Advice::LinuxHugepage) };
        }
        Chunk { pointer, layout }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and no run is left that points into it.
        unsafe { dealloc(self.pointer, self.layout) }
    }
}

/// A run that is still being written.
pub(crate) struct Fresh(Run);

/// A run that is only read from now on; clones share it.
#[derive(Clone)]
pub(crate) struct Run {
    chunk: Arc<Chunk>,
    start: usize,
    bytes: usize,
}

impl Fresh {
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the run lies within the living chunk, was zeroed by `take`, and belongs to this `Fresh`
        // alone, which is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.0.chunk.pointer.add(self.0.start), self.0.bytes) }
    }

    pub(crate) fn done(self) -> Run {
        self.0
    }
}

impl Run {
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the run lies within the living chunk, was zeroed by `take`, and is written no more.
        unsafe { std::slice::from_raw_parts(self.chunk.pointer.add(self.start), self.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::Inline;

    #[test]
    fn runs_are_aligned_zeroed_and_apart() {
        let mut arena = Arena::new();
        let mut runs = Vec::new();
        for number in 0..200u8 {
            let mut run = arena.take(&Inline, LINE * (number as usize * 37 % 5000), number == 0);
            assert!(run.bytes_mut().iter().all(|byte| *byte == 0), "run {number}");
            assert!(run.bytes_mut().as_ptr().addr().is_multiple_of(LINE));
            run.bytes_mut().fill(number);
            runs.push(run.done());
        }
        drop(arena);
        for (number, run) in runs.iter().enumerate() {
            assert!(run.bytes().iter().all(|byte| usize::from(*byte) == number), "run {number}");
        }
    }

    #[test]
    fn a_run_larger_than_a_chunk_has_one_of_its_own() {
        let mut arena = Arena::new();
        let run = arena.take(&Inline, CHUNK + LINE, false).done();
        assert_eq!(run.bytes().len(), CHUNK + LINE);
        assert_eq!(run.chunk.layout.size(), CHUNK + HUGE);
    }
}
