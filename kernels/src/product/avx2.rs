//! Products of the block formats with AVX2: two vectors of eight lanes are one tile.
//!
//! AVX2 has no product of unsigned with signed bytes that sums to 32 bits, only one of pairs that saturates at 16. The
//! operands are so small that it never saturates, so the sums are exact.

mod codecs;

use std::arch::x86_64::*;
use std::ops::Range;

use crate::format::Format;
use crate::level::{Kernels, Level};
use crate::matrix::{BLOCK, Matrix, TILE};
use crate::product::Sink;
use crate::quantise::Quantised;
use codecs::*;

/// One block of eight rows of a tile.
struct Block {
    /// Weights as bytes; vector `g` holds those of columns `4·g` to `4·g + 3`.
    quants: [__m256i; 8],
    scale: __m256,
    /// Used if the codec has minima.
    minimum: __m256,
    /// Used if the codec has parts.
    part: [__m256i; 2],
    /// Used if the codec has a minimum for each half: integers, with `minimum` for their scale.
    minimum_part: [__m256i; 2],
}

/// How a format's blocks are loaded, and how many products may be summed in 16 bits.
trait Codec {
    /// `log2` of the offset that makes signed weights unsigned; 0 for none.
    const OFFSET_BITS: u32 = 0;
    const MINIMUM: bool = false;
    /// Whether each half of a block has an integer scale of its own.
    const PARTS: bool = false;
    /// Whether each half of a block has an integer minimum of its own, which is subtracted.
    const HALF_MINIMA: bool = false;
    /// Whether the weights are full-range signed bytes.
    const SIGNED: bool = false;
    /// The number of vectors whose products can be summed in 16 bits: this times twice the largest product fits.
    const SAFE: usize;

    /// # Safety
    /// The machine has the features, and `tile` points to a tile of the format with more than `index` blocks; `eight`
    /// is 0 for its first eight rows and 1 for the others.
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block;
}

pub(super) fn tiles(
    kernels: Kernels,
    matrix: &Matrix,
    x: &Quantised,
    rows: usize,
    tiles: Range<usize>,
    sink: &Sink<'_>,
) {
    assert_eq!(kernels.level(), Level::Avx2);
    for tile in tiles {
        // SAFETY: `Kernels` has this level only where the features were detected.
        unsafe {
            match matrix.format() {
                Format::Q4_0 => all_rows::<Q4_0>(matrix, x, rows, tile, sink),
                Format::Q4_1 => all_rows::<Q4_1>(matrix, x, rows, tile, sink),
                Format::Q8_0 => all_rows::<Q8_0>(matrix, x, rows, tile, sink),
                Format::Q5_0 => all_rows::<Q5_0>(matrix, x, rows, tile, sink),
                Format::Q5_1 => all_rows::<Q5_1>(matrix, x, rows, tile, sink),
                Format::Iq4Nl => all_rows::<Iq4Nl>(matrix, x, rows, tile, sink),
                Format::Q2K => all_rows::<Q2K>(matrix, x, rows, tile, sink),
                Format::Q3K => all_rows::<Q3K>(matrix, x, rows, tile, sink),
                Format::Q4K => all_rows::<Q4K>(matrix, x, rows, tile, sink),
                Format::Q5K => all_rows::<Q5K>(matrix, x, rows, tile, sink),
                Format::Iq4Xs => all_rows::<Iq4Xs>(matrix, x, rows, tile, sink),
                Format::Q6K => all_rows::<Q6K>(matrix, x, rows, tile, sink),
                Format::F32 | Format::F16 | Format::Bf16 => unreachable!("not a block format"),
            }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn all_rows<C: Codec>(matrix: &Matrix, x: &Quantised, rows: usize, tile: usize, sink: &Sink<'_>) {
    let mut row = 0;
    while rows - row >= 4 {
        some_rows::<C, 4>(matrix, x, row, tile, sink);
        row += 4;
    }
    match rows - row {
        0 => {}
        1 => some_rows::<C, 1>(matrix, x, row, tile, sink),
        2 => some_rows::<C, 2>(matrix, x, row, tile, sink),
        _ => some_rows::<C, 3>(matrix, x, row, tile, sink),
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn some_rows<C: Codec, const ROWS: usize>(matrix: &Matrix, x: &Quantised, row: usize, tile: usize, sink: &Sink<'_>) {
    let (blocks, columns) = (matrix.blocks(), matrix.columns());
    let weights = matrix.tile(tile).as_ptr();
    let mut lanes = [[0.0f32; TILE]; ROWS];
    for eight in 0..2 {
        let mut totals = [_mm256_setzero_ps(); ROWS];
        for index in 0..blocks {
            // SAFETY: the features are enabled here, and the tile has `blocks` blocks.
            let block = unsafe { C::block(weights, index, eight) };
            for (of, total) in totals.iter_mut().enumerate() {
                let at = (row + of) * blocks + index;
                let values = &x.values[(row + of) * columns + index * BLOCK..][..BLOCK];
                let products = if C::PARTS {
                    let [first, second] = x.minus_halves[at];
                    _mm256_add_epi32(
                        _mm256_mullo_epi32(dot::<C, 0, 4>(&block, values, first), block.part[0]),
                        _mm256_mullo_epi32(dot::<C, 4, 8>(&block, values, second), block.part[1]),
                    )
                } else {
                    dot::<C, 0, 8>(&block, values, x.minus[at])
                };
                let both = _mm256_mul_ps(block.scale, _mm256_set1_ps(x.scales[at]));
                *total = _mm256_fmadd_ps(both, _mm256_cvtepi32_ps(products), *total);
                if C::MINIMUM {
                    *total = _mm256_fmadd_ps(block.minimum, _mm256_set1_ps(x.sums[at]), *total);
                }
                if C::HALF_MINIMA {
                    let [first, second] = x.minus_halves[at].map(|half| _mm256_set1_epi32(half));
                    let products = _mm256_add_epi32(
                        _mm256_mullo_epi32(block.minimum_part[0], first),
                        _mm256_mullo_epi32(block.minimum_part[1], second),
                    );
                    let both = _mm256_mul_ps(block.minimum, _mm256_set1_ps(x.scales[at]));
                    *total = _mm256_fmadd_ps(both, _mm256_cvtepi32_ps(products), *total);
                }
            }
        }
        for (lanes, total) in lanes.iter_mut().zip(totals) {
            // SAFETY: eight floats from lane 0 or 8 of 16.
            unsafe { _mm256_storeu_ps(lanes.as_mut_ptr().add(eight * 8), total) };
        }
    }
    for (of, lanes) in lanes.iter().enumerate() {
        sink.put(row + of, tile, lanes);
    }
}

/// Integer products of the vectors `FROM..TO` of a block with a row's values.
#[inline]
#[target_feature(enable = "avx2")]
fn dot<C: Codec, const FROM: usize, const TO: usize>(block: &Block, values: &[i8], minus: i32) -> __m256i {
    let ones = _mm256_set1_epi16(1);
    let mut sum = _mm256_set1_epi32(minus << C::OFFSET_BITS);
    if C::OFFSET_BITS == 0 {
        sum = _mm256_setzero_si256();
    }
    let mut pairs = _mm256_setzero_si256();
    for group in FROM..TO {
        let four = i32::from_le_bytes(std::array::from_fn(|byte| values[group * 4 + byte] as u8));
        let (quants, value) = (block.quants[group], _mm256_set1_epi32(four));
        let products = if C::SIGNED {
            _mm256_maddubs_epi16(_mm256_abs_epi8(quants), _mm256_sign_epi8(value, quants))
        } else {
            _mm256_maddubs_epi16(quants, value)
        };
        pairs = _mm256_add_epi16(pairs, products);
        if (group - FROM + 1).is_multiple_of(C::SAFE) {
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
            pairs = _mm256_setzero_si256();
        }
    }
    sum
}
