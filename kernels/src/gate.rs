//! The gate of a feed-forward layer.

use crate::elementary;
use crate::lanes::{self, Lanes, Task};
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
            self.perform(Gate { gate: &gate[range.clone()], up: &up[range], out });
        });
    }
}

struct Gate<'a> {
    gate: &'a [f32],
    up: &'a [f32],
    out: &'a mut [f32],
}

impl Task for Gate<'_> {
    type Output = ();

    fn plain(self) {
        for ((gate, up), out) in self.gate.iter().zip(self.up).zip(self.out) {
            *out = gate / (1.0 + elementary::exp(-gate)) * up;
        }
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        let (gate, gate_rest) = self.gate.as_chunks::<16>();
        let (up, up_rest) = self.up.as_chunks::<16>();
        let (out, out_rest) = self.out.as_chunks_mut::<16>();
        for ((gate, up), out) in gate.iter().zip(up).zip(out) {
            lanes.store(gated(lanes, lanes.load(gate), lanes.load(up)), out);
        }
        lanes.store_some(gated(lanes, lanes.load_some(gate_rest), lanes.load_some(up_rest)), out_rest);
    }
}

#[inline(always)]
fn gated<L: Lanes>(lanes: L, gate: L::Floats, up: L::Floats) -> L::Floats {
    let power = lanes::exp(lanes, lanes.sub(lanes.splat(0.0), gate));
    lanes.mul(lanes.div(gate, lanes.add(lanes.splat(1.0), power)), up)
}
