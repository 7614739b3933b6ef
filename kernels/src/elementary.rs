//! Exponential and logarithm with the same bits on every machine.
//!
//! The functions of the system's library differ between versions. These are polynomials of fused multiply-adds, in
//! which every step is correctly rounded, so that scalar and vector code agree. Source of the coefficients: Moshier,
//! *Cephes Math Library*, `expf` and `logf`.

/// Below this the exponential is 0.
pub(crate) const EXP_LOW: f32 = -87.336_54;

/// Above this the exponential is infinite.
pub(crate) const EXP_HIGH: f32 = 88.376_26;

pub(crate) const LN2_HIGH: f32 = 0.693_359_4;
pub(crate) const LN2_LOW: f32 = -2.121_944_4e-4;

/// Coefficients of `(e^r - 1 - r) / r²`, the highest power first.
pub(crate) const EXP_TERMS: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];

/// Coefficients of `(ln(1 + f) - f + f²/2) / f³`, the highest power first.
pub(crate) const LN_TERMS: [f32; 9] = [
    7.037_683_6e-2,
    -0.115_146_1,
    0.116_769_99,
    -0.124_201_41,
    0.142_493_23,
    -0.166_680_58,
    0.200_007_15,
    -0.249_999_94,
    0.333_333_3,
];

/// Bits of the f32 next to √½: mantissas are reduced to the range from there to twice that.
pub(crate) const ROOT_HALF: u32 = 0x3f35_04f3;

/// `e^x`, to 2 units in the last place; 0 below -87.3, infinite above 88.37.
pub(crate) fn exp(x: f32) -> f32 {
    if x < EXP_LOW {
        return 0.0;
    }
    if x > EXP_HIGH {
        return f32::INFINITY;
    }
    let power = (x * std::f32::consts::LOG2_E).round_ties_even();
    let rest = power.mul_add(-LN2_LOW, power.mul_add(-LN2_HIGH, x));
    let series = EXP_TERMS[1..].iter().fold(EXP_TERMS[0], |sum, term| sum.mul_add(rest, *term));
    let value = series.mul_add(rest * rest, rest) + 1.0;
    value * f32::from_bits(((power as i32 + 127) << 23) as u32)
}

/// Natural logarithm of a positive normal number.
pub(crate) fn ln(x: f32) -> f32 {
    let above = x.to_bits().wrapping_sub(ROOT_HALF);
    let power = (above as i32 >> 23) as f32;
    let mantissa = f32::from_bits((above & 0x007f_ffff).wrapping_add(ROOT_HALF));
    ln_of_parts(mantissa - 1.0, power)
}

/// `ln((1 + f) · 2^power)`, for `f` between √½ - 1 and √2 - 1.
pub(crate) fn ln_of_parts(f: f32, power: f32) -> f32 {
    let square = f * f;
    let series = LN_TERMS[1..].iter().fold(LN_TERMS[0], |sum, term| sum.mul_add(f, *term));
    let small = power.mul_add(LN2_LOW, series * (f * square));
    power.mul_add(LN2_HIGH, f + square.mul_add(-0.5, small))
}

/// Adds 16 partial sums by halving, each to the one half the way on: the order of every sum over lanes.
pub(crate) fn sum_lanes(mut lanes: [f32; 16]) -> f32 {
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

/// Sum of `term(i)` for `i` in `0..count`: partial sums of every sixteenth, then [`sum_lanes`].
pub(crate) fn striped_sum(count: usize, term: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0; 16];
    for index in 0..count {
        lanes[index % 16] += term(index);
    }
    sum_lanes(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_close_over_its_range() {
        for step in 0..200_000 {
            let x = -87.0 + step as f32 * (175.0 / 200_000.0);
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 3e-7 * exact, "e^{x} is {exact}, not {}", exp(x));
        }
        assert_eq!((exp(f32::NEG_INFINITY), exp(0.0), exp(f32::INFINITY)), (0.0, 1.0, f32::INFINITY));
    }

    #[test]
    fn the_logarithm_is_close_over_its_range() {
        let mut x = 1e-12f32;
        while x < 1e12 {
            let exact = f64::from(x).ln();
            assert!((f64::from(ln(x)) - exact).abs() <= 2e-7 * exact.abs().max(0.1), "ln {x}: {exact}, not {}", ln(x));
            x *= 1.000_37;
        }
        assert_eq!(ln(1.0), 0.0);
    }
}
