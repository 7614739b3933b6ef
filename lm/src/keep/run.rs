//! A run of text as a policy sees it: plain values without pages.

use crate::text::token::Token;

/// The attention sinks: the first tokens of a run, which no policy touches. A model attends to them by default.
pub(crate) const SINKS: usize = 4;

/// A slot of keys and values: one in each layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The token for which it was written.
    pub(crate) token: Token,
    /// Logical positions of the tokens that it stands for, ascending.
    pub(crate) positions: Vec<u32>,
}

/// An entry as rows see it. An entry may be listed several times, at several positions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    /// The index of the entry.
    pub(crate) entry: u32,
    /// The logical position at which it is seen.
    pub(crate) position: u32,
}

/// Keys and values of all entries in one layer.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Cells {
    /// Without rotary embedding, `[entries, key and value heads, head dimension]`.
    pub(crate) keys: Vec<f32>,
    /// The values, in the same shape.
    pub(crate) values: Vec<f32>,
}

/// The attention that the entries of a run received. Sums are of integers, so they do not depend on the order of rows.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Heat {
    /// Attention that each entry received from all rows that saw it, summed over the query heads of a key head, in
    /// units of 2⁻³²: `[layers · key heads][entries]`. Empty if attention was not watched.
    pub(crate) attention: Vec<Vec<u64>>,
    /// The mean query, without rotary embedding, of the last rows of the last stretch, over rows and query heads:
    /// `[layers · key heads][head dimension]`.
    pub(crate) queries: Vec<Vec<f32>>,
    /// The largest absolute value of any query, by index in a head: the same shape.
    pub(crate) peaks: Vec<Vec<f32>>,
}

/// What a policy remembers of a run from one boundary to the next, besides the entries.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Notes {
    /// Number of entries, from the first, that are already thinned.
    pub(crate) cursor: usize,
    /// Whether an entry is kept in few bits: `[layers · key heads][entries]`.
    pub(crate) low: Vec<Vec<bool>>,
    /// Factors of a key while it is rounded: `[layers · key heads][head dimension]`.
    pub(crate) balance: Vec<Vec<f32>>,
    /// The queries of the present choice.
    pub(crate) queries: Vec<Vec<f32>>,
    /// The units of the present choice.
    pub(crate) chosen: Vec<u32>,
    /// The unit of each entry.
    pub(crate) units: Vec<u32>,
}

/// A run of text from one writer, which a policy changes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Run {
    /// The logical position of its first token.
    pub(crate) start: u32,
    /// Tokens of the text.
    pub(crate) tokens: usize,
    /// Number of entries, from the first, that a policy has processed before; the others are new, in text order.
    pub(crate) old: usize,
    /// Key heads per layer.
    pub(crate) heads: usize,
    /// All entries, in storage order.
    pub(crate) entries: Vec<Entry>,
    /// Their keys and values.
    pub(crate) layers: Vec<Cells>,
    /// The attention that they received.
    pub(crate) heat: Heat,
    /// The policy's notes.
    pub(crate) notes: Notes,
}

impl Run {
    /// The length of a row of keys or values.
    pub(crate) fn width(&self) -> usize {
        self.layers.first().map_or(0, |cells| cells.keys.len() / self.entries.len().max(1))
    }

    /// The head dimension.
    pub(crate) fn dim(&self) -> usize {
        self.width() / self.heads.max(1)
    }

    /// Every entry once at each position that it stands for, in order of position.
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

    /// Attention that an entry received in all layers.
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

    /// A run of `tokens` tokens in which each number of a cell encodes its place.
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
