//! The functions of [`crate::elementary`] and [`crate::random`], sixteen at a time, step for step.

use crate::elementary::{EXP_HIGH, EXP_LOW, EXP_TERMS, LN_TERMS, LN2_HIGH, LN2_LOW, ROOT_HALF};
use crate::lanes::Lanes;
use crate::random::{Draw, KEY_STEPS, MULTIPLIERS, STEP};

#[inline(always)]
pub(crate) fn exp<L: Lanes>(lanes: L, x: L::Floats) -> L::Floats {
    let power = lanes.round(lanes.mul(x, lanes.splat(std::f32::consts::LOG2_E)));
    let rest = lanes.fma(power, lanes.splat(-LN2_HIGH), x);
    let rest = lanes.fma(power, lanes.splat(-LN2_LOW), rest);
    let series = polynomial(lanes, &EXP_TERMS, rest);
    let value = lanes.fma(series, lanes.mul(rest, rest), rest);
    let value = lanes.add(value, lanes.splat(1.0));
    let exponent = lanes.at_exponent(lanes.add_words(lanes.to_words(power), lanes.words(127)));
    let value = lanes.mul(value, lanes.as_floats(exponent));
    let value = lanes.if_less(x, lanes.splat(EXP_LOW), lanes.splat(0.0), value);
    lanes.if_less(lanes.splat(EXP_HIGH), x, lanes.splat(f32::INFINITY), value)
}

#[inline(always)]
fn polynomial<L: Lanes>(lanes: L, terms: &[f32], x: L::Floats) -> L::Floats {
    let mut sum = lanes.splat(terms[0]);
    for term in &terms[1..] {
        sum = lanes.fma(sum, x, lanes.splat(*term));
    }
    sum
}

/// The parts of a positive normal number: `(1 + f) · 2^power`.
#[inline(always)]
fn parts<L: Lanes>(lanes: L, x: L::Floats) -> (L::Floats, L::Floats) {
    let root = lanes.words(ROOT_HALF);
    let above = lanes.add_words(lanes.as_words(x), lanes.words(ROOT_HALF.wrapping_neg()));
    let power = lanes.signed(lanes.exponent_of(above));
    let mantissa = lanes.add_words(lanes.and(above, lanes.words(0x007f_ffff)), root);
    (lanes.sub(lanes.as_floats(mantissa), lanes.splat(1.0)), power)
}

#[inline(always)]
fn ln_of_parts<L: Lanes>(lanes: L, f: L::Floats, power: L::Floats) -> L::Floats {
    let square = lanes.mul(f, f);
    let series = polynomial(lanes, &LN_TERMS, f);
    let small = lanes.fma(power, lanes.splat(LN2_LOW), lanes.mul(series, lanes.mul(f, square)));
    let near = lanes.add(f, lanes.fma(square, lanes.splat(-0.5), small));
    lanes.fma(power, lanes.splat(LN2_HIGH), near)
}

#[inline(always)]
pub(crate) fn gumbel<L: Lanes>(lanes: L, words: L::Words) -> L::Floats {
    let (step, half) = (lanes.splat(STEP), lanes.splat(STEP / 2.0));
    let small = lanes.fma(lanes.unsigned(words), step, half);
    let complement = lanes.xor(words, lanes.words(u32::MAX));
    let large = lanes.fma(lanes.unsigned(complement), step, half);
    let (f, power) = parts(lanes, large);
    let quarter = lanes.splat(0.25);
    let f = lanes.if_less(small, quarter, negative(lanes, small), f);
    let power = lanes.if_less(small, quarter, lanes.splat(0.0), power);
    let exponential = negative(lanes, ln_of_parts(lanes, f, power));
    let (f, power) = parts(lanes, exponential);
    negative(lanes, ln_of_parts(lanes, f, power))
}

#[inline(always)]
fn negative<L: Lanes>(lanes: L, x: L::Floats) -> L::Floats {
    lanes.as_floats(lanes.xor(lanes.as_words(x), lanes.words(1 << 31)))
}

/// The words of sixteen quads of a draw: vector `i` holds word `i` of each.
#[inline(always)]
pub(crate) fn philox<L: Lanes>(lanes: L, quads: L::Words, draw: &Draw) -> [L::Words; 4] {
    let mut counter =
        [quads, lanes.words(draw.position), lanes.words(draw.path as u32), lanes.words((draw.path >> 32) as u32)];
    let mut key = [draw.seed as u32, (draw.seed >> 32) as u32];
    for _ in 0..10 {
        let (first_low, first_high) = lanes.product(lanes.words(MULTIPLIERS[0]), counter[0]);
        let (second_low, second_high) = lanes.product(lanes.words(MULTIPLIERS[1]), counter[2]);
        counter = [
            lanes.xor(lanes.xor(second_high, counter[1]), lanes.words(key[0])),
            second_low,
            lanes.xor(lanes.xor(first_high, counter[3]), lanes.words(key[1])),
            first_low,
        ];
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    counter
}
