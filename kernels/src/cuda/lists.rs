//! What the rows of a step read and where they write, uploaded once for all layers.

use crate::attention::{Group, check};
use crate::cuda::attention::Angles;
use crate::cuda::buffer::Buffer;
use crate::cuda::machine::{arguments, word};
use crate::cuda::step::{Placed, Uploads};
use crate::cuda::{Cuda, CudaError};
use crate::pages::{PageShape, Slot};

arguments! {
    /// A row and its list: `Row` of the kernels.
    struct Row { weights: u64, spans: u32, count: u32, seen: u32, position: u32, }
    /// A span in the kernels' layout.
    struct Run { page: u32, offset: u32, tokens: u32, position: u32, }
    /// Rows of one list, and the first token that a block scores: `Item` of the kernels.
    struct Item { row: u32, rows: u32, token: u32, listed: u32, }
    /// A slot in the kernels' layout.
    struct Place { page: u32, offset: u32, }
}

/// Rows of a list for which a key is rotated once, and the number of tokens that a block scores.
const ROWS: usize = 4;
const TOKENS: usize = 128;

/// The rows of a step and their lists on a device, with the working memory of attention.
pub struct Lists {
    pub(crate) heads: usize,
    pub(crate) shape: PageShape,
    pub(crate) rows: usize,
    pub(crate) pages: usize,
    pub(crate) positions: usize,
    pub(crate) spans: Buffer<Run>,
    pub(crate) starts: Buffer<u32>,
    pub(crate) passes: Vec<Pass>,
    /// The attention weights of one pass at a time.
    pub(crate) weights: Buffer<f32>,
}

/// Rows that are computed together: as many as there is memory for their weights.
pub(crate) struct Pass {
    /// The first row within the call, and the number of rows.
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) rows: Buffer<Row>,
    pub(crate) items: Buffer<Item>,
    /// The start of each row's weights, and how many tokens it sees.
    pub(crate) weights: Buffer<u64>,
    pub(crate) seen: Buffer<u32>,
    pub(crate) inverses: Buffer<f32>,
}

/// The slots of the rows' keys and values, on a device.
pub struct Slots {
    pub(crate) shape: PageShape,
    pub(crate) pages: usize,
    pub(crate) places: Buffer<Place>,
}

/// Rows of a pass being collected.
#[derive(Default)]
struct Gathered {
    first: usize,
    rows: Vec<Row>,
    items: Vec<Item>,
    weights: usize,
}

/// Lists before the upload.
pub(crate) struct Planned {
    heads: usize,
    shape: PageShape,
    rows: usize,
    pages: usize,
    positions: usize,
    spans: Placed<Run>,
    starts: Placed<u32>,
    passes: Vec<PlannedPass>,
    /// The number of weights in the largest pass.
    most: usize,
}

/// A [`Pass`] before the upload.
struct PlannedPass {
    first: usize,
    count: usize,
    rows: Placed<Row>,
    items: Placed<Item>,
    weights: Placed<u64>,
    seen: Placed<u32>,
}

impl Planned {
    /// Adds lists to an upload; see [`Cuda::lists`].
    pub(crate) fn new(
        uploads: &mut Uploads,
        (heads, shape, pages): (usize, PageShape, usize),
        angles: &Angles,
        groups: &[Group<'_>],
        weights_max: usize,
    ) -> Planned {
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
                    gathered = gathered.end(uploads, &mut passes);
                }
                let within = gathered.rows.len();
                let (count, seen) = (word(group.spans.len()), *seen);
                let weights_at = gathered.weights as u64;
                gathered.rows.push(Row { weights: weights_at, spans: first_span, count, seen, position: *position });
                gathered.weights += weights;
                most = most.max(gathered.weights);
                // A row joins its predecessors if they are fewer than `ROWS` and of its list.
                let joins = at % ROWS != 0 && within > 0;
                gathered.add_items(within, joins, seen);
            }
        }
        let rows = gathered.first + gathered.rows.len();
        gathered.end(uploads, &mut passes);
        let positions = angles.positions();
        let (spans, starts) = (uploads.put(&spans), uploads.put(&starts));
        Planned { heads, shape, rows, pages, positions, spans, starts, passes, most }
    }

    /// The lists, after the upload.
    pub(crate) fn sent(self, cuda: &Cuda, uploads: &Uploads) -> Result<Lists, CudaError> {
        let Planned { heads, shape, rows, pages, positions, spans, starts, passes, most } = self;
        let pass = |planned: PlannedPass| -> Result<Pass, CudaError> {
            Ok(Pass {
                first: planned.first,
                count: planned.count,
                rows: uploads.get(&planned.rows),
                items: uploads.get(&planned.items),
                weights: uploads.get(&planned.weights),
                seen: uploads.get(&planned.seen),
                inverses: cuda.buffer(planned.count * heads)?,
            })
        };
        let passes = passes.into_iter().map(pass).collect::<Result<_, _>>()?;
        let (spans, starts, weights) = (uploads.get(&spans), uploads.get(&starts), cuda.buffer(most)?);
        Ok(Lists { heads, shape, rows, pages, positions, spans, starts, passes, weights })
    }
}

impl Slots {
    /// Adds slots to an upload.
    pub(crate) fn put(uploads: &mut Uploads, shape: PageShape, pages: usize, slots: &[Slot]) -> Placed<Place> {
        for slot in slots {
            assert!((slot.page as usize) < pages, "page {} of {pages}", slot.page);
            assert!((slot.offset as usize) < shape.page_tokens, "token {} of {}", slot.offset, shape.page_tokens);
        }
        let mut sorted: Vec<(u32, u32)> = slots.iter().map(|slot| (slot.page, slot.offset)).collect();
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "a slot for each row");
        let places: Vec<Place> = slots.iter().map(|slot| Place { page: slot.page, offset: slot.offset }).collect();
        uploads.put(&places)
    }
}

impl Gathered {
    /// Ends a pass, and begins the next one.
    fn end(self, uploads: &mut Uploads, passes: &mut Vec<PlannedPass>) -> Gathered {
        let Gathered { first, rows, items, .. } = self;
        let count = rows.len();
        if count > 0 {
            let weights: Vec<u64> = rows.iter().map(|row| row.weights).collect();
            let seen: Vec<u32> = rows.iter().map(|row| row.seen).collect();
            let (weights, seen) = (uploads.put(&weights), uploads.put(&seen));
            passes.push(PlannedPass {
                first,
                count,
                rows: uploads.put(&rows),
                items: uploads.put(&items),
                weights,
                seen,
            });
        }
        Gathered { first: first + count, ..Gathered::default() }
    }
    /// Adds the items of row `row`, which sees `seen` tokens, or lets those of the preceding rows cover it as well.
    fn add_items(&mut self, row: usize, joins: bool, seen: u32) {
        let first = if joins { self.items.iter().rposition(|item| item.token == 0) } else { None };
        // Rows that see nothing have no items, so there is nothing to join.
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
