//! Products without rounding the rows, with weights as read: the same for every format.

use std::ops::Range;

use crate::lanes::{Lanes, Task};
use crate::matrix::{BLOCK, Matrix, TILE};
use crate::product::Sink;

pub(super) struct Tiles<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: usize,
    pub(super) x: &'a [f32],
    pub(super) tiles: Range<usize>,
    pub(super) sink: &'a Sink<'a>,
}

impl Tiles<'_> {
    /// The weights of a block of sixteen rows, column by column.
    fn weights(&self, tile: usize, index: usize) -> [[f32; TILE]; BLOCK] {
        let mut weights = [[0.0; TILE]; BLOCK];
        for lane in 0..TILE {
            let block = self.matrix.block(tile, lane, index);
            for (column, weights) in weights.iter_mut().enumerate() {
                weights[lane] = block.weight(column);
            }
        }
        weights
    }

    /// Sums all rows of a tile, block by block.
    #[inline(always)]
    fn each_tile(&self, add: impl Fn(&[[f32; TILE]; BLOCK], &[f32], &mut [f32; TILE])) {
        let columns = self.matrix.columns();
        for tile in self.tiles.clone() {
            let mut sums = vec![[0.0f32; TILE]; self.rows];
            for index in 0..self.matrix.blocks() {
                let weights = self.weights(tile, index);
                for (row, sums) in sums.iter_mut().enumerate() {
                    add(&weights, &self.x[row * columns + index * BLOCK..][..BLOCK], sums);
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                self.sink.put(row, tile, sums);
            }
        }
    }
}

impl Task for Tiles<'_> {
    type Output = ();

    fn plain(self) {
        self.each_tile(|weights, x, sums| {
            for (weights, x) in weights.iter().zip(x) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = weight.mul_add(*x, *sum);
                }
            }
        });
    }

    #[inline(always)]
    fn vectors<L: Lanes>(self, lanes: L) {
        self.each_tile(|weights, x, sums| {
            let mut sum = lanes.load(sums);
            for (weights, x) in weights.iter().zip(x) {
                sum = lanes.fma(lanes.load(weights), lanes.splat(*x), sum);
            }
            lanes.store(sum, sums);
        });
    }
}
