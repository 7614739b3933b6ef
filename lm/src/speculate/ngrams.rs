//! The n-gram drafter, which needs no second model.

use super::distributions::{DistributionTable, LENGTHS};
use super::drafter::{Drafter, Guess, Next};
use super::hit_rate::HitRate;
use super::lookup::looked_up;
use crate::text::token::Token;

/// Guesses from what followed the last few tokens before.
///
/// It looks up distributions for the last four, three, two and one tokens, and draws from each with the noise of the
/// actual draw; and it searches the sequence's own text for the same tokens, which is the only source while the table
/// is empty. Of these guesses it makes the one whose kind was right most often. All sequences of an engine share one
/// drafter, since siblings often write the same.
///
/// Source: the table follows STAND (arXiv 2506.04708); sharing the noise between drafter and sampler is
/// drafter-invariant speculation (arXiv 2408.07978); the search in the own text is prompt lookup. Counting hit rates is
/// ours, and so are n-grams of a single token: in lists, where numbers differ from line to line, they are right most
/// often.
#[derive(Debug)]
pub struct Ngrams {
    table: DistributionTable,
    hit_rates: [HitRate; KINDS],
}

/// Four lengths and prompt lookup, greedy or drawn, by eight degrees of certainty.
const KINDS: usize = (LENGTHS.len() + 1) * 2 * DEGREES;
const DEGREES: usize = 8;

impl Ngrams {
    /// The default number of n-grams in the table; a full table takes about six megabytes.
    pub const CAPACITY: usize = 1 << 15;

    /// An empty drafter for at most `capacity` n-grams.
    pub fn new(capacity: usize) -> Ngrams {
        Ngrams { table: DistributionTable::new(capacity), hit_rates: [HitRate::default(); KINDS] }
    }

    /// The guess of each source, with its kind; the first one wins among equals.
    fn candidates(&self, next: &Next<'_>) -> impl Iterator<Item = (usize, Token)> {
        let drawn = usize::from(next.inverse_temperature().is_some());
        let kind = move |source: usize, degree: usize| (source * 2 + drawn) * DEGREES + degree.min(DEGREES - 1);
        let tabled = LENGTHS.map(|length| self.table.pick(next, length));
        let looked_up = looked_up(next.tokens).filter(|(token, _)| next.allows(*token));
        let tabled = tabled.into_iter().enumerate().filter_map(move |(source, pick)| {
            // Two degrees per unit of noise in the lead.
            pick.map(|(token, ahead)| (kind(source, (ahead * 2.0) as usize), token))
        });
        tabled.chain(looked_up.map(|(token, length)| (kind(LENGTHS.len(), length / 2), token)))
    }
}

impl Default for Ngrams {
    fn default() -> Ngrams {
        Ngrams::new(Ngrams::CAPACITY)
    }
}

impl Drafter for Ngrams {
    fn guess(&self, next: &Next<'_>) -> Option<Guess> {
        let mut best: Option<Guess> = None;
        for (kind, token) in self.candidates(next) {
            let likelihood = self.hit_rates[kind].share();
            if best.is_none_or(|best| likelihood > best.likelihood) {
                best = Some(Guess { token, likelihood });
            }
        }
        best
    }

    fn entropy(&self, next: &Next<'_>) -> Option<f32> {
        self.table.entropy(next.tokens)
    }

    fn learn(&mut self, next: &Next<'_>, likely: &[(Token, f32)], token: Token) {
        let candidates: Vec<(usize, Token)> = self.candidates(next).collect();
        for (kind, guessed) in candidates {
            self.hit_rates[kind].count(guessed == token);
        }
        self.table.learn(next.tokens, likely);
    }
}

#[cfg(test)]
mod tests {
    use theoremata_kernels::{Draw, Sampling};

    use super::*;

    fn guess(drafter: &Ngrams, tokens: &[Token]) -> Option<Guess> {
        let draw = Draw { seed: 1, path: 2, position: 3 };
        drafter.guess(&Next { tokens, sampling: &Sampling::GREEDY, draw, allowed: None })
    }

    fn learn(drafter: &mut Ngrams, tokens: &[Token], likely: &[(Token, f32)], token: Token) {
        let draw = Draw { seed: 1, path: 2, position: 3 };
        drafter.learn(&Next { tokens, sampling: &Sampling::GREEDY, draw, allowed: None }, likely, token);
    }

    #[test]
    fn the_own_text_is_searched_before_anything_is_known() {
        let mut drafter = Ngrams::default();
        assert_eq!(guess(&drafter, &[1, 2, 3, 4]), None);
        assert_eq!(guess(&drafter, &[1, 2, 3, 1, 2]).map(|guess| guess.token), Some(3));
        learn(&mut drafter, &[1, 2, 3, 1, 2], &[(8, 0.9), (3, 0.1)], 8);
        assert_eq!(guess(&drafter, &[1, 2, 3, 1, 2]).map(|guess| guess.token), Some(8));
    }

    #[test]
    fn the_source_that_is_right_more_often_is_asked() {
        let mut drafter = Ngrams::default();
        // The table is sure of 8 after every pair, and the text repeats itself.
        for round in 0..40 {
            let text = [round * 4, round * 4 + 1, 90_000 + round, round * 4, round * 4 + 1];
            learn(&mut drafter, &text, &[(8, 0.9), (3, 0.01)], 90_000 + round);
            learn(&mut drafter, &text, &[(8, 0.9), (3, 0.01)], 90_000 + round);
        }
        let text = [4, 5, 77, 4, 5];
        let found = guess(&drafter, &text).expect("a guess");
        assert!(found.token == 77 && found.likelihood > 0.8, "{found:?}");
    }

    #[test]
    fn it_is_unsure_of_what_it_saw_go_many_ways() {
        let mut drafter = Ngrams::default();
        let entropy = |drafter: &Ngrams| {
            let draw = Draw { seed: 1, path: 2, position: 3 };
            drafter.entropy(&Next { tokens: &[1, 2], sampling: &Sampling::GREEDY, draw, allowed: None })
        };
        assert_eq!(entropy(&drafter), None);
        learn(&mut drafter, &[1, 2], &[(5, 1.0)], 5);
        assert_eq!(entropy(&drafter), Some(0.0));
        learn(&mut drafter, &[1, 2], &[(6, 0.5), (7, 0.5)], 6);
        assert!(entropy(&drafter).is_some_and(|entropy| (entropy - 1.0397).abs() < 1e-3), "half, a quarter, a quarter");
    }
}
