//! The number formats of GGUF that are supported, and how their blocks are decoded.

use half::{bf16, f16};
use thiserror::Error;

/// A number format of GGUF, with its name there.
///
/// Blocks are runs of a row. A quantised weight is `scale · quant` or `scale · quant + minimum`; the K formats share a
/// scale among 8 or 16 such blocks. Source: the layout of `ggml-common.h`.
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
    /// 32 weights in 22 bytes: f16 scale, 32 high bits, nibbles as in `Q4_0`; weights less 16.
    Q5_0,
    /// 32 weights in 24 bytes: f16 scale, f16 minimum, the rest as in `Q5_0`.
    Q5_1,
    /// 32 weights in 34 bytes: f16 scale, signed bytes.
    Q8_0,
    /// 256 weights in 84 bytes: sixteen pairs of 4-bit scale and minimum, 2-bit quants, two f16 scales.
    Q2K,
    /// 256 weights in 110 bytes: 256 high bits, 2 low bits each, sixteen 6-bit scales less 32, f16 scale.
    Q3K,
    /// 256 weights in 144 bytes: two f16 scales, eight pairs of 6-bit scale and minimum, nibbles.
    Q4K,
    /// 256 weights in 176 bytes: as `Q4K`, and 256 high bits before the nibbles.
    Q5K,
    /// 256 weights in 210 bytes: 4 low bits, 2 high bits, sixteen i8 scales, f16 scale.
    Q6K,
    /// 32 weights in 18 bytes as in `Q4_0`; a nibble selects one of sixteen values that are denser around zero.
    Iq4Nl,
    /// 256 weights in 136 bytes: f16 scale, eight 6-bit scales less 32, nibbles as in `Iq4Nl`.
    Iq4Xs,
}

/// The values selected by the nibbles of `Iq4Nl` and `Iq4Xs`.
pub(crate) const IQ4_VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// What is wrong with a tensor's shape or bytes.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The length of a row is not a multiple of the block size.
    #[error("{columns} columns are no whole number of {format:?} blocks of {block}")]
    Columns {
        /// The format.
        format: Format,
        /// Weights of a row.
        columns: usize,
        /// Weights of a block.
        block: usize,
    },
    /// The number of bytes disagrees with the shape.
    #[error("a {rows} by {columns} matrix of {format:?} is {expected} bytes, not {found}")]
    Length {
        /// The format.
        format: Format,
        /// Rows of the matrix.
        rows: usize,
        /// Weights of a row.
        columns: usize,
        /// Bytes that the shape requires.
        expected: usize,
        /// Number of bytes given.
        found: usize,
    },
    /// The size of the matrix overflows.
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
    pub const ALL: [Format; 15] = [
        Format::F32,
        Format::F16,
        Format::Bf16,
        Format::Q4_0,
        Format::Q4_1,
        Format::Q5_0,
        Format::Q5_1,
        Format::Q8_0,
        Format::Q2K,
        Format::Q3K,
        Format::Q4K,
        Format::Q5K,
        Format::Q6K,
        Format::Iq4Nl,
        Format::Iq4Xs,
    ];

    /// The format of a GGUF tensor type; `None` if it is not supported.
    pub fn from_gguf(number: u32) -> Option<Format> {
        Some(match number {
            0 => Format::F32,
            1 => Format::F16,
            2 => Format::Q4_0,
            3 => Format::Q4_1,
            6 => Format::Q5_0,
            7 => Format::Q5_1,
            8 => Format::Q8_0,
            10 => Format::Q2K,
            11 => Format::Q3K,
            12 => Format::Q4K,
            13 => Format::Q5K,
            14 => Format::Q6K,
            20 => Format::Iq4Nl,
            23 => Format::Iq4Xs,
            30 => Format::Bf16,
            _ => return None,
        })
    }

    /// The GGUF name of a tensor type that [`Format::from_gguf`] does not support.
    pub fn name_in_gguf(number: u32) -> Option<&'static str> {
        Some(match number {
            9 => "Q8_1",
            15 => "Q8_K",
            16 => "IQ2_XXS",
            17 => "IQ2_XS",
            18 => "IQ3_XXS",
            19 => "IQ1_S",
            21 => "IQ3_S",
            22 => "IQ2_S",
            24 => "I8",
            25 => "I16",
            26 => "I32",
            27 => "I64",
            28 => "F64",
            29 => "IQ1_M",
            34 => "TQ1_0",
            35 => "TQ2_0",
            39 => "MXFP4",
            _ => return None,
        })
    }

    /// Weights of a block.
    pub const fn block_columns(self) -> usize {
        match self {
            Format::F32 | Format::F16 | Format::Bf16 => 1,
            Format::Q4_0 | Format::Q4_1 | Format::Q5_0 | Format::Q5_1 | Format::Q8_0 | Format::Iq4Nl => 32,
            Format::Q2K | Format::Q3K | Format::Q4K | Format::Q5K | Format::Q6K | Format::Iq4Xs => 256,
        }
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Format::F32 => 4,
            Format::F16 | Format::Bf16 => 2,
            Format::Q4_0 | Format::Iq4Nl => 18,
            Format::Q4_1 => 20,
            Format::Q5_0 => 22,
            Format::Q5_1 => 24,
            Format::Q8_0 => 34,
            Format::Q2K => 84,
            Format::Q3K => 110,
            Format::Q4K => 144,
            Format::Q5K => 176,
            Format::Q6K => 210,
            Format::Iq4Xs => 136,
        }
    }

    /// Bytes of a `rows` by `columns` matrix. Fails if a row is not a whole number of blocks, or on overflow.
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

    /// Decodes `out.len()` weights from as many blocks as they take.
    ///
    /// # Panics
    /// If `out` is not a whole number of blocks, or `bytes` has another length than they take.
    pub fn dequantise(self, bytes: &[u8], out: &mut [f32]) {
        let expected = self.bytes(1, out.len()).expect("whole blocks");
        assert_eq!(bytes.len(), expected, "the bytes of {} weights of {self:?}", out.len());
        let blocks = bytes.chunks_exact(self.block_bytes());
        for (block, out) in blocks.zip(out.chunks_exact_mut(self.block_columns())) {
            match self {
                Format::F32 => out[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]),
                Format::F16 => out[0] = half_at(block, 0),
                Format::Bf16 => out[0] = bf16::from_le_bytes([block[0], block[1]]).to_f32(),
                _ => self.dequantise_block(block, out),
            }
        }
    }

    /// The weights of one block of a block format.
    fn dequantise_block(self, block: &[u8], out: &mut [f32]) {
        let scale = || half_at(block, 0);
        match self {
            Format::Q4_0 => simple(out, |column| scale() * (f32::from(nibble(&block[2..], column)) - 8.0)),
            Format::Q4_1 => simple(out, |column| scale() * f32::from(nibble(&block[4..], column)) + half_at(block, 2)),
            Format::Q5_0 => simple(out, |column| scale() * (f32::from(q5_quant(&block[2..], column)) - 16.0)),
            Format::Q5_1 => {
                simple(out, |column| scale() * f32::from(q5_quant(&block[4..], column)) + half_at(block, 2))
            }
            Format::Q8_0 => simple(out, |column| scale() * f32::from(block[2 + column] as i8)),
            Format::Iq4Nl => {
                simple(out, |column| scale() * f32::from(IQ4_VALUES[usize::from(nibble(&block[2..], column))]))
            }
            Format::Q2K => in_halves(out, |part, half, column| {
                let (scale, minimum) = q2k_scale(block, part * 2 + half);
                let quant = f32::from(q2k_quant(block, part, column));
                half_at(block, 80) * scale * quant - half_at(block, 82) * minimum
            }),
            Format::Q3K => in_halves(out, |part, half, column| {
                half_at(block, 108)
                    * f32::from(q3k_scale(block, part * 2 + half))
                    * (f32::from(q3k_quant(block, part, column)) - 4.0)
            }),
            Format::Q4K | Format::Q5K => in_halves(out, |part, _, column| {
                let (scale, minimum) = q4k_scale(block, part);
                let (scale, minimum) = (half_at(block, 0) * scale, half_at(block, 2) * minimum);
                let quant =
                    if self == Format::Q4K { q4k_quant(block, part, column) } else { q5k_quant(block, part, column) };
                scale * f32::from(quant) - minimum
            }),
            Format::Q6K => in_halves(out, |part, half, column| {
                let scale = half_at(block, 208) * f32::from(block[192 + part * 2 + half] as i8);
                scale * (f32::from(q6k_quant(block, part * 32 + column)) - 32.0)
            }),
            Format::Iq4Xs => in_halves(out, |part, _, column| {
                let value = IQ4_VALUES[usize::from(nibble(&block[8 + part * 16..], column))];
                half_at(block, 0) * f32::from(iq4xs_scale(block, part)) * f32::from(value)
            }),
            Format::F32 | Format::F16 | Format::Bf16 => unreachable!("not a block format"),
        }
    }
}

/// Sets each weight of a block of 32 by its column.
fn simple(out: &mut [f32], value: impl Fn(usize) -> f32) {
    out.iter_mut().enumerate().for_each(|(column, out)| *out = value(column));
}

/// Sets each weight of a block of 256, given its half, its part of 32 in that half, and its column in the part.
fn in_halves(out: &mut [f32], value: impl Fn(usize, usize, usize) -> f32) {
    for (part, out) in out.chunks_exact_mut(32).enumerate() {
        simple(out, |column| value(part, column / 16, column));
    }
}

/// The f16 at byte `at`.
pub(crate) fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Nibble of weight `column` of 32: in 16 bytes, weight `j` is the low nibble of byte `j` and weight `j + 16` the high.
pub(crate) fn nibble(bytes: &[u8], column: usize) -> u8 {
    bytes[column % 16] >> (column / 16 * 4) & 15
}

/// Quant of a `Q5_0` or `Q5_1` block, 0 to 31, from its high bits on: four bytes with a bit per weight, then nibbles.
pub(crate) fn q5_quant(bytes: &[u8], column: usize) -> u8 {
    nibble(&bytes[4..], column) | (bytes[column / 8] >> (column % 8) & 1) << 4
}

/// The 4-bit scale and minimum of sixteen weights of a `Q2K` block.
pub(crate) fn q2k_scale(block: &[u8], sixteen: usize) -> (f32, f32) {
    (f32::from(block[sixteen] & 15), f32::from(block[sixteen] >> 4))
}

/// Quant of a `Q2K` block, 0 to 3. Each half of 128 weights has 32 bytes, weights `j + 32·i` of it at bits `2·i`.
pub(crate) fn q2k_quant(block: &[u8], part: usize, column: usize) -> u8 {
    block[16 + part / 4 * 32 + column] >> (part % 4 * 2) & 3
}

/// The scale of sixteen weights of a `Q3K` block, -32 to 31: the low nibbles of the first eight are in the low halves
/// of eight bytes, those of the others in the high halves; then four bytes have the two high bits of every fourth.
pub(crate) fn q3k_scale(block: &[u8], sixteen: usize) -> i8 {
    let packed = &block[96..108];
    let low = packed[sixteen % 8] >> (sixteen / 8 * 4) & 15;
    let high = packed[8 + sixteen % 4] >> (sixteen / 4 * 2) & 3;
    (low | high << 4) as i8 - 32
}

/// Quant of a `Q3K` block, 0 to 7 (the value is 4 less): low bits as in `Q2K`, high bits in 32 bytes before them, that
/// of part `i` at bit `i`.
pub(crate) fn q3k_quant(block: &[u8], part: usize, column: usize) -> u8 {
    let low = block[32 + part / 4 * 32 + column] >> (part % 4 * 2) & 3;
    low | (block[column] >> part & 1) << 2
}

/// Quant of a `Q5K` block, 0 to 31: as in `Q4K`, with the high bit of part `i` at bit `i` of 32 bytes.
pub(crate) fn q5k_quant(block: &[u8], part: usize, column: usize) -> u8 {
    let byte = block[48 + part / 2 * 32 + column];
    let low = if part.is_multiple_of(2) { byte & 15 } else { byte >> 4 };
    low | (block[16 + column] >> part & 1) << 4
}

/// The scale of a part of an `Iq4Xs` block, -32 to 31: low nibbles in four bytes, two high bits each in two before.
pub(crate) fn iq4xs_scale(block: &[u8], part: usize) -> i8 {
    let low = block[4 + part / 2] >> (part % 2 * 4) & 15;
    let high = u16::from_le_bytes([block[2], block[3]]) >> (part * 2) & 3;
    (low | (high as u8) << 4) as i8 - 32
}

/// The 6-bit scale and minimum of the 32 weights of `part` in a `Q4K` block. The first four parts have theirs in the
/// low bits of bytes 4 to 11; the top two bits of the others are stored above those.
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

/// Quant of a `Q6K` block, 0 to 63 (the value is 32 less). Each half of 128 weights has 64 bytes of low nibbles,
/// weights `j` and `j + 64` in byte `j`, and 32 bytes of high bits, `j + 32·i` at bit `2·i`.
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
