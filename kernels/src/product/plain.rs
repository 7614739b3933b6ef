//! The definition of a product.

use std::ops::Range;

use crate::matrix::{BLOCK, Matrix, Minimum, TILE};
use crate::product::{Input, Sink};
use crate::quantise::Quantised;

pub(crate) fn tiles(matrix: &Matrix, input: &Input<'_>, tiles: Range<usize>, sink: &Sink<'_>) {
    for tile in tiles {
        for row in 0..input.rows {
            let mut lanes = [0.0; TILE];
            for (lane, out) in lanes.iter_mut().enumerate() {
                *out = match &input.quantised {
                    Some(x) if matrix.is_quantised() => blocks(matrix, tile, lane, x, row),
                    _ => columns(matrix, tile, lane, input.floats, row),
                };
            }
            sink.put(row, tile, &lanes);
        }
    }
}

fn columns(matrix: &Matrix, tile: usize, lane: usize, x: &[f32], row: usize) -> f32 {
    let x = &x[row * matrix.columns()..][..matrix.columns()];
    x.iter().enumerate().fold(0.0f32, |sum, (column, x)| matrix.float(tile, lane, column).mul_add(*x, sum))
}

fn blocks(matrix: &Matrix, tile: usize, lane: usize, x: &Quantised, row: usize) -> f32 {
    let mut sum = 0.0f32;
    for index in 0..matrix.blocks() {
        let block = matrix.block(tile, lane, index);
        let values = &x.values[row * x.columns + index * BLOCK..][..BLOCK];
        let half = |half: usize| -> i32 {
            let columns = half * 16..half * 16 + 16;
            columns.map(|column| block.quants[column] * i32::from(values[column])).sum::<i32>() * block.part[half]
        };
        let products = half(0) + half(1);
        let at = row * matrix.blocks() + index;
        sum = (block.scale * x.scales[at]).mul_add(products as f32, sum);
        match block.minimum {
            Minimum::None => {}
            Minimum::One(minimum) => sum = minimum.mul_add(x.sums[at], sum),
            Minimum::Halves { scale, part } => {
                let [first, second] = x.minus_halves[at];
                let products = part[0] * first + part[1] * second;
                sum = (scale * x.scales[at]).mul_add(products as f32, sum);
            }
        }
    }
    sum
}
