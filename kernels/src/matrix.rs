//! Weights, packed for the products.
//!
//! Sixteen rows make a tile, and in a tile the weights of the sixteen rows that meet the same
//! activations stand side by side: a vector of 16 lanes computes 16 outputs, each lane one sum in the
//! order of the columns. The last tile is filled up with rows of zeros. Packing keeps the number of
//! bytes of the file (`Q4K` takes 3 % more), so the file's copy can be dropped.
//!
//! A tile is read once, from its first byte to its last: what the products of a block need stands
//! together, the scales first. (Scales in a part of their own cost a quarter of the speed from memory.)
//!
//! ```text
//! float formats   for each column:      16 weights
//! Q4_1            for each block:       16 f16 scales, 16 f16 minima, quants
//! Q4_0, Q8_0      for each two blocks:  16 f16 scales of either, quants of either
//! Q4K             for each eight:       16 f16 scales, 16 f16 scales of minima,
//!                                       for each block 16 u8 scales, 16 u8 minima; quants of each block
//! Q6K             for each eight:       16 f16 scales, 32 unused bytes,
//!                                       for each block 16 i8 scales of its first half, 16 of its second;
//!                                       for each block its quants and high bits
//!
//! quants          Q8_0: 8 groups of (16 rows × 4 bytes), each with its sign bit turned over
//!                 else: 4 groups of (16 rows × 4 bytes), byte j of a row with weight j in its low
//!                 nibble and weight j + 16 in its high one
//! high bits       2 groups of (16 rows × 4 bytes), byte b of group g with those of weights
//!                 4·(g + 2·i) + b at bits 2·i
//! ```

use std::io::{self, Read};

use half::{bf16, f16};

use crate::arena::{Arena, LINE, Run};
use crate::format::{Format, FormatError, half_at, q4k_quant, q4k_scale, q6k_quant};
use crate::parallel::{Disjoint, Inline, Parallel, spread};

/// Rows of a tile, which is the width of the widest vector.
pub(crate) const TILE: usize = 16;

/// Weights that share a scale, and activations that do.
pub(crate) const BLOCK: usize = 32;

/// Bytes of a file that are read before they are packed: enough to keep all threads busy, and little beside a model.
const PIECE: usize = 2 << 20;

/// Why the weights of a file are not packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The format does not go with the shape.
    #[error(transparent)]
    Shape(#[from] FormatError),
    /// The source does not give the bytes.
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

/// Where the parts of a block stand in a tile of a block format, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Blocks that stand together, and the bytes they take.
    together: usize,
    stride: usize,
    /// Begin of the scales in there, and bytes of those of one block.
    scales: usize,
    scale_bytes: usize,
    /// The same of the quants, with the high bits.
    quants: usize,
    quant_bytes: usize,
}

impl Layout {
    /// The layout of a block format.
    pub(crate) const fn of(format: Format) -> Layout {
        let (together, shared, scale_bytes, quant_bytes) = match format {
            Format::Q4_1 => (1, 0, 64, 256),
            Format::Q4_0 => (2, 0, 32, 256),
            Format::Q8_0 => (2, 0, 32, 512),
            Format::Q4K => (8, 64, 32, 256),
            Format::Q6K => (8, 64, 32, 256 + 128),
            Format::F32 | Format::F16 | Format::Bf16 => (1, 0, 0, 0),
        };
        let quants = shared + together * scale_bytes;
        Layout { together, stride: quants + together * quant_bytes, scales: shared, scale_bytes, quants, quant_bytes }
    }

    /// What the blocks share that stand with block `index`.
    #[inline(always)]
    pub(crate) const fn shared(&self, index: usize) -> usize {
        index / self.together * self.stride
    }

    /// Scales of block `index`.
    #[inline(always)]
    pub(crate) const fn scales(&self, index: usize) -> usize {
        self.shared(index) + self.scales + index % self.together * self.scale_bytes
    }

    /// Quants of block `index`.
    #[inline(always)]
    pub(crate) const fn quants(&self, index: usize) -> usize {
        self.shared(index) + self.quants + index % self.together * self.quant_bytes
    }

    /// High bits of block `index`, where there are any.
    #[inline(always)]
    pub(crate) const fn high(&self, index: usize) -> usize {
        self.quants(index) + 256
    }
}

/// Bytes of a tile, a whole number of lines.
fn tile_bytes(format: Format, columns: usize) -> usize {
    if format.block_columns() == 1 {
        return (columns * TILE * format.block_bytes()).next_multiple_of(LINE);
    }
    let layout = Layout::of(format);
    (columns / BLOCK).div_ceil(layout.together) * layout.stride
}

/// A number of a float format, as the file holds it.
///
/// # Safety
/// All bits are valid, and the alignment is at most that of a line of the arena.
pub(crate) unsafe trait Weight {}

// SAFETY: a number of IEEE.
unsafe impl Weight for f32 {}
// SAFETY: a wrapped `u16`.
unsafe impl Weight for f16 {}
// SAFETY: an integer.
unsafe impl Weight for u16 {}

/// One block of one row: weight `j` is `scale · part[j / 16] · quants[j] + minimum`.
pub(crate) struct Block {
    pub(crate) quants: [i32; BLOCK],
    pub(crate) part: [i32; 2],
    pub(crate) scale: f32,
    pub(crate) minimum: Option<f32>,
}

impl Matrix {
    /// Packs the bytes of a file: `rows` rows of `columns` weights, row after row.
    ///
    /// Fails if a row is no whole number of blocks, or the bytes are not as many as the shape asks for.
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

    /// The same from a file that is read piece by piece, beside the other matrices of a model: never is more in memory
    /// than what is packed and a piece of 2 MiB, or one tile, and matrices that lie side by side are read up
    /// to a third faster. The caller's thread reads, all pack. What follows the matrix in the file is left there.
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
        // Whole tiles, so that none is begun in one piece and ended in the next.
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

    /// Packs plain numbers, row after row, as [`Format::F32`].
    ///
    /// # Panics
    /// If there are not `rows · columns` of them.
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

    /// Memory held, which is also what a product of one row reads.
    pub fn bytes(&self) -> usize {
        self.run.bytes().len()
    }

    /// Writes row `row` as plain numbers, the same that [`Format::dequantise`] gives: the lookup of an
    /// embedding.
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
            for (column, out) in out.iter_mut().enumerate() {
                let scale = block.scale * block.part[column / 16] as f32;
                let value = scale * block.quants[column] as f32;
                *out = block.minimum.map_or(value, |minimum| value + minimum);
            }
        }
    }

    /// Whether products are of integers, with activations quantised to match.
    pub(crate) fn is_quantised(&self) -> bool {
        self.format.block_columns() > 1
    }

    /// Bytes of a tile.
    pub(crate) fn tile_bytes(&self) -> usize {
        self.tile_bytes
    }

    /// All tiles, as they lie.
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
        let (bytes, layout) = (self.tile(tile), Layout::of(self.format));
        let quants = &bytes[layout.quants(index)..];
        let scales = &bytes[layout.scales(index)..];
        let byte = |column: usize| quants[column / 4 * 64 + lane * 4 + column % 4];
        let nibble = |column: usize| i32::from(byte(column % 16) >> (column / 16 * 4) & 15);
        let (part, scale) = ([1, 1], || half_at(scales, lane * 2));
        match self.format {
            Format::Q8_0 => Block {
                // Stored with the sign bit turned over, as the products want it.
                quants: std::array::from_fn(|column| i32::from(byte(column)) - 128),
                part,
                scale: scale(),
                minimum: None,
            },
            Format::Q4_0 => {
                Block { quants: std::array::from_fn(|column| nibble(column) - 8), part, scale: scale(), minimum: None }
            }
            Format::Q4K => {
                let shared = &bytes[layout.shared(index)..];
                let (scale, minimum) = (f32::from(scales[lane]), f32::from(scales[16 + lane]));
                Block {
                    quants: std::array::from_fn(nibble),
                    part,
                    scale: half_at(shared, lane * 2) * scale,
                    minimum: Some(-(half_at(shared, 32 + lane * 2) * minimum)),
                }
            }
            Format::Q6K => {
                let high = &bytes[layout.high(index)..];
                let shared = &bytes[layout.shared(index)..];
                let bits = |column: usize| {
                    let group = column / 4;
                    i32::from(high[group % 2 * 64 + lane * 4 + column % 4] >> (group / 2 * 2) & 3)
                };
                Block {
                    quants: std::array::from_fn(|column| (nibble(column) | bits(column) << 4) - 32),
                    part: [i32::from(scales[lane] as i8), i32::from(scales[16 + lane] as i8)],
                    scale: half_at(shared, lane * 2),
                    minimum: None,
                }
            }
            _ => Block {
                quants: std::array::from_fn(nibble),
                part,
                scale: scale(),
                minimum: Some(half_at(scales, 32 + lane * 2)),
            },
        }
    }
}

/// Packs rows as a file holds them into tiles, from the first row of the first tile on.
fn pack_rows(parallel: &dyn Parallel, format: Format, columns: usize, bytes: &[u8], tiles: &mut [u8]) {
    let tile_bytes = tile_bytes(format, columns);
    let row_bytes = columns / format.block_columns() * format.block_bytes();
    if row_bytes == 0 {
        return; // no columns, so nothing to put anywhere
    }
    let tiles = Disjoint::new(tiles);
    spread(parallel, (bytes.len() / row_bytes).div_ceil(TILE), 4, &|range| {
        for tile in range {
            // SAFETY: every tile is in one range, and is asked for once.
            let packed = unsafe { tiles.part(tile * tile_bytes..(tile + 1) * tile_bytes) };
            let rows = bytes[tile * TILE * row_bytes..].chunks_exact(row_bytes).take(TILE);
            rows.enumerate().for_each(|(lane, source)| pack_row(format, source, lane, packed));
        }
    });
}

/// Puts one row of a file into its lane of a tile.
fn pack_row(format: Format, source: &[u8], lane: usize, tile: &mut [u8]) {
    let layout = Layout::of(format);
    let group = |group: usize| group * 64 + lane * 4; // where four bytes of this row go
    for (index, block) in source.chunks_exact(format.block_bytes()).enumerate() {
        let (quants, scales) = (layout.quants(index), layout.scales(index));
        match format {
            Format::F32 => tile[(index * TILE + lane) * 4..][..4].copy_from_slice(block),
            Format::F16 | Format::Bf16 => tile[(index * TILE + lane) * 2..][..2].copy_from_slice(block),
            Format::Q4_0 | Format::Q4_1 => {
                tile[scales + lane * 2..][..2].copy_from_slice(&block[..2]);
                if format == Format::Q4_1 {
                    tile[scales + 32 + lane * 2..][..2].copy_from_slice(&block[2..4]);
                }
                for (at, four) in block[format.block_bytes() - 16..].chunks_exact(4).enumerate() {
                    tile[quants + group(at)..][..4].copy_from_slice(four);
                }
            }
            Format::Q8_0 => {
                tile[scales + lane * 2..][..2].copy_from_slice(&block[..2]);
                for (at, four) in block[2..].chunks_exact(4).enumerate() {
                    for (to, from) in tile[quants + group(at)..][..4].iter_mut().zip(four) {
                        *to = from ^ 0x80;
                    }
                }
            }
            Format::Q4K => {
                let shared = layout.shared(index * 8);
                tile[shared + lane * 2..][..2].copy_from_slice(&block[..2]);
                tile[shared + 32 + lane * 2..][..2].copy_from_slice(&block[2..4]);
                for part in 0..8 {
                    let (scale, minimum) = q4k_scale(block, part);
                    let (quants, scales) = (layout.quants(index * 8 + part), layout.scales(index * 8 + part));
                    tile[scales + lane] = scale as u8;
                    tile[scales + 16 + lane] = minimum as u8;
                    for column in 0..16 {
                        let (low, high) = (q4k_quant(block, part, column), q4k_quant(block, part, column + 16));
                        tile[quants + group(column / 4) + column % 4] = low | high << 4;
                    }
                }
            }
            Format::Q6K => {
                tile[layout.shared(index * 8) + lane * 2..][..2].copy_from_slice(&block[208..210]);
                for part in 0..8 {
                    let at = index * 8 + part;
                    let (quants, high, scales) = (layout.quants(at), layout.high(at), layout.scales(at));
                    tile[scales + lane] = block[192 + part * 2];
                    tile[scales + 16 + lane] = block[193 + part * 2];
                    for column in 0..32 {
                        let quant = q6k_quant(block, part * 32 + column);
                        let low = &mut tile[quants + group(column % 16 / 4) + column % 4];
                        *low |= (quant & 15) << (column / 16 * 4);
                        let (of, shift) = (column / 4 % 2, column / 8 * 2);
                        tile[high + group(of) + column % 4] |= quant >> 4 << shift;
                    }
                }
            }
        }
    }
}
