//! Loading blocks of each format into AVX2 vectors.

use std::arch::x86_64::*;

use crate::format::{Format, IQ4_VALUES};
use crate::matrix::Layout;
use crate::product::avx2::{Block, Codec};

/// # Safety
/// 32 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn vector(from: *const u8) -> __m256i {
    // SAFETY: what the caller promises.
    unsafe { _mm256_loadu_si256(from.cast()) }
}

/// # Safety
/// 16 readable bytes.
#[inline]
#[target_feature(enable = "avx2,f16c")]
unsafe fn halves(from: *const u8) -> __m256 {
    // SAFETY: what the caller promises.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(from.cast()) })
}

/// # Safety
/// 8 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn unsigned_bytes(from: *const u8) -> __m256 {
    // SAFETY: what the caller promises.
    _mm256_cvtepi32_ps(unsafe { unsigned_words(from) })
}

/// # Safety
/// 8 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn unsigned_words(from: *const u8) -> __m256i {
    // SAFETY: what the caller promises.
    _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(from.cast()) })
}

/// # Safety
/// 8 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn signed_bytes(from: *const u8) -> __m256i {
    // SAFETY: what the caller promises.
    _mm256_cvtepi8_epi32(unsafe { _mm_loadl_epi64(from.cast()) })
}

/// Nibbles of eight rows, the low ones first.
///
/// # Safety
/// 256 readable bytes from the start of the block; `from` skips those of other rows.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn nibbles(from: *const u8) -> [__m256i; 8] {
    let mask = _mm256_set1_epi8(15);
    let mut quants = [_mm256_setzero_si256(); 8];
    for group in 0..4 {
        // SAFETY: what the caller promises.
        let bytes = unsafe { vector(from.add(group * 64)) };
        quants[group] = _mm256_and_si256(bytes, mask);
        quants[group + 4] = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), mask);
    }
    quants
}

/// Adds the fifth bits of 32 quants of eight rows to their nibbles.
///
/// # Safety
/// 32 readable bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn with_high_bits(mut quants: [__m256i; 8], high: *const u8) -> [__m256i; 8] {
    let mask = _mm256_set1_epi8(1 << 4);
    // SAFETY: what the caller promises.
    let bits = unsafe { vector(high) };
    let shifted = [
        _mm256_slli_epi16::<4>(bits),
        _mm256_slli_epi16::<3>(bits),
        _mm256_slli_epi16::<2>(bits),
        _mm256_slli_epi16::<1>(bits),
        bits,
        _mm256_srli_epi16::<1>(bits),
        _mm256_srli_epi16::<2>(bits),
        _mm256_srli_epi16::<3>(bits),
    ];
    for (quants, shifted) in quants.iter_mut().zip(shifted) {
        *quants = _mm256_or_si256(*quants, _mm256_and_si256(shifted, mask));
    }
    quants
}

/// The values selected by the nibbles of the IQ4 formats.
#[inline]
#[target_feature(enable = "avx2")]
fn looked_up(mut quants: [__m256i; 8]) -> [__m256i; 8] {
    // SAFETY: sixteen bytes.
    let table = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(IQ4_VALUES.as_ptr().cast()) });
    for quants in &mut quants {
        *quants = _mm256_shuffle_epi8(table, *quants);
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
    const OFFSET_BITS: u32 = 3;
    const SAFE: usize = 8; // 8 · 2 · 15 · 127 = 30,480

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        let zero = _mm256_setzero_si256();
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scale = halves(tile.add(const { Layout::of(Format::Q4_0) }.scales(index) + eight * 16));
            Block {
                quants: nibbles(tile.add(const { Layout::of(Format::Q4_0) }.quants(index) + eight * 32)),
                scale,
                minimum: scale,
                part: [zero; 2],
                minimum_part: [zero; 2],
            }
        }
    }
}

impl Codec for Q4_1 {
    const MINIMUM: bool = true;
    const SAFE: usize = 8;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        let zero = _mm256_setzero_si256();
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(const { Layout::of(Format::Q4_1) }.scales(index) + eight * 16);
            let (scale, minimum) = (halves(scales), halves(scales.add(32)));
            Block {
                quants: nibbles(tile.add(const { Layout::of(Format::Q4_1) }.quants(index) + eight * 32)),
                scale,
                minimum,
                part: [zero; 2],
                minimum_part: [zero; 2],
            }
        }
    }
}

impl Codec for Q8_0 {
    const SIGNED: bool = true;
    const SAFE: usize = 1; // 2 · 128 · 127 = 32,512

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        let zero = _mm256_setzero_si256();
        let turned = _mm256_set1_epi8(-128);
        let mut quants = [zero; 8];
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            for (group, quants) in quants.iter_mut().enumerate() {
                *quants = _mm256_xor_si256(
                    vector(tile.add(const { Layout::of(Format::Q8_0) }.quants(index) + group * 64 + eight * 32)),
                    turned,
                );
            }
            let scale = halves(tile.add(const { Layout::of(Format::Q8_0) }.scales(index) + eight * 16));
            Block { quants, scale, minimum: scale, part: [zero; 2], minimum_part: [zero; 2] }
        }
    }
}

impl Codec for Q4K {
    const MINIMUM: bool = true;
    const SAFE: usize = 8;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        let zero = _mm256_setzero_si256();
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(const { Layout::of(Format::Q4K) }.scales(index) + eight * 8);
            let shared = tile.add(const { Layout::of(Format::Q4K) }.shared(index) + eight * 16);
            let scale = _mm256_mul_ps(halves(shared), unsigned_bytes(scales));
            let minimum = _mm256_mul_ps(halves(shared.add(32)), unsigned_bytes(scales.add(16)));
            let minimum = _mm256_sub_ps(_mm256_set1_ps(-0.0), minimum);
            Block {
                quants: nibbles(tile.add(const { Layout::of(Format::Q4K) }.quants(index) + eight * 32)),
                scale,
                minimum,
                part: [zero; 2],
                minimum_part: [zero; 2],
            }
        }
    }
}

impl Codec for Q6K {
    const OFFSET_BITS: u32 = 5;
    const PARTS: bool = true;
    const SAFE: usize = 2; // 2 · 2 · 63 · 127 = 32,004

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        let mask = _mm256_set1_epi8(3 << 4);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let mut quants = nibbles(tile.add(const { Layout::of(Format::Q6K) }.quants(index) + eight * 32));
            for of in 0..2 {
                let bits = vector(tile.add(const { Layout::of(Format::Q6K) }.high(index) + of * 64 + eight * 32));
                let shifted =
                    [_mm256_slli_epi16::<4>(bits), _mm256_slli_epi16::<2>(bits), bits, _mm256_srli_epi16::<2>(bits)];
                for (pair, shifted) in shifted.into_iter().enumerate() {
                    let group = of + 2 * pair;
                    quants[group] = _mm256_or_si256(quants[group], _mm256_and_si256(shifted, mask));
                }
            }
            let scales = tile.add(const { Layout::of(Format::Q6K) }.scales(index) + eight * 8);
            let scale = halves(tile.add(const { Layout::of(Format::Q6K) }.shared(index) + eight * 16));
            let part = [signed_bytes(scales), signed_bytes(scales.add(16))];
            Block { quants, scale, minimum: scale, part, minimum_part: part }
        }
    }
}

impl Codec for Q5_0 {
    const OFFSET_BITS: u32 = 4;
    const SAFE: usize = 4; // 4 · 2 · 31 · 127 = 31,496

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q5_0);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scale = halves(tile.add(LAYOUT.scales(index) + eight * 16));
            let quants = with_high_bits(
                nibbles(tile.add(LAYOUT.quants(index) + eight * 32)),
                tile.add(LAYOUT.high(index) + eight * 32),
            );
            Block {
                quants,
                scale,
                minimum: scale,
                part: [_mm256_setzero_si256(); 2],
                minimum_part: [_mm256_setzero_si256(); 2],
            }
        }
    }
}

impl Codec for Q5_1 {
    const MINIMUM: bool = true;
    const SAFE: usize = 4;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q5_1);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index) + eight * 16);
            let (scale, minimum) = (halves(scales), halves(scales.add(32)));
            let quants = with_high_bits(
                nibbles(tile.add(LAYOUT.quants(index) + eight * 32)),
                tile.add(LAYOUT.high(index) + eight * 32),
            );
            Block {
                quants,
                scale,
                minimum,
                part: [_mm256_setzero_si256(); 2],
                minimum_part: [_mm256_setzero_si256(); 2],
            }
        }
    }
}

impl Codec for Iq4Nl {
    const SIGNED: bool = true;
    const SAFE: usize = 1; // 2 · 127 · 127 = 32,258

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Iq4Nl);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scale = halves(tile.add(LAYOUT.scales(index) + eight * 16));
            let quants = looked_up(nibbles(tile.add(LAYOUT.quants(index) + eight * 32)));
            Block {
                quants,
                scale,
                minimum: scale,
                part: [_mm256_setzero_si256(); 2],
                minimum_part: [_mm256_setzero_si256(); 2],
            }
        }
    }
}

impl Codec for Q2K {
    const PARTS: bool = true;
    const HALF_MINIMA: bool = true;
    const SAFE: usize = 4; // a half; 4 · 2 · 3 · 127 = 3,048

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q2K);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index) + eight * 8);
            let shared = tile.add(LAYOUT.shared(index) + eight * 16);
            let both = [unsigned_words(scales), unsigned_words(scales.add(16))];
            let low = _mm256_set1_epi32(15);
            Block {
                quants: nibbles(tile.add(LAYOUT.quants(index) + eight * 32)),
                scale: halves(shared),
                minimum: halves(shared.add(32)),
                part: [_mm256_and_si256(both[0], low), _mm256_and_si256(both[1], low)],
                minimum_part: [_mm256_srli_epi32::<4>(both[0]), _mm256_srli_epi32::<4>(both[1])],
            }
        }
    }
}

impl Codec for Q3K {
    const OFFSET_BITS: u32 = 2;
    const PARTS: bool = true;
    const SAFE: usize = 4; // a half; 4 · 2 · 7 · 127 = 7,112

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q3K);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index) + eight * 8);
            let scale = halves(tile.add(LAYOUT.shared(index) + eight * 16));
            let part = [signed_bytes(scales), signed_bytes(scales.add(16))];
            Block {
                quants: nibbles(tile.add(LAYOUT.quants(index) + eight * 32)),
                scale,
                minimum: scale,
                part,
                minimum_part: part,
            }
        }
    }
}

impl Codec for Q5K {
    const MINIMUM: bool = true;
    const SAFE: usize = 4;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Q5K);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = tile.add(LAYOUT.scales(index) + eight * 8);
            let shared = tile.add(LAYOUT.shared(index) + eight * 16);
            let scale = _mm256_mul_ps(halves(shared), unsigned_bytes(scales));
            let minimum = _mm256_mul_ps(halves(shared.add(32)), unsigned_bytes(scales.add(16)));
            let minimum = _mm256_sub_ps(_mm256_set1_ps(-0.0), minimum);
            let quants = with_high_bits(
                nibbles(tile.add(LAYOUT.quants(index) + eight * 32)),
                tile.add(LAYOUT.high(index) + eight * 32),
            );
            Block {
                quants,
                scale,
                minimum,
                part: [_mm256_setzero_si256(); 2],
                minimum_part: [_mm256_setzero_si256(); 2],
            }
        }
    }
}

impl Codec for Iq4Xs {
    const SIGNED: bool = true;
    const SAFE: usize = 1;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn block(tile: *const u8, index: usize, eight: usize) -> Block {
        const LAYOUT: Layout = Layout::of(Format::Iq4Xs);
        // SAFETY: block `index` lies within the tile, as the caller promises.
        unsafe {
            let scales = signed_bytes(tile.add(LAYOUT.scales(index) + eight * 8));
            let scale = _mm256_mul_ps(halves(tile.add(LAYOUT.shared(index) + eight * 16)), _mm256_cvtepi32_ps(scales));
            let quants = looked_up(nibbles(tile.add(LAYOUT.quants(index) + eight * 32)));
            Block {
                quants,
                scale,
                minimum: scale,
                part: [_mm256_setzero_si256(); 2],
                minimum_part: [_mm256_setzero_si256(); 2],
            }
        }
    }
}
