//! Matrix products: every row of activations with every row of weights.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod exact;
mod floats;
mod plain;

use std::ops::Range;

use crate::level::{Kernels, Level};
use crate::matrix::{Matrix, TILE};
use crate::parallel::{Disjoint, Parallel, spread};
use crate::quantise::Quantised;

/// One product of a call: a matrix, and its output.
pub struct Product<'a> {
    /// The weights.
    pub matrix: &'a Matrix,
    /// `[rows, matrix.rows()]`, row-major; all of it is written.
    pub out: &'a mut [f32],
}

/// The activations of a call, in the forms that its matrices need.
pub(crate) struct Input<'a> {
    pub(crate) rows: usize,
    pub(crate) floats: &'a [f32],
    pub(crate) quantised: Option<Quantised>,
}

/// The amount of weights that is worth waking another thread.
const GRAIN_BYTES: usize = 1 << 14;

impl Kernels {
    /// Multiplies the same rows with several matrices: `out[r][n] = Σ_k weights[n][k] · x[r][k]`.
    ///
    /// Shapes, row-major f32: `x [rows, columns]`, each `out [rows, matrix.rows()]`.
    ///
    /// Float formats: one fused multiply-add per column, in the order of the columns. Block formats: the activations
    /// are quantised in blocks of 32 (`scale = max|x| / 127`), a block's products are summed as integers, and
    /// `sum = fma(weight scale · activation scale, products, sum)` in the order of the blocks, then
    /// `sum = fma(minimum, scale · sum of the activations, sum)` for formats with minima. So an output depends on its
    /// own two rows and on nothing else: not on `rows`, on the position in the batch, on the executor or on the
    /// [`Level`].
    ///
    /// Reads every matrix about once per eight rows; one call for several matrices quantises the rows once and wakes
    /// the executor once.
    ///
    /// # Panics
    /// If a length disagrees with its shape.
    pub fn multiply(self, parallel: &dyn Parallel, x: &[f32], rows: usize, products: &mut [Product<'_>]) {
        let Some(first) = products.first() else { return };
        let columns = first.matrix.columns();
        assert_eq!(x.len(), rows * columns, "x is [rows, columns]");
        for product in products.iter() {
            assert_eq!(product.matrix.columns(), columns, "all matrices take the same x");
            assert_eq!(product.out.len(), rows * product.matrix.rows(), "out is [rows, rows of the matrix]");
        }
        let quantised = products.iter().any(|product| product.matrix.is_quantised());
        let quantised = quantised.then(|| self.quantise(parallel, x, rows, columns));
        let input = Input { rows, floats: x, quantised };
        let total = products.iter().map(|product| product.matrix.tiles()).sum();
        let tile_bytes = products.iter().map(|product| product.matrix.tile_bytes()).max().unwrap_or(0);
        let outs: Vec<(&Matrix, Disjoint<'_, f32>)> =
            products.iter_mut().map(|product| (product.matrix, Disjoint::new(product.out))).collect();
        spread(parallel, total, (GRAIN_BYTES / (tile_bytes * rows).max(1)).max(1), &|range| {
            let mut start = 0;
            for (matrix, out) in &outs {
                let end = start + matrix.tiles();
                let own = range.start.clamp(start, end) - start..range.end.clamp(start, end) - start;
                if !own.is_empty() {
                    self.tiles(matrix, &input, own, out);
                }
                start = end;
            }
        });
    }

    /// As [`Kernels::multiply`] without rounding the rows: one fused multiply-add per column for block formats too,
    /// with the numbers that [`Matrix::row`] gives. An order of magnitude slower; shows the effect of rounding.
    ///
    /// # Panics
    /// As [`Kernels::multiply`].
    pub fn multiply_exactly(self, parallel: &dyn Parallel, x: &[f32], rows: usize, products: &mut [Product<'_>]) {
        for product in products {
            let matrix = product.matrix;
            if !matrix.is_quantised() {
                let one = Product { matrix, out: &mut *product.out };
                self.multiply(parallel, x, rows, &mut [one]);
                continue;
            }
            assert_eq!(x.len(), rows * matrix.columns(), "x is [rows, columns]");
            assert_eq!(product.out.len(), rows * matrix.rows(), "out is [rows, rows of the matrix]");
            let out = Disjoint::new(product.out);
            spread(parallel, matrix.tiles(), 1, &|tiles| {
                let sink = Sink { out: &out, width: matrix.rows() };
                self.perform(exact::Tiles { matrix, rows, x, tiles, sink: &sink });
            });
        }
    }

    /// Computes the outputs of a range of tiles. No other call may write them at the same time.
    fn tiles(self, matrix: &Matrix, input: &Input<'_>, tiles: Range<usize>, out: &Disjoint<'_, f32>) {
        let sink = Sink { out, width: matrix.rows() };
        match (self.level(), &input.quantised) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, Some(x)) if matrix.is_quantised() => {
                avx512::tiles(self, matrix, x, input.rows, tiles, &sink)
            }
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, Some(x)) if matrix.is_quantised() => avx2::tiles(self, matrix, x, input.rows, tiles, &sink),
            _ if matrix.is_quantised() => plain::tiles(matrix, input, tiles, &sink),
            _ => self.perform(floats::Tiles { matrix, input, tiles, sink: &sink }),
        }
    }
}

/// Where a kernel writes its outputs.
pub(crate) struct Sink<'a> {
    out: &'a Disjoint<'a, f32>,
    width: usize,
}

impl Sink<'_> {
    /// Writes the outputs of a tile for one row; lanes beyond the matrix are dropped.
    pub(crate) fn put(&self, row: usize, tile: usize, lanes: &[f32; TILE]) {
        let start = row * self.width + tile * TILE;
        let count = TILE.min(self.width - tile * TILE);
        // SAFETY: `spread` gives each tile to one call, which puts one row at a time.
        unsafe { self.out.part(start..start + count) }.copy_from_slice(&lanes[..count]);
    }
}
