//! How weights lie in a file: the formats of GGUF that we read, and the numbers they stand for.

use half::{bf16, f16};
use thiserror::Error;

/// A format of GGUF, named as there.
///
/// Blocks lie along a row. A quantised weight is `scale · quant` or `scale · quant + minimum`; the K
/// formats share a scale among 8 or 16 such blocks. Source: the layout of `ggml-common.h`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Format {
    /// IEEE single, little-endian.
    F32,
    /// IEEE half.
    F16,
    /// The upper half of an IEEE single.
    Bf16,
    /// 32 weights in 18 bytes: f16 scale, nibbles less 8. Byte `j` holds weights `j` and `j + 16`.
    Q4_0,
    /// 32 weights in 20 bytes: f16 scale, f16 minimum, nibbles as in `Q4_0`.
    Q4_1,
    /// 32 weights in 34 bytes: f16 scale, signed bytes.
    Q8_0,
    /// 256 weights in 144 bytes: two f16 scales, eight pairs of 6-bit scale and minimum, nibbles.
    Q4K,
    /// 256 weights in 210 bytes: 4 low bits, 2 high bits, sixteen i8 scales, f16 scale.
    Q6K,
}

/// What is wrong with a tensor's shape or bytes.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A row is no whole number of blocks.
    #[error("{columns} columns are no whole number of {format:?} blocks of {block}")]
    Columns {
        /// The format.
        format: Format,
        /// Weights of a row.
        columns: usize,
        /// Weights of a block.
        block: usize,
    },
    /// More or fewer bytes than the shape asks for.
    #[error("a {rows} by {columns} matrix of {format:?} is {expected} bytes, not {found}")]
    Length {
        /// The format.
        format: Format,
        /// Rows of the matrix.
        rows: usize,
        /// Weights of a row.
        columns: usize,
        /// Bytes that the shape asks for.
        expected: usize,
        /// Bytes there were.
        found: usize,
    },
    /// The size of the matrix cannot be written down.
    #[error("a matrix of {rows} by {columns} is too large")]
    TooLarge {
        /// Rows of the matrix.
        rows: usize,
        /// Weights of a row.
        columns: usize,
    },
}

impl Format {
    /// Every format, for tests and listings.
    pub const ALL: [Format; 8] =
        [Format::F32, Format::F16, Format::Bf16, Format::Q4_0, Format::Q4_1, Format::Q8_0, Format::Q4K, Format::Q6K];

    /// The format that a GGUF tensor of this type number has, where we read it.
    pub fn from_gguf(number: u32) -> Option<Format> {
        Some(match number {
            0 => Format::F32,
            1 => Format::F16,
            2 => Format::Q4_0,
            3 => Format::Q4_1,
            8 => Format::Q8_0,
            12 => Format::Q4K,
            14 => Format::Q6K,
            30 => Format::Bf16,
            _ => return None,
        })
    }

    /// Weights of a block.
    pub const fn block_columns(self) -> usize {
        match self {
            Format::F32 | Format::F16 | Format::Bf16 => 1,
            Format::Q4_0 | Format::Q4_1 | Format::Q8_0 => 32,
            Format::Q4K | Format::Q6K => 256,
        }
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Format::F32 => 4,
            Format::F16 | Format::Bf16 => 2,
            Format::Q4_0 => 18,
            Format::Q4_1 => 20,
            Format::Q8_0 => 34,
            Format::Q4K => 144,
            Format::Q6K => 210,
        }
    }

    /// Bytes of a `rows` by `columns` matrix. Fails if a row is no whole number of blocks, or the answer
    /// does not fit.
    pub fn bytes(self, rows: usize, columns: usize) -> Result<usize, FormatError> {
        let block = self.block_columns();
        if !columns.is_multiple_of(block) {
            return Err(FormatError::Columns { format: self, columns, block });
        }
        (columns / block)
            .checked_mul(self.block_bytes())
            .and_then(|row| row.checked_mul(rows))
            .filter(|bytes| *bytes < isize::MAX as usize / 8)
            .ok_or(FormatError::TooLarge { rows, columns })
    }

    /// Reads weights: `out.len()` of them from as many blocks as that takes.
    ///
    /// # Panics
    /// If `out` is no whole number of blocks, or `bytes` is not exactly theirs.
    pub fn dequantise(self, bytes: &[u8], out: &mut [f32]) {
        let expected = self.bytes(1, out.len()).expect("whole blocks");
        assert_eq!(bytes.len(), expected, "the bytes of {} weights of {self:?}", out.len());
        let blocks = bytes.chunks_exact(self.block_bytes());
        for (block, out) in blocks.zip(out.chunks_exact_mut(self.block_columns())) {
            match self {
                Format::F32 => out[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]),
                Format::F16 => out[0] = half_at(block, 0),
                Format::Bf16 => out[0] = bf16::from_le_bytes([block[0], block[1]]).to_f32(),
                Format::Q4_0 => nibbles(&block[2..], out, |quant| half_at(block, 0) * (f32::from(quant) - 8.0)),
                Format::Q4_1 => {
                    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
                    nibbles(&block[4..], out, |quant| scale * f32::from(quant) + minimum);
                }
                Format::Q8_0 => {
                    for (out, quant) in out.iter_mut().zip(&block[2..]) {
                        *out = half_at(block, 0) * f32::from(*quant as i8);
                    }
                }
                Format::Q4K => {
                    for (part, out) in out.chunks_exact_mut(32).enumerate() {
                        let (scale, minimum) = q4k_scale(block, part);
                        let (scale, minimum) = (half_at(block, 0) * scale, half_at(block, 2) * minimum);
                        for (column, out) in out.iter_mut().enumerate() {
                            *out = scale * f32::from(q4k_quant(block, part, column)) - minimum;
                        }
                    }
                }
                Format::Q6K => {
                    for (column, out) in out.iter_mut().enumerate() {
                        let scale = half_at(block, 208) * f32::from(block[192 + column / 16] as i8);
                        *out = scale * (f32::from(q6k_quant(block, column)) - 32.0);
                    }
                }
            }
        }
    }
}

/// The f16 at byte `at`.
pub(crate) fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn nibbles(bytes: &[u8], out: &mut [f32], value: impl Fn(u8) -> f32) {
    for (column, byte) in bytes.iter().enumerate() {
        out[column] = value(byte & 15);
        out[column + 16] = value(byte >> 4);
    }
}

/// The 6-bit scale and minimum of the 32 weights of `part` in a `Q4K` block. The first four parts have
/// theirs in the low bits of bytes 4 to 11; of the others the top two bits are stowed above those.
pub(crate) fn q4k_scale(block: &[u8], part: usize) -> (f32, f32) {
    let packed = &block[4..16];
    let (scale, minimum) = if part < 4 {
        (packed[part] & 63, packed[part + 4] & 63)
    } else {
        let low = packed[part + 4];
        ((low & 15) | (packed[part - 4] >> 6 << 4), (low >> 4) | (packed[part] >> 6 << 4))
    };
    (f32::from(scale), f32::from(minimum))
}

/// Nibble of a `Q4K` block: 32 bytes hold two parts, the even one in the low nibbles.
pub(crate) fn q4k_quant(block: &[u8], part: usize, column: usize) -> u8 {
    let byte = block[16 + part / 2 * 32 + column];
    if part.is_multiple_of(2) { byte & 15 } else { byte >> 4 }
}

/// Quant of a `Q6K` block, 0 to 63 (it stands for 32 less). Each half of 128 weights has 64 bytes of low
/// nibbles, weights `j` and `j + 64` in byte `j`, and 32 bytes of high bits, `j + 32·i` at bit `2·i`.
pub(crate) fn q6k_quant(block: &[u8], column: usize) -> u8 {
    let (half, within) = (column / 128, column % 128);
    let low = block[half * 64 + within % 64] >> (within / 64 * 4) & 15;
    let high = block[128 + half * 32 + within % 32] >> (within / 32 * 2) & 3;
    low | high << 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_read_as_their_layout_says() {
        let mut block = vec![0u8; 20];
        block[..2].copy_from_slice(&f16::from_f32(0.5).to_le_bytes());
        block[2..4].copy_from_slice(&f16::from_f32(-1.0).to_le_bytes());
        block[4] = 0xA3; // weight 0 is 3, weight 16 is 10
        let mut out = [f32::NAN; 32];
        Format::Q4_1.dequantise(&block, &mut out);
        assert_eq!((out[0], out[16], out[1]), (0.5, 4.0, -1.0));

        let mut block = vec![0u8; 34];
        block[..2].copy_from_slice(&f16::from_f32(0.25).to_le_bytes());
        block[33] = -128i8 as u8;
        Format::Q8_0.dequantise(&block, &mut out);
        assert_eq!((out[0], out[31]), (0.0, -32.0));
    }

    #[test]
    fn the_scales_of_a_q4k_block_come_from_their_twelve_bytes() {
        let mut block = vec![0u8; 144];
        block[4] = 63 | 0b10 << 6; // scale of part 0, top bits of the scale of part 4
        block[8] = 5 | 0b01 << 6; // minimum of part 0, top bits of the minimum of part 4
        block[12] = 0x97; // low bits of both of part 4
        assert_eq!(q4k_scale(&block, 0), (63.0, 5.0));
        assert_eq!(q4k_scale(&block, 4), (f32::from(7u8 | 0b10 << 4), f32::from(9u8 | 0b01 << 4)));
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        assert!(matches!(Format::Q4_1.bytes(1, 33), Err(FormatError::Columns { block: 32, .. })));
        assert!(matches!(Format::F32.bytes(usize::MAX / 2, 64), Err(FormatError::TooLarge { .. })));
        assert_eq!(Format::Q4K.bytes(2, 512), Ok(576));
    }
}
