//! Products of the float formats, sixteen rows of weights at a time.

use std::ops::Range;

use half::f16;

use crate::format::Format;
use crate::lanes::{Lanes, Task};
use crate::matrix::{Matrix, TILE, Weight};
use crate::product::{Input, Sink, plain};

pub(super) struct Tiles<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) input: &'a Input<'a>,
    pub(super) tiles: Range<usize>,
    pub(super) sink: &'a Sink<'a>,
}

impl Task for Tiles<'_> {
    type Output = ();

    fn plain(self) {
        plain::tiles(self.matrix, self.input, self.tiles, self.sink);
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        match self.matrix.format() {
            Format::F32 => self.load_with(lanes, |column: &[f32; TILE]| lanes.load(column)),
            Format::F16 => self.load_with(lanes, |column: &[f16; TILE]| lanes.load_half(column)),
            Format::Bf16 => self.load_with(lanes, |column: &[u16; TILE]| lanes.load_brain(column)),
            other => unreachable!("{other:?} is a block format"),
        }
    }
}

impl Tiles<'_> {
    #[inline(always)]
    fn load_with<L: Lanes, T: Weight>(self, lanes: L, load: impl Fn(&[T; TILE]) -> L::Floats + Copy) {
        for tile in self.tiles.clone() {
            let weights = self.matrix.column_weights::<T>(tile);
            let mut row = 0;
            while row < self.input.rows {
                row += match self.input.rows - row {
                    4.. => self.some_rows::<L, T, 4>(lanes, weights, load, tile, row),
                    2.. => self.some_rows::<L, T, 2>(lanes, weights, load, tile, row),
                    _ => self.some_rows::<L, T, 1>(lanes, weights, load, tile, row),
                };
            }
        }
    }

    /// Computes `ROWS` rows of a tile; returns their number.
    #[inline(always)]
    fn some_rows<L: Lanes, T, const ROWS: usize>(
        &self,
        lanes: L,
        weights: &[[T; TILE]],
        load: impl Fn(&[T; TILE]) -> L::Floats,
        tile: usize,
        row: usize,
    ) -> usize {
        let columns = weights.len();
        let x: [&[f32]; ROWS] = std::array::from_fn(|of| &self.input.floats[(row + of) * columns..][..columns]);
        let mut sums = [lanes.splat(0.0); ROWS];
        for (column, weights) in weights.iter().enumerate() {
            let weights = load(weights);
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = lanes.fma(weights, lanes.splat(x[column]), *sum);
            }
        }
        for (of, sum) in sums.into_iter().enumerate() {
            let mut out = [0.0; TILE];
            lanes.store(sum, &mut out);
            self.sink.put(row + of, tile, &out);
        }
        ROWS
    }
}
