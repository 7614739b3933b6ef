//! Loading blocks of each format into AVX-512 vectors.

use std::arch::x86_64::*;

use crate::format::{Format, IQ4_VALUES};
use crate::matrix::Layout;
use crate::product::avx512::{Block, Codec};

/// # Safety
/// 64 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn vector(from: *const u8) -> __m512i {
    // SAFETY: what the caller promises.
    unsafe { _mm512_loadu_si512(from.cast()) }
}

/// # Safety
/// 32 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn halves(from: *const u8) -> __m512 {
    // SAFETY: what the caller promises.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(from.cast()) })
}

/// # Safety
/// 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn unsigned_bytes(from: *const u8) -> __m512 {
    // SAFETY: what the caller promises.
    _mm512_cvtepi32_ps(unsafe { unsigned_words(from) })
}

/// # Safety
/// 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn unsigned_words(from: *const u8) -> __m512i {
    // SAFETY: what the caller promises.
    _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(from.cast()) })
}

/// # Safety
/// 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn signed_bytes(from: *const u8) -> __m512i {
    // SAFETY: what the caller promises.
    _mm512_cvtepi8_epi32(unsafe { _mm_loadu_si128(from.cast()) })
}

/// Four vectors of nibbles, the low ones first.
///
/// # Safety
/// 256 readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn nibbles(from: *const u8) -> [__m512i; 8] {
    let mask = _mm512_set1_epi8(15);
    let mut quants = [_mm512_setzero_si512(); 8];
    for group in 0..4 {
        // SAFETY: what the caller promises.
        let bytes = unsafe { vector(from.add(group * 64)) };
        quants[group] = _mm512_and_si512(bytes, mask);
        quants[group + 4] = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask);
    }
    quants
}

/// Adds the fifth bits of 32 quants to their nibbles.
///
/// # Safety
/// 64 readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn with_high_bits(mut quants: [__m512i; 8], high: *const u8) -> [__m512i; 8] {
    let mask = _mm512_set1_epi8(1 << 4);
    // SAFETY: what the caller promises.
    let bits = unsafe { vector(high) };
    let shifted = [
        _mm512_slli_epi16::<4>(bits),
        _mm512_slli_epi16::<3>(bits),
        _mm512_slli_epi16::<2>(bits),
        _mm512_slli_epi16::<1>(bits),
        bits,
        _mm512_srli_epi16::<1>(bits),
        _mm512_srli_epi16::<2>(bits),
        _mm512_srli_epi16::<3>(bits),
    ];
    for (quants, shifted) in quants.iter_mut().zip(shifted) {
        *quants = _mm512_or_si512(*quants, _mm512_and_si512(shifted, mask));
    }
    quants
}

/// The values selected by the nibbles of the IQ4 formats, plus 128.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn looked_up(mut quants: [__m512i; 8]) -> [__m512i; 8] {
    const RAISED: [i8; 16] = {
        let mut raised = IQ4_VALUES;
        let mut at = 0;
        while at < 16 {
            raised[at] = raised[at].wrapping_add(-128);
            at += 1;
        }
        raised
    };
    // SAFETY: sixteen bytes.
    let table = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(RAISED.as_ptr().cast()) });
    for quants in &mut quants {
        *quants = _mm512_shuffle_epi8(table, *quants);
    }
    quants
}

pub(super) struct Q4_0;
pub(super) struct Q4_1;
pub(super) struct Q5_0;
pub(super) struct Q5_1;
pub(super) struct Q8_0;
pub(super) struct Iq4Nl;
pub(super) struct Q2K;
pub(super) struct Q3K;
pub(super) struct Q4K;
pub(super) struct Q5K;
pub(super) struct Q6K;
pub(super) struct Iq4Xs;

impl Codec for Q4_0 {
    const BYTES: usize = 288;
    const OFFSET_BITS: u32 = 3;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        let zero = _mm512_setzero_si512();
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scale = halves(tile.add(const { Layout::of(Format::Q4_0) }.scales(index)));
            Block {
                quants: nibbles(tile.add(const { Layout::of(Format::Q4_0) }.quants(index))),
                scale,
                minimum: scale,
                part: [zero; 2],
                minimum_part: [zero; 2],
            }
        }
    }
}

impl Codec for Q4_1 {
    const BYTES: usize = 320;
    const MINIMUM: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        let zero = _mm512_setzero_si512();
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(const { Layout::of(Format::Q4_1) }.scales(index));
            let (scale, minimum) = (halves(scales), halves(scales.add(32)));
            Block {
                quants: nibbles(tile.add(const { Layout::of(Format::Q4_1) }.quants(index))),
                scale,
                minimum,
                part: [zero; 2],
                minimum_part: [zero; 2],
            }
        }
    }
}

impl Codec for Q8_0 {
    const BYTES: usize = 544;
    const OFFSET_BITS: u32 = 7;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        let zero = _mm512_setzero_si512();
        let mut quants = [zero; 8];
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            for (group, quants) in quants.iter_mut().enumerate() {
                *quants = vector(tile.add(const { Layout::of(Format::Q8_0) }.quants(index) + group * 64));
            }
            let scale = halves(tile.add(const { Layout::of(Format::Q8_0) }.scales(index)));
            Block { quants, scale, minimum: scale, part: [zero; 2], minimum_part: [zero; 2] }
        }
    }
}

impl Codec for Q4K {
    const BYTES: usize = 296;
    const MINIMUM: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        let zero = _mm512_setzero_si512();
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(const { Layout::of(Format::Q4K) }.scales(index));
            let shared = tile.add(const { Layout::of(Format::Q4K) }.shared(index));
            let scale = _mm512_mul_ps(halves(shared), unsigned_bytes(scales));
            let minimum = _mm512_mul_ps(halves(shared.add(32)), unsigned_bytes(scales.add(16)));
            let minimum = _mm512_sub_ps(_mm512_set1_ps(-0.0), minimum);
            Block {
                quants: nibbles(tile.add(const { Layout::of(Format::Q4K) }.quants(index))),
                scale,
                minimum,
                part: [zero; 2],
                minimum_part: [zero; 2],
            }
        }
    }
}

impl Codec for Q6K {
    const BYTES: usize = 424;
    const OFFSET_BITS: u32 = 5;
    const PARTS: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        let mask = _mm512_set1_epi8(3 << 4);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let mut quants = nibbles(tile.add(const { Layout::of(Format::Q6K) }.quants(index)));
            let high = tile.add(const { Layout::of(Format::Q6K) }.high(index));
            for of in 0..2 {
                let bits = vector(high.add(of * 64));
                let shifted =
                    [_mm512_slli_epi16::<4>(bits), _mm512_slli_epi16::<2>(bits), bits, _mm512_srli_epi16::<2>(bits)];
                for (pair, shifted) in shifted.into_iter().enumerate() {
                    let group = of + 2 * pair;
                    quants[group] = _mm512_or_si512(quants[group], _mm512_and_si512(shifted, mask));
                }
            }
            let scales = tile.add(const { Layout::of(Format::Q6K) }.scales(index));
            let scale = halves(tile.add(const { Layout::of(Format::Q6K) }.shared(index)));
            let part = [signed_bytes(scales), signed_bytes(scales.add(16))];
            Block { quants, scale, minimum: scale, part, minimum_part: part }
        }
    }
}

impl Codec for Q5_0 {
    const BYTES: usize = 352;
    const OFFSET_BITS: u32 = 4;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q5_0);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scale = halves(tile.add(LAYOUT.scales(index)));
            let quants = with_high_bits(nibbles(tile.add(LAYOUT.quants(index))), tile.add(LAYOUT.high(index)));
            Block {
                quants,
                scale,
                minimum: scale,
                part: [_mm512_setzero_si512(); 2],
                minimum_part: [_mm512_setzero_si512(); 2],
            }
        }
    }
}

impl Codec for Q5_1 {
    const BYTES: usize = 384;
    const MINIMUM: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q5_1);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index));
            let (scale, minimum) = (halves(scales), halves(scales.add(32)));
            let quants = with_high_bits(nibbles(tile.add(LAYOUT.quants(index))), tile.add(LAYOUT.high(index)));
            Block {
                quants,
                scale,
                minimum,
                part: [_mm512_setzero_si512(); 2],
                minimum_part: [_mm512_setzero_si512(); 2],
            }
        }
    }
}

impl Codec for Iq4Nl {
    const BYTES: usize = 288;
    const OFFSET_BITS: u32 = 7;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Iq4Nl);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scale = halves(tile.add(LAYOUT.scales(index)));
            let quants = looked_up(nibbles(tile.add(LAYOUT.quants(index))));
            Block {
                quants,
                scale,
                minimum: scale,
                part: [_mm512_setzero_si512(); 2],
                minimum_part: [_mm512_setzero_si512(); 2],
            }
        }
    }
}

impl Codec for Q2K {
    const BYTES: usize = 296;
    const PARTS: bool = true;
    const HALF_MINIMA: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q2K);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index));
            let shared = tile.add(LAYOUT.shared(index));
            let both = [unsigned_words(scales), unsigned_words(scales.add(16))];
            let low = _mm512_set1_epi32(15);
            Block {
                quants: nibbles(tile.add(LAYOUT.quants(index))),
                scale: halves(shared),
                minimum: halves(shared.add(32)),
                part: [_mm512_and_si512(both[0], low), _mm512_and_si512(both[1], low)],
                minimum_part: [_mm512_srli_epi32::<4>(both[0]), _mm512_srli_epi32::<4>(both[1])],
            }
        }
    }
}

impl Codec for Q3K {
    const BYTES: usize = 296;
    const OFFSET_BITS: u32 = 2;
    const PARTS: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q3K);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index));
            let scale = halves(tile.add(LAYOUT.shared(index)));
            let part = [signed_bytes(scales), signed_bytes(scales.add(16))];
            Block { quants: nibbles(tile.add(LAYOUT.quants(index))), scale, minimum: scale, part, minimum_part: part }
        }
    }
}

impl Codec for Q5K {
    const BYTES: usize = 360;
    const MINIMUM: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q5K);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index));
            let shared = tile.add(LAYOUT.shared(index));
            let scale = _mm512_mul_ps(halves(shared), unsigned_bytes(scales));
            let minimum = _mm512_mul_ps(halves(shared.add(32)), unsigned_bytes(scales.add(16)));
            let minimum = _mm512_sub_ps(_mm512_set1_ps(-0.0), minimum);
            let quants = with_high_bits(nibbles(tile.add(LAYOUT.quants(index))), tile.add(LAYOUT.high(index)));
            Block {
                quants,
                scale,
                minimum,
                part: [_mm512_setzero_si512(); 2],
                minimum_part: [_mm512_setzero_si512(); 2],
            }
        }
    }
}

impl Codec for Iq4Xs {
    const BYTES: usize = 280;
    const OFFSET_BITS: u32 = 7;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn block(tile: *const u8, index: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Iq4Xs);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = signed_bytes(tile.add(LAYOUT.scales(index)));
            let scale = _mm512_mul_ps(halves(tile.add(LAYOUT.shared(index))), _mm512_cvtepi32_ps(scales));
            let quants = looked_up(nibbles(tile.add(LAYOUT.quants(index))));
            Block {
                quants,
                scale,
                minimum: scale,
                part: [_mm512_setzero_si512(); 2],
                minimum_part: [_mm512_setzero_si512(); 2],
            }
        }
    }
}
