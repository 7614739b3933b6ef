//! The bounds of speculation, and the drafter in use.

use crate::speculate::drafter::{Drafter, Next, likeliest};
use crate::speculate::ngrams::Ngrams;
use crate::text::token::Token;

/// How far steps compute ahead. Nothing here changes a token, a log-probability or a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Speculation {
    /// The largest number of guesses per sequence and step. Tokens that a turn gives or a constraint forces do not
    /// count.
    pub longest: usize,
    /// The number of rows whose products take as long as reading the weights: up to this number, rows of a step cost
    /// little, and each further row its full price. A token is guessed if that raises the expected number of tokens per
    /// time, so the more rows a step has, the surer a guess must be.
    pub pass_rows: usize,
    /// If set, a token is guessed only if the drafter's entropy is at most that of a distribution with one token of
    /// this probability, in percent, and all others equally likely.
    pub certain: Option<u32>,
}

impl Speculation {
    /// The time of a step, in units of one row's products. Besides products, a row takes a quarter of a unit, a
    /// sequence another quarter for what its rows share and for its draws, and a step one unit: measured on a processor
    /// by the benchmark of speculation.
    pub(crate) fn cost(self, rows: usize, sequences: usize) -> f32 {
        rows.max(self.pass_rows) as f32 + (rows + sequences) as f32 / 4.0 + 1.0
    }

    /// The entropy in nats above which nothing is guessed; `None` without a bound.
    ///
    /// Source: the rule by which *HAMburger* (arXiv 2505.20438) divides texts into stretches.
    pub(crate) fn entropy_bound(self, vocabulary: usize) -> Option<f32> {
        let share = f64::from(self.certain?.clamp(1, 99)) / 100.0;
        let others = vocabulary.saturating_sub(1).max(1) as f64;
        Some((-(share * share.ln()) - (1.0 - share) * ((1.0 - share) / others).ln()) as f32)
    }
}

impl Default for Speculation {
    fn default() -> Speculation {
        Speculation { longest: 8, pass_rows: 3, certain: None }
    }
}

/// The state of speculation in an engine.
pub(crate) struct Speculator {
    /// How far steps compute ahead.
    pub(crate) bounds: Speculation,
    /// The drafter, which learns from drawn tokens.
    pub(crate) drafter: Box<dyn Drafter>,
}

impl Speculator {
    pub(crate) fn new(bounds: Speculation) -> Speculator {
        Speculator { bounds, drafter: Box::new(Ngrams::default()) }
    }

    /// Lets the drafter learn from a draw; `total` is the logarithm of the sum of the exponentials of the logits.
    pub(crate) fn learn(&mut self, next: &Next<'_>, logits: &[f32], total: f32, token: Token) {
        self.drafter.learn(next, &likeliest(logits, total), token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_entropy_is_that_of_one_likely_token_and_many_alike() {
        let bound = |certain| Speculation { certain, ..Speculation::default() }.entropy_bound(101).unwrap_or(-1.0);
        let by_hand = -(0.7f64 * 0.7f64.ln()) - 100.0 * (0.003f64 * 0.003f64.ln());
        assert!((f64::from(bound(Some(70))) - by_hand).abs() < 1e-5);
        assert!(bound(Some(90)) < bound(Some(70)) && bound(None) < 0.0);
    }
}
