//! The definition of attention.

use crate::attention::runs::Part;
use crate::attention::{Group, Heads, Pages};
use crate::lanes::Task;
use crate::pages::{Cell, Span};
use crate::parallel::Disjoint;
use crate::rotary::turn;
use crate::softmax::{Capped, Exponentials};

pub(crate) fn part<C: Cell>(
    heads: &Heads<'_>,
    pages: Pages<'_, C>,
    queries: &[f32],
    part: &Part<'_>,
    out: &Disjoint<'_, f32>,
) {
    let (dim, run) = (heads.shape.head_dim, heads.queries / heads.shape.kv_heads);
    for row in &part.run.rows {
        let (seen, position) = (row.seen(), row.position());
        for head in part.head * run..(part.head + 1) * run {
            let at = (row.at * heads.queries + head) * dim;
            let query = turned_query(heads, &queries[at..at + dim], position as usize);
            // SAFETY: no two parts share a row and a head.
            let out = unsafe { out.part(at..at + dim) };
            attend(heads, pages, (row.group, part.head), &query, (seen, position), out);
        }
    }
}

/// A query, scaled and rotated to its position.
fn turned_query(heads: &Heads<'_>, query: &[f32], position: usize) -> Vec<f32> {
    let mut query: Vec<f32> = query.iter().map(|number| number * heads.scale).collect();
    heads.rotary.turn(&mut query, position);
    query
}

fn attend<C: Cell>(
    heads: &Heads<'_>,
    pages: Pages<'_, C>,
    (group, kv_head): (&Group<'_>, usize),
    query: &[f32],
    (seen, position): (usize, u32),
    out: &mut [f32],
) {
    let tokens = || group.spans.iter().flat_map(|span| (0..span.tokens).map(move |token| (span, token))).take(seen);
    let mut weights: Vec<f32> =
        tokens().map(|(span, token)| score(heads, pages.keys, query, kv_head, span, token)).collect();
    if let Some(cap) = heads.cap {
        Capped { row: &mut weights, cap }.plain();
    }
    heads.hide(position, group.spans, &mut weights);
    let sum = Exponentials(&mut weights).plain();
    let inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    out.fill(0.0);
    for ((span, token), weight) in tokens().zip(&weights) {
        let at = heads.shape.value(span.page as usize, kv_head, (span.offset + token) as usize);
        for (out, value) in out.iter_mut().zip(&pages.values[at..]) {
            *out = weight.mul_add(value.to_float(), *out);
        }
    }
    for out in out {
        *out *= inverse;
    }
}

fn score<C: Cell>(heads: &Heads<'_>, keys: &[C], query: &[f32], head: usize, span: &Span, token: u32) -> f32 {
    let key = |number: usize| {
        keys[heads.shape.key(span.page as usize, head, number, (span.offset + token) as usize)].to_float()
    };
    let mut score = 0.0f32;
    for pair in 0..query.len() / 2 {
        let (first, second) = heads.rotary.pair(pair);
        let (cosine, sine) = heads.rotary.at(pair, (span.position + token) as usize);
        let (a, b) = turn(key(first), key(second), cosine, sine);
        score = query[first].mul_add(a, score);
        score = query[second].mul_add(b, score);
    }
    score
}
