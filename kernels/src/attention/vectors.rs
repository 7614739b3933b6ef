//! Attention in sixteen lanes: sixteen tokens for the scores, sixteen numbers of a value for the outputs. Each lane
//! keeps the order of the definition.

use crate::attention::{Heads, Pages, Part};
use crate::lanes::{Lanes, Task};
use crate::pages::{Cell, Span};
use crate::parallel::Disjoint;
use crate::rotary::{MARGIN, Rotary, turn};
use crate::softmax::{Capped, Exponentials};

/// The queries of a part, scaled and rotated, `[pair][both numbers][asker]`. An asker is a query head of a row.
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
    // Pages are scattered, so the hardware cannot prefetch the next one; after the last keys come values. The rows of a
    // prefill share theirs, which stay in the cache.
    let decoding = part.rows == 1;
    let page_tokens = heads.shape.page_tokens;
    let keys_of = |span: &Span| {
        let from = heads.shape.key(span.page as usize, part.head, 0, 0);
        &pages.keys[from..from + dim * page_tokens]
    };
    let values_of = |span: &Span, tokens: usize| {
        let from = heads.shape.value(span.page as usize, part.head, span.offset as usize);
        &pages.values[from..from + tokens * dim]
    };
    let mut index = 0;
    for (place, span) in part.group.spans.iter().enumerate() {
        if index >= listed {
            break;
        }
        if decoding {
            match part.group.spans.get(place + 1) {
                Some(next) => lanes.prefetch(keys_of(next)),
                None => lanes.prefetch(values_of(&part.group.spans[0], part.group.spans[0].tokens as usize)),
            }
        }
        let span = Span { tokens: span.tokens.min((listed - index) as u32), ..*span };
        let asked = Asked { cells: keys_of(&span), page_tokens, rotary: heads.rotary, askers: &askers, stride };
        asked.scores(lanes, &span, &mut weights[index..]);
        index += span.tokens as usize;
    }
    let mut inverses = vec![0.0f32; askers.count];
    for (asker, inverse) in inverses.iter_mut().enumerate() {
        let row = &mut weights[asker * stride..][..seen[asker / run] as usize];
        if let Some(cap) = heads.cap {
            Capped { row: &mut *row, cap }.vectors(lanes);
        }
        heads.hide(part.group.positions[part.first + asker / run], part.group.spans, row);
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
        for (place, span) in part.group.spans.iter().enumerate() {
            let tokens = (span.tokens as usize).min(seen[row] as usize - index);
            if tokens == 0 && index == seen[row] as usize {
                break;
            }
            if let Some(next) = part.group.spans.get(place + 1).filter(|_| decoding) {
                lanes.prefetch(values_of(next, next.tokens as usize));
            }
            sum_values(lanes, values_of(span, tokens), dim, &weights[index..], stride, out);
            index += tokens;
        }
        for (head, out) in out.chunks_exact_mut(dim).enumerate() {
            for out in out {
                *out *= inverses[row * run + head];
            }
        }
    }
}

#[inline(always)]
fn askers(heads: &Heads<'_>, queries: &[f32], part: &Part<'_>, run: usize) -> Askers {
    let (dim, count) = (heads.shape.head_dim, part.rows * run);
    let mut turned = vec![0.0; count * dim];
    for asker in 0..count {
        let row = part.row + asker / run;
        let query = &queries[(row * heads.queries + part.head * run + asker % run) * dim..][..dim];
        let position = part.group.positions[part.first + asker / run] as usize;
        for (pair, turned) in turned.chunks_exact_mut(2 * count).enumerate() {
            let (first, second) = heads.rotary.pair(pair);
            let (cosine, sine) = heads.rotary.at(pair, position);
            let (a, b) = turn(query[first] * heads.scale, query[second] * heads.scale, cosine, sine);
            (turned[asker], turned[count + asker]) = (a, b);
        }
    }
    Askers { count, queries: turned }
}

/// The keys of one head in one page, and the queries to score.
struct Asked<'a, C> {
    /// `[number][token]`
    cells: &'a [C],
    page_tokens: usize,
    rotary: &'a Rotary,
    askers: &'a Askers,
    /// Distance from one asker's weights to the next one's.
    stride: usize,
}

/// Tokens of a page from `base` on, of which those between `from` and `to` are valid.
#[derive(Clone, Copy)]
struct Tokens {
    base: usize,
    from: usize,
    to: usize,
    /// Index in the tables of the first token's position. Tokens before the valid ones have earlier positions, for
    /// which the tables have a margin.
    position: usize,
}

impl<C: Cell> Asked<'_, C> {
    /// Scores of a span's tokens; those of an asker start at `weights[asker · stride]`.
    #[inline(always)]
    fn scores<L: Lanes>(&self, lanes: L, span: &Span, weights: &mut [f32]) {
        let (offset, end) = (span.offset as usize, (span.offset + span.tokens) as usize);
        // With few askers, one vector of tokens gives too few independent sums to keep the units busy.
        let double = L::TWO_GROUPS && self.askers.count < L::ASKERS;
        let mut base = offset / 16 * 16;
        while base < end {
            let width = if double && end - base > 16 && base + 32 <= self.page_tokens { 32 } else { 16 };
            let tokens = Tokens {
                base,
                from: offset.max(base) - base,
                to: end.min(base + width) - base,
                position: (span.position as usize + base + MARGIN) - offset,
            };
            let out = &mut weights[base + tokens.from - offset..];
            if width == 32 {
                self.all_askers::<L, 2, true>(lanes, tokens, out);
            } else if base + 16 <= self.page_tokens {
                self.all_askers::<L, 1, true>(lanes, tokens, out);
            } else {
                self.all_askers::<L, 1, false>(lanes, tokens, out);
            }
            base += width;
        }
    }

    /// Scores of `16 · GROUPS` tokens, or, unless `FULL`, of as many as the page has left.
    #[inline(always)]
    fn all_askers<L: Lanes, const GROUPS: usize, const FULL: bool>(&self, lanes: L, tokens: Tokens, out: &mut [f32]) {
        let mut asker = 0;
        while asker < self.askers.count {
            // Enough independent sums to hide the latency of one, and no more than there are registers.
            asker += match ((self.askers.count - asker).min(L::ASKERS), GROUPS) {
                (12.., 1) => self.some_askers::<L, 12, GROUPS, FULL>(lanes, asker, tokens, out),
                (6.., _) => self.some_askers::<L, 6, GROUPS, FULL>(lanes, asker, tokens, out),
                (4.., _) => self.some_askers::<L, 4, GROUPS, FULL>(lanes, asker, tokens, out),
                (3, _) => self.some_askers::<L, 3, GROUPS, FULL>(lanes, asker, tokens, out),
                (2, _) => self.some_askers::<L, 2, GROUPS, FULL>(lanes, asker, tokens, out),
                _ => self.some_askers::<L, 1, GROUPS, FULL>(lanes, asker, tokens, out),
            };
        }
    }

    /// Scores for `ASKERS` askers from `asker` on; returns their number.
    #[inline(always)]
    fn some_askers<L: Lanes, const ASKERS: usize, const GROUPS: usize, const FULL: bool>(
        &self,
        lanes: L,
        asker: usize,
        tokens: Tokens,
        out: &mut [f32],
    ) -> usize {
        let count = self.askers.count;
        let mut sums = [[lanes.splat(0.0); ASKERS]; GROUPS];
        for (pair, queries) in self.askers.queries.chunks_exact(2 * count).enumerate() {
            let (first, second) = self.rotary.pair(pair);
            let firsts = queries[asker..].first_chunk::<ASKERS>().expect("a number of each asker");
            let seconds = queries[count + asker..].first_chunk::<ASKERS>().expect("a number of each asker");
            for (group, sums) in sums.iter_mut().enumerate() {
                let (cosine, sine) = self.rotary.sixteen(pair, tokens.position + 16 * group);
                let (cosine, sine) = (lanes.load(cosine), lanes.load(sine));
                let a = self.key::<L, FULL>(lanes, first, tokens.base + 16 * group);
                let b = self.key::<L, FULL>(lanes, second, tokens.base + 16 * group);
                // As in `rotary::turn`.
                let turned = lanes.fma(a, cosine, lanes.sub(lanes.splat(-0.0), lanes.mul(b, sine)));
                let other = lanes.fma(a, sine, lanes.mul(b, cosine));
                for ((sum, first), second) in sums.iter_mut().zip(firsts).zip(seconds) {
                    *sum = lanes.fma(lanes.splat(*first), turned, *sum);
                    *sum = lanes.fma(lanes.splat(*second), other, *sum);
                }
            }
        }
        for of in 0..ASKERS {
            let mut scores = [[0.0; 16]; GROUPS];
            for (sums, scores) in sums.iter().zip(&mut scores) {
                lanes.store(sums[of], scores);
            }
            let valid = &scores.as_flattened()[tokens.from..tokens.to];
            out[(asker + of) * self.stride..][..valid.len()].copy_from_slice(valid);
        }
        ASKERS
    }

    /// One number of sixteen tokens, or of as many as the page has left.
    #[inline(always)]
    fn key<L: Lanes, const FULL: bool>(&self, lanes: L, number: usize, base: usize) -> L::Floats {
        let at = number * self.page_tokens + base;
        if FULL {
            C::load(lanes, self.cells[at..].first_chunk().expect("sixteen tokens"))
        } else {
            C::load_some(lanes, &self.cells[at..][..self.page_tokens - base])
        }
    }
}

/// Adds the values of consecutive tokens, times their weights, to the outputs of the heads of a row.
#[inline(always)]
fn sum_values<L: Lanes, C: Cell>(lanes: L, values: &[C], dim: usize, weights: &[f32], stride: usize, out: &mut [f32]) {
    let run = out.len() / dim;
    let mut head = 0;
    while head < run {
        let (weights, out) = (&weights[head * stride..], &mut out[head * dim..]);
        let values = Values { values, dim, weights, stride };
        head += match run - head {
            3.. => values.all_numbers::<L, 3>(lanes, out),
            2 => values.all_numbers::<L, 2>(lanes, out),
            _ => values.all_numbers::<L, 1>(lanes, out),
        };
    }
}

/// Values of consecutive tokens, and the weights of some heads.
struct Values<'a, C> {
    values: &'a [C],
    dim: usize,
    weights: &'a [f32],
    stride: usize,
}

impl<C: Cell> Values<'_, C> {
    /// Adds to the outputs of `HEADS` heads; returns their number.
    #[inline(always)]
    fn all_numbers<L: Lanes, const HEADS: usize>(&self, lanes: L, out: &mut [f32]) -> usize {
        let mut number = 0;
        while self.dim - number >= 16 {
            number += match ((self.dim - number) / 16, L::VALUES) {
                (4.., 4) => self.some_numbers::<L, HEADS, 4>(lanes, number, out),
                (2.., _) => self.some_numbers::<L, HEADS, 2>(lanes, number, out),
                _ => self.some_numbers::<L, HEADS, 1>(lanes, number, out),
            };
        }
        if number < self.dim {
            for head in 0..HEADS {
                let out = &mut out[head * self.dim..][number..self.dim];
                let mut sum = lanes.load_some(out);
                for (token, value) in self.values.chunks_exact(self.dim).enumerate() {
                    let weight = lanes.splat(self.weights[head * self.stride + token]);
                    sum = lanes.fma(weight, C::load_some(lanes, &value[number..]), sum);
                }
                lanes.store_some(sum, out);
            }
        }
        HEADS
    }

    /// Adds `WIDTH` vectors of numbers from `number` on; returns how many numbers these are.
    #[inline(always)]
    fn some_numbers<L: Lanes, const HEADS: usize, const WIDTH: usize>(
        &self,
        lanes: L,
        number: usize,
        out: &mut [f32],
    ) -> usize {
        let mut sums = [[lanes.splat(0.0); WIDTH]; HEADS];
        for (head, sums) in sums.iter_mut().enumerate() {
            for (sum, out) in sums.iter_mut().zip(out[head * self.dim + number..].as_chunks().0) {
                *sum = lanes.load(out);
            }
        }
        let weights: [&[f32]; HEADS] =
            std::array::from_fn(|head| &self.weights[head * self.stride..][..self.values.len() / self.dim]);
        for (token, value) in self.values.chunks_exact(self.dim).enumerate() {
            let value = value[number..].as_chunks().0.first_chunk::<WIDTH>().expect("as many numbers");
            let value: [L::Floats; WIDTH] = std::array::from_fn(|vector| C::load(lanes, &value[vector]));
            for (sums, weights) in sums.iter_mut().zip(weights) {
                let weight = lanes.splat(weights[token]);
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum = lanes.fma(weight, value, *sum);
                }
            }
        }
        for (head, sums) in sums.into_iter().enumerate() {
            for (sum, out) in sums.into_iter().zip(out[head * self.dim + number..].as_chunks_mut().0) {
                lanes.store(sum, out);
            }
        }
        16 * WIDTH
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
