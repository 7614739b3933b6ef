//! Weights, packed for the products.
//!
//! Sixteen rows form a tile, in which the sixteen weights that are multiplied with the same activations are adjacent: a
//! vector of 16 lanes computes 16 outputs, each lane one sum in the order of the columns. The last tile is padded with
//! rows of zeros. Packing keeps the size of the file (`Q4K` takes 3 % more), so the file's copy can be dropped.
//!
//! A tile is read once, from its first byte to its last: all that the products of a block need is adjacent, the scales
//! first. (Storing the scales separately costs a quarter of the speed when reading from memory.)
//!
//! ```text
//! float formats   for each column:      16 weights
//! Q4_1            for each block:       16 f16 scales, 16 f16 minima, quants
//! Q5_1            the same, with high bits
//! Q4_0, Q5_0, Q8_0, IQ4_NL
//!                 for each two blocks:  16 f16 scales of either, quants of either (Q5_0: with high bits)
//! Q4K             for each eight:       16 f16 scales, 16 f16 scales of minima,
//!                                       for each block 16 u8 scales, 16 u8 minima; quants of each block
//! Q5K             the same, with high bits
//! Q2K             for each eight:       16 f16 scales, 16 f16 scales of minima,
//!                                       for each block 16 bytes with the 4-bit scale (low) and minimum of its first
//!                                       half, 16 of its second; quants of each block
//! Q3K             for each eight:       16 f16 scales, 32 unused bytes, for each block 16 i8 scales of its first
//!                                       half, 16 of its second; quants of each block
//! IQ4_XS          for each eight:       16 f16 scales, 32 unused bytes, for each block 16 i8 scales; quants of each
//! Q6K             for each eight:       16 f16 scales, 32 unused bytes,
//!                                       for each block 16 i8 scales of its first half, 16 of its second;
//!                                       for each block its quants and high bits
//!
//! quants          Q8_0: 8 groups of (16 rows × 4 bytes), each with its sign bit turned over
//!                 else: 4 groups of (16 rows × 4 bytes), byte j of a row with weight j in its low
//!                 nibble and weight j + 16 in its high one
//!                 (of Q2K and Q3K with empty high bits)
//! high bits       5-bit formats: 16 rows × 4 bytes, byte b with that of weight 4·g + b at bit g
//!                 Q6K: 2 groups of (16 rows × 4 bytes), byte b of group g with those of weights
//!                 4·(g + 2·i) + b at bits 2·i
//! ```

mod block;
mod layout;
mod packing;

use std::io::{self, Read};

use half::{bf16, f16};

use crate::arena::{Arena, Run};
use crate::format::{Format, FormatError, half_at};
use crate::matrix::layout::tile_bytes;
use crate::matrix::packing::pack_rows;
use crate::parallel::{Inline, Parallel};

pub(crate) use block::{Block, Minimum};
pub(crate) use layout::Layout;

/// Rows of a tile, which is the width of the widest vector.
pub(crate) const TILE: usize = 16;

/// The number of weights, and of activations, that share a scale.
pub(crate) const BLOCK: usize = 32;

/// Bytes that are read from a file before they are packed: enough to keep all threads busy, and small beside a model.
const PIECE: usize = 2 << 20;

/// Why the weights of a file cannot be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The shape does not fit the format.
    #[error(transparent)]
    Shape(#[from] FormatError),
    /// The bytes cannot be read.
    #[error(transparent)]
    Source(#[from] io::Error),
}

/// A matrix of weights, packed once at load. `multiply` gives `out[r] = weights · x[r]`.
#[derive(Clone)]
pub struct Matrix {
    format: Format,
    rows: usize,
    columns: usize,
    tile_bytes: usize,
    run: Run,
}

/// A number of a float format, as stored in the file.
///
/// # Safety
/// All bits are valid, and the alignment is at most that of a line of the arena.
pub(crate) unsafe trait Weight {}

// SAFETY: an IEEE number.
unsafe impl Weight for f32 {}
// SAFETY: a wrapped `u16`.
unsafe impl Weight for f16 {}
// SAFETY: an integer.
unsafe impl Weight for u16 {}

impl Matrix {
    /// Packs the bytes of a file: `rows` rows of `columns` weights, row by row.
    ///
    /// Fails if a row is not a whole number of blocks, or the number of bytes disagrees with the shape.
    pub fn pack(format: Format, rows: usize, columns: usize, bytes: &[u8]) -> Result<Matrix, FormatError> {
        let expected = format.bytes(rows, columns)?;
        if bytes.len() != expected {
            return Err(FormatError::Length { format, rows, columns, expected, found: bytes.len() });
        }
        let tile_bytes = tile_bytes(format, columns);
        let mut fresh = Arena::new().take(&Inline, rows.div_ceil(TILE) * tile_bytes, true);
        pack_rows(&Inline, format, columns, bytes, fresh.bytes_mut());
        Ok(Matrix { format, rows, columns, tile_bytes, run: fresh.done() })
    }

    /// Packs a matrix that is read piece by piece, beside the other matrices of a model: memory never holds more than
    /// the packed weights and a piece of 2 MiB, or one tile, and matrices side by side are read up to a third faster.
    /// The caller's thread reads, all threads pack. Reading stops after the matrix.
    pub fn pack_in(
        arena: &mut Arena,
        parallel: &dyn Parallel,
        format: Format,
        rows: usize,
        columns: usize,
        source: &mut dyn Read,
    ) -> Result<Matrix, PackError> {
        let bytes = format.bytes(rows, columns)?;
        let tile_bytes = tile_bytes(format, columns);
        let mut fresh = arena.take(parallel, rows.div_ceil(TILE) * tile_bytes, false);
        // Whole tiles, so that no tile spans two pieces.
        let unpacked = format.bytes(TILE, columns)?.max(1);
        let tiles = (PIECE / unpacked).max(1);
        let mut piece = vec![0; bytes.min(tiles * unpacked)];
        let mut left = bytes;
        for packed in fresh.bytes_mut().chunks_mut(tiles * tile_bytes.max(1)) {
            let piece = &mut piece[..left.min(tiles * unpacked)];
            source.read_exact(piece)?;
            pack_rows(parallel, format, columns, piece, packed);
            left -= piece.len();
        }
        Ok(Matrix { format, rows, columns, tile_bytes, run: fresh.done() })
    }

    /// Packs plain numbers, row by row, as [`Format::F32`].
    ///
    /// # Panics
    /// If their number is not `rows · columns`.
    pub fn from_floats(rows: usize, columns: usize, weights: &[f32]) -> Matrix {
        assert_eq!(weights.len(), rows * columns, "weights of a {rows} by {columns} matrix");
        let bytes: Vec<u8> = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        Matrix::pack(Format::F32, rows, columns, &bytes).expect("the length was just checked")
    }

    /// The format the weights had in the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Rows: outputs of a product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns: inputs of a product.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Size in memory, which is also what a product of one row reads.
    pub fn bytes(&self) -> usize {
        self.run.bytes().len()
    }

    /// Writes row `row` as plain numbers, the same that [`Format::dequantise`] gives: the lookup of an embedding.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not `columns` long.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        assert_eq!(out.len(), self.columns, "one output a column");
        let (tile, lane) = (row / TILE, row % TILE);
        if !self.is_quantised() {
            for (column, out) in out.iter_mut().enumerate() {
                *out = self.float(tile, lane, column);
            }
            return;
        }
        for (index, out) in out.chunks_exact_mut(BLOCK).enumerate() {
            let block = self.block(tile, lane, index);
            out.iter_mut().enumerate().for_each(|(column, out)| *out = block.weight(column));
        }
    }

    /// Whether products are of integers, with quantised activations.
    pub(crate) fn is_quantised(&self) -> bool {
        self.format.block_columns() > 1
    }

    /// Bytes of a tile.
    pub(crate) fn tile_bytes(&self) -> usize {
        self.tile_bytes
    }

    /// The bytes of all tiles.
    pub(crate) fn packed(&self) -> &[u8] {
        self.run.bytes()
    }

    pub(crate) fn tiles(&self) -> usize {
        self.rows.div_ceil(TILE)
    }

    pub(crate) fn blocks(&self) -> usize {
        self.columns / BLOCK
    }

    pub(crate) fn tile(&self, tile: usize) -> &[u8] {
        &self.run.bytes()[tile * self.tile_bytes..][..self.tile_bytes]
    }

    /// One weight of a float format.
    pub(crate) fn float(&self, tile: usize, lane: usize, column: usize) -> f32 {
        let bytes = self.tile(tile);
        let at = column * TILE + lane;
        match self.format {
            Format::F32 => f32::from_le_bytes(bytes[at * 4..at * 4 + 4].try_into().expect("four bytes")),
            Format::Bf16 => bf16::from_le_bytes([bytes[at * 2], bytes[at * 2 + 1]]).to_f32(),
            _ => half_at(bytes, at * 2),
        }
    }

    /// The columns of a tile of a float format: sixteen weights each.
    ///
    /// # Panics
    /// If `T` is not as wide as the format's weights.
    pub(crate) fn column_weights<T: Weight>(&self, tile: usize) -> &[[T; TILE]] {
        assert_eq!(size_of::<T>(), self.format.block_bytes(), "weights of {:?}", self.format);
        let bytes = self.tile(tile);
        assert!(self.columns * size_of::<[T; TILE]>() <= bytes.len() && cfg!(target_endian = "little"));
        // SAFETY: a tile begins with a line of the arena, which is aligned for any `Weight`; it is long enough, as was
        // just asserted; and a `Weight` may have any bits.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), self.columns) }
    }

    /// One block of a block format.
    pub(crate) fn block(&self, tile: usize, lane: usize, index: usize) -> Block {
        Block::read(self.format, self.tile(tile), lane, index)
    }
}
