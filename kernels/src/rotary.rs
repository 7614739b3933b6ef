//! Rotary position embedding: pairs of a head's numbers are rotated by angles that depend on the position.

/// Which numbers of a head form a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pairing {
    /// `2·i` with `2·i + 1`: GGUF files of the Llama family.
    Neighbours,
    /// `i` with `i + dim / 2`: Qwen, and Llama as its publishers store it.
    Halves,
}

/// Cosines and sines of every pair at every position, computed once per model.
///
/// Source: Su et al. 2021, *RoFormer: Enhanced Transformer with Rotary Position Embedding*.
#[derive(Clone, Debug)]
pub struct Rotary {
    pairing: Pairing,
    pairs: usize,
    /// Rotated pairs; the others stay as they are.
    turning: usize,
    positions: usize,
    tables: Vec<f32>,
}

/// Margin before position 0, for the unused lanes of a vector of keys.
pub(crate) const MARGIN: usize = 16;

// The tables are `[chunks][pairs][cosines, then sines][CHUNK + 16]`: the angles of all pairs for a vector of keys are
// close together, in few pages of memory, and a vector that begins in a chunk ends in it.
const CHUNK: usize = 64;
const RUN: usize = CHUNK + 16;

impl Rotary {
    /// The frequencies of a head of `dim` numbers: `base^(-2·i / dim)`.
    pub fn frequencies(dim: usize, base: f64) -> Vec<f64> {
        (0..dim / 2).map(|pair| base.powf(-2.0 * pair as f64 / dim as f64)).collect()
    }

    /// Tables for heads of `dim` numbers at positions `0..positions`.
    ///
    /// Pair `i` at position `p` is rotated by `p · frequencies[i]` radians, computed in f64. If there are fewer
    /// frequencies than pairs, the first `2 · frequencies.len()` numbers of a head are paired and rotated, and the
    /// others stay. Takes 5 bytes per position and number of a head.
    ///
    /// # Panics
    /// If `dim` is odd, or there are more frequencies than pairs.
    pub fn new(pairing: Pairing, dim: usize, frequencies: &[f64], positions: usize) -> Rotary {
        Rotary::stretching(pairing, dim, frequencies, 1.0, positions)
    }

    /// As [`Rotary::new`], with rotated queries and keys also scaled by `magnitude`.
    ///
    /// # Panics
    /// As [`Rotary::new`].
    pub fn stretching(pairing: Pairing, dim: usize, frequencies: &[f64], magnitude: f64, positions: usize) -> Rotary {
        let pairs = dim / 2;
        assert!(dim.is_multiple_of(2) && frequencies.len() <= pairs, "two numbers a pair");
        let chunks = (positions + MARGIN).div_ceil(CHUNK);
        let mut tables = vec![0.0; chunks * pairs * 2 * RUN];
        for (at, runs) in tables.chunks_exact_mut(2 * RUN).enumerate() {
            let (chunk, pair) = (at / pairs, at % pairs);
            let (frequency, magnitude) = frequencies.get(pair).map_or((0.0, 1.0), |own| (*own, magnitude));
            let (cosines, sines) = runs.split_at_mut(RUN);
            for (place, (cosine, sine)) in cosines.iter_mut().zip(sines).enumerate() {
                let position = (chunk * CHUNK + place) as f64 - MARGIN as f64;
                let angle = position * frequency;
                (*cosine, *sine) = ((magnitude * angle.cos()) as f32, (magnitude * angle.sin()) as f32);
            }
        }
        Rotary { pairing, pairs, turning: frequencies.len(), positions, tables }
    }

    /// Number of positions in the tables.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The head dimension.
    pub fn dim(&self) -> usize {
        self.pairs * 2
    }

    /// Pairs below this are numbers `i` and `i + halved` of a head, the others are neighbours.
    pub(crate) fn halved(&self) -> usize {
        match self.pairing {
            Pairing::Halves => self.turning,
            Pairing::Neighbours => 0,
        }
    }

    /// The tables as one slice.
    pub(crate) fn tables(&self) -> &[f32] {
        &self.tables
    }

    /// Cosine and sine of a pair at a position.
    #[inline(always)]
    pub(crate) fn at(&self, pair: usize, position: usize) -> (f32, f32) {
        let (cosines, sines) = self.sixteen(pair, position + MARGIN);
        (cosines[0], sines[0])
    }

    /// Cosines and sines of a pair at sixteen positions from index `at` on, which is [`MARGIN`] for position 0.
    #[inline(always)]
    pub(crate) fn sixteen(&self, pair: usize, at: usize) -> (&[f32; 16], &[f32; 16]) {
        let from = (at / CHUNK * self.pairs + pair) * 2 * RUN + at % CHUNK;
        let part = |from: usize| self.tables[from..].first_chunk().expect("a run holds all vectors that begin in it");
        (part(from), part(from + RUN))
    }

    /// The indices of both numbers of a pair in a head.
    #[inline(always)]
    pub(crate) fn pair(&self, pair: usize) -> (usize, usize) {
        match self.pairing {
            Pairing::Halves if pair < self.turning => (pair, pair + self.turning),
            Pairing::Neighbours | Pairing::Halves => (2 * pair, 2 * pair + 1),
        }
    }

    /// Rotates a head to a position: `(a, b)` becomes `(a·cos - b·sin, a·sin + b·cos)`, each as `fma(a, ·, ±(b·…))`.
    pub fn turn(&self, head: &mut [f32], position: usize) {
        for pair in 0..self.pairs {
            let (first, second) = self.pair(pair);
            let (cosine, sine) = self.at(pair, position);
            (head[first], head[second]) = turn(head[first], head[second], cosine, sine);
        }
    }
}

/// Rotates one pair. Inlined, so that siblings compile it for their own instructions.
#[inline(always)]
pub(crate) fn turn(a: f32, b: f32, cosine: f32, sine: f32) -> (f32, f32) {
    (a.mul_add(cosine, -(b * sine)), a.mul_add(sine, b * cosine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_turned_heads_hangs_on_the_distance_alone() {
        for pairing in [Pairing::Neighbours, Pairing::Halves] {
            let rotary = Rotary::new(pairing, 8, &Rotary::frequencies(8, 100.0), 64);
            let product = |query_at: usize, key_at: usize| -> f32 {
                let (mut query, mut key) = ([1.0, -2.0, 0.5, 3.0, 0.1, 0.7, -1.0, 2.0], [0.3f32; 8]);
                rotary.turn(&mut query, query_at);
                rotary.turn(&mut key, key_at);
                query.iter().zip(key).map(|(query, key)| query * key).sum()
            };
            assert!((product(10, 3) - product(50, 43)).abs() < 1e-5);
            assert!((product(10, 3) - product(10, 4)).abs() > 1e-2);
        }
    }

    #[test]
    fn numbers_beyond_the_frequencies_stay() {
        let turned = |pairing| {
            let rotary = Rotary::stretching(pairing, 8, &[1.0, 0.5], 2.0, 4);
            let mut head = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
            rotary.turn(&mut head, 3);
            assert_eq!(head[4..], [5.0, 6.0, 7.0, 8.0]);
            head
        };
        let first = |second: f32| 2.0 * (3f32.cos() - second * 3f32.sin());
        assert!((turned(Pairing::Halves)[0] - first(3.0)).abs() < 1e-5);
        assert!((turned(Pairing::Neighbours)[0] - first(2.0)).abs() < 1e-5);
        let second = 2.0 * (2.0 * 1.5f32.cos() - 4.0 * 1.5f32.sin());
        assert!((turned(Pairing::Halves)[1] - second).abs() < 1e-5);
    }

    #[test]
    fn every_number_of_a_head_belongs_to_one_pair() {
        for (pairing, turning) in
            [(Pairing::Halves, 0), (Pairing::Halves, 3), (Pairing::Halves, 5), (Pairing::Neighbours, 2)]
        {
            let rotary = Rotary::new(pairing, 10, &vec![0.5; turning], 4);
            let mut numbers: Vec<usize> = (0..5).map(|pair| rotary.pair(pair)).flat_map(|(a, b)| [a, b]).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        }
    }
}
