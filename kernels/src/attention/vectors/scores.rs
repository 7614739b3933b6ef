//! Products of queries with keys, a block in registers.

use std::ops::Range;

use crate::attention::runs::Vector;
use crate::attention::vectors::keys::Keys;
use crate::lanes::Lanes;

/// The queries to score.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `[pair][both numbers][asker]`
    pub(super) queries: &'a [f32],
    pub(super) askers: usize,
    /// Distance from one asker's weights to the next one's.
    pub(super) stride: usize,
}

impl Asked<'_> {
    /// Scores of the vectors of a tile for some askers.
    #[inline(always)]
    pub(super) fn tile<L: Lanes>(
        self,
        lanes: L,
        askers: Range<usize>,
        keys: impl Keys,
        vectors: &[Vector],
        weights: &mut [f32],
    ) {
        let mut asker = askers.start;
        while asker < askers.end {
            let left = (askers.end - asker).min(L::ASKERS);
            asker += match (L::GROUPS, vectors) {
                (2, [one, other]) => self.some_askers(lanes, (asker, left), (keys, 0), &[*one, *other], weights),
                (_, vectors) => {
                    let mut done = 0;
                    for (place, vector) in vectors.iter().enumerate() {
                        done = self.some_askers(lanes, (asker, left), (keys, place), &[*vector], weights);
                    }
                    done
                }
            };
        }
    }

    /// Scores of consecutive vectors, the first being the `place`th of its tile, for up to `left` askers from `asker`
    /// on; returns the number of askers.
    #[inline(always)]
    fn some_askers<L: Lanes, const GROUPS: usize>(
        self,
        lanes: L,
        (asker, left): (usize, usize),
        keys: (impl Keys, usize),
        vectors: &[Vector; GROUPS],
        weights: &mut [f32],
    ) -> usize {
        match left {
            12.. => self.block::<L, _, 12, GROUPS>(lanes, asker, keys, vectors, weights),
            6.. => self.block::<L, _, 6, GROUPS>(lanes, asker, keys, vectors, weights),
            4.. => self.block::<L, _, 4, GROUPS>(lanes, asker, keys, vectors, weights),
            3 => self.block::<L, _, 3, GROUPS>(lanes, asker, keys, vectors, weights),
            2 => self.block::<L, _, 2, GROUPS>(lanes, asker, keys, vectors, weights),
            _ => self.block::<L, _, 1, GROUPS>(lanes, asker, keys, vectors, weights),
        }
    }

    #[inline(always)]
    fn block<L: Lanes, K: Keys, const ASKERS: usize, const GROUPS: usize>(
        self,
        lanes: L,
        asker: usize,
        (keys, place): (K, usize),
        vectors: &[Vector; GROUPS],
        weights: &mut [f32],
    ) -> usize {
        let mut sums = [[lanes.splat(0.0); ASKERS]; GROUPS];
        for (pair, queries) in self.queries.chunks_exact(2 * self.askers).enumerate() {
            let keys = keys.pair::<L, GROUPS>(lanes, pair, place);
            for (keys, queries) in keys.into_iter().zip([&queries[asker..], &queries[self.askers + asker..]]) {
                let queries = queries.first_chunk::<ASKERS>().expect("a number of each asker");
                for (of, query) in queries.iter().enumerate() {
                    let query = lanes.splat(*query);
                    for (sums, key) in sums.iter_mut().zip(keys) {
                        sums[of] = lanes.fma(query, key, sums[of]);
                    }
                }
            }
        }
        for (sums, vector) in sums.into_iter().zip(vectors) {
            let weights = &mut weights[asker * self.stride + vector.index..];
            if vector.to - vector.from == 16 {
                for (sum, weights) in sums.into_iter().zip(weights.chunks_mut(self.stride)) {
                    lanes.store(sum, weights.first_chunk_mut().expect("sixteen tokens"));
                }
            } else {
                for (sum, weights) in sums.into_iter().zip(weights.chunks_mut(self.stride)) {
                    let mut scores = [0.0; 16];
                    lanes.store(sum, &mut scores);
                    let valid = &scores[vector.from..vector.to];
                    weights[..valid.len()].copy_from_slice(valid);
                }
            }
        }
        ASKERS
    }
}
