//! Entries that received little attention are merged into the nearest entry that is kept.
//!
//! Source: *Efficient Inference of Vision Instruction-Following Models with Elastic Cache* (arXiv 2407.18121), written
//! from its text. The paper merges in each layer by that layer's attention; here the sum over all layers decides,
//! because a page holds a token in all layers.

use crate::keep::policy::{Kept, KvPolicy, Pace};
use crate::keep::run::{Cells, Entry, Run, SINKS};
use crate::text::token::Token;

/// Tokens in a stretch of text after the prompt.
const STRETCH: usize = 16;

/// During generation, the entry at this distance from the end is evicted.
const BEFORE_END: usize = 25;

/// Merges a share of the prompt into anchors, and evicts old text at the same rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Anchors {
    /// The share of entries that are dropped, in percent.
    pub(crate) dropped: usize,
    /// Whether an anchor is seen once for each token that it stands for, at the position of each. If these all had the
    /// same key and value, nothing would change. Otherwise it is seen once, as in the paper.
    pub(crate) counted: bool,
}

impl Anchors {
    /// How many of `tokens` entries are kept.
    fn bound(self, tokens: usize) -> usize {
        (tokens * (100 - self.dropped)).div_ceil(100).max(SINKS + 2)
    }

    /// Merges all but the first entries, the last, and those that received most attention.
    fn merge(self, run: &mut Run) {
        let count = run.entries.len();
        let mut ranked: Vec<usize> = (SINKS..count - 1).collect();
        ranked.sort_by_key(|entry| (std::cmp::Reverse(run.paid(*entry)), *entry));
        ranked.truncate(self.bound(run.tokens) - SINKS - 1);
        let mut anchors: Vec<usize> = (0..SINKS).chain(ranked).collect();
        anchors.sort_unstable();
        let mut buckets: Vec<Vec<usize>> = anchors.iter().map(|anchor| vec![*anchor]).collect();
        for entry in (0..count - 1).filter(|entry| anchors.binary_search(entry).is_err()) {
            // The last entry and the first ones stay as they are.
            let nearest = (SINKS..anchors.len()).min_by_key(|place| (anchors[*place].abs_diff(entry), *place));
            if let Some(place) = nearest {
                buckets[place].push(entry);
            }
        }
        buckets.iter_mut().for_each(|bucket| bucket.sort_unstable());
        buckets.push(vec![count - 1]);
        let width = run.width();
        for cells in &mut run.layers {
            let rows = |from: &[f32]| buckets.iter().flat_map(|bucket| mean(from, bucket, width)).collect();
            *cells = Cells { keys: rows(&cells.keys), values: rows(&cells.values) };
        }
        anchors.push(count - 1);
        let merged = anchors.iter().zip(&buckets).map(|(anchor, bucket)| {
            let all = bucket.iter().flat_map(|entry| run.entries[*entry].positions.clone()).collect();
            let own = run.entries[*anchor].positions.clone();
            Entry { token: run.entries[*anchor].token, positions: if self.counted { all } else { own } }
        });
        run.entries = merged.collect();
        for plane in &mut run.heat.attention {
            *plane = buckets.iter().map(|bucket| bucket.iter().map(|entry| plane[*entry]).sum()).collect();
        }
    }
}

/// The mean of some rows. The mean of equal rows is the row, to the bit.
fn mean(rows: &[f32], bucket: &[usize], width: usize) -> Vec<f32> {
    let sum = |place: usize| bucket.iter().map(|entry| f64::from(rows[entry * width + place])).sum::<f64>();
    (0..width).map(|place| (sum(place) / bucket.len() as f64) as f32).collect()
}

impl KvPolicy for Anchors {
    fn pace(&self) -> Pace {
        Pace { prompt: usize::MAX, text: STRETCH, sentences: false }
    }

    fn watches(&self) -> bool {
        true
    }

    fn is_due(&self, entries: usize, tokens: usize) -> bool {
        entries > self.bound(tokens)
    }

    fn keep(&self, run: &mut Run, _: &dyn Fn(Token) -> bool) -> Kept {
        let bound = self.bound(run.tokens);
        let before = run.entries.len();
        if run.old == 0 && before > bound {
            self.merge(run);
        }
        while run.entries.len() > bound {
            let gone = run.entries.len().saturating_sub(BEFORE_END + 1).max(SINKS);
            let kept: Vec<usize> = (0..run.entries.len()).filter(|entry| *entry != gone).collect();
            run.keep(&kept);
        }
        Kept { listed: run.listed(), extent: run.tokens as u32, approximate: run.entries.len() < run.tokens }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep::run::tests::run;

    #[test]
    fn nothing_is_merged_if_nothing_is_to_go() {
        let mut whole = run(2, 2, 60);
        let before = whole.clone();
        let policy = Anchors { dropped: 0, counted: true };
        assert!(!policy.is_due(60, 60));
        let kept = policy.keep(&mut whole, &|_| false);
        assert_eq!(whole, before);
        assert!(!kept.approximate);
    }

    #[test]
    fn every_entry_that_goes_is_in_one_bucket_and_the_ends_are_untouched() {
        for dropped in [1, 20, 50, 90] {
            let before = run(2, 2, 60);
            let mut merged = before.clone();
            let policy = Anchors { dropped, counted: true };
            let kept = policy.keep(&mut merged, &|_| false);
            assert_eq!(merged.entries.len(), policy.bound(60));
            let mut positions: Vec<u32> = kept.listed.iter().map(|listed| listed.position).collect();
            positions.sort_unstable();
            assert_eq!(positions, (0..60).collect::<Vec<_>>(), "each token once, {dropped} % dropped");
            let last = merged.entries.len() - 1;
            for (cells, was) in merged.layers.iter().zip(&before.layers) {
                assert_eq!(cells.keys[..SINKS * 8], was.keys[..SINKS * 8]);
                assert_eq!(cells.keys[last * 8..], was.keys[59 * 8..]);
                assert_eq!(cells.values[last * 8..], was.values[59 * 8..]);
            }
        }
    }

    #[test]
    fn members_with_one_key_and_value_change_nothing_when_they_are_counted() {
        let mut same = run(1, 1, 40);
        for entry in 1..40 {
            let cells = &mut same.layers[0];
            for rows in [&mut cells.keys, &mut cells.values] {
                let first: Vec<f32> = rows[..4].to_vec();
                rows[entry * 4..][..4].copy_from_slice(&first);
            }
        }
        let before = same.clone();
        let kept = Anchors { dropped: 50, counted: true }.keep(&mut same, &|_| false);
        // What rows see, in their order: the same key and value at the same position each time.
        assert_eq!(kept.listed.len(), 40);
        for (at, listed) in kept.listed.iter().enumerate() {
            let row = listed.entry as usize * 4;
            assert_eq!(listed.position, at as u32);
            assert_eq!(same.layers[0].keys[row..][..4], before.layers[0].keys[at * 4..][..4]);
            assert_eq!(same.layers[0].values[row..][..4], before.layers[0].values[at * 4..][..4]);
        }
    }

    #[test]
    fn text_goes_at_the_same_rate_from_a_fixed_place() {
        let policy = Anchors { dropped: 20, counted: false };
        let mut held = run(1, 1, 100);
        policy.keep(&mut held, &|_| false);
        assert_eq!(held.entries.len(), 80);
        let more = run(1, 1, 20);
        (held.old, held.tokens) = (80, 120);
        held.entries.extend(more.entries);
        held.layers[0].keys.extend_from_slice(&more.layers[0].keys);
        held.layers[0].values.extend_from_slice(&more.layers[0].values);
        held.heat.attention[0].extend_from_slice(&more.heat.attention[0]);
        let before = held.entries.clone();
        policy.keep(&mut held, &|_| false);
        assert_eq!(held.entries.len(), 96);
        assert_eq!(held.entries[..70], before[..70], "old instructions stay");
        assert_eq!(held.entries[96 - BEFORE_END..], before[100 - BEFORE_END..], "and so do the last entries");
    }
}
