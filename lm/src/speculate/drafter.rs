//! The drafter: proposes the tokens that come next, so that a step may compute several of one sequence.
//!
//! A token is a function of the logits and of the noise of its draw, and the noise is known beforehand. So a
//! guess is checked by drawing as always: it is kept if it is what was drawn, and nothing else depends on it.
//! A drafter that is wrong costs rows, and no answer.

use theoremata_kernels::{Draw, Sampling};

use crate::constrain::constraint::TokenSet;
use crate::text::token::Token;

/// A token that is to be drawn: behind what, by which draw, and among which tokens.
#[derive(Clone, Copy, Debug)]
pub struct Next<'a> {
    /// The last tokens of what the sequence reads before it, at most [`Next::REACH`] of them.
    pub tokens: &'a [Token],
    /// What is chosen among.
    pub sampling: &'a Sampling,
    /// The noise: of two tokens that are as likely the one with more of it is drawn.
    pub draw: Draw,
    /// The tokens that a constraint leaves; nothing if no constraint has a say.
    pub allowed: Option<&'a TokenSet>,
}

impl Next<'_> {
    /// So many tokens back a drafter sees at most.
    pub const REACH: usize = 4096;

    /// Whether a constraint leaves the token.
    pub(crate) fn allows(&self, token: Token) -> bool {
        self.allowed.is_none_or(|allowed| allowed.contains(token))
    }

    /// What logits are multiplied with before the noise is added, or nothing where the likeliest is taken.
    pub(crate) fn inverse_temperature(&self) -> Option<f32> {
        let inverse = 1.0 / self.sampling.temperature;
        (self.sampling.temperature > 0.0 && inverse.is_finite()).then_some(inverse)
    }
}

/// What a drafter expects.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Guess {
    /// The token.
    pub token: Token,
    /// How likely it is that just this one is drawn, from 0 to 1. A step spends its rows on the likeliest.
    pub likelihood: f32,
}

/// Guesses tokens before they are drawn.
///
/// It learns from tokens that were drawn for good and from nothing else: a guess changes nothing, whatever
/// becomes of it. What it guesses must hang on what it learned and was asked alone, so that a run can be
/// repeated step by step; its answers cannot change a token.
pub trait Drafter: Send + Sync {
    /// A guess, if there is a ground for one.
    fn guess(&self, next: &Next<'_>) -> Option<Guess>;

    /// How unsure it is of the next token, in nats, where it knows: the entropy of what it expects.
    fn entropy(&self, _next: &Next<'_>) -> Option<f32> {
        None
    }

    /// Takes note of a token that was drawn, and of the likeliest tokens that it was drawn among: at most
    /// [`LIKELY`], each with its probability at temperature 1, the likeliest first.
    fn learn(&mut self, next: &Next<'_>, likely: &[(Token, f32)], token: Token);
}

/// So many of the likeliest tokens a drafter is told, and remembers.
pub const LIKELY: usize = 10;

/// The likeliest tokens with their probabilities, at most [`LIKELY`], the lower id first among equals.
/// `total` is the logarithm of the sum of the exponentials of all logits.
pub(crate) fn likeliest(logits: &[f32], total: f32) -> Vec<(Token, f32)> {
    let mut best: Vec<(Token, f32)> = Vec::with_capacity(LIKELY + 1);
    let mut bar = f32::NEG_INFINITY;
    for (chunk, logits) in logits.chunks(64).enumerate() {
        // Most chunks hold none of them; a look at all 64 at once costs little.
        if !exceeds(logits, bar) {
            continue;
        }
        for (within, logit) in logits.iter().enumerate() {
            if *logit > bar {
                let at = best.partition_point(|(_, other)| other >= logit);
                best.insert(at, ((chunk * 64 + within) as Token, *logit));
                best.truncate(LIKELY);
                if best.len() == LIKELY {
                    bar = best[LIKELY - 1].1;
                }
            }
        }
    }
    best.into_iter().map(|(token, logit)| (token, (logit - total).exp())).collect()
}

/// Whether one of some logits is above a bar. Counted in eight places, so that they are compared together.
fn exceeds(logits: &[f32], bar: f32) -> bool {
    let mut above = [0u32; 8];
    let (eights, rest) = logits.as_chunks::<8>();
    for logits in eights {
        for (above, logit) in above.iter_mut().zip(logits) {
            *above |= u32::from(*logit > bar);
        }
    }
    above != [0; 8] || rest.iter().any(|logit| *logit > bar)
}

#[cfg(test)]
mod tests {
    use theoremata_kernels::Kernels;

    use super::*;

    #[test]
    fn the_likeliest_are_those_of_a_full_sort() {
        for seed in 0..50u64 {
            let draw = Draw { seed, path: 1, position: 0 };
            let count = [3, 64, 65, 700][seed as usize % 4];
            let logits: Vec<f32> = (0..count)
                .map(|token| match draw.word(token) % 40 {
                    0 => f32::NEG_INFINITY,
                    1 => f32::NAN,
                    number => number as f32 / 8.0,
                })
                .collect();
            let usable: Vec<f32> = logits.iter().copied().filter(|logit| *logit > f32::NEG_INFINITY).collect();
            let total = Kernels::plain().log_sum_exp(&usable);
            let mut sorted: Vec<Token> = (0..count).filter(|at| logits[*at as usize] > f32::NEG_INFINITY).collect();
            sorted.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
            sorted.truncate(LIKELY);
            let found = likeliest(&logits, total);
            assert_eq!(found.iter().map(|(token, _)| *token).collect::<Vec<_>>(), sorted, "seed {seed}");
            assert!(found.iter().all(|(token, p)| (p.ln() - logits[*token as usize] + total).abs() < 1e-4));
        }
    }
}
