//! Root-mean-square norm.

use crate::elementary::sum_lanes;
use crate::level::Kernels;
use crate::parallel::{Disjoint, Parallel, spread};

impl Kernels {
    /// Scales every row to unit root mean square, then by `gain`.
    ///
    /// `out[r][i] = x[r][i] · (1 / sqrt(mean(x[r]²) + eps)) · gain[i]`, from left to right.
    ///
    /// Shapes, row-major f32: `x [rows, dim]`, `gain [dim]`, `out [rows, dim]`; `rows` follows from
    /// `x`. `eps` has the unit of x². The squares are summed in 16 stripes with fused multiply-adds.
    /// Source: Zhang & Sennrich 2019, *Root Mean Square Layer Normalization*, with `eps` added.
    ///
    /// # Panics
    /// If a length disagrees with its shape, or `gain` is empty.
    pub fn rms_norm(self, parallel: &dyn Parallel, x: &[f32], gain: &[f32], eps: f32, out: &mut [f32]) {
        let dim = gain.len();
        assert!(dim > 0 && x.len().is_multiple_of(dim), "x is [rows, dim]");
        assert_eq!(x.len(), out.len(), "out is [rows, dim]");
        let target = Disjoint::new(out);
        spread(parallel, x.len() / dim, 16, &|rows| {
            let part = rows.start * dim..rows.end * dim;
            // SAFETY: the ranges of rows are disjoint.
            let out = unsafe { target.part(part.clone()) };
            for (x, out) in x[part].chunks_exact(dim).zip(out.chunks_exact_mut(dim)) {
                plain_row(x, gain, eps, out);
            }
        });
    }
}

fn plain_row(x: &[f32], gain: &[f32], eps: f32, out: &mut [f32]) {
    let mut lanes = [0.0f32; 16];
    for (index, x) in x.iter().enumerate() {
        lanes[index % 16] = x.mul_add(*x, lanes[index % 16]);
    }
    let mean = sum_lanes(lanes) / x.len() as f32;
    let scale = 1.0 / (mean + eps).sqrt();
    for ((x, gain), out) in x.iter().zip(gain).zip(out) {
        *out = x * scale * gain;
    }
}
