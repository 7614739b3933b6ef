//! The gate of a feed-forward layer.

use crate::elementary::exp;
use crate::level::Kernels;
use crate::parallel::{Disjoint, Parallel, spread};

impl Kernels {
    /// `out[i] = gate[i] / (1 + e^-gate[i]) · up[i]`: SwiGLU without its products.
    ///
    /// Source: Shazeer 2020, *GLU Variants Improve Transformer*. All slices have one length.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn swiglu(self, parallel: &dyn Parallel, gate: &[f32], up: &[f32], out: &mut [f32]) {
        assert!(gate.len() == up.len() && up.len() == out.len(), "gate, up and out are of one length");
        let target = Disjoint::new(out);
        spread(parallel, gate.len(), 4096, &|range| {
            // SAFETY: the ranges are disjoint.
            let out = unsafe { target.part(range.clone()) };
            plain(&gate[range.clone()], &up[range], out);
        });
    }
}

fn plain(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((gate, up), out) in gate.iter().zip(up).zip(out) {
        *out = gate / (1.0 + exp(-gate)) * up;
    }
}
