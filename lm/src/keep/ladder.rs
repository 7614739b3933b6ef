//! Each layer keeps other tokens: a ladder. Attention is not used.
//!
//! Source: *LaCache: Ladder-Shaped KV Caching for Efficient Long-Context Modeling of Large Language Models* (arXiv
//! 2507.14204). Positions are indices into the kept entries, so they do not grow with the text. All layers keep the
//! same number of entries, so one list of pages serves all: an entry is an index, and holds another token's key in each
//! layer.

use crate::keep::policy::{Kept, KvPolicy, Pace};
use crate::keep::run::{Listed, Run, SINKS};
use crate::text::token::Token;

/// Tokens in a stretch.
const STRETCH: usize = 32;

/// Keeps a ladder of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ladder {
    /// At most this many entries are kept of a run, besides the stretch that is being written.
    pub(crate) capacity: usize,
    /// The steps of the ladder.
    pub(crate) steps: Steps,
}

/// Of each group of `group` entries, layer `i` keeps `kept` from index `i mod (group - kept + 1)` on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Steps {
    pub(crate) group: usize,
    pub(crate) kept: usize,
}

impl Steps {
    /// The steps with which a token stays in about `span` of `layers` layers, and neighbours share `overlap` of them.
    pub(crate) fn new(layers: usize, span: usize, overlap: usize) -> Steps {
        let stride = span.saturating_sub(overlap).max(1);
        let group = 1 + layers.saturating_sub(span).div_ceil(stride);
        Steps { group, kept: span.div_ceil(stride).min(group) }
    }

    /// The indices within a group that a layer keeps.
    pub(crate) fn of_layer(self, layer: usize) -> std::ops::Range<usize> {
        let first = layer % (self.group - self.kept + 1);
        first..first + self.kept
    }
}

/// The smallest capacity for a ladder over this many layers.
pub(crate) fn least(layers: usize, steps: Steps) -> usize {
    SINKS + layers + 2 * steps.group
}

impl KvPolicy for Ladder {
    fn pace(&self) -> Pace {
        Pace { prompt: STRETCH, text: STRETCH, sentences: false }
    }

    fn watches(&self) -> bool {
        false
    }

    fn is_due(&self, entries: usize, _: usize) -> bool {
        entries > self.capacity
    }

    fn keep(&self, run: &mut Run, _: &dyn Fn(Token) -> bool) -> Kept {
        let layers = run.layers.len();
        while run.entries.len() > self.capacity {
            // The last entries stay in all layers, one for each.
            let end = run.entries.len().saturating_sub(layers);
            let from = run.notes.cursor.max(SINKS);
            let groups = end.saturating_sub(from) / self.steps.group;
            if groups > 0 {
                self.thin(run, from, groups);
                run.notes.cursor = from + groups * self.steps.kept;
            } else if from > SINKS {
                // Everything is thinned: start over from the first entry, so that the oldest text is thinned most.
                run.notes.cursor = 0;
            } else {
                break;
            }
        }
        let count = run.entries.len() as u32;
        for (entry, place) in run.entries.iter_mut().zip(0..) {
            entry.positions = vec![run.start + place];
        }
        let listed = (0..count).map(|entry| Listed { entry, position: run.start + entry }).collect();
        Kept { listed, extent: count, approximate: true }
    }
}

impl Ladder {
    /// Thins `groups` groups from an index on.
    fn thin(&self, run: &mut Run, from: usize, groups: usize) {
        let (width, count) = (run.width(), run.entries.len());
        let places = |layer: usize| -> Vec<usize> {
            let group = |group: usize| self.steps.of_layer(layer).map(move |at| from + group * self.steps.group + at);
            let end = from + groups * self.steps.group;
            (0..from).chain((0..groups).flat_map(group)).chain(end..count).collect()
        };
        for (layer, cells) in run.layers.iter_mut().enumerate() {
            *cells = cells.chosen(&places(layer), width);
        }
        let first = places(0);
        run.entries = first.into_iter().map(|place| run.entries[place].clone()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep::run::tests::run;

    /// In how many layers each token of a group stays.
    fn coverage(layers: usize, span: usize, overlap: usize) -> Vec<usize> {
        let steps = Steps::new(layers, span, overlap);
        (0..steps.group).map(|at| (0..layers).filter(|layer| steps.of_layer(*layer).contains(&at)).count()).collect()
    }

    #[test]
    fn tokens_stay_in_as_many_layers_as_the_paper_says() {
        assert_eq!(Steps::new(32, 16, 0), Steps { group: 2, kept: 1 });
        assert_eq!(coverage(32, 16, 0), [16, 16]);
        assert_eq!(Steps::new(32, 9, 3), Steps { group: 5, kept: 2 });
        assert_eq!(coverage(32, 9, 3), [8, 16, 16, 16, 8]);
        let wide = coverage(24, 9, 7);
        assert_eq!((Steps::new(24, 9, 7), wide.len()), (Steps { group: 9, kept: 5 }, 9));
        assert_eq!((wide.iter().min(), wide.iter().max()), (Some(&4), Some(&24)));
    }

    #[test]
    fn the_first_and_last_stay_and_any_length_fits() {
        let (layers, capacity) = (6, 40);
        let ladder = Ladder { capacity, steps: Steps::new(layers, 3, 0) };
        assert!(!ladder.is_due(capacity, capacity) && ladder.is_due(capacity + 1, capacity + 1));
        let mut held = run(layers, 1, 40);
        for stretch in 0..50 {
            // A stretch more: what stands at its places is a run of its own.
            let more = run(layers, 1, STRETCH);
            held.old = held.entries.len();
            held.tokens += STRETCH;
            held.entries.extend(more.entries.clone());
            for (cells, new) in held.layers.iter_mut().zip(&more.layers) {
                cells.keys.extend_from_slice(&new.keys);
                cells.values.extend_from_slice(&new.values);
            }
            let before = held.clone();
            let kept = ladder.keep(&mut held, &|_| false);
            let count = held.entries.len();
            assert!(count <= capacity && count >= capacity / 2, "stretch {stretch}: {count}");
            assert_eq!((kept.listed.len(), kept.extent as usize), (count, count));
            for (cells, was) in held.layers.iter().zip(&before.layers) {
                assert_eq!(cells.keys.len(), count * 4, "equal counts in all layers");
                assert_eq!(cells.keys[..SINKS * 4], was.keys[..SINKS * 4]);
                assert_eq!(cells.keys[(count - layers) * 4..], was.keys[was.keys.len() - layers * 4..]);
                assert_eq!(cells.values[(count - layers) * 4..], was.values[was.values.len() - layers * 4..]);
            }
        }
    }

    #[test]
    fn every_token_of_a_group_stays_somewhere() {
        let (layers, tokens) = (6, 64);
        let ladder = Ladder { capacity: 44, steps: Steps::new(layers, 3, 0) };
        let mut run = run(layers, 1, tokens);
        for (layer, cells) in run.layers.iter_mut().enumerate() {
            cells.keys = (0..tokens).flat_map(|at| [at as f32, layer as f32, 0.0, 0.0]).collect();
        }
        ladder.keep(&mut run, &|_| false);
        for token in 0..tokens {
            let holds = |cells: &&crate::keep::run::Cells| cells.keys.chunks(4).any(|key| key[0] == token as f32);
            let found = run.layers.iter().filter(holds).count();
            assert!(found == layers || found == 3, "token {token} in {found} layers");
        }
    }
}
