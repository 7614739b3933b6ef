//! Weighted sums of values, a block in registers.

use std::ops::Range;

use crate::lanes::Lanes;
use crate::pages::Cell;

/// How many tokens' values are converted at once.
pub(super) const VALUE_TILE: usize = 32;

/// Values of up to [`VALUE_TILE`] tokens, and the weights of all askers from these tokens on.
pub(super) struct Values<'a, C> {
    pub(super) values: &'a [C],
    pub(super) dim: usize,
    pub(super) weights: &'a [f32],
    /// Distance from one asker's weights to the next one's.
    pub(super) stride: usize,
}

impl<C: Cell> Values<'_, C> {
    /// Adds to the sums of some askers.
    #[inline(always)]
    pub(super) fn all_askers<L: Lanes>(&self, lanes: L, askers: Range<usize>, sums: &mut [f32]) {
        let mut asker = askers.start;
        while asker < askers.end {
            asker += match (askers.end - asker).min(L::SUMMED) {
                6.. => self.all_numbers::<L, 6>(lanes, asker, sums),
                3.. => self.all_numbers::<L, 3>(lanes, asker, sums),
                2 => self.all_numbers::<L, 2>(lanes, asker, sums),
                _ => self.all_numbers::<L, 1>(lanes, asker, sums),
            };
        }
    }

    /// Adds to the sums of `ASKERS` askers; returns their number.
    #[inline(always)]
    fn all_numbers<L: Lanes, const ASKERS: usize>(&self, lanes: L, asker: usize, sums: &mut [f32]) -> usize {
        let sums = &mut sums[asker * self.dim..][..ASKERS * self.dim];
        let tokens = self.values.len() / self.dim;
        let own: [&[f32]; ASKERS] = std::array::from_fn(|of| &self.weights[(asker + of) * self.stride..][..tokens]);
        let mut near = [[0.0; VALUE_TILE]; ASKERS];
        if ASKERS > FEW {
            for (near, own) in near.iter_mut().zip(own) {
                for (near, own) in near.chunks_exact_mut(16).zip(own.chunks(16)) {
                    let near = near.first_chunk_mut().expect("sixteen tokens");
                    match own.first_chunk() {
                        Some(own) => lanes.store(lanes.load(own), near),
                        None => near[..own.len()].copy_from_slice(own),
                    }
                }
            }
        }
        let weights = Weights { own, near };
        let mut number = 0;
        while self.dim - number >= 16 {
            number += match ((self.dim - number) / 16, L::VALUES) {
                (4.., 4) => self.some_numbers::<L, ASKERS, 4>(lanes, number, &weights, sums),
                (2.., _) => self.some_numbers::<L, ASKERS, 2>(lanes, number, &weights, sums),
                _ => self.some_numbers::<L, ASKERS, 1>(lanes, number, &weights, sums),
            };
        }
        if number < self.dim {
            for (sums, weights) in sums.chunks_exact_mut(self.dim).zip(weights.own) {
                let sums = &mut sums[number..];
                let mut sum = lanes.load_some(sums);
                for (value, weight) in self.values.chunks_exact(self.dim).zip(weights) {
                    sum = lanes.fma(lanes.splat(*weight), C::load_some(lanes, &value[number..]), sum);
                }
                lanes.store_some(sum, sums);
            }
        }
        ASKERS
    }

    /// Adds `WIDTH` vectors of numbers from `number` on; returns how many numbers these are.
    #[inline(always)]
    fn some_numbers<L: Lanes, const ASKERS: usize, const WIDTH: usize>(
        &self,
        lanes: L,
        number: usize,
        weights: &Weights<'_, ASKERS>,
        out: &mut [f32],
    ) -> usize {
        let mut sums = [[lanes.splat(0.0); WIDTH]; ASKERS];
        for (sums, out) in sums.iter_mut().zip(out.chunks_exact(self.dim)) {
            let out = out[number..].as_chunks().0.first_chunk::<WIDTH>().expect("as many numbers");
            *sums = std::array::from_fn(|vector| lanes.load(&out[vector]));
        }
        for (token, value) in self.values.chunks_exact(self.dim).enumerate() {
            let value = value[number..].as_chunks().0.first_chunk::<WIDTH>().expect("as many numbers");
            let value: [L::Floats; WIDTH] = std::array::from_fn(|vector| C::load(lanes, &value[vector]));
            for (of, sums) in sums.iter_mut().enumerate() {
                let weight = lanes.splat(weights.at(of, token));
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum = lanes.fma(weight, value, *sum);
                }
            }
        }
        for (sums, out) in sums.into_iter().zip(out.chunks_exact_mut(self.dim)) {
            let out = out[number..].as_chunks_mut().0.first_chunk_mut::<WIDTH>().expect("as many numbers");
            for (sum, out) in sums.into_iter().zip(out) {
                lanes.store(sum, out);
            }
        }
        16 * WIDTH
    }
}

/// For the weights of more askers than this there are too few registers for pointers.
const FEW: usize = 3;

/// The weights of consecutive tokens.
struct Weights<'a, const ASKERS: usize> {
    own: [&'a [f32]; ASKERS],
    /// For more than [`FEW`] askers: a copy at a fixed place.
    near: [[f32; VALUE_TILE]; ASKERS],
}

impl<const ASKERS: usize> Weights<'_, ASKERS> {
    #[inline(always)]
    fn at(&self, asker: usize, token: usize) -> f32 {
        if ASKERS > FEW { self.near[asker][token % VALUE_TILE] } else { self.own[asker][token] }
    }
}

/// The numbers of cells.
#[inline(always)]
pub(super) fn convert<L: Lanes, C: Cell>(lanes: L, cells: &[C], numbers: &mut [f32]) {
    let (chunks, rest) = cells.as_chunks::<16>();
    let (into, into_rest) = numbers.as_chunks_mut::<16>();
    for (chunk, into) in chunks.iter().zip(into) {
        lanes.store(C::load(lanes, chunk), into);
    }
    lanes.store_some(C::load_some(lanes, rest), into_rest);
}
