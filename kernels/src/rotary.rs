//! Rotary positions: the angles by which pairs of a head's numbers turn.

/// Which numbers of a head turn together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pairing {
    /// `2·i` with `2·i + 1`: GGUF files of the Llama family.
    Neighbours,
    /// `i` with `i + dim / 2`: Qwen, and Llama as its publishers store it.
    Halves,
}

/// Cosines and sines of every pair at every position, made once per model.
///
/// Source: Su et al. 2021, *RoFormer: Enhanced Transformer with Rotary Position Embedding*.
#[derive(Clone, Debug)]
pub struct Rotary {
    pairing: Pairing,
    pairs: usize,
    positions: usize,
    stride: usize,
    cosines: Vec<f32>, // [pairs][MARGIN + positions + MARGIN]: a vector of 16 keys may begin or end
    sines: Vec<f32>,   // outside of the positions that count
}

/// Room for the lanes of a vector that hold no key in question.
pub(crate) const MARGIN: usize = 16;

impl Rotary {
    /// The frequencies of a head of `dim` numbers: `base^(-2·i / dim)`.
    pub fn frequencies(dim: usize, base: f64) -> Vec<f64> {
        (0..dim / 2).map(|pair| base.powf(-2.0 * pair as f64 / dim as f64)).collect()
    }

    /// Tables for heads of `dim` numbers at positions `0..positions`.
    ///
    /// Pair `i` at position `p` turns by `p · frequencies[i]` radians, computed in f64. Pairs without a
    /// frequency do not turn.
    ///
    /// # Panics
    /// If `dim` is odd, or there are more frequencies than pairs.
    pub fn new(pairing: Pairing, dim: usize, frequencies: &[f64], positions: usize) -> Rotary {
        let pairs = dim / 2;
        assert!(dim.is_multiple_of(2) && frequencies.len() <= pairs, "two numbers a pair");
        let stride = positions + 2 * MARGIN;
        let (mut cosines, mut sines) = (vec![1.0; pairs * stride], vec![0.0; pairs * stride]);
        for (pair, frequency) in frequencies.iter().enumerate() {
            for position in 0..positions {
                let (sine, cosine) = (position as f64 * frequency).sin_cos();
                cosines[pair * stride + MARGIN + position] = cosine as f32;
                sines[pair * stride + MARGIN + position] = sine as f32;
            }
        }
        Rotary { pairing, pairs, positions, stride, cosines, sines }
    }

    /// Positions there are tables for.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// Numbers of a head.
    pub fn dim(&self) -> usize {
        self.pairs * 2
    }

    /// Cosine and sine of a pair at a position.
    pub(crate) fn at(&self, pair: usize, position: usize) -> (f32, f32) {
        let at = pair * self.stride + MARGIN + position;
        (self.cosines[at], self.sines[at])
    }

    /// Cosines and sines of a pair at sixteen positions, from place `at` of the tables, which is
    /// [`MARGIN`] for position 0.
    #[inline(always)]
    pub(crate) fn sixteen(&self, pair: usize, at: usize) -> ([f32; 16], [f32; 16]) {
        let from = pair * self.stride + at;
        let part = |table: &[f32]| -> [f32; 16] { table[from..from + 16].try_into().expect("sixteen") };
        (part(&self.cosines), part(&self.sines))
    }

    /// Both numbers of a pair, by their places in a head.
    pub(crate) fn pair(&self, pair: usize) -> (usize, usize) {
        match self.pairing {
            Pairing::Neighbours => (2 * pair, 2 * pair + 1),
            Pairing::Halves => (pair, pair + self.pairs),
        }
    }

    /// Turns a head to a position: `(a, b)` becomes `(a·cos - b·sin, a·sin + b·cos)`, each as
    /// `fma(a, ·, ±(b·…))`.
    pub fn turn(&self, head: &mut [f32], position: usize) {
        for pair in 0..self.pairs {
            let (first, second) = self.pair(pair);
            let (cosine, sine) = self.at(pair, position);
            (head[first], head[second]) = turn(head[first], head[second], cosine, sine);
        }
    }
}

/// One pair turned.
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
    fn pairs_beyond_the_frequencies_stay() {
        let rotary = Rotary::new(Pairing::Halves, 8, &[1.0], 4);
        let mut head = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        rotary.turn(&mut head, 3);
        assert_eq!((head[1], head[5], head[3]), (2.0, 6.0, 4.0));
        assert!((head[0] - (3f32.cos() - 5.0 * 3f32.sin())).abs() < 1e-5);
    }
}
