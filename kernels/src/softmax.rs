//! Softmax of a row, and the logarithm of its denominator.

use crate::elementary::{self, ln, striped_sum};
use crate::lanes::{self, Lanes, Task};
use crate::level::Kernels;

impl Kernels {
    /// `row[i] = e^(row[i] - max) / Σ_j e^(row[j] - max)`, in place.
    ///
    /// The denominator is summed in 16 stripes. Entries of -∞ become 0. A row of only -∞ becomes zeros; an empty row is
    /// allowed.
    pub fn softmax(self, row: &mut [f32]) {
        let sum = self.perform(Exponentials(row));
        let inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
        for entry in row {
            *entry *= inverse;
        }
    }

    /// `ln Σ_j e^row[j]`, so that `row[i] - log_sum_exp(row)` is the log-probability of `i`.
    ///
    /// Sums as [`Kernels::softmax`] does. Gives -∞ for a row that is empty or has only -∞.
    pub fn log_sum_exp(self, row: &[f32]) -> f32 {
        self.perform(LogSum(row))
    }

    /// `row[i] = cap · tanh(row[i] / cap)`, in place, computed as `cap · (1 - 2 / (1 + e^(row[i] / (cap/2))))`: so no
    /// entry exceeds `cap`.
    ///
    /// Source: Gemma Team 2024, *Gemma 2: Improving Open Language Models at a Practical Size*, 2.3.
    pub fn soft_cap(self, row: &mut [f32], cap: f32) {
        self.perform(Capped { row, cap });
    }

    /// The largest entry, ignoring NaN; -∞ if there is none.
    pub(crate) fn largest(self, row: &[f32]) -> f32 {
        self.perform(Largest(row))
    }
}

/// Replaces a row by `e^(row[i] - max)` and returns their striped sum; all are 0 if all were -∞.
pub(crate) struct Exponentials<'a>(pub(crate) &'a mut [f32]);

/// Replaces a row by `cap · tanh(row[i] / cap)`.
pub(crate) struct Capped<'a> {
    pub(crate) row: &'a mut [f32],
    pub(crate) cap: f32,
}

struct LogSum<'a>(&'a [f32]);

struct Largest<'a>(&'a [f32]);

impl Task for Exponentials<'_> {
    type Output = f32;

    fn plain(self) -> f32 {
        let row = self.0;
        let largest = Largest(row).plain();
        if largest == f32::NEG_INFINITY {
            row.fill(0.0);
            return 0.0;
        }
        for entry in row.iter_mut() {
            *entry = elementary::exp(*entry - largest);
        }
        striped_sum(row.len(), |index| row[index])
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) -> f32 {
        let row = self.0;
        let largest = Largest(row).vectors(lanes);
        if largest == f32::NEG_INFINITY {
            row.fill(0.0);
            return 0.0;
        }
        let largest = lanes.splat(largest);
        let mut sum = lanes.splat(0.0);
        let (chunks, rest) = row.as_chunks_mut::<16>();
        for chunk in chunks {
            let value = lanes::exp(lanes, lanes.sub(lanes.load(chunk), largest));
            lanes.store(value, chunk);
            sum = lanes.add(sum, value);
        }
        let value = lanes::exp(lanes, lanes.sub(lanes.load_some(rest), largest));
        lanes.store_some(value, rest);
        lanes.sum(lanes.add(sum, lanes.load_some(rest)))
    }
}

impl Task for Capped<'_> {
    type Output = ();

    fn plain(self) {
        let half = self.cap / 2.0;
        for entry in self.row {
            *entry = self.cap * (1.0 - 2.0 / (1.0 + elementary::exp(*entry / half)));
        }
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        let (half, one, cap) = (lanes.splat(self.cap / 2.0), lanes.splat(1.0), lanes.splat(self.cap));
        let capped = |entry| {
            let power = lanes::exp(lanes, lanes.div(entry, half));
            lanes.mul(cap, lanes.sub(one, lanes.div(lanes.splat(2.0), lanes.add(one, power))))
        };
        let (chunks, rest) = self.row.as_chunks_mut::<16>();
        for chunk in chunks {
            lanes.store(capped(lanes.load(chunk)), chunk);
        }
        lanes.store_some(capped(lanes.load_some(rest)), rest);
    }
}

impl Task for LogSum<'_> {
    type Output = f32;

    fn plain(self) -> f32 {
        let largest = Largest(self.0).plain();
        if largest == f32::NEG_INFINITY {
            return largest;
        }
        largest + ln(striped_sum(self.0.len(), |index| elementary::exp(self.0[index] - largest)))
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) -> f32 {
        let largest = Largest(self.0).vectors(lanes);
        if largest == f32::NEG_INFINITY {
            return largest;
        }
        let bar = lanes.splat(largest);
        let mut sum = lanes.splat(0.0);
        let (chunks, rest) = self.0.as_chunks::<16>();
        for chunk in chunks {
            sum = lanes.add(sum, lanes::exp(lanes, lanes.sub(lanes.load(chunk), bar)));
        }
        let mut last = [f32::NEG_INFINITY; 16]; // whose exponential adds nothing
        last[..rest.len()].copy_from_slice(rest);
        sum = lanes.add(sum, lanes::exp(lanes, lanes.sub(lanes.load(&last), bar)));
        largest + ln(lanes.sum(sum))
    }
}

impl Task for Largest<'_> {
    type Output = f32;

    fn plain(self) -> f32 {
        self.0.iter().fold(f32::NEG_INFINITY, |largest, entry| largest.max(*entry))
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) -> f32 {
        let mut largest = lanes.splat(f32::NEG_INFINITY);
        let (chunks, rest) = self.0.as_chunks::<16>();
        for chunk in chunks {
            largest = lanes.max(lanes.load(chunk), largest);
        }
        rest.iter().fold(lanes.largest(largest), |largest, entry| largest.max(*entry))
    }
}
