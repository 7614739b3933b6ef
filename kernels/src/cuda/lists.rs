//! What the rows of a step read and where they write, uploaded once for all layers.

use crate::attention::{Group, check};
use crate::cuda::attention::Angles;
use crate::cuda::buffer::Buffer;
use crate::cuda::machine::{arguments, word};
use crate::cuda::{Cuda, CudaError};
use crate::pages::{PageShape, Slot};

arguments! {
    /// A row, and the list that it reads: `Row` of the kernels.
    struct Row { weights: u64, spans: u32, count: u32, seen: u32, position: u32, }
    /// A span as the kernels take it.
    struct Run { page: u32, offset: u32, tokens: u32, position: u32, }
    /// Rows of one list and the first of the tokens that a block scores: `Item` of the kernels.
    struct Item { row: u32, rows: u32, token: u32, listed: u32, }
    /// A slot as the kernels take it.
    struct Place { page: u32, offset: u32, }
}

/// Rows of a list that share the turning of keys, and the tokens that a block scores.
const ROWS: usize = 4;
const TOKENS: usize = 128;

/// The rows of a step with the lists that they read, on a device; with the memory that attention works in.
pub struct Lists {
    pub(crate) heads: usize,
    pub(crate) shape: PageShape,
    pub(crate) rows: usize,
    pub(crate) pages: usize,
    pub(crate) positions: usize,
    pub(crate) spans: Buffer<Run>,
    pub(crate) starts: Buffer<u32>,
    pub(crate) passes: Vec<Pass>,
    /// The weights of one pass at a time.
    pub(crate) weights: Buffer<f32>,
}

/// Rows that are done together: as many as there is memory for their weights.
pub(crate) struct Pass {
    /// The first row within the call, and how many.
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) rows: Buffer<Row>,
    pub(crate) items: Buffer<Item>,
    /// Where the weights of each row begin, and how many tokens it sees.
    pub(crate) weights: Buffer<u64>,
    pub(crate) seen: Buffer<u32>,
    pub(crate) inverses: Buffer<f32>,
}

/// Where the keys and values of rows go, on a device.
pub struct Slots {
    pub(crate) shape: PageShape,
    pub(crate) pages: usize,
    pub(crate) places: Buffer<Place>,
}

/// Rows of a pass while they are gathered.
#[derive(Default)]
struct Gathered {
    first: usize,
    rows: Vec<Row>,
    items: Vec<Item>,
    weights: usize,
}

impl Cuda {
    /// Prepares attention of `heads` query heads over pages of `shape`, of which there are `pages`: the rule of
    /// visibility and all meanings are those of [`Group`].
    ///
    /// Attention keeps a weight for each row, head and token seen. Rows are done together as long as these are no
    /// more than `weights_max`; a row alone may have more.
    ///
    /// # Panics
    /// If a row sees more than is listed, or a position or page lies outside of the tables.
    pub fn lists(
        &self,
        heads: usize,
        shape: PageShape,
        angles: &Angles,
        pages: usize,
        groups: &[Group<'_>],
        weights_max: usize,
    ) -> Result<Lists, CudaError> {
        assert!(shape.kv_heads > 0 && heads.is_multiple_of(shape.kv_heads), "whole runs of query heads");
        assert_eq!(angles.dim(), shape.head_dim, "the angles of this head");
        let (mut spans, mut starts) = (Vec::new(), Vec::new());
        let (mut gathered, mut passes, mut most) = (Gathered::default(), Vec::new(), 0);
        for group in groups {
            check(shape.page_tokens, angles.positions(), group, pages);
            let first_span = word(spans.len());
            let mut listed = 0usize;
            for span in group.spans {
                let (page, offset, tokens, position) = (span.page, span.offset, span.tokens, span.position);
                spans.push(Run { page, offset, tokens, position });
                starts.push(word(listed));
                listed += tokens as usize;
            }
            for (at, (position, seen)) in group.positions.iter().zip(group.seen).enumerate() {
                let weights = *seen as usize * heads;
                if !gathered.rows.is_empty() && gathered.weights + weights > weights_max {
                    gathered = self.pass(heads, gathered, &mut passes)?;
                }
                let within = gathered.rows.len();
                let (count, seen) = (word(group.spans.len()), *seen);
                let weights_at = gathered.weights as u64;
                gathered.rows.push(Row { weights: weights_at, spans: first_span, count, seen, position: *position });
                gathered.weights += weights;
                most = most.max(gathered.weights);
                // A row joins those before it if they are few and of its list.
                let joins = at % ROWS != 0 && within > 0;
                gathered.add_items(within, joins, seen);
            }
        }
        let rows = gathered.first + gathered.rows.len();
        self.pass(heads, gathered, &mut passes)?;
        let (spans, starts, weights) = (self.upload(&spans)?, self.upload(&starts)?, self.buffer(most)?);
        let positions = angles.positions();
        Ok(Lists { heads, shape, rows, pages, positions, spans, starts, passes, weights })
    }

    /// Uploads a pass, and begins the next one.
    fn pass(&self, heads: usize, gathered: Gathered, passes: &mut Vec<Pass>) -> Result<Gathered, CudaError> {
        let Gathered { first, rows, items, .. } = gathered;
        let count = rows.len();
        let weights: Vec<u64> = rows.iter().map(|row| row.weights).collect();
        let seen: Vec<u32> = rows.iter().map(|row| row.seen).collect();
        if count > 0 {
            passes.push(Pass {
                first,
                count,
                rows: self.upload(&rows)?,
                items: self.upload(&items)?,
                weights: self.upload(&weights)?,
                seen: self.upload(&seen)?,
                inverses: self.buffer(count * heads)?,
            });
        }
        Ok(Gathered { first: first + count, ..Gathered::default() })
    }

    /// Prepares the storing of rows into pages of `shape`, of which there are `pages`.
    ///
    /// # Panics
    /// If a slot lies outside of the pages, or stands there twice: both rows would be written at once.
    pub fn slots(&self, shape: PageShape, pages: usize, slots: &[Slot]) -> Result<Slots, CudaError> {
        for slot in slots {
            assert!((slot.page as usize) < pages, "page {} of {pages}", slot.page);
            assert!((slot.offset as usize) < shape.page_tokens, "token {} of {}", slot.offset, shape.page_tokens);
        }
        let mut sorted: Vec<(u32, u32)> = slots.iter().map(|slot| (slot.page, slot.offset)).collect();
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "a slot for each row");
        let places: Vec<Place> = slots.iter().map(|slot| Place { page: slot.page, offset: slot.offset }).collect();
        Ok(Slots { shape, pages, places: self.upload(&places)? })
    }
}

impl Gathered {
    /// Adds the items of row `row`, which sees `seen` tokens; or has those of the rows before it do for it as well.
    fn add_items(&mut self, row: usize, joins: bool, seen: u32) {
        let first = if joins { self.items.iter().rposition(|item| item.token == 0) } else { None };
        // Rows that see nothing have no items; then there is nothing to join.
        let first = first.filter(|first| (self.items[*first].row + self.items[*first].rows) as usize == row);
        let Some(first) = first else {
            let items = (0..seen).step_by(TOKENS).map(|token| Item { row: word(row), rows: 1, token, listed: seen });
            self.items.extend(items);
            return;
        };
        let begin =
            Item { rows: self.items[first].rows + 1, listed: self.items[first].listed.max(seen), ..self.items[first] };
        self.items.truncate(first);
        self.items.extend((0..begin.listed).step_by(TOKENS).map(|token| Item { token, ..begin }));
    }
}
