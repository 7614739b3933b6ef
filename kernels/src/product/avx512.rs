//! Products of the block formats with AVX-512 VNNI: one vector of 16 lanes is one tile.

mod codecs;

use std::arch::x86_64::*;
use std::ops::Range;

use crate::arena::LINE;
use crate::format::Format;
use crate::level::{Kernels, Level};
use crate::matrix::{BLOCK, Matrix, TILE};
use crate::product::Sink;
use crate::quantise::Quantised;
use codecs::*;

/// The prefetch distance of weights, in blocks.
const AHEAD: usize = 8;

/// One block of a tile, ready for the products.
struct Block {
    /// Weights as unsigned bytes; vector `g` holds those of columns `4·g` to `4·g + 3`.
    quants: [__m512i; 8],
    scale: __m512,
    /// Used if the codec has minima.
    minimum: __m512,
    /// Used if the codec has parts.
    part: [__m512i; 2],
    /// Used if the codec has a minimum for each half: integers, with `minimum` for their scale.
    minimum_part: [__m512i; 2],
}

/// How a format's blocks are loaded.
trait Codec {
    /// `log2` of the offset that makes signed weights unsigned; 0 for none.
    const OFFSET_BITS: u32 = 0;
    const MINIMUM: bool = false;
    /// Approximate bytes per block.
    const BYTES: usize;
    /// Whether each half of a block has an integer scale of its own.
    const PARTS: bool = false;
    /// Whether each half of a block has an integer minimum of its own, which is subtracted.
    const HALF_MINIMA: bool = false;

    /// # Safety
    /// The machine has the features, and `tile` points to a tile of the format with more than `index` blocks.
    unsafe fn block(tile: *const u8, index: usize) -> Block;
}

pub(super) fn tiles(
    kernels: Kernels,
    matrix: &Matrix,
    x: &Quantised,
    rows: usize,
    tiles: Range<usize>,
    sink: &Sink<'_>,
) {
    assert_eq!(kernels.level(), Level::Avx512);
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

/// Eight rows at a time while there are as many, so that a block of weights is unpacked once for eight rows.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")]
fn all_rows<C: Codec>(matrix: &Matrix, x: &Quantised, rows: usize, tile: usize, sink: &Sink<'_>) {
    let mut row = 0;
    while rows - row >= 8 {
        some_rows::<C, 8>(matrix, x, row, tile, sink);
        row += 8;
    }
    match rows - row {
        0 => {}
        1 => some_rows::<C, 1>(matrix, x, row, tile, sink),
        2 => some_rows::<C, 2>(matrix, x, row, tile, sink),
        3 => some_rows::<C, 3>(matrix, x, row, tile, sink),
        4 => some_rows::<C, 4>(matrix, x, row, tile, sink),
        5 => some_rows::<C, 5>(matrix, x, row, tile, sink),
        6 => some_rows::<C, 6>(matrix, x, row, tile, sink),
        _ => some_rows::<C, 7>(matrix, x, row, tile, sink),
    }
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")]
fn some_rows<C: Codec, const ROWS: usize>(matrix: &Matrix, x: &Quantised, row: usize, tile: usize, sink: &Sink<'_>) {
    let (blocks, columns) = (matrix.blocks(), matrix.columns());
    let weights = matrix.tile(tile).as_ptr();
    let values = &x.values[row * columns..(row + ROWS) * columns];
    let part = row * blocks..(row + ROWS) * blocks;
    let (scales, sums) = (&x.scales[part.clone()], &x.sums[part.clone()]);
    let (minus, minus_halves) = (&x.minus[part.clone()], &x.minus_halves[part]);
    let mut totals = [_mm512_setzero_ps(); ROWS];
    for index in 0..blocks {
        if ROWS > 4 {
            // The products of many rows fill the reorder window, so the processor would see the next loads late.
            for line in (0..C::BYTES).step_by(LINE) {
                // Prefetching an address beyond the weights does no harm.
                _mm_prefetch::<_MM_HINT_T0>(weights.wrapping_add((index + AHEAD) * C::BYTES + line).cast());
            }
        }
        // SAFETY: the features are enabled here, and the tile has `blocks` blocks.
        let block = unsafe { C::block(weights, index) };
        for (row, total) in totals.iter_mut().enumerate() {
            let at = row * blocks + index;
            // SAFETY: `at` is below `ROWS · blocks`, the length of these slices, and so are the values of
            // the block below `ROWS · columns`.
            let (four, scale, sum) = unsafe {
                let four = values.as_ptr().add(row * columns + index * BLOCK).cast::<i32>();
                (four, *scales.get_unchecked(at), *sums.get_unchecked(at))
            };
            // SAFETY: a block of values is eight times four bytes, which need not be aligned.
            let value = |group: usize| _mm512_set1_epi32(unsafe { four.add(group).read_unaligned() });
            let products = if C::PARTS {
                // SAFETY: as for the scales.
                let halves = unsafe { minus_halves.get_unchecked(at) };
                let mut products = [_mm512_setzero_si512(); 2];
                for half in 0..2 {
                    let mut sum = offset::<C>(halves[half]);
                    for group in half * 4..half * 4 + 4 {
                        sum = _mm512_dpbusd_epi32(sum, block.quants[group], value(group));
                    }
                    products[half] = _mm512_mullo_epi32(sum, block.part[half]);
                }
                _mm512_add_epi32(products[0], products[1])
            } else {
                // SAFETY: as for the scales.
                let mut sum = offset::<C>(unsafe { *minus.get_unchecked(at) });
                for group in 0..8 {
                    sum = _mm512_dpbusd_epi32(sum, block.quants[group], value(group));
                }
                sum
            };
            let both = _mm512_mul_ps(block.scale, _mm512_set1_ps(scale));
            *total = _mm512_fmadd_ps(both, _mm512_cvtepi32_ps(products), *total);
            if C::MINIMUM {
                *total = _mm512_fmadd_ps(block.minimum, _mm512_set1_ps(sum), *total);
            }
            if C::HALF_MINIMA {
                // SAFETY: as for the scales.
                let [first, second] = unsafe { *minus_halves.get_unchecked(at) };
                let products = _mm512_add_epi32(
                    _mm512_mullo_epi32(block.minimum_part[0], _mm512_set1_epi32(first)),
                    _mm512_mullo_epi32(block.minimum_part[1], _mm512_set1_epi32(second)),
                );
                let both = _mm512_mul_ps(block.minimum, _mm512_set1_ps(scale));
                *total = _mm512_fmadd_ps(both, _mm512_cvtepi32_ps(products), *total);
            }
        }
    }
    for (lane, total) in totals.iter().enumerate() {
        let mut lanes = [0.0f32; TILE];
        // SAFETY: the array holds 16 floats.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), *total) };
        sink.put(row + lane, tile, &lanes);
    }
}

/// The correction of the products for the offset of the weights.
#[inline]
#[target_feature(enable = "avx512f")]
fn offset<C: Codec>(minus: i32) -> __m512i {
    if C::OFFSET_BITS == 0 {
        _mm512_setzero_si512()
    } else {
        _mm512_sll_epi32(_mm512_set1_epi32(minus), _mm_cvtsi32_si128(C::OFFSET_BITS as i32))
    }
}
