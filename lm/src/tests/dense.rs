//! The reference for the engine: one pass over a whole text in double precision, with an explicit position for each
//! token and an explicit visibility rule.

use theoremata_kernels::Matrix;

use super::{plain_logits, text, tiny};
use crate::{Model, Token};

/// A token of a structured text: its position, and its fork path (block, path), outermost first.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) position: usize,
    pub(super) paths: Vec<(u32, u32)>,
}

/// Tokens of one path, at consecutive positions.
pub(super) fn placed(tokens: &[Token], position: usize, paths: &[(u32, u32)]) -> Vec<Placed> {
    let place = |(at, token): (usize, &Token)| Placed { token: *token, position: position + at, paths: paths.to_vec() };
    tokens.iter().enumerate().map(place).collect()
}

/// Whether a token sees another one before it in the flat text: no block has the two in different paths.
fn sees(one: &Placed, other: &Placed) -> bool {
    !one.paths.iter().any(|(block, path)| other.paths.iter().any(|(same, mate)| block == same && path != mate))
}

fn product(matrix: &Matrix, x: &[f64]) -> Vec<f64> {
    let mut row = vec![0.0; matrix.columns()];
    let dot = |place: usize, row: &mut Vec<f32>| -> f64 {
        matrix.row(place, row);
        row.iter().zip(x).map(|(weight, x)| f64::from(*weight) * x).sum()
    };
    (0..matrix.rows()).map(|place| dot(place, &mut row)).collect()
}

fn norm(x: &[f64], gain: &[f32], epsilon: f32) -> Vec<f64> {
    let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    let scale = 1.0 / (mean + f64::from(epsilon)).sqrt();
    x.iter().zip(gain).map(|(x, gain)| x * scale * f64::from(*gain)).collect()
}

/// The rotary base of the tiny Llama.
const BASE: f64 = 10_000.0;

/// The gain of a norm, which the tiny Llama always has.
fn gain(gain: &Option<Vec<f32>>) -> &[f32] {
    gain.as_deref().expect("a norm")
}

fn turned(head: &[f64], position: usize, base: f64) -> Vec<f64> {
    let half = head.len() / 2;
    let mut out = head.to_vec();
    for pair in 0..half {
        let angle = position as f64 * base.powf(-2.0 * pair as f64 / head.len() as f64);
        let (sine, cosine) = angle.sin_cos();
        out[pair] = head[pair] * cosine - head[pair + half] * sine;
        out[pair + half] = head[pair] * sine + head[pair + half] * cosine;
    }
    out
}

/// The logits of the last token of a text, for Llama in its publishers' layout.
pub(super) fn logits(model: &Model, text: &[Placed]) -> Vec<f32> {
    let shape = model.shape();
    let (width, dim) = (shape.width, shape.head_width);
    let mut rows: Vec<Vec<f64>> = text
        .iter()
        .map(|placed| {
            let mut row = vec![0.0; width];
            model.embedding.row(placed.token as usize, &mut row);
            row.into_iter().map(f64::from).collect()
        })
        .collect();
    for layer in &model.layers {
        let normed: Vec<_> =
            rows.iter().map(|row| norm(row, gain(&layer.attention_norm), shape.norm_epsilon)).collect();
        let heads = |x: Vec<f64>| -> Vec<Vec<f64>> { x.chunks(dim).map(<[f64]>::to_vec).collect() };
        let turn = |x: Vec<Vec<f64>>, at: usize| -> Vec<Vec<f64>> {
            x.iter().map(|head| turned(head, text[at].position, BASE)).collect()
        };
        let all = |matrix: &Matrix| normed.iter().map(|row| heads(product(matrix, row))).collect::<Vec<_>>();
        let queries: Vec<_> =
            all(&layer.query.linear.matrix).into_iter().enumerate().map(|(at, x)| turn(x, at)).collect();
        let keys: Vec<_> = all(&layer.key.linear.matrix).into_iter().enumerate().map(|(at, x)| turn(x, at)).collect();
        let values = all(&layer.value.linear.matrix);
        for at in 0..rows.len() {
            let mut attended = Vec::new();
            for (head, query) in queries[at].iter().enumerate() {
                let served = head / (shape.heads / shape.key_heads);
                let seen: Vec<usize> = (0..=at).filter(|other| sees(&text[at], &text[*other])).collect();
                let dot = |other: &usize| -> f64 { query.iter().zip(&keys[*other][served]).map(|(a, b)| a * b).sum() };
                let scores: Vec<f64> = seen.iter().map(|other| dot(other) / (dim as f64).sqrt()).collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let sum: f64 = weights.iter().sum();
                let mut mixed = vec![0.0; dim];
                for (other, weight) in seen.iter().zip(&weights) {
                    let value = &values[*other][served];
                    mixed.iter_mut().zip(value).for_each(|(mixed, value)| *mixed += value * weight / sum);
                }
                attended.extend(mixed);
            }
            let out = product(&layer.output.matrix, &attended);
            rows[at].iter_mut().zip(out).for_each(|(row, out)| *row += out);
        }
        for row in &mut rows {
            let normed = norm(row, gain(&layer.feed_norm), shape.norm_epsilon);
            let feed = layer.feed.only().expect("one part");
            let (gate, up) = (product(&feed.gate.matrix, &normed), product(&feed.up.matrix, &normed));
            let fed: Vec<f64> = gate.iter().zip(up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
            row.iter_mut().zip(product(&feed.down.matrix, &fed)).for_each(|(row, fed)| *row += fed);
        }
    }
    let last = norm(rows.last().expect("a text"), &model.norm, shape.norm_epsilon);
    product(model.head.as_ref().unwrap_or(&model.embedding), &last).into_iter().map(|logit| logit as f32).collect()
}

#[test]
fn the_engine_computes_plain_text_as_defined() {
    let model = tiny();
    for length in [1, 2, 9, 30] {
        let tokens = text(length as u32, length);
        let found = plain_logits(&tokens);
        let expected = logits(&model, &placed(&tokens, 0, &[]));
        assert!(super::worst_difference(&found, &expected) < 1e-4, "{length} tokens");
    }
}
