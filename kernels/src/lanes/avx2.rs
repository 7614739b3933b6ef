//! Sixteen lanes in two AVX2 registers.

use std::arch::x86_64::*;

use half::f16;

use crate::lanes::{Lanes, Task};

/// Proof that the machine has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// # Safety
/// The machine has the features; `Level::Avx2` asks for them.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn perform<T: Task>(task: T) -> T::Output {
    task.vectors(Avx2(()))
}

/// Calls an intrinsic of the features that an `Avx2` proves.
macro_rules! proven {
    ($call:expr) => {
        // SAFETY: the value that every method takes exists only where `perform` was entered, whose caller has detected
        // the features; only the given arrays are read and written through pointers.
        unsafe { $call }
    };
}

/// Calls an intrinsic on both registers.
macro_rules! both {
    ($intrinsic:ident, $($argument:expr),+) => {
        proven!([$intrinsic($($argument[0]),+), $intrinsic($($argument[1]),+)])
    };
}

impl Lanes for Avx2 {
    type Floats = [__m256; 2];
    type Words = [__m256i; 2];

    const ASKERS: usize = 6;
    const GROUPS: usize = 1;
    const SUMMED: usize = 3;
    const VALUES: usize = 2;

    #[inline(always)]
    fn prefetch<T>(self, cells: &[T]) {
        let start: *const i8 = cells.as_ptr().cast();
        for line in (0..size_of_val(cells)).step_by(64) {
            proven!(_mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line)));
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [__m256; 2] {
        proven!([_mm256_set1_ps(value); 2])
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> [__m256; 2] {
        proven!([_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))])
    }

    #[inline(always)]
    fn load_half(self, from: &[f16; 16]) -> [__m256; 2] {
        proven!({
            let from = from.as_ptr();
            [_mm256_cvtph_ps(_mm_loadu_si128(from.cast())), _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast()))]
        })
    }

    #[inline(always)]
    fn load_brain(self, from: &[u16; 16]) -> [__m256; 2] {
        let half = |from: *const u16| {
            proven!({
                let words = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(words))
            })
        };
        let (first, second) = from.split_at(8);
        [half(first.as_ptr()), half(second.as_ptr())]
    }

    #[inline(always)]
    fn store(self, value: [__m256; 2], to: &mut [f32; 16]) {
        proven!({
            _mm256_storeu_ps(to.as_mut_ptr(), value[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), value[1]);
        })
    }

    #[inline(always)]
    fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        both!(_mm256_add_ps, a, b)
    }

    #[inline(always)]
    fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        both!(_mm256_sub_ps, a, b)
    }

    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        both!(_mm256_mul_ps, a, b)
    }

    #[inline(always)]
    fn div(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        both!(_mm256_div_ps, a, b)
    }

    #[inline(always)]
    fn fma(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        both!(_mm256_fmadd_ps, a, b, c)
    }

    #[inline(always)]
    fn max(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        both!(_mm256_max_ps, a, b)
    }

    #[inline(always)]
    fn abs(self, a: [__m256; 2]) -> [__m256; 2] {
        let sign = self.splat(-0.0);
        both!(_mm256_andnot_ps, sign, a)
    }

    #[inline(always)]
    fn round(self, a: [__m256; 2]) -> [__m256; 2] {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        proven!([_mm256_round_ps::<NEAREST>(a[0]), _mm256_round_ps::<NEAREST>(a[1])])
    }

    #[inline(always)]
    fn if_less(self, a: [__m256; 2], b: [__m256; 2], yes: [__m256; 2], no: [__m256; 2]) -> [__m256; 2] {
        let less = proven!([_mm256_cmp_ps::<_CMP_LT_OQ>(a[0], b[0]), _mm256_cmp_ps::<_CMP_LT_OQ>(a[1], b[1])]);
        both!(_mm256_blendv_ps, no, yes, less)
    }

    #[inline(always)]
    fn words_if_less(self, a: [__m256; 2], b: [__m256; 2], yes: [__m256i; 2], no: [__m256i; 2]) -> [__m256i; 2] {
        self.as_words(self.if_less(a, b, self.as_floats(yes), self.as_floats(no)))
    }

    #[inline(always)]
    fn sum(self, a: [__m256; 2]) -> f32 {
        proven!({
            let eight = _mm256_add_ps(a[0], a[1]);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        })
    }

    #[inline(always)]
    fn largest(self, a: [__m256; 2]) -> f32 {
        proven!({
            let eight = _mm256_max_ps(a[0], a[1]);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        })
    }

    #[inline(always)]
    fn words(self, value: u32) -> [__m256i; 2] {
        proven!([_mm256_set1_epi32(value as i32); 2])
    }

    #[inline(always)]
    fn load_words(self, from: &[u32; 16]) -> [__m256i; 2] {
        proven!([_mm256_loadu_si256(from.as_ptr().cast()), _mm256_loadu_si256(from.as_ptr().add(8).cast())])
    }

    #[inline(always)]
    fn store_words(self, value: [__m256i; 2], to: &mut [u32; 16]) {
        proven!({
            _mm256_storeu_si256(to.as_mut_ptr().cast(), value[0]);
            _mm256_storeu_si256(to.as_mut_ptr().add(8).cast(), value[1]);
        })
    }

    #[inline(always)]
    fn store_bytes(self, value: [__m256i; 2], to: &mut [i8; 16]) {
        proven!({
            // Packing works on each half of a register separately, which leaves the quarters in the wrong order.
            let shorts = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(value[0], value[1]));
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256::<1>(shorts));
            _mm_storeu_si128(to.as_mut_ptr().cast(), bytes);
        })
    }

    #[inline(always)]
    fn add_words(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        both!(_mm256_add_epi32, a, b)
    }

    #[inline(always)]
    fn and(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        both!(_mm256_and_si256, a, b)
    }

    #[inline(always)]
    fn xor(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        both!(_mm256_xor_si256, a, b)
    }

    #[inline(always)]
    fn product(self, a: [__m256i; 2], b: [__m256i; 2]) -> ([__m256i; 2], [__m256i; 2]) {
        let high = |a, b| {
            proven!({
                let even = _mm256_mul_epu32(a, b);
                let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(a), _mm256_srli_epi64::<32>(b));
                _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd)
            })
        };
        (both!(_mm256_mullo_epi32, a, b), [high(a[0], b[0]), high(a[1], b[1])])
    }

    #[inline(always)]
    fn at_exponent(self, a: [__m256i; 2]) -> [__m256i; 2] {
        proven!([_mm256_slli_epi32::<23>(a[0]), _mm256_slli_epi32::<23>(a[1])])
    }

    #[inline(always)]
    fn exponent_of(self, a: [__m256i; 2]) -> [__m256i; 2] {
        proven!([_mm256_srai_epi32::<23>(a[0]), _mm256_srai_epi32::<23>(a[1])])
    }

    #[inline(always)]
    fn sum_words(self, a: [__m256i; 2]) -> i32 {
        proven!({
            let eight = _mm256_add_epi32(a[0], a[1]);
            let four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
            let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
            _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
        })
    }

    #[inline(always)]
    fn to_words(self, a: [__m256; 2]) -> [__m256i; 2] {
        both!(_mm256_cvtps_epi32, a)
    }

    #[inline(always)]
    fn signed(self, a: [__m256i; 2]) -> [__m256; 2] {
        both!(_mm256_cvtepi32_ps, a)
    }

    #[inline(always)]
    fn unsigned(self, a: [__m256i; 2]) -> [__m256; 2] {
        // Both halves are exact as floats, and their sum is rounded once.
        let half = |a| {
            proven!({
                let high = _mm256_cvtepi32_ps(_mm256_srli_epi32::<16>(a));
                let low = _mm256_cvtepi32_ps(_mm256_and_si256(a, _mm256_set1_epi32(0xffff)));
                _mm256_fmadd_ps(high, _mm256_set1_ps(65536.0), low)
            })
        };
        [half(a[0]), half(a[1])]
    }

    #[inline(always)]
    fn as_words(self, a: [__m256; 2]) -> [__m256i; 2] {
        both!(_mm256_castps_si256, a)
    }

    #[inline(always)]
    fn as_floats(self, a: [__m256i; 2]) -> [__m256; 2] {
        both!(_mm256_castsi256_ps, a)
    }
}
