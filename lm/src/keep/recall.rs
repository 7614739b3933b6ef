//! Everything is kept, but only a few units are in view: those that match the last queries best.
//!
//! Sources: *SentenceKV: Efficient LLM Inference via Sentence-Level Semantic KV Caching* (arXiv 2504.00970), whose
//! units are sentences; *LouisKV: Efficient KV Cache Retrieval for Long Input-Output Sequences* (arXiv 2510.11292),
//! whose units are clusters of the prompt's keys and stretches of generated text, and which chooses anew only when
//! queries change direction. The papers choose in each layer and key head; here one choice, by the mean of all, holds
//! for all, because a page holds a token in all layers. The choice is made at the end of a prompt, a sentence, a line,
//! a turn or a branch. Nothing is lost: a hidden unit may return to view.

use crate::keep::policy::{Kept, KvPolicy, Pace};
use crate::keep::run::{Listed, Run, SINKS};
use crate::text::token::Token;

/// At most this many tokens in a unit.
pub(crate) const UNIT: usize = 16;
/// Tokens in a stretch of text without an end of its own.
const STRETCH: usize = 32;
/// Iterations of k-means.
const PASSES: usize = 4;

/// Shows a few units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Recall {
    /// At most this many tokens in view, besides the stretch that is being written.
    pub(crate) budget: usize,
    /// What the units are.
    pub(crate) units: Units,
}

/// The units that are shown or hidden as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Units {
    /// Sentences and lines; chosen anew at each boundary.
    Sentences,
    /// Clusters of keys of the prompt, and stretches of generated text; chosen anew if the cosine between the present
    /// queries and those of the last choice falls below this many hundredths.
    Clusters(i32),
}

/// The smallest budget: the first tokens, the last, and two units.
pub(crate) const LEAST: usize = SINKS + 4 * UNIT;

impl Recall {
    /// The last entries, which are always in view.
    fn recent(self) -> usize {
        (self.budget / 4).min(32)
    }

    /// Assigns new entries to units.
    fn assign(self, run: &mut Run, is_sentence_end: &dyn Fn(Token) -> bool) {
        let (old, count) = (run.notes.units.len(), run.entries.len());
        if old == 0 && matches!(self.units, Units::Clusters(_)) {
            run.notes.units = clusters(run, count.div_ceil(UNIT));
            return;
        }
        let next = run.notes.units.iter().max().map_or(0, |unit| unit + 1);
        let (mut unit, mut length) = (next, 0);
        for entry in old..count {
            run.notes.units.push(unit);
            length += 1;
            let ends = self.units == Units::Sentences && is_sentence_end(run.entries[entry].token);
            if ends || length == UNIT {
                (unit, length) = (unit + 1, 0);
            }
        }
    }

    /// The units that match the present queries best, as many as there is room for.
    fn choose(self, run: &Run, free: &[bool]) -> Vec<u32> {
        let count = run.notes.units.iter().max().map_or(0, |unit| *unit as usize + 1);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (entry, unit) in run.notes.units.iter().enumerate().filter(|(entry, _)| free[*entry]) {
            members[*unit as usize].push(entry);
        }
        let mut ranked: Vec<(f64, u32)> = asked_for(run, &members)
            .into_iter()
            .zip(0..)
            .filter(|(_, unit)| !members[*unit as usize].is_empty())
            .collect();
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut left = self.budget.saturating_sub(free.iter().filter(|free| !**free).count());
        let fits = |(_, unit): &(f64, u32)| {
            let room = members[*unit as usize].len() <= left;
            left = left.saturating_sub(members[*unit as usize].len());
            room
        };
        ranked.into_iter().take_while(fits).map(|(_, unit)| unit).collect()
    }
}

/// How well the queries match each unit: the softmax of their products with the mean keys of the units, averaged over
/// all key heads.
fn asked_for(run: &Run, members: &[Vec<usize>]) -> Vec<f64> {
    let (dim, width) = (run.dim(), run.width());
    let planes = run.layers.len() * run.heads;
    let mut asked = vec![0.0; members.len()];
    for plane in 0..planes {
        let (layer, head) = (plane / run.heads, plane % run.heads);
        let (keys, query) = (&run.layers[layer].keys, &run.heat.queries[plane]);
        let product = |entry: usize| -> f64 {
            let key = &keys[entry * width + head * dim..][..dim];
            key.iter().zip(query).map(|(key, query)| f64::from(*key) * f64::from(*query)).sum()
        };
        let scores: Vec<f64> = members
            .iter()
            .map(|unit| {
                let sum: f64 = unit.iter().map(|entry| product(*entry)).sum();
                if unit.is_empty() { f64::NEG_INFINITY } else { sum / unit.len() as f64 / (dim as f64).sqrt() }
            })
            .collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        asked.iter_mut().zip(&weights).for_each(|(asked, weight)| *asked += weight / sum / planes as f64);
    }
    asked
}

/// Clusters entries by their keys: a few iterations of k-means over the keys of all layers, with initial centres evenly
/// spaced in the text; ties go to the lowest cluster.
fn clusters(run: &Run, count: usize) -> Vec<u32> {
    let (entries, width) = (run.entries.len(), run.width());
    let key = |entry: usize| run.layers.iter().flat_map(move |cells| cells.keys[entry * width..][..width].iter());
    let mut centres: Vec<Vec<f64>> =
        (0..count).map(|place| key(place * entries / count).map(|number| f64::from(*number)).collect()).collect();
    let mut units = vec![0; entries];
    for _ in 0..PASSES {
        for (entry, unit) in units.iter_mut().enumerate() {
            let far = |centre: &Vec<f64>| -> f64 {
                key(entry).zip(centre).map(|(number, centre)| (f64::from(*number) - centre).powi(2)).sum()
            };
            let mut nearest = (f64::INFINITY, 0);
            for (centre, place) in centres.iter().zip(0..) {
                let far = far(centre);
                if far < nearest.0 {
                    nearest = (far, place);
                }
            }
            *unit = nearest.1;
        }
        for (centre, place) in centres.iter_mut().zip(0u32..) {
            let members: Vec<usize> = (0..entries).filter(|entry| units[*entry] == place).collect();
            if !members.is_empty() {
                centre.fill(0.0);
                for entry in &members {
                    centre.iter_mut().zip(key(*entry)).for_each(|(sum, number)| *sum += f64::from(*number));
                }
                centre.iter_mut().for_each(|sum| *sum /= members.len() as f64);
            }
        }
    }
    units
}

/// The mean cosine between two sets of queries, head by head.
fn cosine(one: &[Vec<f32>], other: &[Vec<f32>]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let each = one.iter().zip(other).map(|(a, b)| {
        let size = (dot(a, a) * dot(b, b)).sqrt();
        if size > 0.0 { dot(a, b) / size } else { 0.0 }
    });
    each.sum::<f64>() / one.len().max(1) as f64
}

impl KvPolicy for Recall {
    fn pace(&self) -> Pace {
        Pace { prompt: usize::MAX, text: STRETCH, sentences: self.units == Units::Sentences }
    }

    fn watches(&self) -> bool {
        true
    }

    fn is_due(&self, entries: usize, _: usize) -> bool {
        entries > self.budget
    }

    fn keep(&self, run: &mut Run, is_sentence_end: &dyn Fn(Token) -> bool) -> Kept {
        self.assign(run, is_sentence_end);
        let (count, extent) = (run.entries.len(), run.tokens as u32);
        if count <= self.budget {
            return Kept { listed: run.listed(), extent, approximate: false };
        }
        let recent = count - self.recent();
        let mut free: Vec<bool> = (0..count).map(|entry| (SINKS..recent).contains(&entry)).collect();
        let turned = match self.units {
            Units::Sentences => true,
            Units::Clusters(least) => {
                run.notes.queries.is_empty() || cosine(&run.notes.queries, &run.heat.queries) < f64::from(least) / 100.0
            }
        };
        if turned {
            run.notes.chosen = self.choose(run, &free);
            run.notes.queries = run.heat.queries.clone();
        }
        // The entries that are always in view may have grown since the choice: units are shown as far as there is room.
        let mut left = self.budget - free.iter().filter(|free| !**free).count();
        for unit in &run.notes.chosen {
            let members: Vec<usize> =
                (0..count).filter(|entry| free[*entry] && run.notes.units[*entry] == *unit).collect();
            if members.len() <= left {
                left -= members.len();
                members.into_iter().for_each(|entry| free[entry] = false);
            }
        }
        let listed: Vec<Listed> = run.listed().into_iter().filter(|listed| !free[listed.entry as usize]).collect();
        Kept { listed, extent, approximate: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep::run::tests::run;

    const ENDS: &dyn Fn(Token) -> bool = &|token| token == 3;

    fn view(budget: usize, units: Units, run: &mut Run) -> Vec<u32> {
        let kept = Recall { budget, units }.keep(run, ENDS);
        kept.listed.iter().map(|listed| listed.position).collect()
    }

    #[test]
    fn with_room_for_all_all_is_in_view_in_its_order() {
        for units in [Units::Sentences, Units::Clusters(70)] {
            let mut whole = run(2, 2, 120);
            assert!(!Recall { budget: 120, units }.is_due(120, 120));
            assert_eq!(view(120, units, &mut whole), (0..120).collect::<Vec<_>>());
        }
    }

    #[test]
    fn units_part_the_tokens_and_the_budget_holds() {
        for units in [Units::Sentences, Units::Clusters(70)] {
            let mut before: Vec<u32> = Vec::new();
            for budget in LEAST..120 {
                let mut some = run(2, 2, 120);
                let seen = view(budget, units, &mut some);
                assert_eq!(some.notes.units.len(), 120);
                assert!(seen.len() <= budget && seen.is_sorted(), "{} of {budget}", seen.len());
                assert!((0..4).all(|at| seen.contains(&at)) && seen.contains(&119));
                // With more room nothing goes out of view, as long as what is always in view is the same.
                if budget >= 128 {
                    assert!(before.iter().all(|at| seen.contains(at)), "budget {budget}");
                }
                before = seen;
            }
        }
    }

    #[test]
    fn sentences_are_whole() {
        let mut some = run(2, 2, 120);
        let seen = view(LEAST, Units::Sentences, &mut some);
        let recent = 120 - LEAST / 4;
        for unit in &some.notes.chosen {
            let members = (SINKS..recent).filter(|at| some.notes.units[*at] == *unit);
            assert!(members.into_iter().all(|at| seen.contains(&(at as u32))));
        }
        let ends = (0..119).filter(|at| some.entries[*at].token == 3);
        assert!(ends.into_iter().all(|at| some.notes.units[at] != some.notes.units[at + 1]));
    }

    #[test]
    fn queries_that_did_not_turn_ask_for_nothing_new() {
        let chosen = |least: i32, turn: bool| {
            let mut some = run(2, 2, 120);
            view(LEAST, Units::Clusters(least), &mut some);
            let before = some.notes.queries.clone();
            for query in &mut some.heat.queries {
                query.iter_mut().for_each(|number| *number *= if turn { -1.0 } else { 2.0 });
            }
            view(LEAST, Units::Clusters(least), &mut some);
            some.notes.queries != before
        };
        assert!(!chosen(70, false) && chosen(70, true));
        assert!(chosen(101, false) && chosen(101, true), "above 1 it chooses each time");
        assert!(!chosen(-101, false) && !chosen(-101, true), "below -1 it never does again");
    }

    #[test]
    fn what_is_asked_for_comes_into_view() {
        let mut some = run(1, 1, 120);
        some.layers[0].keys.fill(0.0);
        for entry in 48..64 {
            some.layers[0].keys[entry * 4] = 8.0;
        }
        let seen = view(LEAST, Units::Clusters(70), &mut some);
        assert!((48..64).all(|at| seen.contains(&at)), "{seen:?}");
    }
}
