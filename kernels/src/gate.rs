//! The gate of a feed-forward layer.

use crate::elementary;
use crate::lanes::{self, Lanes, Task};
use crate::level::Kernels;
use crate::parallel::{Disjoint, Parallel, spread};

/// The activation function of a gated feed-forward layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activation {
    /// `x / (1 + e^-x)`.
    Silu,
    /// `x · (1 + tanh(√(2/π) · (x + 0.044715·x³))) / 2`.
    GeluTanh,
}

impl Kernels {
    /// `out[i] = activation(gate[i]) · up[i]`: the elementwise part of a gated feed-forward layer.
    ///
    /// Both activations are computed as `x / (1 + e^-t)`, with `t = x` for [`Activation::Silu`], and with `t` twice the
    /// argument of the hyperbolic tangent for [`Activation::GeluTanh`]. All slices have the same length. Source:
    /// Shazeer 2020, *GLU Variants Improve Transformer*; Hendrycks & Gimpel 2016, *GELUs*.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn gate(self, activation: Activation, parallel: &dyn Parallel, gate: &[f32], up: &[f32], out: &mut [f32]) {
        assert!(gate.len() == up.len() && up.len() == out.len(), "gate, up and out are of one length");
        let target = Disjoint::new(out);
        spread(parallel, gate.len(), 4096, &|range| {
            // SAFETY: the ranges are disjoint.
            let out = unsafe { target.part(range.clone()) };
            let (gate, up) = (&gate[range.clone()], &up[range]);
            match activation {
                Activation::Silu => self.perform(Gate::<false> { gate, up, out }),
                Activation::GeluTanh => self.perform(Gate::<true> { gate, up, out }),
            }
        });
    }
}

/// `-2·√(2/π)`.
const GELU_SCALE: f32 = -1.595_769;
const GELU_CUBE: f32 = 0.044_715;

struct Gate<'a, const GELU: bool> {
    gate: &'a [f32],
    up: &'a [f32],
    out: &'a mut [f32],
}

impl<const GELU: bool> Task for Gate<'_, GELU> {
    type Output = ();

    fn plain(self) {
        for ((gate, up), out) in self.gate.iter().zip(self.up).zip(self.out) {
            let minus = if GELU { (gate * gate * GELU_CUBE).mul_add(*gate, *gate) * GELU_SCALE } else { -gate };
            *out = gate / (1.0 + elementary::exp(minus)) * up;
        }
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        let (gate, gate_rest) = self.gate.as_chunks::<16>();
        let (up, up_rest) = self.up.as_chunks::<16>();
        let (out, out_rest) = self.out.as_chunks_mut::<16>();
        for ((gate, up), out) in gate.iter().zip(up).zip(out) {
            lanes.store(gated::<L, GELU>(lanes, lanes.load(gate), lanes.load(up)), out);
        }
        lanes.store_some(gated::<L, GELU>(lanes, lanes.load_some(gate_rest), lanes.load_some(up_rest)), out_rest);
    }
}

#[inline(always)]
fn gated<L: Lanes, const GELU: bool>(lanes: L, gate: L::Floats, up: L::Floats) -> L::Floats {
    let minus = if GELU {
        let cube = lanes.mul(lanes.mul(gate, gate), lanes.splat(GELU_CUBE));
        lanes.mul(lanes.fma(cube, gate, gate), lanes.splat(GELU_SCALE))
    } else {
        lanes.sub(lanes.splat(0.0), gate)
    };
    let power = lanes::exp(lanes, minus);
    lanes.mul(lanes.div(gate, lanes.add(lanes.splat(1.0), power)), up)
}
