//! Packing rows of a file into tiles.

use crate::format::{
    Format, iq4xs_scale, q2k_quant, q3k_quant, q3k_scale, q4k_quant, q4k_scale, q5_quant, q5k_quant, q6k_quant,
};
use crate::matrix::TILE;
use crate::matrix::layout::{Layout, tile_bytes};
use crate::parallel::{Disjoint, Parallel, spread};

/// Packs rows in file order into tiles, from the first row of the first tile on.
pub(super) fn pack_rows(parallel: &dyn Parallel, format: Format, columns: usize, bytes: &[u8], tiles: &mut [u8]) {
    let tile_bytes = tile_bytes(format, columns);
    let row_bytes = columns / format.block_columns() * format.block_bytes();
    if row_bytes == 0 {
        return; // no columns, so nothing to pack
    }
    let tiles = Disjoint::new(tiles);
    spread(parallel, (bytes.len() / row_bytes).div_ceil(TILE), 4, &|range| {
        for tile in range {
            // SAFETY: every tile is in one range, and is taken once.
            let packed = unsafe { tiles.part(tile * tile_bytes..(tile + 1) * tile_bytes) };
            let rows = bytes[tile * TILE * row_bytes..].chunks_exact(row_bytes).take(TILE);
            rows.enumerate().for_each(|(lane, source)| pack_row(format, source, lane, packed));
        }
    });
}

/// Packs one row of a file into its lane of a tile.
fn pack_row(format: Format, source: &[u8], lane: usize, tile: &mut [u8]) {
    for (index, block) in source.chunks_exact(format.block_bytes()).enumerate() {
        match format {
            Format::F32 => tile[(index * TILE + lane) * 4..][..4].copy_from_slice(block),
            Format::F16 | Format::Bf16 => tile[(index * TILE + lane) * 2..][..2].copy_from_slice(block),
            _ if format.block_columns() == 32 => pack_small(Place { format, lane, index }, block, tile),
            _ => pack_large(format, lane, index, block, tile),
        }
    }
}

/// The place of a block of 32 weights in a tile.
#[derive(Clone, Copy)]
struct Place {
    format: Format,
    lane: usize,
    index: usize,
}

impl Place {
    /// The offset of the block's scales.
    fn scales(self) -> usize {
        Layout::of(self.format).scales(self.index)
    }

    /// The offset of the numbers that the block shares with others.
    fn shared(self) -> usize {
        Layout::of(self.format).shared(self.index)
    }

    /// The offset of a group of four bytes of this row.
    fn group(self, group: usize) -> usize {
        Layout::of(self.format).quants(self.index) + group * 64 + self.lane * 4
    }

    /// Packs the low nibbles of 32 quants.
    fn put_nibbles(self, tile: &mut [u8], quant: impl Fn(usize) -> u8) {
        for column in 0..16 {
            tile[self.group(column / 4) + column % 4] = quant(column) & 15 | quant(column + 16) << 4;
        }
    }

    /// Packs bit 4 of 32 quants.
    fn put_high_bits(self, tile: &mut [u8], quant: impl Fn(usize) -> u8) {
        for column in 0..32 {
            tile[self.group(4) + column % 4] |= (quant(column) >> 4 & 1) << (column / 4);
        }
    }
}

/// Packs a block of a format of 32 weights.
fn pack_small(place: Place, block: &[u8], tile: &mut [u8]) {
    let Place { format, lane, .. } = place;
    tile[place.scales() + lane * 2..][..2].copy_from_slice(&block[..2]);
    if matches!(format, Format::Q4_1 | Format::Q5_1) {
        tile[place.scales() + 32 + lane * 2..][..2].copy_from_slice(&block[2..4]);
    }
    if format == Format::Q8_0 {
        for (column, quant) in block[2..].iter().enumerate() {
            tile[place.group(column / 4) + column % 4] = quant ^ 0x80;
        }
        return;
    }
    for (at, four) in block[format.block_bytes() - 16..].chunks_exact(4).enumerate() {
        tile[place.group(at)..][..4].copy_from_slice(four);
    }
    match format {
        Format::Q5_0 => place.put_high_bits(tile, |column| q5_quant(&block[2..], column)),
        Format::Q5_1 => place.put_high_bits(tile, |column| q5_quant(&block[4..], column)),
        _ => {}
    }
}

/// Packs block `index` of a format of 256 weights.
fn pack_large(format: Format, lane: usize, index: usize, block: &[u8], tile: &mut [u8]) {
    let shared = Place { format, lane, index: index * 8 }.shared();
    let (scale, minimum) = match format {
        Format::Q2K => (80, Some(82)),
        Format::Q4K | Format::Q5K => (0, Some(2)),
        Format::Q3K => (108, None),
        Format::Q6K => (208, None),
        _ => (0, None),
    };
    tile[shared + lane * 2..][..2].copy_from_slice(&block[scale..scale + 2]);
    if let Some(minimum) = minimum {
        tile[shared + 32 + lane * 2..][..2].copy_from_slice(&block[minimum..minimum + 2]);
    }
    for part in 0..8 {
        let place = Place { format, lane, index: index * 8 + part };
        let scales = place.scales();
        let [first, second] = match format {
            Format::Q2K => [block[part * 2], block[part * 2 + 1]],
            Format::Q3K => [q3k_scale(block, part * 2) as u8, q3k_scale(block, part * 2 + 1) as u8],
            Format::Q6K => [block[192 + part * 2], block[193 + part * 2]],
            Format::Iq4Xs => [iq4xs_scale(block, part) as u8; 2],
            _ => <[f32; 2]>::from(q4k_scale(block, part)).map(|scale| scale as u8),
        };
        tile[scales + lane] = first;
        if format != Format::Iq4Xs {
            tile[scales + 16 + lane] = second;
        }
        match format {
            Format::Q2K => place.put_nibbles(tile, |column| q2k_quant(block, part, column)),
            Format::Q3K => place.put_nibbles(tile, |column| q3k_quant(block, part, column)),
            Format::Q4K => place.put_nibbles(tile, |column| q4k_quant(block, part, column)),
            Format::Q5K => {
                place.put_nibbles(tile, |column| q5k_quant(block, part, column));
                place.put_high_bits(tile, |column| q5k_quant(block, part, column));
            }
            Format::Iq4Xs => {
                for (at, four) in block[8 + part * 16..][..16].chunks_exact(4).enumerate() {
                    tile[place.group(at)..][..4].copy_from_slice(four);
                }
            }
            _ => {
                let quant = |column: usize| q6k_quant(block, part * 32 + column);
                place.put_nibbles(tile, quant);
                for column in 0..32 {
                    let at = place.group(4 + column / 4 % 2) + column % 4;
                    tile[at] |= quant(column) >> 4 << (column / 8 * 2);
                }
            }
        }
    }
}
