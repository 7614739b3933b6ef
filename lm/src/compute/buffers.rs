//! Buffers of a pass.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Buffers that are kept from layer to layer and from step to step: fresh memory would be cleared twice, by the system
/// and by the program, for nothing.
#[derive(Default)]
pub(super) struct Buffers(RefCell<Vec<Vec<f32>>>);

impl Buffers {
    /// A buffer of `length` numbers, with whatever they hold; it comes back when it is dropped.
    pub(super) fn take(&self, length: usize) -> Buffer<'_> {
        let mut free = self.0.borrow_mut();
        // The smallest that suffices, or else the largest, which grows.
        let fits = (0..free.len()).filter(|at| free[*at].len() >= length).min_by_key(|at| free[*at].len());
        let best = fits.or_else(|| (0..free.len()).max_by_key(|at| free[*at].len()));
        let mut numbers = best.map(|at| free.swap_remove(at)).unwrap_or_default();
        if numbers.len() < length {
            numbers.resize(length, 0.0);
        }
        Buffer { numbers, length, home: self }
    }
}

/// A buffer in use.
pub(super) struct Buffer<'a> {
    numbers: Vec<f32>,
    length: usize,
    home: &'a Buffers,
}

impl Deref for Buffer<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[..self.length]
    }
}

impl DerefMut for Buffer<'_> {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[..self.length]
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        self.home.0.borrow_mut().push(std::mem::take(&mut self.numbers));
    }
}

/// Rows, or the rows after a norm.
pub(super) enum Normed<'a> {
    Same(&'a [f32]),
    New(Buffer<'a>),
}

impl Deref for Normed<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Normed::Same(rows) => rows,
            Normed::New(rows) => rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_none_is_used_twice_at_once() {
        let buffers = Buffers::default();
        let (mut one, other) = (buffers.take(8), buffers.take(4));
        one.fill(1.0);
        assert!(other.iter().all(|number| *number == 0.0));
        drop((one, other));
        let small = buffers.take(3);
        let large = buffers.take(6);
        assert_eq!((small.len(), large.len()), (3, 6));
        assert_eq!(large[..], [1.0; 6], "the larger one of both");
        drop((small, large));
        assert_eq!(buffers.take(20).len(), 20);
        assert_eq!(buffers.0.borrow().len(), 2, "none beside the two");
    }
}
