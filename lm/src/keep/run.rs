//! A run of text as a policy sees it: plain values, apart from pages.

use crate::text::token::Token;

/// The first tokens of a run, which no policy touches: a model looks there when it looks at nothing.
pub(crate) const SINKS: usize = 4;

/// A place of keys and values: one in each layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The token that it was written for.
    pub(crate) token: Token,
    /// Logical positions of the tokens that it stands for, ascending.
    pub(crate) positions: Vec<u32>,
}

/// An entry as rows see it. An entry may be listed several times, at several positions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    /// The entry, by its place.
    pub(crate) entry: u32,
    /// The logical position at which it is seen.
    pub(crate) position: u32,
}

/// Keys and values of all entries in one layer.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Cells {
    /// Un-rotated, `[entries, key and value heads, numbers of a head]`.
    pub(crate) keys: Vec<f32>,
    /// The same of the values.
    pub(crate) values: Vec<f32>,
}

/// What rows did with the entries of a run. Sums are of whole numbers, so that no order of rows shows.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Heat {
    /// Attention that each entry was paid by all rows that saw it, over the query heads of a key head, in units of
    /// 2⁻³²: `[layers · key heads][entries]`. Empty where nobody watched.
    pub(crate) attention: Vec<Vec<u64>>,
    /// The mean of the un-rotated queries of the last rows of the last stretch, over rows and query heads:
    /// `[layers · key heads][numbers of a head]`.
    pub(crate) queries: Vec<Vec<f32>>,
    /// The largest absolute number of any query, by place in a head: the same shape.
    pub(crate) peaks: Vec<Vec<f32>>,
}

/// What a policy remembers of a run from one boundary to the next, beside what stands in the entries.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Notes {
    /// So many entries from the first were thinned already.
    pub(crate) cursor: usize,
    /// Whether an entry is kept at few bits: `[layers · key heads][entries]`.
    pub(crate) low: Vec<Vec<bool>>,
    /// Factors of the numbers of a key while it is rounded: `[layers · key heads][numbers of a head]`.
    pub(crate) balance: Vec<Vec<f32>>,
    /// The queries by which the present choice was made.
    pub(crate) queries: Vec<Vec<f32>>,
    /// Units that were chosen then.
    pub(crate) chosen: Vec<u32>,
    /// To which unit of recall each entry belongs.
    pub(crate) units: Vec<u32>,
}

/// A run of text that one writer wrote: what a policy changes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Run {
    /// The logical position of its first token.
    pub(crate) start: u32,
    /// Tokens of the text.
    pub(crate) tokens: usize,
    /// Entries from the first that a policy has worked on before; the others are new, in the order of the text.
    pub(crate) old: usize,
    /// Key heads of a layer.
    pub(crate) heads: usize,
    /// All entries, in the order in which they are stored.
    pub(crate) entries: Vec<Entry>,
    /// Their keys and values.
    pub(crate) layers: Vec<Cells>,
    /// What rows did with them.
    pub(crate) heat: Heat,
    /// What the policy wrote down.
    pub(crate) notes: Notes,
}

impl Run {
    /// Numbers of a row of keys or values.
    pub(crate) fn width(&self) -> usize {
        self.layers.first().map_or(0, |cells| cells.keys.len() / self.entries.len().max(1))
    }

    /// Numbers of a head.
    pub(crate) fn dim(&self) -> usize {
        self.width() / self.heads.max(1)
    }

    /// Every entry once at each position that it stands for, in the order of positions.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        let all = self.entries.iter().zip(0..);
        let mut listed: Vec<Listed> = all
            .flat_map(|(entry, place)| entry.positions.iter().map(move |at| Listed { entry: place, position: *at }))
            .collect();
        listed.sort_by_key(|listed| (listed.position, listed.entry));
        listed
    }

    /// Keeps these entries, ascending, in all layers.
    pub(crate) fn keep(&mut self, kept: &[usize]) {
        let width = self.width();
        for cells in &mut self.layers {
            *cells = cells.chosen(kept, width);
        }
        self.entries = kept.iter().map(|place| self.entries[*place].clone()).collect();
        for plane in &mut self.heat.attention {
            *plane = kept.iter().map(|place| plane[*place]).collect();
        }
        for plane in &mut self.notes.low {
            *plane = kept.iter().map(|place| plane[*place]).collect();
        }
    }

    /// Attention that an entry was paid in all layers.
    pub(crate) fn paid(&self, entry: usize) -> u64 {
        self.heat.attention.iter().map(|plane| plane[entry]).sum()
    }
}

impl Cells {
    /// The rows of these entries.
    pub(crate) fn chosen(&self, kept: &[usize], width: usize) -> Cells {
        let rows = |from: &[f32]| kept.iter().flat_map(|at| from[at * width..][..width].to_vec()).collect();
        Cells { keys: rows(&self.keys), values: rows(&self.values) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run of so many tokens in which each number of a cell says where it stands.
    pub(crate) fn run(layers: usize, heads: usize, tokens: usize) -> Run {
        let dim = 4;
        let width = heads * dim;
        let number =
            |layer: usize, at: usize, place: usize| ((layer * 31 + at * 7 + place * 3) % 23) as f32 / 8.0 - 1.0;
        let cells = |layer: usize, plus: usize| {
            (0..tokens).flat_map(|at| (0..width).map(move |place| number(layer + plus, at, place))).collect()
        };
        Run {
            start: 0,
            tokens,
            old: 0,
            heads,
            entries: (0..tokens as u32).map(|at| Entry { token: at % 7, positions: vec![at] }).collect(),
            layers: (0..layers).map(|layer| Cells { keys: cells(layer, 0), values: cells(layer, 5) }).collect(),
            heat: Heat {
                attention: (0..layers * heads)
                    .map(|plane| (0..tokens).map(|at| ((at * 37 + plane * 11) % 101) as u64).collect())
                    .collect(),
                queries: vec![vec![1.0; dim]; layers * heads],
                peaks: vec![vec![1.0; dim]; layers * heads],
            },
            notes: Notes::default(),
        }
    }

    #[test]
    fn what_is_kept_keeps_its_numbers() {
        let mut run = run(2, 2, 6);
        let before = run.clone();
        run.keep(&[0, 2, 5]);
        assert_eq!((run.entries.len(), run.width(), run.dim()), (3, 8, 4));
        for (now, was) in [(0, 0), (1, 2), (2, 5)] {
            assert_eq!(run.entries[now], before.entries[was]);
            assert_eq!(run.paid(now), before.paid(was));
            for (one, other) in run.layers.iter().zip(&before.layers) {
                assert_eq!(one.keys[now * 8..][..8], other.keys[was * 8..][..8]);
                assert_eq!(one.values[now * 8..][..8], other.values[was * 8..][..8]);
            }
        }
    }
}
