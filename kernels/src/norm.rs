//! Root-mean-square norm.

use crate::elementary::sum_lanes;
use crate::lanes::{Lanes, Task};
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
            self.perform(Rows { x: &x[part], gain, eps, out });
        });
    }
}

struct Rows<'a> {
    x: &'a [f32],
    gain: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
}

impl Task for Rows<'_> {
    type Output = ();

    fn plain(self) {
        let dim = self.gain.len();
        for (x, out) in self.x.chunks_exact(dim).zip(self.out.chunks_exact_mut(dim)) {
            let mut lanes = [0.0f32; 16];
            for (index, x) in x.iter().enumerate() {
                lanes[index % 16] = x.mul_add(*x, lanes[index % 16]);
            }
            let scale = 1.0 / (sum_lanes(lanes) / dim as f32 + self.eps).sqrt();
            for ((x, gain), out) in x.iter().zip(self.gain).zip(out) {
                *out = x * scale * gain;
            }
        }
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        let dim = self.gain.len();
        for (x, out) in self.x.chunks_exact(dim).zip(self.out.chunks_exact_mut(dim)) {
            let (x, rest) = x.as_chunks::<16>();
            let mut sum = lanes.splat(0.0);
            for x in x {
                let x = lanes.load(x);
                sum = lanes.fma(x, x, sum);
            }
            let last = lanes.load_some(rest);
            sum = lanes.fma(last, last, sum);
            let scale = lanes.splat(1.0 / (lanes.sum(sum) / dim as f32 + self.eps).sqrt());
            let (out, out_rest) = out.as_chunks_mut::<16>();
            let (gain, gain_rest) = self.gain.as_chunks::<16>();
            for ((x, gain), out) in x.iter().zip(gain).zip(out) {
                lanes.store(lanes.mul(lanes.mul(lanes.load(x), scale), lanes.load(gain)), out);
            }
            lanes.store_some(lanes.mul(lanes.mul(last, scale), lanes.load_some(gain_rest)), out_rest);
        }
    }
}
