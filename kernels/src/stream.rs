//! The upper bound on the speed of products: how fast memory can be read.

use std::hint::black_box;

use crate::arena::{Arena, Run};
use crate::parallel::{Inline, Parallel, spread};

/// Bytes that one thread reads at a time.
const CHUNK: usize = 1 << 20;

/// Memory with the layout of a model's weights, which is only read. The time of [`Stream::read`] gives the memory
/// bandwidth, and so an upper bound on the speed of a step.
pub struct Stream(Run);

impl Stream {
    /// `bytes` bytes, rounded up to whole mebibytes, at least one.
    pub fn new(bytes: usize) -> Stream {
        let mut run = Arena::new().take(&Inline, bytes.next_multiple_of(CHUNK).max(CHUNK), false);
        run.bytes_mut().fill(1);
        Stream(run.done())
    }

    /// Number of bytes.
    pub fn bytes(&self) -> usize {
        self.0.bytes().len()
    }

    /// Reads every byte once, in a loop that only sums.
    pub fn read(&self, parallel: &dyn Parallel) {
        let bytes = self.0.bytes();
        spread(parallel, bytes.len() / CHUNK, 1, &|chunks| {
            let mut sums = [0u64; 32];
            for line in bytes[chunks.start * CHUNK..chunks.end * CHUNK].as_chunks::<256>().0 {
                for (sum, word) in sums.iter_mut().zip(line.as_chunks::<8>().0) {
                    *sum = sum.wrapping_add(u64::from_ne_bytes(*word));
                }
            }
            black_box(sums);
        });
    }
}
