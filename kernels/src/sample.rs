//! Sampling of the next token: a function of logits, settings and the identity of the draw.

use crate::lanes::{self, Lanes, Task};
use crate::level::Kernels;
use crate::random::{Draw, gumbel};
use crate::softmax::Exponentials;

/// The sampling settings.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sampling {
    /// Divides the logits. 0 takes the most likely token, and all other settings are ignored.
    pub temperature: f32,
    /// Keeps this many of the most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the smallest set of most likely tokens whose probabilities sum to at least this; 1 keeps all.
    pub top_p: f32,
    /// Keeps tokens whose probability is at least this share of the largest; 0 keeps all.
    pub min_p: f32,
}

impl Sampling {
    /// The most likely token, the one with the lowest id among equals.
    pub const GREEDY: Sampling = Sampling { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0 };

    /// Every token with its probability at this temperature.
    pub const fn at(temperature: f32) -> Sampling {
        Sampling { temperature, ..Sampling::GREEDY }
    }

    /// Whether no filter is active.
    pub fn keeps_all(&self) -> bool {
        self.top_k == 0 && self.top_p >= 1.0 && self.min_p <= 0.0
    }
}

impl Kernels {
    /// Draws a token; `None` if no logit is above -∞.
    ///
    /// `argmax_v((logits[v] - max) / temperature + noise(seed, path, position, v))` over the tokens kept,
    /// ties to the lowest id: Gumbel-max sampling, so that the token is a function of the arguments, and a draw can be
    /// repeated, shared with a speculated one, or made in any order. All filters are at the given temperature: first
    /// `min_p`, then `top_k`, then `top_p` of what is left.
    ///
    /// A token that may not be drawn has the logit -∞. NaN counts as -∞.
    pub fn sample(self, logits: &[f32], sampling: &Sampling, draw: Draw) -> Option<u32> {
        let largest = self.largest(logits);
        if largest == f32::NEG_INFINITY {
            return None;
        }
        let inverse = 1.0 / sampling.temperature;
        if sampling.temperature <= 0.0 || !inverse.is_finite() {
            return logits.iter().position(|logit| *logit == largest).map(|token| token as u32);
        }
        if sampling.keeps_all() {
            return self.perform(Noisy { logits, largest, inverse, draw });
        }
        let mut best = None;
        for token in self.kept(logits, largest, inverse, sampling) {
            let score = (logits[token as usize] - largest).mul_add(inverse, gumbel(draw.word(token)));
            best = better(best, token, score);
        }
        best.map(|(token, _)| token)
    }

    /// The tokens that pass the filters, unordered.
    fn kept(self, logits: &[f32], largest: f32, inverse: f32, sampling: &Sampling) -> Vec<u32> {
        let mut weights = vec![0.0; logits.len()];
        self.perform(Scaled { logits, largest, inverse, out: &mut weights });
        let total = self.perform(Exponentials(&mut weights));
        let weight = |token: u32| weights[token as usize];
        // All tokens below this together cannot have the weight that `top_p` leaves out, so they need not be sorted. A
        // quarter of it leaves room for the rounding of the sum.
        let negligible = (1.0 - sampling.top_p).max(0.0) * total / logits.len() as f32 * 0.25;
        let floor = sampling.min_p.clamp(0.0, 1.0).max(if sampling.top_p < 1.0 { negligible } else { 0.0 });
        let mut kept = Vec::new();
        for (chunk, (weights, logits)) in weights.chunks(64).zip(logits.chunks(64)).enumerate() {
            // Most chunks hold no token of weight, and testing all 64 at once costs little.
            if weights.iter().fold(0.0f32, |largest, weight| if *weight > largest { *weight } else { largest }) < floor
            {
                continue;
            }
            for (within, (weight, logit)) in weights.iter().zip(logits).enumerate() {
                if *weight >= floor && *logit > f32::NEG_INFINITY {
                    kept.push((chunk * 64 + within) as u32);
                }
            }
        }
        let likelier = |a: &u32, b: &u32| weight(*b).total_cmp(&weight(*a)).then(a.cmp(b));
        if sampling.top_k > 0 && sampling.top_k < kept.len() {
            kept.select_nth_unstable_by(sampling.top_k - 1, likelier);
            kept.truncate(sampling.top_k);
        }
        if sampling.top_p >= 1.0 {
            return kept;
        }
        // With other filters, the share is relative to what they keep; without, to everything.
        let filtered = sampling.top_k > 0 || sampling.min_p > 0.0;
        let whole = if filtered {
            kept.sort_unstable_by(likelier);
            kept.iter().fold(0.0, |sum, token| sum + weight(*token))
        } else {
            total
        };
        nucleus(kept, &likelier, &weight, sampling.top_p * whole)
    }
}

/// The smallest set of likeliest tokens with a total weight of at least `enough`, or all; summed from the likeliest
/// down.
fn nucleus(
    mut tokens: Vec<u32>,
    likelier: &impl Fn(&u32, &u32) -> std::cmp::Ordering,
    weight: &impl Fn(u32) -> f32,
    enough: f32,
) -> Vec<u32> {
    let (mut sorted, mut sum, mut sort) = (0, 0.0, 64);
    while sorted < tokens.len() {
        // Usually few tokens are enough, so no more are sorted than needed.
        let rest = &mut tokens[sorted..];
        let count = sort.min(rest.len());
        if count < rest.len() {
            rest.select_nth_unstable_by(count, likelier);
        }
        rest[..count].sort_unstable_by(likelier);
        for at in sorted..sorted + count {
            sum += weight(tokens[at]);
            if sum >= enough {
                tokens.truncate(at + 1);
                return tokens;
            }
        }
        sorted += count;
        sort *= 4;
    }
    tokens
}

/// `(logit - largest) · inverse`, or -∞ for NaN.
struct Scaled<'a> {
    logits: &'a [f32],
    largest: f32,
    inverse: f32,
    out: &'a mut [f32],
}

impl Task for Scaled<'_> {
    type Output = ();

    fn plain(self) {
        for (logit, out) in self.logits.iter().zip(self.out) {
            *out = if logit.is_nan() { f32::NEG_INFINITY } else { (logit - self.largest) * self.inverse };
        }
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        let (largest, inverse) = (lanes.splat(self.largest), lanes.splat(self.inverse));
        let scaled = |logit| {
            let number = lanes.max(logit, lanes.splat(f32::NEG_INFINITY)); // the second if NaN
            lanes.mul(lanes.sub(number, largest), inverse)
        };
        let (logits, rest) = self.logits.as_chunks::<16>();
        let (out, out_rest) = self.out.as_chunks_mut::<16>();
        for (logits, out) in logits.iter().zip(out) {
            lanes.store(scaled(lanes.load(logits)), out);
        }
        lanes.store_some(scaled(lanes.load_some(rest)), out_rest);
    }
}

/// The better of the best so far and a token: the larger score, and the lower id among equals. -∞ and NaN are not
/// scores.
fn better(best: Option<(u32, f32)>, token: u32, score: f32) -> Option<(u32, f32)> {
    match best {
        None if score > f32::NEG_INFINITY => Some((token, score)),
        Some((other, bar)) if score > bar || score == bar && token < other => Some((token, score)),
        best => best,
    }
}

/// `argmax_v((logits[v] - largest) · inverse + noise(v))` over all tokens.
struct Noisy<'a> {
    logits: &'a [f32],
    largest: f32,
    inverse: f32,
    draw: Draw,
}

impl Task for Noisy<'_> {
    type Output = Option<u32>;

    fn plain(self) -> Option<u32> {
        let mut best = None;
        for (token, logit) in self.logits.iter().enumerate() {
            let noise = gumbel(self.draw.word(token as u32));
            best = better(best, token as u32, (logit - self.largest).mul_add(self.inverse, noise));
        }
        best.map(|(token, _)| token)
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) -> Option<u32> {
        let lane_numbers: [u32; 16] = std::array::from_fn(|lane| lane as u32);
        let numbers = lanes.load_words(&lane_numbers);
        let (largest, inverse) = (lanes.splat(self.largest), lanes.splat(self.inverse));
        let mut scores = lanes.splat(f32::NEG_INFINITY);
        let mut tokens = lanes.words(0);
        for (index, logits) in self.logits.chunks(64).enumerate() {
            let mut all = [f32::NEG_INFINITY; 64];
            all[..logits.len()].copy_from_slice(logits);
            let quads = lanes.add_words(numbers, lanes.words(index as u32 * 16));
            let words = lanes::philox(lanes, quads, &self.draw);
            for (part, (logits, words)) in all.as_chunks::<16>().0.iter().zip(words).enumerate() {
                let score = lanes.sub(lanes.load(logits), largest);
                let score = lanes.fma(score, inverse, lanes::gumbel(lanes, words));
                let token = lanes.add_words(numbers, lanes.words(index as u32 * 64 + part as u32 * 16));
                // A lane's tokens come in ascending order, so the first of equals stays.
                tokens = lanes.words_if_less(scores, score, token, tokens);
                scores = lanes.if_less(scores, score, score, scores);
            }
        }
        let (mut score, mut token) = ([0.0; 16], [0; 16]);
        lanes.store(scores, &mut score);
        lanes.store_words(tokens, &mut token);
        let best = score.iter().zip(token).fold(None, |best, (score, token)| better(best, token, *score));
        best.map(|(token, _)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAW: Draw = Draw { seed: 1, path: 2, position: 3 };

    fn drawn(logits: &[f32], sampling: Sampling, draws: u32) -> Vec<u32> {
        let mut counts = vec![0; logits.len()];
        for position in 0..draws {
            let token = Kernels::plain().sample(logits, &sampling, Draw { position, ..DRAW }).expect("a token");
            counts[token as usize] += 1;
        }
        counts
    }

    #[test]
    fn greedy_takes_the_first_of_the_largest() {
        let kernels = Kernels::plain();
        assert_eq!(kernels.sample(&[1.0, 3.0, f32::NAN, 3.0], &Sampling::GREEDY, DRAW), Some(1));
        assert_eq!(kernels.sample(&[f32::NEG_INFINITY, f32::NAN], &Sampling::GREEDY, DRAW), None);
        assert_eq!(kernels.sample(&[], &Sampling::at(1.0), DRAW), None);
    }

    #[test]
    fn tokens_come_as_often_as_their_probability_says() {
        let probabilities = [0.5f32, 0.25, 0.15, 0.1];
        let logits = probabilities.map(f32::ln);
        for (count, probability) in drawn(&logits, Sampling::at(1.0), 40_000).iter().zip(probabilities) {
            let share = *count as f32 / 40_000.0;
            assert!((share - probability).abs() < 0.01, "{share} for {probability}");
        }
        let sharper = drawn(&logits, Sampling::at(0.5), 40_000);
        let expected = 0.25 / probabilities.iter().map(|p| p * p).sum::<f32>();
        assert!((sharper[0] as f32 / 40_000.0 - expected).abs() < 0.01);
    }

    #[test]
    fn the_filters_keep_what_they_say() {
        let logits = [0.1f32, 0.5, 0.15, 0.25].map(f32::ln);
        let reached = |sampling: Sampling| -> Vec<bool> {
            drawn(&logits, sampling, 2000).iter().map(|count| *count > 0).collect()
        };
        assert_eq!(reached(Sampling { top_p: 0.7, ..Sampling::at(1.0) }), [false, true, false, true]);
        assert_eq!(reached(Sampling { top_p: 0.5, ..Sampling::at(1.0) }), [false, true, false, false]);
        assert_eq!(reached(Sampling { min_p: 0.25, ..Sampling::at(1.0) }), [false, true, true, true]);
        assert_eq!(reached(Sampling { top_k: 1, ..Sampling::at(1.0) }), [false, true, false, false]);
        assert_eq!(reached(Sampling { top_k: 3, ..Sampling::at(1.0) }), [false, true, true, true]);
        // Half of the total weight of the two kept tokens is reached by the first.
        assert_eq!(reached(Sampling { top_k: 2, top_p: 0.6, ..Sampling::at(1.0) }), [false, true, false, false]);
    }

    #[test]
    fn a_masked_token_is_never_drawn() {
        let logits = [0.0, f32::NEG_INFINITY, 0.0];
        for sampling in [Sampling::at(2.0), Sampling { top_p: 0.99, ..Sampling::at(2.0) }] {
            assert_eq!(drawn(&logits, sampling, 3000)[1], 0);
        }
    }

    #[test]
    fn a_filter_that_keeps_everything_changes_no_draw() {
        let logits: Vec<f32> = (0..300).map(|token| (token as f32 * 0.7).sin() * 4.0).collect();
        for position in 0..200 {
            let draw = Draw { position, ..DRAW };
            let all = Kernels::plain().sample(&logits, &Sampling::at(0.9), draw);
            let many = Sampling { top_k: 300, ..Sampling::at(0.9) };
            assert_eq!(Kernels::plain().sample(&logits, &many, draw), all, "position {position}");
        }
    }

    #[test]
    fn the_kept_tokens_are_those_of_a_full_sort() {
        for seed in 0..200u64 {
            let word = |at: u32| Draw { seed, path: 9, position: 0 }.word(at) as f32 / 4_294_967_296.0;
            let spread = [0.5, 4.0, 20.0][seed as usize % 3];
            let logits: Vec<f32> = (0..500).map(|token| (word(token) * 8.0).round() / 8.0 * spread).collect();
            let sampling = Sampling {
                temperature: 1.0,
                top_k: [0, 3, 90][seed as usize / 3 % 3],
                top_p: [0.1, 0.9, 0.999][seed as usize / 9 % 3],
                min_p: [0.0, 0.05][seed as usize / 27 % 2],
            };
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut found = Kernels::best().kept(&logits, largest, 1.0, &sampling);
            found.sort_unstable();

            let weight = |token: u32| f64::from(logits[token as usize] - largest).exp();
            let mut sorted: Vec<u32> = (0..500).filter(|token| weight(*token) >= f64::from(sampling.min_p)).collect();
            sorted.sort_by(|a, b| weight(*b).total_cmp(&weight(*a)).then(a.cmp(b)));
            if sampling.top_k > 0 {
                sorted.truncate(sampling.top_k);
            }
            let whole: f64 = sorted.iter().map(|token| weight(*token)).sum();
            // How many tokens reach the share, and how many if it is slightly off, as sums in f32 are.
            let needed = |share: f64| {
                let mut sum = 0.0;
                sorted
                    .iter()
                    .take_while(|token| {
                        let before = sum;
                        sum += weight(**token);
                        before < share * whole
                    })
                    .count()
            };
            let (fewest, most) = (needed(f64::from(sampling.top_p) - 1e-5), needed(f64::from(sampling.top_p) + 1e-5));
            assert!((fewest..=most).contains(&found.len()), "seed {seed}: {} for {fewest} to {most}", found.len());
            sorted.truncate(found.len());
            sorted.sort_unstable();
            assert_eq!(found, sorted, "seed {seed}, {sampling:?}");
        }
    }
}
