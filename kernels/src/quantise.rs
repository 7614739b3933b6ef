//! Activations in 8 bits, to meet the weights of the block formats.

use crate::level::Kernels;
use crate::matrix::BLOCK;
use crate::parallel::{Disjoint, Parallel, spread};

/// Below this largest magnitude a block counts as zero: its inverse would not be a number.
pub(crate) const VANISHING: f32 = 1e-30;

/// Rows of activations in blocks of 32: `x ≈ scale · value`, values from -127 to 127.
pub(crate) struct Quantised {
    pub(crate) columns: usize,
    /// `[rows][columns]`
    pub(crate) values: Vec<i8>,
    /// `[rows][blocks]`
    pub(crate) scales: Vec<f32>,
    /// `[rows][blocks]`: minus the sum of the values, which corrects for weights stored with an offset.
    pub(crate) minus: Vec<i32>,
    /// `[rows][blocks]`: the same of each half of a block.
    pub(crate) minus_halves: Vec<[i32; 2]>,
    /// `[rows][blocks]`: `scale · (sum of the values)`, which meets the minima of the weights.
    pub(crate) sums: Vec<f32>,
}

/// One block: `scale = max|x| / 127`, `value = round(x · (127 / max|x|))`, ties to even. Gives the scale
/// and the sum of the values of each half.
fn plain_block(x: &[f32], values: &mut [i8]) -> (f32, [i32; 2]) {
    let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let (scale, inverse) = if largest < VANISHING { (0.0, 0.0) } else { (largest / 127.0, 127.0 / largest) };
    let mut halves = [0; 2];
    for (column, (x, value)) in x.iter().zip(values).enumerate() {
        *value = (x * inverse).round_ties_even() as i8;
        halves[column / 16] += i32::from(*value);
    }
    (scale, halves)
}

impl Kernels {
    /// Quantises `rows` rows. What a row becomes depends on that row alone.
    pub(crate) fn quantise(self, parallel: &dyn Parallel, x: &[f32], rows: usize, columns: usize) -> Quantised {
        let blocks = columns / BLOCK;
        let mut quantised = Quantised {
            columns,
            values: vec![0; rows * columns],
            scales: vec![0.0; rows * blocks],
            minus: vec![0; rows * blocks],
            minus_halves: vec![[0; 2]; rows * blocks],
            sums: vec![0.0; rows * blocks],
        };
        let values = Disjoint::new(&mut quantised.values);
        let scales = Disjoint::new(&mut quantised.scales);
        let minus = Disjoint::new(&mut quantised.minus);
        let minus_halves = Disjoint::new(&mut quantised.minus_halves);
        let sums = Disjoint::new(&mut quantised.sums);
        spread(parallel, rows, 8, &|range| {
            let part = range.start * blocks..range.end * blocks;
            let columns = range.start * columns..range.end * columns;
            // SAFETY: the ranges of rows are disjoint, and so are what follows from them.
            let (values, scales) = unsafe { (values.part(columns.clone()), scales.part(part.clone())) };
            // SAFETY: as above.
            let (minus, minus_halves, sums) =
                unsafe { (minus.part(part.clone()), minus_halves.part(part.clone()), sums.part(part)) };
            for (block, x) in x[columns].chunks_exact(BLOCK).enumerate() {
                let (scale, half) = plain_block(x, &mut values[block * BLOCK..][..BLOCK]);
                scales[block] = scale;
                minus[block] = -(half[0] + half[1]);
                minus_halves[block] = [-half[0], -half[1]];
                sums[block] = scale * (half[0] + half[1]) as f32;
            }
        });
        quantised
    }
}
