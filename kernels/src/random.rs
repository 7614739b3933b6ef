//! Counter-based random numbers: functions of where they are used.
//!
//! A generator with a state would tie each number to the order of the draws, and so a token to the scheduler. Philox
//! maps a key and a counter to numbers; the key is the seed, the counter is path, position and token.

use crate::elementary::{ln, ln_of_parts};

pub(crate) const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(crate) const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The factor from random words to numbers below 1.
pub(crate) const STEP: f32 = 1.0 / 4_294_967_296.0;

/// Identifies one draw of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Draw {
    /// Seed of the run.
    pub seed: u64,
    /// Hash of the path of the drawing node; siblings must differ.
    pub path: u64,
    /// Position of the drawn token, counted within the node.
    pub position: u32,
}

impl Draw {
    /// The random word of a token. Sixty-four tokens share sixteen calls of Philox: token `64·b + 16·i + j` has word
    /// `i` of the call with the counter `16·b + j`, so that vectors need no shuffling.
    pub fn word(&self, token: u32) -> u32 {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let quad = token / 64 * 16 + token % 16;
        let counter = [quad, self.position, self.path as u32, (self.path >> 32) as u32];
        philox(counter, key)[token as usize % 64 / 16]
    }
}

/// Philox 4×32 with 10 rounds.
///
/// Source: Salmon, Moraes, Dror, Shaw 2011, *Parallel Random Numbers: As Easy as 1, 2, 3*, section 3.3.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    counter
}

/// A bijective mixing function: close numbers become far apart.
///
/// Source: Steele, Lea, Flood 2014, *Fast Splittable Pseudorandom Number Generators*: one step of SplitMix64 from
/// the given state. The n-th number of that generator is `mix(seed + n · MIX_STEP)`.
pub const fn mix(state: u64) -> u64 {
    let bits = state.wrapping_add(MIX_STEP);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// The increment of SplitMix64's state.
pub const MIX_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Gumbel noise of a random word: `-ln(-ln(1 - t))` with `t = (word + ½) / 2³²`.
///
/// `t` is small where the noise is large, so that the noise has the finest resolution there that the word allows: it is
/// between -3.1 and 22.9.
pub fn gumbel(word: u32) -> f32 {
    let small = (word as f32).mul_add(STEP, STEP / 2.0);
    // 1 - t, computed from the complement, so that it is not rounded to 0.
    let large = (!word as f32).mul_add(STEP, STEP / 2.0);
    // Near 1 the logarithm is computed from t itself, which keeps all its digits.
    let exponential = if small < 0.25 { -ln_of_parts(-small, 0.0) } else { -ln(large) };
    -ln(exponential)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers_of_the_authors_come_out() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(philox(counter, [0xa409_3822, 0x299f_31d0]), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn mixing_gives_the_known_numbers_of_splitmix() {
        let numbers: Vec<u64> = (0..3).map(|n: u64| mix(n.wrapping_mul(MIX_STEP).wrapping_add(1_234_567))).collect();
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn the_noise_is_that_of_its_formula() {
        for word in (0..=u32::MAX).step_by(65_537).chain([0, 1, 2, 3, u32::MAX - 1, u32::MAX, 1 << 30, (1 << 30) - 1]) {
            let t = (f64::from(word) + 0.5) / 4_294_967_296.0;
            let exact = -(-(-t).ln_1p()).ln();
            let got = f64::from(gumbel(word));
            // Near t = 1 the noise depends on the rounding of the word to 24 bits.
            assert!((got - exact).abs() < 2e-6 * exact.abs().max(1.0) + 1e-6, "{word:#x}: {got}, not {exact}");
        }
    }

    #[test]
    fn the_noise_has_the_mean_and_variance_of_a_gumbel_law() {
        let draw = Draw { seed: 7, path: 1, position: 0 };
        let noise: Vec<f64> = (0..200_000).map(|token| f64::from(gumbel(draw.word(token)))).collect();
        let mean = noise.iter().sum::<f64>() / noise.len() as f64;
        let variance = noise.iter().map(|noise| (noise - mean).powi(2)).sum::<f64>() / noise.len() as f64;
        assert!((mean - 0.5772).abs() < 0.01, "mean {mean}");
        assert!((variance - 1.6449).abs() < 0.03, "variance {variance}");
    }
}
