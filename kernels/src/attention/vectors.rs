//! Attention, sixteen lanes at a time: sixteen tokens for the scores, sixteen numbers of a value for the
//! outputs. Each lane keeps the order of the definition.

use crate::attention::plain::turned_query;
use crate::attention::{Heads, Pages, Part};
use crate::lanes::{Lanes, Task};
use crate::pages::{Cell, Sealed, Span};
use crate::parallel::Disjoint;
use crate::softmax::Exponentials;

/// The queries of a part, scaled and turned, `[pair][both numbers][asker]`. An asker is a head of a row.
struct Askers {
    count: usize,
    queries: Vec<f32>,
}

#[inline(always)]
pub(super) fn part<L: Lanes, C: Cell>(
    lanes: L,
    heads: &Heads<'_>,
    pages: Pages<'_, C>,
    queries: &[f32],
    part: &Part<'_>,
    out: &Disjoint<'_, f32>,
) {
    let dim = heads.shape.head_dim;
    let run = heads.queries / heads.shape.kv_heads;
    let askers = askers(heads, queries, part, run);
    let seen = &part.group.seen[part.first..part.first + part.rows];
    let listed = seen.iter().copied().max().unwrap_or(0) as usize;
    let stride = listed;
    let mut weights = vec![0.0f32; askers.count * stride];
    let mut index = 0;
    for span in part.group.spans {
        if index >= listed {
            break;
        }
        let span = Span { tokens: span.tokens.min((listed - index) as u32), ..*span };
        scores(lanes, heads, pages.keys, &askers, part.head, &span, &mut weights[index..], stride);
        index += span.tokens as usize;
    }
    let mut inverses = vec![0.0f32; askers.count];
    for (asker, inverse) in inverses.iter_mut().enumerate() {
        let row = &mut weights[asker * stride..][..seen[asker / run] as usize];
        let sum = Exponentials(row).vectors(lanes);
        *inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    }
    for row in 0..part.rows {
        let at = ((part.row + row) * heads.queries + part.head * run) * dim;
        // SAFETY: no two parts share a row and a head.
        let out = unsafe { out.part(at..at + run * dim) };
        out.fill(0.0);
        let weights = &weights[row * run * stride..];
        let mut index = 0;
        for span in part.group.spans {
            let tokens = (span.tokens as usize).min(seen[row] as usize - index);
            if tokens == 0 && index == seen[row] as usize {
                break;
            }
            let from = heads.shape.value(span.page as usize, part.head, span.offset as usize);
            let values = &pages.values[from..from + tokens * dim];
            sum_values(lanes, values, dim, &weights[index..], stride, out);
            index += tokens;
        }
        for (head, out) in out.chunks_exact_mut(dim).enumerate() {
            for out in out {
                *out *= inverses[row * run + head];
            }
        }
    }
}

fn askers(heads: &Heads<'_>, queries: &[f32], part: &Part<'_>, run: usize) -> Askers {
    let dim = heads.shape.head_dim;
    let count = part.rows * run;
    let mut turned = vec![0.0; count * dim];
    for asker in 0..count {
        let row = part.row + asker / run;
        let at = (row * heads.queries + part.head * run + asker % run) * dim;
        let position = part.group.positions[part.first + asker / run] as usize;
        let query = turned_query(heads, &queries[at..at + dim], position);
        for pair in 0..dim / 2 {
            let (first, second) = heads.rotary.pair(pair);
            turned[pair * 2 * count + asker] = query[first];
            turned[(pair * 2 + 1) * count + asker] = query[second];
        }
    }
    Askers { count, queries: turned }
}

/// Scores of a span's tokens, for each asker from `weights[asker · stride]` on.
#[expect(clippy::too_many_arguments, reason = "one inner step, split off for its length")]
#[inline(always)]
fn scores<L: Lanes, C: Cell>(
    lanes: L,
    heads: &Heads<'_>,
    keys: &[C],
    askers: &Askers,
    head: usize,
    span: &Span,
    weights: &mut [f32],
    stride: usize,
) {
    let (offset, end) = (span.offset as usize, (span.offset + span.tokens) as usize);
    for base in (offset / 16 * 16..end).step_by(16) {
        let lane = Group {
            base,
            from: offset.max(base) - base,
            to: end.min(base + 16) - base,
            // Lanes before the span have positions before it; the tables have a margin for them.
            position: (span.position as usize + base + crate::rotary::MARGIN) - offset,
        };
        let to = lane.base + lane.from - offset;
        let mut asker = 0;
        while asker < askers.count {
            let left = (askers.count - asker).min(L::ASKERS);
            let out = &mut weights[asker * stride + to..];
            let page = span.page as usize;
            asker += match left {
                12.. => some_scores::<L, C, 12>(lanes, heads, keys, askers, asker, head, page, lane, out, stride),
                6.. => some_scores::<L, C, 6>(lanes, heads, keys, askers, asker, head, page, lane, out, stride),
                4.. => some_scores::<L, C, 4>(lanes, heads, keys, askers, asker, head, page, lane, out, stride),
                3 => some_scores::<L, C, 3>(lanes, heads, keys, askers, asker, head, page, lane, out, stride),
                2 => some_scores::<L, C, 2>(lanes, heads, keys, askers, asker, head, page, lane, out, stride),
                _ => some_scores::<L, C, 1>(lanes, heads, keys, askers, asker, head, page, lane, out, stride),
            };
        }
    }
}

/// Sixteen tokens of a page, of which some count.
#[derive(Clone, Copy)]
struct Group {
    /// The first token.
    base: usize,
    /// The lanes that count.
    from: usize,
    to: usize,
    /// Place of the first token's position in the tables.
    position: usize,
}

/// Scores of sixteen tokens for `ASKERS` askers; gives how many that was.
#[expect(clippy::too_many_arguments, reason = "one inner step, split off for its constants")]
#[inline(always)]
fn some_scores<L: Lanes, C: Cell, const ASKERS: usize>(
    lanes: L,
    heads: &Heads<'_>,
    keys: &[C],
    askers: &Askers,
    asker: usize,
    head: usize,
    page: usize,
    group: Group,
    out: &mut [f32],
    stride: usize,
) -> usize {
    let shape = heads.shape;
    let room = (shape.page_tokens - group.base).min(16);
    let mut sums = [lanes.splat(0.0); ASKERS];
    for pair in 0..shape.head_dim / 2 {
        let (first, second) = heads.rotary.pair(pair);
        let (cosine, sine) = heads.rotary.sixteen(pair, group.position);
        let (cosine, sine) = (lanes.load(&cosine), lanes.load(&sine));
        let (key, other) = (shape.key(page, head, first, group.base), shape.key(page, head, second, group.base));
        let a = C::load(lanes, &keys[key..key + room]);
        let b = C::load(lanes, &keys[other..other + room]);
        let turned = lanes.fma(a, cosine, lanes.sub(lanes.splat(-0.0), lanes.mul(b, sine)));
        let other = lanes.fma(a, sine, lanes.mul(b, cosine));
        let queries = &askers.queries[pair * 2 * askers.count..][..2 * askers.count];
        let (firsts, seconds) = queries.split_at(askers.count);
        let (firsts, seconds) = (&firsts[asker..asker + ASKERS], &seconds[asker..asker + ASKERS]);
        for of in 0..ASKERS {
            sums[of] = lanes.fma(lanes.splat(firsts[of]), turned, sums[of]);
            sums[of] = lanes.fma(lanes.splat(seconds[of]), other, sums[of]);
        }
    }
    for (of, sum) in sums.into_iter().enumerate() {
        let mut scores = [0.0; 16];
        lanes.store(sum, &mut scores);
        let valid = &scores[group.from..group.to];
        out[of * stride..][..valid.len()].copy_from_slice(valid);
    }
    ASKERS
}

/// Adds the values of consecutive tokens, by their weights, to the outputs of the heads of a row.
#[inline(always)]
fn sum_values<L: Lanes, C: Cell>(lanes: L, values: &[C], dim: usize, weights: &[f32], stride: usize, out: &mut [f32]) {
    let run = out.len() / dim;
    let mut head = 0;
    while head < run {
        let (weights, out) = (&weights[head * stride..], &mut out[head * dim..]);
        let mut number = 0;
        let count = (run - head).min(3);
        while number < dim {
            let wide = dim - number >= 16 * L::VALUES;
            number += match (count, wide, L::VALUES) {
                (3, true, 4) => some_values::<L, C, 3, 4>(lanes, values, dim, weights, stride, number, out),
                (2, true, 4) => some_values::<L, C, 2, 4>(lanes, values, dim, weights, stride, number, out),
                (_, true, 4) => some_values::<L, C, 1, 4>(lanes, values, dim, weights, stride, number, out),
                (3, true, _) => some_values::<L, C, 3, 2>(lanes, values, dim, weights, stride, number, out),
                (2, true, _) => some_values::<L, C, 2, 2>(lanes, values, dim, weights, stride, number, out),
                (_, true, _) => some_values::<L, C, 1, 2>(lanes, values, dim, weights, stride, number, out),
                (3, false, _) => some_values::<L, C, 3, 1>(lanes, values, dim, weights, stride, number, out),
                (2, false, _) => some_values::<L, C, 2, 1>(lanes, values, dim, weights, stride, number, out),
                (_, false, _) => some_values::<L, C, 1, 1>(lanes, values, dim, weights, stride, number, out),
            };
        }
        head += count;
    }
}

/// The same for `HEADS` heads and `WIDTH` vectors from `number` on; gives how many numbers that was.
#[inline(always)]
fn some_values<L: Lanes, C: Cell, const HEADS: usize, const WIDTH: usize>(
    lanes: L,
    values: &[C],
    dim: usize,
    weights: &[f32],
    stride: usize,
    number: usize,
    out: &mut [f32],
) -> usize {
    let width = (dim - number).min(16 * WIDTH);
    let chunk = |vector: usize| number + vector * 16..(number + vector * 16 + 16).min(number + width);
    let mut sums = [[lanes.splat(0.0); WIDTH]; HEADS];
    for (head, sums) in sums.iter_mut().enumerate() {
        for (vector, sum) in sums.iter_mut().enumerate() {
            *sum = f32::load(lanes, &out[head * dim..][chunk(vector)]);
        }
    }
    for (token, value) in values.chunks_exact(dim).enumerate() {
        let mut row = [lanes.splat(0.0); WIDTH];
        for (vector, row) in row.iter_mut().enumerate() {
            *row = C::load(lanes, &value[chunk(vector)]);
        }
        for (head, sums) in sums.iter_mut().enumerate() {
            let weight = lanes.splat(weights[head * stride + token]);
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum = lanes.fma(weight, value, *sum);
            }
        }
    }
    for (head, sums) in sums.into_iter().enumerate() {
        for (vector, sum) in sums.into_iter().enumerate() {
            let to = &mut out[head * dim..][chunk(vector)];
            match to.try_into() {
                Ok(to) => lanes.store(sum, to),
                Err(_) => lanes.store_some(sum, &mut out[head * dim..][chunk(vector)]),
            }
        }
    }
    width
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
