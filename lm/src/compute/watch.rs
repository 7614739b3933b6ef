//! The attention weights of rows, computed a second time and summed.
//!
//! The attention kernels keep no weights. Policies that need them pay for a second computation, in plain code.

use theoremata_kernels::{Cell, Group, Heads, Kernels, Pages, Slot};

use crate::compute::backend::Watch;
use crate::compute::cells::rows;
use crate::keep::run::Cells;
use crate::kv::reduced::Watched;

/// A weight of 1 as an integer: integer sums do not depend on the order.
const ONE: f32 = 4_294_967_296.0;

/// Adds the attention of the watched rows of a group in the next layer.
///
/// `queries` have no rotary embedding: `[rows, heads, head dimension]`, the rows of all groups in order.
pub(super) fn layer<C: Cell>(
    kernels: Kernels,
    heads: &Heads<'_>,
    pages: Pages<'_, C>,
    queries: &[f32],
    (groups, watch): (&[Group<'_>], Watch),
    watched: &mut Watched,
) {
    let group = &groups[watch.group];
    let first: usize = groups[..watch.group].iter().map(|group| group.positions.len()).sum();
    let (dim, key_heads) = (heads.shape.head_dim, heads.shape.kv_heads);
    let run = heads.queries / key_heads;
    let keys = turned_keys(heads, pages, group);
    watched.rows = group.positions.len() - watch.from;
    watched.queries.resize(watched.rows, Vec::new());
    for head in 0..key_heads {
        let mut attention = vec![0u64; keys.positions.len()];
        let mut peaks = vec![0.0f32; dim];
        for row in watch.from..group.positions.len() {
            let mut sum = vec![0.0; dim];
            for query_head in head * run..(head + 1) * run {
                let at = ((first + row) * heads.queries + query_head) * dim;
                let query = &queries[at..at + dim];
                for ((sum, peak), number) in sum.iter_mut().zip(&mut peaks).zip(query) {
                    *sum += number;
                    *peak = peak.max(number.abs());
                }
                let seen = (group.seen[row] as usize, group.positions[row]);
                let weights = keys.weights(kernels, heads, (head, query), seen);
                attention.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum += (weight * ONE) as u64);
            }
            watched.queries[row - watch.from].push(sum);
        }
        watched.attention.push(attention);
        watched.peaks.push(peaks);
    }
}

/// The keys of a list, rotated to their positions.
struct TurnedKeys {
    cells: Cells,
    positions: Vec<u32>,
}

fn turned_keys<C: Cell>(heads: &Heads<'_>, pages: Pages<'_, C>, group: &Group<'_>) -> TurnedKeys {
    let places = |page, offset, tokens| (offset..offset + tokens).map(move |offset| Slot { page, offset });
    let slots = group.spans.iter().flat_map(|span| places(span.page, span.offset, span.tokens));
    let positions: Vec<u32> = group.spans.iter().flat_map(|span| span.position..span.position + span.tokens).collect();
    let mut cells = rows(heads.shape, pages, slots);
    let width = heads.shape.token_cells();
    for (row, position) in cells.keys.chunks_exact_mut(width).zip(&positions) {
        let parts = row.chunks_exact_mut(heads.shape.head_dim);
        parts.for_each(|head| heads.rotary.turn(head, *position as usize));
    }
    TurnedKeys { cells, positions }
}

impl TurnedKeys {
    /// The attention weights of a query over what its row sees.
    fn weights(
        &self,
        kernels: Kernels,
        heads: &Heads<'_>,
        (head, query): (usize, &[f32]),
        (seen, position): (usize, u32),
    ) -> Vec<f32> {
        let (dim, width) = (heads.shape.head_dim, heads.shape.token_cells());
        let mut query: Vec<f32> = query.iter().map(|number| number * heads.scale).collect();
        heads.rotary.turn(&mut query, position as usize);
        let own = self.cells.keys.chunks_exact(width).map(|row| &row[head * dim..][..dim]);
        let mut weights: Vec<f32> = own.take(seen).map(|key| dot(key, &query)).collect();
        if let Some(cap) = heads.cap {
            kernels.soft_cap(&mut weights, cap);
        }
        if let Some(window) = heads.window {
            let hidden = |at: &u32| position.saturating_sub(*at) >= window;
            let hide = weights.iter_mut().zip(&self.positions).filter(|(_, at)| hidden(at));
            hide.for_each(|(weight, _)| *weight = f32::NEG_INFINITY);
        }
        kernels.softmax(&mut weights);
        weights
    }
}

/// A dot product in eight stripes: computed eight numbers at a time on any machine, with the same sum.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut stripes = [0.0f32; 8];
    let ((ones, rest), (others, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    for (a, b) in ones.iter().zip(others) {
        for (stripe, (a, b)) in stripes.iter_mut().zip(a.iter().zip(b)) {
            *stripe += a * b;
        }
    }
    let rest: f32 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    stripes.iter().sum::<f32>() + rest
}
