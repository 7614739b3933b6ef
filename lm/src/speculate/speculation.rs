//! How far a step may run ahead, and the drafter that it asks.

use crate::speculate::drafter::{Drafter, Next, likeliest};
use crate::speculate::ngrams::Ngrams;
use crate::text::token::Token;

/// How far steps run ahead. Nothing here changes a token, a log-probability or a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Speculation {
    /// So many tokens of a sequence are guessed in a step at most. Tokens that a turn gives or a constraint forces
    /// are no guesses and do not count.
    pub longest: usize,
    /// Rows whose products take as long as the weights take to be read: up to so many rows of a step cost
    /// little, and each more as much as any. A token is guessed where more tokens are to be expected of the
    /// same time, so the more rows a step has, the surer a guess must be.
    pub pass_rows: usize,
    /// Where it is set, no token is guessed of which the drafter is more unsure than of one that is drawn with a
    /// probability of so many percent, all others being alike.
    pub certain: Option<u32>,
}

impl Speculation {
    /// The time of a step of so many rows for so many sequences, in that of the products of one row. Outside of
    /// products a row takes a quarter of that, a sequence another for what its rows share and for its draws, and
    /// a step as much as a row: measured on a processor by the bench of speculation.
    pub(crate) fn cost(self, rows: usize, sequences: usize) -> f32 {
        rows.max(self.pass_rows) as f32 + (rows + sequences) as f32 / 4.0 + 1.0
    }

    /// The entropy in nats above which nothing is guessed.
    ///
    /// Source: the rule by which *HAMburger* (arXiv 2505.20438) parts texts into stretches.
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

/// What an engine needs to run ahead.
pub(crate) struct Speculator {
    /// How far steps may run ahead.
    pub(crate) bounds: Speculation,
    /// What is asked for tokens, and learns from those that were drawn.
    pub(crate) drafter: Box<dyn Drafter>,
}

impl Speculator {
    pub(crate) fn new(bounds: Speculation) -> Speculator {
        Speculator { bounds, drafter: Box::new(Ngrams::default()) }
    }

    /// Tells the drafter what was drawn from which logits; `total` is the logarithm of the sum of their
    /// exponentials.
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
