//! The layout of a tile.

use crate::arena::LINE;
use crate::format::Format;
use crate::matrix::{BLOCK, TILE};

/// The offsets of a block's parts in a tile of a block format, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Number of blocks that are stored together, and their bytes.
    together: usize,
    stride: usize,
    /// Offset of the scales in there, and bytes of the scales of one block.
    scales: usize,
    scale_bytes: usize,
    /// The same for the quants, including high bits.
    quants: usize,
    quant_bytes: usize,
}

impl Layout {
    /// The layout of a block format.
    pub(crate) const fn of(format: Format) -> Layout {
        let (together, shared, scale_bytes, quant_bytes) = match format {
            Format::Q4_1 => (1, 0, 64, 256),
            Format::Q5_1 => (1, 0, 64, 256 + 64),
            Format::Q4_0 | Format::Iq4Nl => (2, 0, 32, 256),
            Format::Q5_0 => (2, 0, 32, 256 + 64),
            Format::Q8_0 => (2, 0, 32, 512),
            Format::Q2K | Format::Q3K | Format::Q4K => (8, 64, 32, 256),
            Format::Iq4Xs => (8, 64, 16, 256),
            Format::Q5K => (8, 64, 32, 256 + 64),
            Format::Q6K => (8, 64, 32, 256 + 128),
            Format::F32 | Format::F16 | Format::Bf16 => (1, 0, 0, 0),
        };
        let quants = shared + together * scale_bytes;
        Layout { together, stride: quants + together * quant_bytes, scales: shared, scale_bytes, quants, quant_bytes }
    }

    /// Offset of the numbers that block `index` shares with the blocks stored together with it.
    #[inline(always)]
    pub(crate) const fn shared(&self, index: usize) -> usize {
        index / self.together * self.stride
    }

    /// Offset of the scales of block `index`.
    #[inline(always)]
    pub(crate) const fn scales(&self, index: usize) -> usize {
        self.shared(index) + self.scales + index % self.together * self.scale_bytes
    }

    /// Offset of the quants of block `index`.
    #[inline(always)]
    pub(crate) const fn quants(&self, index: usize) -> usize {
        self.shared(index) + self.quants + index % self.together * self.quant_bytes
    }

    /// Offset of the high bits of block `index`, if it has any.
    #[inline(always)]
    pub(crate) const fn high(&self, index: usize) -> usize {
        self.quants(index) + 256
    }
}

/// Bytes in a tile, a whole number of lines.
pub(super) fn tile_bytes(format: Format, columns: usize) -> usize {
    if format.block_columns() == 1 {
        return (columns * TILE * format.block_bytes()).next_multiple_of(LINE);
    }
    let layout = Layout::of(format);
    (columns / BLOCK).div_ceil(layout.together) * layout.stride
}
