//! Sixteen lanes in one AVX-512 register.

use std::arch::x86_64::*;

use half::f16;

use crate::lanes::{Lanes, Task};

/// Proof that the machine has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// # Safety
/// The machine has the features; `Level::Avx512` asks for them.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn perform<T: Task>(task: T) -> T::Output {
    task.vectors(Avx512(()))
}

/// Calls an intrinsic of the features that an `Avx512` proves.
macro_rules! proven {
    ($call:expr) => {
        // SAFETY: the value that every method takes exists only where `perform` was entered, whose caller has detected
        // the features; only the given arrays are read and written through pointers.
        unsafe { $call }
    };
}

impl Lanes for Avx512 {
    type Floats = __m512;
    type Words = __m512i;

    const ASKERS: usize = 12;
    const GROUPS: usize = 2;
    const SUMMED: usize = 6;
    const VALUES: usize = 4;

    #[inline(always)]
    fn prefetch<T>(self, cells: &[T]) {
        let start: *const i8 = cells.as_ptr().cast();
        for line in (0..size_of_val(cells)).step_by(64) {
            proven!(_mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line)));
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        proven!(_mm512_set1_ps(value))
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> __m512 {
        proven!(_mm512_loadu_ps(from.as_ptr()))
    }

    #[inline(always)]
    fn load_half(self, from: &[f16; 16]) -> __m512 {
        proven!(_mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())))
    }

    #[inline(always)]
    fn load_brain(self, from: &[u16; 16]) -> __m512 {
        proven!({
            let words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.as_ptr().cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(words))
        })
    }

    #[inline(always)]
    fn store(self, value: __m512, to: &mut [f32; 16]) {
        proven!(_mm512_storeu_ps(to.as_mut_ptr(), value))
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        proven!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        proven!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        proven!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        proven!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        proven!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        proven!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        proven!(_mm512_abs_ps(a))
    }

    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        proven!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a))
    }

    #[inline(always)]
    fn if_less(self, a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
        proven!(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), no, yes))
    }

    #[inline(always)]
    fn words_if_less(self, a: __m512, b: __m512, yes: __m512i, no: __m512i) -> __m512i {
        proven!(_mm512_mask_blend_epi32(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), no, yes))
    }

    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        proven!({
            let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(a)));
            let eight = _mm256_add_ps(_mm512_castps512_ps256(a), upper);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        })
    }

    #[inline(always)]
    fn largest(self, a: __m512) -> f32 {
        proven!(_mm512_reduce_max_ps(a))
    }

    #[inline(always)]
    fn words(self, value: u32) -> __m512i {
        proven!(_mm512_set1_epi32(value as i32))
    }

    #[inline(always)]
    fn load_words(self, from: &[u32; 16]) -> __m512i {
        proven!(_mm512_loadu_si512(from.as_ptr().cast()))
    }

    #[inline(always)]
    fn store_words(self, value: __m512i, to: &mut [u32; 16]) {
        proven!(_mm512_storeu_si512(to.as_mut_ptr().cast(), value))
    }

    #[inline(always)]
    fn store_bytes(self, value: __m512i, to: &mut [i8; 16]) {
        proven!(_mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(value)))
    }

    #[inline(always)]
    fn add_words(self, a: __m512i, b: __m512i) -> __m512i {
        proven!(_mm512_add_epi32(a, b))
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        proven!(_mm512_and_si512(a, b))
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        proven!(_mm512_xor_si512(a, b))
    }

    #[inline(always)]
    fn product(self, a: __m512i, b: __m512i) -> (__m512i, __m512i) {
        proven!({
            let even = _mm512_mul_epu32(a, b);
            let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(a), _mm512_srli_epi64::<32>(b));
            let high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64::<32>(even), odd);
            (_mm512_mullo_epi32(a, b), high)
        })
    }

    #[inline(always)]
    fn at_exponent(self, a: __m512i) -> __m512i {
        proven!(_mm512_slli_epi32::<23>(a))
    }

    #[inline(always)]
    fn exponent_of(self, a: __m512i) -> __m512i {
        proven!(_mm512_srai_epi32::<23>(a))
    }

    #[inline(always)]
    fn sum_words(self, a: __m512i) -> i32 {
        proven!(_mm512_reduce_add_epi32(a))
    }

    #[inline(always)]
    fn to_words(self, a: __m512) -> __m512i {
        proven!(_mm512_cvtps_epi32(a))
    }

    #[inline(always)]
    fn signed(self, a: __m512i) -> __m512 {
        proven!(_mm512_cvtepi32_ps(a))
    }

    #[inline(always)]
    fn unsigned(self, a: __m512i) -> __m512 {
        proven!(_mm512_cvtepu32_ps(a))
    }

    #[inline(always)]
    fn as_words(self, a: __m512) -> __m512i {
        proven!(_mm512_castps_si512(a))
    }

    #[inline(always)]
    fn as_floats(self, a: __m512i) -> __m512 {
        proven!(_mm512_castsi512_ps(a))
    }
}
