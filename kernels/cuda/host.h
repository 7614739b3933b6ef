// The device, as far as the kernels use it, for an ordinary C++ compiler. `host.cpp` runs the blocks.
//
// The threads of a block take turns on one thread of the machine: each runs until it waits for others. So what is
// checked is the arithmetic, the indexing and where threads wait, not the hardware and not its speed.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#define DEVICE inline
#define __shared__ static
#define __align__(bytes) alignas(bytes)
// Enters the kernel, with its number of threads and the size of its arguments, into the list of kernels.
#define KERNEL(name, Arguments, threads)                                                                               \
    static void name(const Arguments &arguments);                                                                      \
    static const host::Entry name##_entry(#name, threads, sizeof(Arguments), [](const void *bytes) {                   \
        Arguments arguments;                                                                                           \
        memcpy(&arguments, bytes, sizeof(Arguments));                                                                  \
        name(arguments);                                                                                               \
    });                                                                                                                \
    static void name(const Arguments &arguments)

struct Index {
    unsigned x, y, z;
};
static Index threadIdx, blockIdx;  // of the thread whose turn it is

struct uint2 {
    unsigned x, y;
};
struct alignas(8) float2 {
    float x, y;
};
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }

namespace host {

struct Entry {
    const char *name;
    unsigned threads;
    size_t bytes;  // of the arguments
    void (*run)(const void *arguments);
    const Entry *next;
    Entry(const char *name, unsigned threads, size_t bytes, void (*run)(const void *));
};

// Waits until every thread of the block has come here.
void wait_for_block();

// Leaves a value with the warp, waits until all its threads have, and gives the values of all 32.
struct Deposit {
    unsigned words[6];
};
const Deposit *exchange(const Deposit &own);

template <class To, class From> To bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "as many bits");
    To to;
    memcpy(&to, &from, sizeof(To));
    return to;
}

inline float from_half(unsigned short half) {
    const unsigned sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31) return bits<float>(sign | 0x7f800000u | fraction << 13);
    const float size = exponent == 0 ? std::ldexp((float)fraction, -24) : std::ldexp((float)(fraction | 1024), (int)exponent - 25);
    return sign ? -size : size;
}

inline unsigned short to_half(float value) {
    const unsigned sign = bits<unsigned>(value) >> 16 & 0x8000u;
    const float size = std::fabs(value);
    if (std::isnan(value)) return (unsigned short)(sign | 0x7e00u);
    if (size >= 65520.0f) return (unsigned short)(sign | 0x7c00u);
    // The step between halves of this size: rounding to it, ties to even, is left to the division and `rint`.
    const int power = size < 0x1p-14f ? -14 : std::ilogb(size);
    const unsigned steps = (unsigned)std::rint(std::ldexp(size, 10 - power));
    return (unsigned short)(sign | ((unsigned)(power + 14) * 1024 + steps));
}

// Of `multiply_32` (two halves of 16 columns) and `multiply_16`: the documented layout of the operands of
// mma.m16n8k32 and mma.m16n8k16. Words are those of the weights, low row and high row of each half, then those of the
// activations, one a half.
inline void multiply_tile(int (&sums)[4], const unsigned *words, unsigned halves) {
    Deposit own = {};
    memcpy(own.words, words, halves * 3 * sizeof(unsigned));
    const Deposit *all = exchange(own);
    const unsigned lane = threadIdx.x % 32;
    for (unsigned of = 0; of < 4; of++) {
        const unsigned row = lane / 4, activation = lane % 4 * 2 + of % 2;
        for (unsigned half = 0; half < halves; half++) {
            for (unsigned t = 0; t < 4; t++) {
                const unsigned a = all[row * 4 + t].words[half * 2 + of / 2];
                const unsigned b = all[activation * 4 + t].words[halves * 2 + half];
                for (unsigned byte = 0; byte < 4; byte++)
                    sums[of] += (int)(signed char)(a >> byte * 8) * (int)(signed char)(b >> byte * 8);
            }
        }
    }
}

inline unsigned shuffled(unsigned word, unsigned other) {
    Deposit own = {};
    own.words[0] = word;
    return exchange(own)[threadIdx.x % 32 ^ other].words[0];
}

}  // namespace host

static inline void __syncthreads() { host::wait_for_block(); }
static inline float __shfl_xor_sync(unsigned, float value, int other) {
    return host::bits<float>(host::shuffled(host::bits<unsigned>(value), (unsigned)other));
}
static inline int __shfl_xor_sync(unsigned, int value, int other) {
    return (int)host::shuffled((unsigned)value, (unsigned)other);
}

// The compiler is told not to contract, and rounds to the nearest as the device is told to.
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return std::sqrt(a); }
static inline float __int2float_rn(int value) { return (float)value; }
static inline float __uint2float_rn(unsigned value) { return (float)value; }
static inline float __uint_as_float(unsigned value) { return host::bits<float>(value); }
static inline unsigned __float_as_uint(float value) { return host::bits<unsigned>(value); }

// To an integer: NaN to 0, what is too large to the largest.
static inline int host_to_int(float value) {
    if (std::isnan(value)) return 0;
    if (value >= 2147483648.0f) return INT32_MAX;
    return value < -2147483648.0f ? INT32_MIN : (int)value;
}
static inline int __float2int_rn(float value) { return host_to_int(std::rint(value)); }
static inline int __float2int_rz(float value) { return host_to_int(value); }
