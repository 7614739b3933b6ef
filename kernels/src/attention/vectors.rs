//! Attention in sixteen lanes: sixteen tokens for the scores, sixteen numbers of a value for the outputs. Each lane
//! keeps the order of the definition.
//!
//! Both sums are blocked like products of matrices. The keys of a few vectors of tokens are rotated into a tile that the
//! queries of all rows of a part share, and so are the values of a few tokens; a block of sums stays in registers.

mod keys;
mod scores;
mod values;

use std::cell::RefCell;

use crate::attention::runs::{Part, Row, Segment, TILE, Vector};
use crate::attention::vectors::keys::{OnPages, Places, Tile, turn_tile};
use crate::attention::vectors::scores::Asked;
use crate::attention::vectors::values::{VALUE_TILE, Values, convert};
use crate::attention::{Heads, Pages};
use crate::lanes::{Lanes, Task};
use crate::pages::{Cell, Span};
use crate::parallel::Disjoint;
use crate::rotary::turn;
use crate::softmax::{Capped, Exponentials};

/// Buffers of a thread, which it keeps from step to step. An asker is a query head of a row.
#[derive(Default)]
struct Scratch {
    /// Queries, scaled and rotated, `[pair][both numbers][asker]`.
    queries: Vec<f32>,
    /// Rotated keys, `[pair][both numbers][token]`; later values, `[token][number]`.
    tile: Vec<f32>,
    /// Scores, later weights, `[asker][token of its list]`.
    weights: Vec<f32>,
    /// Weighted sums of values, `[asker][number]`.
    sums: Vec<f32>,
    /// One over the denominator of each asker.
    inverses: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The first `length` numbers of a buffer, with whatever they hold.
fn room(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

#[inline(always)]
fn part<L: Lanes, C: Cell>(
    lanes: L,
    heads: &Heads<'_>,
    pages: Pages<'_, C>,
    queries: &[f32],
    part: &Part<'_>,
    out: &Disjoint<'_, f32>,
) {
    // Taken out and put back, since code within a closure would not be compiled for the instructions of `L`.
    let mut scratch = SCRATCH.take();
    let (dim, run) = (heads.shape.head_dim, heads.queries / heads.shape.kv_heads);
    let rows = &part.run.rows;
    let askers = rows.len() * run;
    // The last tile may end behind what the rows see.
    let stride = (part.run.listed() + 16 * TILE).next_multiple_of(16);
    let turned = room(&mut scratch.queries, askers * dim);
    turn_queries(heads, queries, part, turned);
    let tile = room(&mut scratch.tile, dim * VALUE_TILE.max(16 * TILE));
    let weights = room(&mut scratch.weights, askers * stride);
    let sums = room(&mut scratch.sums, askers * dim);
    let inverses = room(&mut scratch.inverses, askers);
    let block = Block { heads, pages, part, askers, run, stride };
    for segment in &part.run.segments {
        block.scores(lanes, segment, (turned, tile), weights);
    }
    for (asker, inverse) in inverses.iter_mut().enumerate() {
        let row = &rows[asker / run];
        let weights = &mut weights[asker * stride..][..row.seen()];
        if let Some(cap) = heads.cap {
            Capped { row: &mut *weights, cap }.vectors(lanes);
        }
        heads.hide(row.position(), row.group.spans, weights);
        let sum = Exponentials(weights).vectors(lanes);
        *inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    }
    sums.fill(0.0);
    for segment in &part.run.segments {
        block.values(lanes, segment, (weights, tile), sums);
    }
    for (row, (sums, inverses)) in rows.iter().zip(sums.chunks_exact(run * dim).zip(inverses.chunks_exact(run))) {
        let at = (row.at * heads.queries + part.head * run) * dim;
        // SAFETY: no two parts share a row and a head.
        let out = unsafe { out.part(at..at + run * dim) };
        for ((out, sums), inverse) in out.chunks_exact_mut(dim).zip(sums.chunks_exact(dim)).zip(inverses) {
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum * inverse;
            }
        }
    }
    SCRATCH.set(scratch);
}

/// Scales and rotates the queries of a part.
#[inline(always)]
fn turn_queries(heads: &Heads<'_>, queries: &[f32], part: &Part<'_>, turned: &mut [f32]) {
    let (dim, run) = (heads.shape.head_dim, heads.queries / heads.shape.kv_heads);
    let askers = part.run.rows.len() * run;
    for (place, row) in part.run.rows.iter().enumerate() {
        let query = &queries[(row.at * heads.queries + part.head * run) * dim..][..run * dim];
        for (pair, turned) in turned.chunks_exact_mut(2 * askers).enumerate() {
            let (first, second) = heads.rotary.pair(pair);
            let (cosine, sine) = heads.rotary.at(pair, row.position() as usize);
            let (firsts, seconds) = turned.split_at_mut(askers);
            let own = firsts[place * run..][..run].iter_mut().zip(&mut seconds[place * run..][..run]);
            for ((one, other), query) in own.zip(query.chunks_exact(dim)) {
                (*one, *other) = turn(query[first] * heads.scale, query[second] * heads.scale, cosine, sine);
            }
        }
    }
}

/// What the steps of a part share.
#[derive(Clone, Copy)]
struct Block<'a, C> {
    heads: &'a Heads<'a>,
    pages: Pages<'a, C>,
    part: &'a Part<'a>,
    askers: usize,
    /// Query heads of a row.
    run: usize,
    /// Distance from one asker's weights to the next one's.
    stride: usize,
}

impl<C: Cell> Block<'_, C> {
    /// Prefetches a span that is read next, if one row alone reads it. Pages are scattered, so the hardware cannot do
    /// it; what several rows share stays in the cache.
    #[inline(always)]
    fn prefetch<L: Lanes>(&self, lanes: L, cells: &[C]) {
        if self.part.run.rows.len() == 1 {
            lanes.prefetch(cells);
        }
    }

    /// The values of the first `tokens` tokens of a span, `[token][number]`.
    #[inline(always)]
    fn values_of(&self, span: &Span, tokens: usize) -> &[C] {
        let shape = &self.heads.shape;
        let from = shape.value(span.page as usize, self.part.head, span.offset as usize);
        &self.pages.values[from..from + tokens * shape.head_dim]
    }

    /// Scores of a segment's tokens, for all rows of the segment.
    #[inline(always)]
    fn scores<L: Lanes>(
        &self,
        lanes: L,
        segment: &Segment<'_>,
        (queries, scratch): (&[f32], &mut [f32]),
        weights: &mut [f32],
    ) {
        let (dim, page_tokens) = (self.heads.shape.head_dim, self.heads.shape.page_tokens);
        let rows = &self.part.run.rows[segment.rows.clone()];
        let listed = rows.iter().map(Row::seen).max().unwrap_or(0);
        let cells = 16 * TILE * dim;
        let keys = |page: usize| {
            let from = self.heads.shape.key(page, self.part.head, 0, 0);
            &self.pages.keys[from..from + dim * page_tokens]
        };
        let askers = segment.rows.start * self.run..segment.rows.end * self.run;
        // Keys that are read once are not worth storing.
        let once = askers.len() <= L::ASKERS && page_tokens.is_multiple_of(16);
        for (place, vectors) in segment.vectors.chunks(TILE).enumerate() {
            if vectors[0].index >= listed {
                break;
            }
            let asked = Asked { queries, askers: self.askers, stride: self.stride };
            if let Some(turned) = self.part.turned {
                lanes.prefetch(&turned[((place + 1) * cells).min(turned.len() - cells)..][..cells]);
                let tile = Tile(&turned[place * cells..][..cells]);
                asked.tile(lanes, askers.clone(), tile, vectors, weights);
                continue;
            }
            match segment.vectors.get((place + 1) * TILE) {
                Some(next) if next.page != vectors[0].page => self.prefetch(lanes, keys(next.page)),
                Some(_) => {}
                None => {
                    let first = &segment.spans[0];
                    self.prefetch(lanes, self.values_of(first, first.tokens as usize));
                }
            }
            if once {
                let rotary = self.heads.rotary;
                let of =
                    |vector: &Vector| Places { cells: keys(vector.page), base: vector.base, position: vector.position };
                let last = vectors.len() - 1;
                let places = [of(&vectors[0]), of(&vectors[last])];
                asked.tile(lanes, askers.clone(), OnPages { places, page_tokens, rotary }, vectors, weights);
            } else {
                turn_tile(lanes, self.heads, (self.pages.keys, self.part.head), vectors, scratch);
                asked.tile(lanes, askers.clone(), Tile(&scratch[..cells]), vectors, weights);
            }
        }
    }

    /// Adds the values of a segment's tokens, times their weights, to the sums of all rows of the segment that see them.
    #[inline(always)]
    fn values<L: Lanes>(
        &self,
        lanes: L,
        segment: &Segment<'_>,
        (weights, tile): (&[f32], &mut [f32]),
        sums: &mut [f32],
    ) {
        let dim = self.heads.shape.head_dim;
        let askers = segment.rows.start * self.run..segment.rows.end * self.run;
        let rows = &self.part.run.rows;
        let seen = || rows[segment.rows.clone()].iter().map(Row::seen);
        let (all_see, listed) = (seen().min().unwrap_or(0), seen().max().unwrap_or(0));
        let mut index = segment.index;
        for (place, span) in segment.spans.iter().enumerate() {
            if index >= listed {
                break;
            }
            if let Some(next) = segment.spans.get(place + 1) {
                self.prefetch(lanes, self.values_of(next, next.tokens as usize));
            }
            let tokens = (span.tokens as usize).min(listed - index);
            let cells = self.values_of(span, tokens);
            for cells in cells.chunks(VALUE_TILE * dim) {
                let count = cells.len() / dim;
                let shared = all_see.saturating_sub(index).min(count);
                let common = &cells[..shared * dim];
                if askers.len() <= L::SUMMED {
                    let values = Values { values: common, dim, weights: &weights[index..], stride: self.stride };
                    values.all_askers(lanes, askers.clone(), sums);
                } else {
                    let tile = &mut tile[..shared * dim];
                    convert(lanes, common, tile);
                    let values = Values { values: &*tile, dim, weights: &weights[index..], stride: self.stride };
                    values.all_askers(lanes, askers.clone(), sums);
                }
                // Behind these come the last tokens of a prefill, which each row sees one more of than the one before.
                for row in segment.rows.clone().filter(|_| shared < count) {
                    let own = rows[row].seen().saturating_sub(index).min(count);
                    if own > shared {
                        let cells = &cells[shared * dim..own * dim];
                        let weights = &weights[index + shared..];
                        let values = Values { values: cells, dim, weights, stride: self.stride };
                        values.all_askers(lanes, row * self.run..(row + 1) * self.run, sums);
                    }
                }
                index += count;
            }
        }
    }
}

/// A part as a task.
pub(super) struct PartTask<'a, C> {
    pub(super) heads: &'a Heads<'a>,
    pub(super) pages: Pages<'a, C>,
    pub(super) queries: &'a [f32],
    pub(super) part: &'a Part<'a>,
    pub(super) out: &'a Disjoint<'a, f32>,
}

impl<C: Cell> Task for PartTask<'_, C> {
    type Output = ();

    fn plain(self) {
        super::plain::part(self.heads, self.pages, self.queries, self.part, self.out);
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        part(lanes, self.heads, self.pages, self.queries, self.part, self.out);
    }
}

/// Rotation of a tile as a task.
pub(super) struct TurnTask<'a, C> {
    pub(super) heads: &'a Heads<'a>,
    pub(super) keys: &'a [C],
    pub(super) head: usize,
    pub(super) vectors: &'a [Vector],
    /// Where the tile begins in the buffer.
    pub(super) at: usize,
}

pub(super) struct Turned<'a, C> {
    pub(super) tile: &'a TurnTask<'a, C>,
    pub(super) buffer: &'a Disjoint<'a, f32>,
}

impl<C: Cell> Task for Turned<'_, C> {
    type Output = ();

    /// The definition rotates keys where it reads them.
    fn plain(self) {}

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        let TurnTask { heads, keys, head, vectors, at } = *self.tile;
        // SAFETY: no two tiles share numbers of the buffer.
        let tile = unsafe { self.buffer.part(at..at + 16 * TILE * heads.shape.head_dim) };
        turn_tile(lanes, heads, (keys, head), vectors, tile);
    }
}
