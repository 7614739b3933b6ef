//! Softmax of a row, and the logarithm of its denominator.

use crate::elementary::{exp, ln, striped_sum};
use crate::level::Kernels;

impl Kernels {
    /// `row[i] = e^(row[i] - max) / Σ_j e^(row[j] - max)`, in place.
    ///
    /// The denominator is summed in 16 stripes. Entries of -∞ become 0. An empty row stays empty, and
    /// one of -∞ alone becomes zeros.
    pub fn softmax(self, row: &mut [f32]) {
        let sum = self.exponentials(row);
        let inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
        for entry in row {
            *entry *= inverse;
        }
    }

    /// `ln Σ_j e^row[j]`, so that `row[i] - log_sum_exp(row)` is the log-probability of `i`.
    ///
    /// Sums as [`Kernels::softmax`] does. Gives -∞ for a row that is empty or of -∞ alone.
    pub fn log_sum_exp(self, row: &[f32]) -> f32 {
        let largest = largest(row);
        if largest == f32::NEG_INFINITY {
            return largest;
        }
        largest + ln(striped_sum(row.len(), |index| exp(row[index] - largest)))
    }

    /// Replaces a row by `e^(row[i] - max)` and gives their striped sum, 0 where all were -∞.
    pub(crate) fn exponentials(self, row: &mut [f32]) -> f32 {
        let largest = largest(row);
        if largest == f32::NEG_INFINITY {
            row.fill(0.0);
            return 0.0;
        }
        for entry in row.iter_mut() {
            *entry = exp(*entry - largest);
        }
        striped_sum(row.len(), |index| row[index])
    }
}

/// The largest entry, -∞ of none.
pub(crate) fn largest(row: &[f32]) -> f32 {
    row.iter().fold(f32::NEG_INFINITY, |largest, entry| largest.max(*entry))
}
