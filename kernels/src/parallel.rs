//! The interface through which a caller lends threads to an operation.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An executor that can run the same closure on several threads at once.
///
/// An operation splits its output into chunks, and every call of the closure takes chunks until none is left. So it
/// does not matter how often or from where the closure is called: each output is computed once, by one call, with its
/// own order of sums. Results never depend on the implementation.
pub trait Parallel: Sync {
    /// How many calls are likely to run at once, by which work is split. At least 1.
    fn width(&self) -> usize;

    /// Calls `work` on any number of threads, and returns when every call has returned.
    fn run(&self, work: &(dyn Fn() + Sync));
}

/// The caller's own thread alone.
#[derive(Clone, Copy, Default, Debug)]
pub struct Inline;

impl Parallel for Inline {
    fn width(&self) -> usize {
        1
    }

    fn run(&self, work: &(dyn Fn() + Sync)) {
        work();
    }
}

/// Calls `act` for consecutive ranges that partition `0..count`.
///
/// A range has at least `grain` indices, except for the last. What the executor leaves undone is done here, so that no
/// output stays unwritten.
pub(crate) fn spread(parallel: &dyn Parallel, count: usize, grain: usize, act: &(dyn Fn(Range<usize>) + Sync)) {
    let width = parallel.width().max(1);
    if width == 1 || count <= grain {
        if count > 0 {
            act(0..count);
        }
        return;
    }
    // Eight chunks per thread: small enough that a delayed thread costs little.
    let step = count.div_ceil(width * 8).max(grain).max(1);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            // The counter hands out each chunk once; the data itself is ordered by the executor's return.
            let start = next.fetch_add(step, Ordering::Relaxed);
            if start >= count {
                break;
            }
            act(start..(start + step).min(count));
        }
    };
    parallel.run(&work);
    work();
}

/// A slice that several threads write at once, each to its own part.
pub(crate) struct Disjoint<'a, T> {
    pointer: *mut T,
    length: usize,
    owner: PhantomData<&'a mut [T]>,
}

// SAFETY: it only provides `&mut [T]` of parts, whose exclusivity `Disjoint::part` demands of its caller, and a
// `&mut [T]` may be sent where `T` may.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Disjoint { pointer: slice.as_mut_ptr(), length: slice.len(), owner: PhantomData }
    }

    /// The part `range`.
    /// # Safety
    /// While the part lives, no other part that overlaps it may be taken.
    ///
    /// # Panics
    /// If the range is outside the slice.
    #[expect(clippy::mut_from_ref, reason = "parts are disjoint: the safety contract")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "a part within the slice");
        // SAFETY: the range is within the slice that `new` borrowed exclusively for 'a, and the caller promises that no
        // overlapping part lives.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executor that calls the work never, once, or many times on scoped threads.
    struct Odd(usize);

    impl Parallel for Odd {
        fn width(&self) -> usize {
            3
        }

        fn run(&self, work: &(dyn Fn() + Sync)) {
            std::thread::scope(|scope| {
                for _ in 0..self.0 {
                    scope.spawn(work);
                }
            });
        }
    }

    #[test]
    fn every_index_is_done_once_whatever_the_executor_does() {
        for calls in 0..5 {
            for count in [0, 1, 2, 7, 100] {
                for grain in [1, 3, 64] {
                    let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                    spread(&Odd(calls), count, grain, &|range| {
                        for index in range {
                            done[index].fetch_add(1, Ordering::Relaxed);
                        }
                    });
                    assert!(done.iter().all(|times| times.load(Ordering::Relaxed) == 1), "{calls} {count} {grain}");
                }
            }
        }
    }
}
