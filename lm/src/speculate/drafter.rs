//! The interface of a drafter, which proposes next tokens, so that a step can compute several rows of a sequence.
//!
//! A token is a function of the logits and of the noise of its draw, and the noise is known beforehand. A guess is
//! checked by drawing as usual: it is kept if it equals the drawn token. A wrong guess costs rows and changes nothing
//! else.

use theoremata_kernels::{Draw, Sampling};

use crate::constrain::constraint::TokenSet;
use crate::text::token::Token;

/// A token to be drawn: its context, its draw, and the tokens that are allowed.
#[derive(Clone, Copy, Debug)]
pub struct Next<'a> {
    /// The last tokens of its context, at most [`Next::REACH`] of them.
    pub tokens: &'a [Token],
    /// How the token is sampled.
    pub sampling: &'a Sampling,
    /// The noise: of two equally likely tokens, the one with more noise is drawn.
    pub draw: Draw,
    /// The tokens that a constraint allows; `None` without a constraint.
    pub allowed: Option<&'a TokenSet>,
}

impl Next<'_> {
    /// The number of last tokens that a drafter sees.
    pub const REACH: usize = 4096;

    /// Whether the constraint allows the token.
    pub(crate) fn allows(&self, token: Token) -> bool {
        self.allowed.is_none_or(|allowed| allowed.contains(token))
    }

    /// The factor of the logits before the noise is added; `None` if the likeliest token is taken.
    pub(crate) fn inverse_temperature(&self) -> Option<f32> {
        let inverse = 1.0 / self.sampling.temperature;
        (self.sampling.temperature > 0.0 && inverse.is_finite()).then_some(inverse)
    }
}

/// A guess of the next token.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Guess {
    /// The token.
    pub token: Token,
    /// The probability that exactly this token is drawn, from 0 to 1. A step spends its rows on the likeliest guesses.
    pub likelihood: f32,
}

/// Guesses tokens before they are drawn.
///
/// A drafter learns from tokens that were drawn for good and from nothing else; guesses do not change its state. Its
/// guesses must depend only on what it learned and on the question, so that a run can be repeated step by step. They
/// cannot change a token.
pub trait Drafter: Send + Sync {
    /// A guess; `None` without evidence for one.
    fn guess(&self, next: &Next<'_>) -> Option<Guess>;

    /// Its uncertainty about the next token, as the entropy of its prediction in nats; `None` if unknown.
    fn entropy(&self, _next: &Next<'_>) -> Option<f32> {
        None
    }

    /// Learns from a drawn token and the likeliest tokens at that position: at most [`LIKELY`], with probabilities at
    /// temperature 1, the likeliest first.
    fn learn(&mut self, next: &Next<'_>, likely: &[(Token, f32)], token: Token);
}

/// How many of the likeliest tokens a drafter learns from and stores.
pub const LIKELY: usize = 10;

/// The likeliest tokens with their probabilities, at most [`LIKELY`], the lower id first among equals. `total` is the
/// logarithm of the sum of the exponentials of all logits.
pub(crate) fn likeliest(logits: &[f32], total: f32) -> Vec<(Token, f32)> {
    let mut best: Vec<(Token, f32)> = Vec::with_capacity(LIKELY + 1);
    let mut bar = f32::NEG_INFINITY;
    for (chunk, logits) in logits.chunks(64).enumerate() {
        // Most chunks hold none of them, and testing all 64 logits at once costs little.
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

/// Whether any of the logits exceeds a bar. Counted in eight lanes, so that the compiler vectorises it.
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
