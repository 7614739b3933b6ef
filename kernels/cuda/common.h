// What the kernels share: exact arithmetic, the exponential and the logarithm, numbers of sixteen bits.
//
// The rule of the crate holds here too: a result has the bits of its plain definition (kernels/src). So each sum has
// the order of the definition, each step is rounded as it is there, and nothing is contracted: the operations are
// named (__fmaf_rn, __fmul_rn, ...), and the compiler is run with --fmad=false. A maximum, an integer sum and a choice
// with ties to the lowest number may be taken in any order, and are.
//
// No header of the toolkit is included, so that the PTX hangs on nothing but these files and the compiler. With an
// ordinary C++ compiler `host.h` stands in for the device, and the same sources are run on threads that take turns.
#pragma once

#ifdef __CUDACC__
// A kernel takes one structure, and is run with `threads` threads a block.
#define KERNEL(name, Arguments, threads)                                                                               \
    extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ Arguments arguments)
#define DEVICE __device__ __forceinline__
#else
#include "host.h"
#endif

typedef unsigned char Byte;
typedef unsigned short Half;  // the bits of an f16
typedef unsigned int Word;
typedef unsigned long long Long;

DEVICE float from_half(Half bits) {
#ifdef __CUDACC__
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
#else
    return host::from_half(bits);
#endif
}

// To the nearest, ties to even.
DEVICE Half to_half(float value) {
#ifdef __CUDACC__
    Half bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
#else
    return host::to_half(value);
#endif
}

DEVICE float from_brain(Half bits) { return __uint_as_float((Word)bits << 16); }

// A cell of a page: f32, or f16 by its bits.
DEVICE float from_cell(float cell) { return cell; }
DEVICE float from_cell(Half cell) { return from_half(cell); }
DEVICE void to_cell(float value, float &cell) { cell = value; }
DEVICE void to_cell(float value, Half &cell) { cell = to_half(value); }

// As `elementary::exp`.
DEVICE float exponential(float x) {
    if (x < -87.33654f) return 0.0f;
    if (x > 88.37626f) return __uint_as_float(0x7f800000u);
    float power = rintf(__fmul_rn(x, 1.44269504088896341f));
    float rest = __fmaf_rn(power, -0.6933594f, x);
    rest = __fmaf_rn(power, 2.1219444e-4f, rest);
    float series = 1.9875691e-4f;
    series = __fmaf_rn(series, rest, 1.3981999e-3f);
    series = __fmaf_rn(series, rest, 8.333452e-3f);
    series = __fmaf_rn(series, rest, 4.1665796e-2f);
    series = __fmaf_rn(series, rest, 0.16666665f);
    series = __fmaf_rn(series, rest, 0.5f);
    float value = __fadd_rn(__fmaf_rn(series, __fmul_rn(rest, rest), rest), 1.0f);
    return __fmul_rn(value, __uint_as_float((Word)(__float2int_rz(power) + 127) << 23));
}

// As `elementary::ln_of_parts`: of (1 + f) · 2^power.
DEVICE float logarithm_of_parts(float f, float power) {
    float square = __fmul_rn(f, f);
    float series = 7.0376836e-2f;
    series = __fmaf_rn(series, f, -0.1151461f);
    series = __fmaf_rn(series, f, 0.11676999f);
    series = __fmaf_rn(series, f, -0.12420141f);
    series = __fmaf_rn(series, f, 0.14249323f);
    series = __fmaf_rn(series, f, -0.16668058f);
    series = __fmaf_rn(series, f, 0.20000715f);
    series = __fmaf_rn(series, f, -0.24999994f);
    series = __fmaf_rn(series, f, 0.3333333f);
    float small = __fmaf_rn(power, -2.1219444e-4f, __fmul_rn(series, __fmul_rn(f, square)));
    return __fmaf_rn(power, 0.6933594f, __fadd_rn(f, __fmaf_rn(square, -0.5f, small)));
}

// As `elementary::ln`: of a positive normal number.
DEVICE float logarithm(float x) {
    const Word root_half = 0x3f3504f3u;
    Word above = __float_as_uint(x) - root_half;
    float power = __int2float_rn((int)above >> 23);
    float mantissa = __uint_as_float((above & 0x007fffffu) + root_half);
    return logarithm_of_parts(__fsub_rn(mantissa, 1.0f), power);
}

// As `softmax::Capped`.
DEVICE float capped(float x, float cap) {
    const float power = exponential(__fdiv_rn(x, __fmul_rn(cap, 0.5f)));
    return __fmul_rn(cap, __fsub_rn(1.0f, __fdiv_rn(2.0f, __fadd_rn(1.0f, power))));
}

// The largest of a warp's values; NaN does not count.
DEVICE float warp_largest(float value) {
    for (int step = 16; step > 0; step /= 2) value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, step));
    return value;
}

DEVICE int warp_sum(int value) {
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    return value;
}

// The sum of the values of the first sixteen lanes of a warp, in the order of `elementary::sum_lanes`. All 32 lanes
// call it.
DEVICE float sum_sixteen(float value) {
    for (int step = 8; step > 0; step /= 2) value = __fadd_rn(value, __shfl_xor_sync(0xffffffffu, value, step));
    return value;
}
