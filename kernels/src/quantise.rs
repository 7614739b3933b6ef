//! Quantisation of activations to 8 bits, for products with block formats.

use crate::lanes::{Lanes, Task};
use crate::level::Kernels;
use crate::matrix::BLOCK;
use crate::parallel::{Disjoint, Parallel, spread};

/// A block whose largest magnitude is below this counts as zero, since the inverse would not be finite.
pub(crate) const VANISHING: f32 = 1e-30;

/// Rows of activations in blocks of 32: `x ≈ scale · value`, with values from -127 to 127.
pub(crate) struct Quantised {
    pub(crate) columns: usize,
    /// `[rows][columns]`
    pub(crate) values: Vec<i8>,
    /// `[rows][blocks]`
    pub(crate) scales: Vec<f32>,
    /// `[rows][blocks]`: minus the sum of the values, which corrects for weights stored with an offset.
    pub(crate) minus: Vec<i32>,
    /// `[rows][blocks]`: the same for each half of a block.
    pub(crate) minus_halves: Vec<[i32; 2]>,
    /// `[rows][blocks]`: `scale · (sum of the values)`, which is multiplied with the minima of the weights.
    pub(crate) sums: Vec<f32>,
}

/// Whole rows to quantise; the outputs as in [`Quantised`].
struct Blocks<'a> {
    x: &'a [f32],
    values: &'a mut [i8],
    scales: &'a mut [f32],
    minus: &'a mut [i32],
    minus_halves: &'a mut [[i32; 2]],
    sums: &'a mut [f32],
}

impl Blocks<'_> {
    /// Writes the other outputs of a block.
    #[inline(always)]
    fn set(&mut self, block: usize, scale: f32, halves: [i32; 2]) {
        self.scales[block] = scale;
        self.minus[block] = -(halves[0] + halves[1]);
        self.minus_halves[block] = [-halves[0], -halves[1]];
        self.sums[block] = scale * (halves[0] + halves[1]) as f32;
    }
}

/// `scale = max|x| / 127` and `value = round(x · (127 / max|x|))`, ties to even.
#[inline(always)]
fn scale(largest: f32) -> (f32, f32) {
    if largest < VANISHING { (0.0, 0.0) } else { (largest / 127.0, 127.0 / largest) }
}

impl Task for Blocks<'_> {
    type Output = ();

    fn plain(mut self) {
        for (block, x) in self.x.chunks_exact(BLOCK).enumerate() {
            let (scale, inverse) = scale(x.iter().fold(0.0, |largest, x| x.abs().max(largest)));
            let mut halves = [0; 2];
            for (column, (x, value)) in x.iter().zip(&mut self.values[block * BLOCK..]).enumerate() {
                *value = (x * inverse).round_ties_even() as i8;
                halves[column / 16] += i32::from(*value);
            }
            self.set(block, scale, halves);
        }
    }

    #[inline(always)]
    fn vectors<L: Lanes>(mut self, lanes: L) {
        for (block, x) in self.x.as_chunks::<16>().0.as_chunks::<2>().0.iter().enumerate() {
            let x = [lanes.load(&x[0]), lanes.load(&x[1])];
            let (scale, inverse) = scale(lanes.largest(lanes.max(lanes.abs(x[0]), lanes.abs(x[1]))));
            let inverse = lanes.splat(inverse);
            let words = [lanes.to_words(lanes.mul(x[0], inverse)), lanes.to_words(lanes.mul(x[1], inverse))];
            let values = self.values[block * BLOCK..].as_chunks_mut::<16>().0;
            lanes.store_bytes(words[0], &mut values[0]);
            lanes.store_bytes(words[1], &mut values[1]);
            self.set(block, scale, [lanes.sum_words(words[0]), lanes.sum_words(words[1])]);
        }
    }
}

impl Kernels {
    /// Quantises `rows` rows, each independently of the others.
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
            // SAFETY: the ranges of rows are disjoint, and so are those derived from them.
            let (values, scales) = unsafe { (values.part(columns.clone()), scales.part(part.clone())) };
            // SAFETY: as above.
            let (minus, minus_halves, sums) =
                unsafe { (minus.part(part.clone()), minus_halves.part(part.clone()), sums.part(part)) };
            self.perform(Blocks { x: &x[columns], values, scales, minus, minus_halves, sums });
        });
        quantised
    }
}
