//! Distributions of the next token given the last few, averaged over all texts.

use std::collections::HashMap;

use theoremata_kernels::gumbel;

use super::drafter::{LIKELY, Next};
use crate::text::token::Token;

/// The lengths of the n-grams in the table, the longest first.
pub(super) const LENGTHS: [usize; 4] = [4, 3, 2, 1];

/// An n-gram of one to four tokens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Gram {
    length: u8,
    /// Zero after its length.
    tokens: [Token; 4],
}

impl Gram {
    /// The last `length` tokens; `None` if there are fewer.
    fn last(tokens: &[Token], length: usize) -> Option<Gram> {
        let run = &tokens[tokens.len().checked_sub(length)?..];
        let mut gram = Gram { length: length as u8, tokens: [0; 4] };
        gram.tokens[..length].copy_from_slice(run);
        Some(gram)
    }
}

/// The mean of the distributions seen after an n-gram.
#[derive(Clone, PartialEq, Default, Debug)]
struct Entry {
    count: u32,
    /// At most [`LIKELY`] tokens with their mean probabilities, the likeliest first.
    likely: Vec<(Token, f32)>,
}

impl Entry {
    /// Adds a distribution to the mean, and keeps its likeliest tokens.
    fn mix(&mut self, seen: &[(Token, f32)]) {
        let share = 1.0 / (self.count as f32 + 1.0);
        for (_, probability) in &mut self.likely {
            *probability *= 1.0 - share;
        }
        for (token, probability) in seen {
            match self.likely.iter_mut().find(|(known, _)| known == token) {
                Some((_, mean)) => *mean += probability * share,
                None => self.likely.push((*token, probability * share)),
            }
        }
        self.likely.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        self.likely.truncate(LIKELY);
        self.count = self.count.saturating_add(1);
    }

    /// The entropy of the mean in nats, with all other tokens counted as one.
    fn entropy(&self) -> f32 {
        let rest = 1.0 - self.likely.iter().map(|(_, mean)| mean).sum::<f32>();
        let parts = self.likely.iter().map(|(_, mean)| *mean).chain([rest]);
        parts.filter(|part| *part > 0.0).map(|part| -part * part.ln()).sum()
    }

    /// The token that would be drawn if the mean were exact, and its lead over the second, in units of the noise.
    /// Filters are applied to the tokens in the entry as if these were all.
    fn pick(&self, next: &Next<'_>) -> Option<(Token, f32)> {
        let inverse = next.inverse_temperature();
        let allowed = || self.likely.iter().filter(|(token, mean)| *mean > 0.0 && next.allows(*token));
        // Relative to the likeliest, so that a low temperature does not underflow all weights.
        let largest = allowed().next()?.1;
        let weigh = |mean: f32| (mean / largest).powf(inverse.unwrap_or(1.0));
        let sum: f32 = allowed().map(|(_, mean)| weigh(*mean)).sum();
        let (mut best, mut second): (Option<(Token, f32)>, _) = (None, f32::NEG_INFINITY);
        let mut before = 0.0;
        for (place, (token, mean)) in allowed().enumerate() {
            let score = mean.ln() * inverse.unwrap_or(1.0);
            let score = match inverse {
                None => score,
                Some(_) => {
                    let (weight, sampling) = (weigh(*mean), next.sampling);
                    let cut = sampling.top_k > 0 && place >= sampling.top_k;
                    if cut || before >= sampling.top_p * sum || weight < sampling.min_p {
                        break;
                    }
                    before += weight;
                    score + gumbel(next.draw.word(*token))
                }
            };
            match best {
                Some((_, bar)) if score <= bar => second = second.max(score),
                _ => {
                    second = best.map_or(second, |(_, bar)| bar);
                    best = Some((*token, score));
                }
            }
        }
        best.map(|(token, score)| (token, score - second))
    }
}

/// Distributions after the last four, three, two and one tokens, as running means.
///
/// The table holds at most `capacity` n-grams, in two generations. An n-gram that is used moves to the young one; when
/// that is full it becomes the old one, and the previous old one is dropped. So eviction depends on the order of use
/// alone. An entry takes about 200 bytes.
///
/// Source: STAND (arXiv 2506.04708), a table of running means over n-grams of four, three and two tokens, ten tokens
/// per mean. N-grams of one token and the two generations are ours.
#[derive(Debug)]
pub(super) struct DistributionTable {
    young: HashMap<Gram, Entry>,
    old: HashMap<Gram, Entry>,
    capacity: usize,
}

impl DistributionTable {
    pub(super) fn new(capacity: usize) -> DistributionTable {
        DistributionTable { young: HashMap::new(), old: HashMap::new(), capacity }
    }

    /// The token that would be drawn given the last `length` tokens, and its lead.
    pub(super) fn pick(&self, next: &Next<'_>, length: usize) -> Option<(Token, f32)> {
        self.entry(next.tokens, length)?.pick(next)
    }

    /// The entropy after the longest known n-gram of last tokens; `None` if none is known.
    pub(super) fn entropy(&self, tokens: &[Token]) -> Option<f32> {
        LENGTHS.iter().find_map(|length| self.entry(tokens, *length)).map(Entry::entropy)
    }

    fn entry(&self, tokens: &[Token], length: usize) -> Option<&Entry> {
        let gram = Gram::last(tokens, length)?;
        self.young.get(&gram).or_else(|| self.old.get(&gram))
    }

    /// Adds a distribution after these tokens.
    pub(super) fn learn(&mut self, tokens: &[Token], likely: &[(Token, f32)]) {
        for gram in LENGTHS.iter().filter_map(|length| Gram::last(tokens, *length)) {
            let old = &mut self.old;
            let entry = self.young.entry(gram).or_insert_with(|| old.remove(&gram).unwrap_or_default());
            entry.mix(likely);
            if self.young.len() * 2 >= self.capacity {
                self.old = std::mem::take(&mut self.young);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use theoremata_kernels::{Draw, Kernels, Sampling};

    use super::*;
    use crate::constrain::constraint::TokenSet;

    const DRAW: Draw = Draw { seed: 5, path: 6, position: 7 };

    /// A distribution over `tokens` tokens, derived from a number.
    fn distribution(number: u64, tokens: u32) -> Vec<(Token, f32)> {
        let draw = Draw { seed: number, path: 0, position: 0 };
        let mut weights: Vec<(Token, f32)> =
            (0..tokens).map(|token| (token, (draw.word(token) % 1000 + 1) as f32)).collect();
        let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
        weights.iter_mut().for_each(|(_, weight)| *weight /= sum);
        weights.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        weights.truncate(LIKELY);
        weights
    }

    /// The definition in double precision: each step scales all entries by k/(k+1), adds the new ones times 1/(k+1),
    /// and keeps the ten largest.
    fn naive(seen: &[Vec<(Token, f32)>]) -> Vec<(Token, f64)> {
        let mut mean: BTreeMap<Token, f64> = BTreeMap::new();
        for (k, distribution) in seen.iter().enumerate() {
            let k = k as f64;
            mean.values_mut().for_each(|p| *p *= k / (k + 1.0));
            for (token, p) in distribution {
                *mean.entry(*token).or_default() += f64::from(*p) / (k + 1.0);
            }
            let mut kept: Vec<(Token, f64)> = mean.into_iter().collect();
            kept.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
            kept.truncate(10);
            mean = kept.into_iter().collect();
        }
        let mut mean: Vec<(Token, f64)> = mean.into_iter().collect();
        mean.sort_by(|one, other| other.1.total_cmp(&one.1));
        mean
    }

    #[test]
    fn an_entry_is_the_mean_of_what_was_seen() {
        for (seed, tokens) in [(0, 6), (100, 10), (200, 24), (300, 60)] {
            let seen: Vec<_> = (0..40).map(|number| distribution(seed + number, tokens)).collect();
            let mut table = DistributionTable::new(64);
            for (count, distribution) in seen.iter().enumerate() {
                table.learn(&[9, 1, 2, 3], distribution);
                let expected = naive(&seen[..=count]);
                for length in LENGTHS {
                    let gram = Gram::last(&[9, 1, 2, 3], length).expect("a run");
                    let entry = &table.young[&gram];
                    assert_eq!((entry.count as usize, entry.likely.len()), (count + 1, expected.len().min(10)));
                    for (token, p) in &expected {
                        let found = entry.likely.iter().find(|(known, _)| known == token).map(|(_, mean)| *mean);
                        // Two nearly equal tokens may change places at the edge of what is kept.
                        assert!(found.is_none_or(|mean| (f64::from(mean) - p).abs() < 1e-5), "{token}: {found:?}, {p}");
                    }
                }
            }
            // As long as nothing was cut off, the mean is the plain average.
            if tokens <= 10 {
                for (token, p) in naive(&seen) {
                    let of =
                        |one: &Vec<(Token, f32)>| one.iter().find(|(known, _)| *known == token).map_or(0.0, |p| p.1);
                    let average = seen.iter().map(|one| f64::from(of(one))).sum::<f64>() / seen.len() as f64;
                    assert!((average - p).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn what_was_not_used_for_long_is_forgotten_first() {
        let mut table = DistributionTable::new(60);
        let one = distribution(1, 5);
        let known = |table: &DistributionTable, tokens: &[Token]| {
            let next = Next { tokens, sampling: &Sampling::GREEDY, draw: DRAW, allowed: None };
            table.pick(&next, 4).is_some()
        };
        for round in 0..200u32 {
            table.learn(&[1, 2, 3, 4], &one);
            table.learn(&[round + 100, round + 101, round + 102, round + 103], &one);
            assert!(table.young.len() + table.old.len() <= 60);
            assert!(known(&table, &[1, 2, 3, 4]), "round {round}: what is used stays");
        }
        assert!(!known(&table, &[100, 101, 102, 103]));
        assert!(known(&table, &[299, 300, 301, 302]));
    }

    #[test]
    fn a_pick_from_the_true_distribution_is_what_is_drawn() {
        let likely = distribution(3, 8);
        let mut logits = vec![f32::NEG_INFINITY; 8];
        likely.iter().for_each(|(token, p)| logits[*token as usize] = p.ln());
        let mut table = DistributionTable::new(64);
        table.learn(&[1, 2], &likely);
        let mut odd = TokenSet::default();
        (1..8).step_by(2).for_each(|token| odd.insert(token));
        for sampling in [
            Sampling::GREEDY,
            Sampling::at(0.6),
            Sampling::at(1.5),
            Sampling { top_k: 3, ..Sampling::at(1.0) },
            Sampling { min_p: 0.4, ..Sampling::at(1.0) },
            Sampling { top_p: 0.5, ..Sampling::at(1.0) },
        ] {
            for position in 0..200 {
                let draw = Draw { position, ..DRAW };
                let pick = |allowed| {
                    let next = Next { tokens: &[1, 2], sampling: &sampling, draw, allowed };
                    table.pick(&next, 2).map(|(token, _)| token)
                };
                assert_eq!(pick(None), Kernels::plain().sample(&logits, &sampling, draw), "{sampling:?}");
                if sampling.top_p == 1.0 {
                    let masked = odd.masked(&logits);
                    assert_eq!(pick(Some(&odd)), Kernels::plain().sample(&masked, &sampling, draw), "{sampling:?}");
                }
            }
        }
    }
}
