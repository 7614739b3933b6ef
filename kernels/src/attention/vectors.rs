//! Attention in sixteen lanes: sixteen tokens for the scores, sixteen numbers of a value for the outputs. Each lane
//! keeps the order of the definition.
//!
//! Both sums are blocked like products of matrices. The keys of a few vectors of tokens are rotated into a tile that the
//! queries of all rows of a part share, and so are the values of a few tokens; a block of sums stays in registers.

use std::cell::RefCell;
use std::ops::Range;

use crate::attention::runs::{Part, Row, Segment, TILE, Vector};
use crate::attention::{Heads, Pages};
use crate::lanes::{Lanes, Task};
use crate::pages::{Cell, Span};
use crate::parallel::Disjoint;
use crate::rotary::{Rotary, turn};
use crate::softmax::{Capped, Exponentials};

/// How many tokens' values are converted at once.
const VALUE_TILE: usize = 32;

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
                if shared > 0 && askers.len() <= L::SUMMED {
                    let values =
                        Values { values: &cells[..shared * dim], dim, weights: &weights[index..], stride: self.stride };
                    values.all_askers(lanes, askers.clone(), sums);
                } else if shared > 0 {
                    let tile = &mut tile[..shared * dim];
                    convert(lanes, &cells[..shared * dim], tile);
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
            index += span.tokens as usize - tokens;
        }
    }
}

/// The numbers of cells.
#[inline(always)]
fn convert<L: Lanes, C: Cell>(lanes: L, cells: &[C], numbers: &mut [f32]) {
    let (chunks, rest) = cells.as_chunks::<16>();
    let (into, into_rest) = numbers.as_chunks_mut::<16>();
    for (chunk, into) in chunks.iter().zip(into) {
        lanes.store(C::load(lanes, chunk), into);
    }
    lanes.store_some(C::load_some(lanes, rest), into_rest);
}

/// Rotates the keys of the vectors of a tile, `[pair][both numbers][token]`.
#[inline(always)]
fn turn_tile<L: Lanes, C: Cell>(
    lanes: L,
    heads: &Heads<'_>,
    (keys, head): (&[C], usize),
    vectors: &[Vector],
    tile: &mut [f32],
) {
    let page_tokens = heads.shape.page_tokens;
    for (place, vector) in vectors.iter().enumerate() {
        let from = heads.shape.key(vector.page, head, 0, 0);
        let cells = &keys[from..from + heads.shape.head_dim * page_tokens];
        let tile = &mut tile[16 * place..];
        if vector.base + 16 <= page_tokens {
            turn_vector::<L, C, true>(lanes, heads, cells, vector, tile);
        } else {
            turn_vector::<L, C, false>(lanes, heads, cells, vector, tile);
        }
    }
}

/// Rotates the keys of one vector, from the cells of a page, `[number][token]`. Unless `FULL`, the page ends before the
/// vector does.
#[inline(always)]
fn turn_vector<L: Lanes, C: Cell, const FULL: bool>(
    lanes: L,
    heads: &Heads<'_>,
    cells: &[C],
    vector: &Vector,
    tile: &mut [f32],
) {
    let places = Places { cells, base: vector.base, position: vector.position };
    for pair in 0..heads.shape.head_dim / 2 {
        let numbers = (pair, heads.rotary.pair(pair));
        let [turned, other] = places.pair::<L, FULL>(lanes, heads.rotary, heads.shape.page_tokens, numbers);
        let tile = &mut tile[pair * 2 * 16 * TILE..];
        lanes.store(turned, tile.first_chunk_mut().expect("sixteen tokens"));
        lanes.store(other, tile[16 * TILE..].first_chunk_mut().expect("sixteen tokens"));
    }
}

/// Sixteen places of a page.
#[derive(Clone, Copy)]
struct Places<'a, C> {
    /// The keys of the page, `[number][token]`.
    cells: &'a [C],
    base: usize,
    position: usize,
}

impl<C: Cell> Places<'_, C> {
    /// Both numbers of a pair, rotated.
    #[inline(always)]
    fn pair<L: Lanes, const FULL: bool>(
        &self,
        lanes: L,
        rotary: &Rotary,
        page_tokens: usize,
        (pair, (first, second)): (usize, (usize, usize)),
    ) -> [L::Floats; 2] {
        let key = |number: usize| {
            let at = number * page_tokens + self.base;
            if FULL {
                C::load(lanes, self.cells[at..].first_chunk().expect("sixteen tokens"))
            } else {
                C::load_some(lanes, &self.cells[at..][..page_tokens - self.base])
            }
        };
        let (cosine, sine) = rotary.sixteen(pair, self.position);
        let (cosine, sine) = (lanes.load(cosine), lanes.load(sine));
        let (a, b) = (key(first), key(second));
        // As in `rotary::turn`.
        let turned = lanes.fma(a, cosine, lanes.sub(lanes.splat(-0.0), lanes.mul(b, sine)));
        [turned, lanes.fma(a, sine, lanes.mul(b, cosine))]
    }
}

/// Where the rotated keys of [`TILE`] vectors come from.
trait Keys: Copy {
    /// Both numbers of a pair, for consecutive vectors from `place` on.
    fn pair<L: Lanes, const GROUPS: usize>(self, lanes: L, pair: usize, place: usize) -> [[L::Floats; GROUPS]; 2];
}

/// Stored rotated keys, `[pair][both numbers][token]`.
#[derive(Clone, Copy)]
struct Tile<'a>(&'a [f32]);

impl Keys for Tile<'_> {
    #[inline(always)]
    fn pair<L: Lanes, const GROUPS: usize>(self, lanes: L, pair: usize, place: usize) -> [[L::Floats; GROUPS]; 2] {
        let numbers: &[f32; 2 * 16 * TILE] = self.0[pair * 2 * 16 * TILE..].first_chunk().expect("a pair of the tile");
        let vectors = numbers.as_chunks::<16>().0;
        std::array::from_fn(|both| std::array::from_fn(|group| lanes.load(&vectors[both * TILE + place + group])))
    }
}

/// Keys that are rotated as they are read.
#[derive(Clone, Copy)]
struct OnPages<'a, C> {
    places: [Places<'a, C>; TILE],
    page_tokens: usize,
    rotary: &'a Rotary,
}

impl<C: Cell> Keys for OnPages<'_, C> {
    #[inline(always)]
    fn pair<L: Lanes, const GROUPS: usize>(self, lanes: L, pair: usize, place: usize) -> [[L::Floats; GROUPS]; 2] {
        let numbers = (pair, self.rotary.pair(pair));
        let mut both = [[lanes.splat(0.0); GROUPS]; 2];
        let [firsts, seconds] = &mut both;
        for ((places, first), second) in self.places[place..].iter().zip(firsts).zip(seconds) {
            [*first, *second] = places.pair::<L, true>(lanes, self.rotary, self.page_tokens, numbers);
        }
        both
    }
}

/// The queries to score.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// `[pair][both numbers][asker]`
    queries: &'a [f32],
    askers: usize,
    stride: usize,
}

impl Asked<'_> {
    /// Scores of the vectors of a tile for some askers.
    #[inline(always)]
    fn tile<L: Lanes>(self, lanes: L, askers: Range<usize>, keys: impl Keys, vectors: &[Vector], weights: &mut [f32]) {
        let mut asker = askers.start;
        while asker < askers.end {
            let left = (askers.end - asker).min(L::ASKERS);
            asker += match (L::GROUPS, vectors) {
                (2, [one, other]) => self.some_askers(lanes, (asker, left), (keys, 0), &[*one, *other], weights),
                (_, vectors) => {
                    let mut done = 0;
                    for (place, vector) in vectors.iter().enumerate() {
                        done = self.some_askers(lanes, (asker, left), (keys, place), &[*vector], weights);
                    }
                    done
                }
            };
        }
    }

    /// Scores of consecutive vectors, the first being the `place`th of its tile, for up to `left` askers from `asker`
    /// on; returns the number of askers.
    #[inline(always)]
    fn some_askers<L: Lanes, const GROUPS: usize>(
        self,
        lanes: L,
        (asker, left): (usize, usize),
        keys: (impl Keys, usize),
        vectors: &[Vector; GROUPS],
        weights: &mut [f32],
    ) -> usize {
        match left {
            12.. => self.block::<L, _, 12, GROUPS>(lanes, asker, keys, vectors, weights),
            6.. => self.block::<L, _, 6, GROUPS>(lanes, asker, keys, vectors, weights),
            4.. => self.block::<L, _, 4, GROUPS>(lanes, asker, keys, vectors, weights),
            3 => self.block::<L, _, 3, GROUPS>(lanes, asker, keys, vectors, weights),
            2 => self.block::<L, _, 2, GROUPS>(lanes, asker, keys, vectors, weights),
            _ => self.block::<L, _, 1, GROUPS>(lanes, asker, keys, vectors, weights),
        }
    }

    #[inline(always)]
    fn block<L: Lanes, K: Keys, const ASKERS: usize, const GROUPS: usize>(
        self,
        lanes: L,
        asker: usize,
        (keys, place): (K, usize),
        vectors: &[Vector; GROUPS],
        weights: &mut [f32],
    ) -> usize {
        let mut sums = [[lanes.splat(0.0); ASKERS]; GROUPS];
        for (pair, queries) in self.queries.chunks_exact(2 * self.askers).enumerate() {
            let keys = keys.pair::<L, GROUPS>(lanes, pair, place);
            for (keys, queries) in keys.into_iter().zip([&queries[asker..], &queries[self.askers + asker..]]) {
                let queries = queries.first_chunk::<ASKERS>().expect("a number of each asker");
                for (of, query) in queries.iter().enumerate() {
                    let query = lanes.splat(*query);
                    for (sums, key) in sums.iter_mut().zip(keys) {
                        sums[of] = lanes.fma(query, key, sums[of]);
                    }
                }
            }
        }
        for (sums, vector) in sums.into_iter().zip(vectors) {
            let weights = &mut weights[asker * self.stride + vector.index..];
            if vector.to - vector.from == 16 {
                for (sum, weights) in sums.into_iter().zip(weights.chunks_mut(self.stride)) {
                    lanes.store(sum, weights.first_chunk_mut().expect("sixteen tokens"));
                }
            } else {
                for (sum, weights) in sums.into_iter().zip(weights.chunks_mut(self.stride)) {
                    let mut scores = [0.0; 16];
                    lanes.store(sum, &mut scores);
                    let valid = &scores[vector.from..vector.to];
                    weights[..valid.len()].copy_from_slice(valid);
                }
            }
        }
        ASKERS
    }
}

/// Values of up to [`VALUE_TILE`] tokens, and the weights of all askers from these tokens on.
struct Values<'a, C> {
    values: &'a [C],
    dim: usize,
    weights: &'a [f32],
    stride: usize,
}

impl<C: Cell> Values<'_, C> {
    /// Adds to the sums of some askers.
    #[inline(always)]
    fn all_askers<L: Lanes>(&self, lanes: L, askers: Range<usize>, sums: &mut [f32]) {
        let mut asker = askers.start;
        while asker < askers.end {
            asker += match (askers.end - asker).min(L::SUMMED) {
                6.. => self.all_numbers::<L, 6>(lanes, asker, sums),
                3.. => self.all_numbers::<L, 3>(lanes, asker, sums),
                2 => self.all_numbers::<L, 2>(lanes, asker, sums),
                _ => self.all_numbers::<L, 1>(lanes, asker, sums),
            };
        }
    }

    /// Adds to the sums of `ASKERS` askers; returns their number.
    #[inline(always)]
    fn all_numbers<L: Lanes, const ASKERS: usize>(&self, lanes: L, asker: usize, sums: &mut [f32]) -> usize {
        let sums = &mut sums[asker * self.dim..][..ASKERS * self.dim];
        let tokens = self.values.len() / self.dim;
        let own: [&[f32]; ASKERS] = std::array::from_fn(|of| &self.weights[(asker + of) * self.stride..][..tokens]);
        let mut near = [[0.0; VALUE_TILE]; ASKERS];
        if ASKERS > FEW {
            for (near, own) in near.iter_mut().zip(own) {
                for (near, own) in near.chunks_exact_mut(16).zip(own.chunks(16)) {
                    let near = near.first_chunk_mut().expect("sixteen tokens");
                    match own.first_chunk() {
                        Some(own) => lanes.store(lanes.load(own), near),
                        None => near[..own.len()].copy_from_slice(own),
                    }
                }
            }
        }
        let weights = Weights { own, near };
        let mut number = 0;
        while self.dim - number >= 16 {
            number += match ((self.dim - number) / 16, L::VALUES) {
                (4.., 4) => self.some_numbers::<L, ASKERS, 4>(lanes, number, &weights, sums),
                (2.., _) => self.some_numbers::<L, ASKERS, 2>(lanes, number, &weights, sums),
                _ => self.some_numbers::<L, ASKERS, 1>(lanes, number, &weights, sums),
            };
        }
        if number < self.dim {
            for (sums, weights) in sums.chunks_exact_mut(self.dim).zip(weights.own) {
                let sums = &mut sums[number..];
                let mut sum = lanes.load_some(sums);
                for (value, weight) in self.values.chunks_exact(self.dim).zip(weights) {
                    sum = lanes.fma(lanes.splat(*weight), C::load_some(lanes, &value[number..]), sum);
                }
                lanes.store_some(sum, sums);
            }
        }
        ASKERS
    }

    /// Adds `WIDTH` vectors of numbers from `number` on; returns how many numbers these are.
    #[inline(always)]
    fn some_numbers<L: Lanes, const ASKERS: usize, const WIDTH: usize>(
        &self,
        lanes: L,
        number: usize,
        weights: &Weights<'_, ASKERS>,
        out: &mut [f32],
    ) -> usize {
        let mut sums = [[lanes.splat(0.0); WIDTH]; ASKERS];
        for (sums, out) in sums.iter_mut().zip(out.chunks_exact(self.dim)) {
            let out = out[number..].as_chunks().0.first_chunk::<WIDTH>().expect("as many numbers");
            *sums = std::array::from_fn(|vector| lanes.load(&out[vector]));
        }
        for (token, value) in self.values.chunks_exact(self.dim).enumerate() {
            let value = value[number..].as_chunks().0.first_chunk::<WIDTH>().expect("as many numbers");
            let value: [L::Floats; WIDTH] = std::array::from_fn(|vector| C::load(lanes, &value[vector]));
            for (of, sums) in sums.iter_mut().enumerate() {
                let weight = lanes.splat(weights.at(of, token));
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum = lanes.fma(weight, value, *sum);
                }
            }
        }
        for (sums, out) in sums.into_iter().zip(out.chunks_exact_mut(self.dim)) {
            let out = out[number..].as_chunks_mut().0.first_chunk_mut::<WIDTH>().expect("as many numbers");
            for (sum, out) in sums.into_iter().zip(out) {
                lanes.store(sum, out);
            }
        }
        16 * WIDTH
    }
}

/// For the weights of more askers than this there are too few registers for pointers.
const FEW: usize = 3;

/// The weights of consecutive tokens.
struct Weights<'a, const ASKERS: usize> {
    own: [&'a [f32]; ASKERS],
    /// For more than [`FEW`] askers: a copy at a fixed place.
    near: [[f32; VALUE_TILE]; ASKERS],
}

impl<const ASKERS: usize> Weights<'_, ASKERS> {
    #[inline(always)]
    fn at(&self, asker: usize, token: usize) -> f32 {
        if ASKERS > FEW { self.near[asker][token % VALUE_TILE] } else { self.own[asker][token] }
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
