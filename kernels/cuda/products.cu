// Products of matrices with rows of activations, and the lookup of rows of a matrix.
//
// Weights lie as `kernels/src/matrix.rs` packs them: sixteen rows make a tile, and in a block of 32 columns a group of
// four columns is sixteen words, one a row. That is just how the tensor cores want the first operand of a product of
// sixteen rows with 32 columns, so a block is loaded without any shuffling. Its integer products are exact; what they
// are multiplied with, and the order in which blocks are added, is that of the definition. So the bits are too.
//
// Two kernels do the same: `few`, for decoding, lets eight warps share the blocks of a tile, to keep many loads under
// way, and adds them up afterwards; `many`, for prefill, gives a warp the whole tile and 32 rows of activations.
#include "common.h"

// Eight rows of activations in one block of columns: `value ≈ scale · quant`. Missing rows are zeros.
struct __align__(16) Activations {
    uint2 quants[32];  // of lane 4·row + t: columns 4·t to 4·t + 3, then 16 + 4·t to 16 + 4·t + 3
    float scales[8];
    float sums[8];  // scale · (sum of the quants)
};

struct QuantiseArguments {
    const float *x;    // [rows][32 · blocks]
    Activations *out;  // [eights of rows][blocks]
    Word rows;
    Word blocks;
};

// A warp for a block of a row, the rows that fill up the last eight included.
KERNEL(quantise, QuantiseArguments, 128) {
    const Word lane = threadIdx.x % 32;
    const Long unit = (Long)blockIdx.x * 4 + threadIdx.x / 32;
    const Word blocks = arguments.blocks;
    if (unit >= (Long)((arguments.rows + 7) / 8 * 8) * blocks) return;
    const Word row = unit / blocks, block = unit % blocks;
    const float x = row < arguments.rows ? arguments.x[((Long)row * blocks + block) * 32 + lane] : 0.0f;
    const float largest = warp_largest(fabsf(x));
    const bool vanishes = largest < 1e-30f;
    const float scale = vanishes ? 0.0f : __fdiv_rn(largest, 127.0f);
    const float inverse = vanishes ? 0.0f : __fdiv_rn(127.0f, largest);
    const int quant = __float2int_rn(__fmul_rn(x, inverse));
    const int sum = warp_sum(quant);
    Activations &out = arguments.out[(Long)(row / 8) * blocks + block];
    Byte *quants = (Byte *)&out.quants[row % 8 * 4 + lane % 16 / 4];
    quants[lane / 16 * 4 + lane % 4] = (Byte)quant;
    if (lane == 0) {
        out.scales[row % 8] = scale;
        out.sums[row % 8] = __fmul_rn(scale, __int2float_rn(sum));
    }
}

// Adds the products of sixteen rows of weights with eight of activations over 32 columns. Lane 4·g + t holds of the
// weights the words of rows g and g + 8 at columns 4·t and 16 + 4·t, and gets the sums of rows g and g + 8 with
// activations 2·t and 2·t + 1.
DEVICE void multiply_32(int (&sums)[4], const Word (&a)[4], uint2 b) {
#ifdef __CUDACC__
    // Volatile, so that it stays where all lanes of the warp come by.
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b.x), "r"(b.y));
#else
    const Word words[] = {a[0], a[1], a[2], a[3], b.x, b.y};
    host::multiply_tile(sums, words, 2);
#endif
}

// The same over sixteen columns: one word a row.
DEVICE void multiply_16(int (&sums)[4], Word low, Word high, Word b) {
#ifdef __CUDACC__
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
        : "r"(low), "r"(high), "r"(b));
#else
    const Word words[] = {low, high, b};
    host::multiply_tile(sums, words, 1);
#endif
}

// The formats. Each says where a block of a tile has its parts, as `Layout` does, and reads
//   quants   the words of a row for columns 4·t to 4·t + 3 and 16 + 4·t to 16 + 4·t + 3, as signed bytes
//   scale    of a row
//   minimum  of a row, if the format has them
//   part     the integer scale of either half of a row, if the format has them
struct NoMinimum {
    static const bool HAS_MINIMUM = false;
    static DEVICE float minimum(const Byte *, Word, Word) { return 0.0f; }
};

struct NoParts {
    static const bool HAS_PARTS = false;
    static DEVICE int part(const Byte *, Word, Word, Word) { return 1; }
};

DEVICE float half_at(const Byte *bytes, Word index) { return from_half(((const Half *)bytes)[index]); }
DEVICE Word word_at(const Byte *bytes, Word index) { return ((const Word *)bytes)[index]; }

// Subtracts `offset`, a power of two, from each byte; the bytes are below 128.
DEVICE Word less(Word bytes, Word offset) { return ((bytes | 0x80808080u) - offset * 0x01010101u) ^ 0x80808080u; }

DEVICE uint2 nibbles(Word word) { return make_uint2(word & 0x0f0f0f0fu, word >> 4 & 0x0f0f0f0fu); }

struct Q4_0 : NoMinimum, NoParts {
    static DEVICE const Byte *pair(const Byte *tile, Word index) { return tile + (Long)(index / 2) * 576; }
    static DEVICE uint2 quants(const Byte *tile, Word index, Word row, Word t) {
        uint2 words = nibbles(word_at(pair(tile, index) + 64 + index % 2 * 256, t * 16 + row));
        return make_uint2(less(words.x, 8), less(words.y, 8));
    }
    static DEVICE float scale(const Byte *tile, Word index, Word row) {
        return half_at(pair(tile, index) + index % 2 * 32, row);
    }
};

struct Q4_1 : NoParts {
    static const bool HAS_MINIMUM = true;
    static DEVICE uint2 quants(const Byte *tile, Word index, Word row, Word t) {
        return nibbles(word_at(tile + (Long)index * 320 + 64, t * 16 + row));
    }
    static DEVICE float scale(const Byte *tile, Word index, Word row) {
        return half_at(tile + (Long)index * 320, row);
    }
    static DEVICE float minimum(const Byte *tile, Word index, Word row) {
        return half_at(tile + (Long)index * 320 + 32, row);
    }
};

struct Q8_0 : NoMinimum, NoParts {
    static DEVICE const Byte *pair(const Byte *tile, Word index) { return tile + (Long)(index / 2) * 1088; }
    static DEVICE uint2 quants(const Byte *tile, Word index, Word row, Word t) {
        const Byte *bytes = pair(tile, index) + 64 + index % 2 * 512;
        // Stored with the sign bit turned over.
        return make_uint2(word_at(bytes, t * 16 + row) ^ 0x80808080u, word_at(bytes, (t + 4) * 16 + row) ^ 0x80808080u);
    }
    static DEVICE float scale(const Byte *tile, Word index, Word row) {
        return half_at(pair(tile, index) + index % 2 * 32, row);
    }
};

struct Q4K : NoParts {
    static const bool HAS_MINIMUM = true;
    static DEVICE const Byte *eight(const Byte *tile, Word index) { return tile + (Long)(index / 8) * 2368; }
    static DEVICE uint2 quants(const Byte *tile, Word index, Word row, Word t) {
        return nibbles(word_at(eight(tile, index) + 320 + index % 8 * 256, t * 16 + row));
    }
    static DEVICE float scale(const Byte *tile, Word index, Word row) {
        const Byte *bytes = eight(tile, index);
        return __fmul_rn(half_at(bytes, row), __uint2float_rn(bytes[64 + index % 8 * 32 + row]));
    }
    static DEVICE float minimum(const Byte *tile, Word index, Word row) {
        const Byte *bytes = eight(tile, index);
        return -__fmul_rn(half_at(bytes, 16 + row), __uint2float_rn(bytes[64 + index % 8 * 32 + 16 + row]));
    }
};

struct Q6K : NoMinimum {
    static const bool HAS_PARTS = true;
    static DEVICE const Byte *eight(const Byte *tile, Word index) { return tile + (Long)(index / 8) * 3392; }
    static DEVICE uint2 quants(const Byte *tile, Word index, Word row, Word t) {
        const Byte *bytes = eight(tile, index) + 320 + index % 8 * 384;
        const uint2 low = nibbles(word_at(bytes, t * 16 + row));
        const Word high = word_at(bytes + 256, t % 2 * 16 + row) >> t / 2 * 2;
        return make_uint2(
            less(low.x | (high & 0x03030303u) << 4, 32), less(low.y | (high >> 4 & 0x03030303u) << 4, 32)
        );
    }
    static DEVICE float scale(const Byte *tile, Word index, Word row) { return half_at(eight(tile, index), row); }
    static DEVICE int part(const Byte *tile, Word index, Word row, Word half) {
        return (signed char)eight(tile, index)[64 + index % 8 * 32 + half * 16 + row];
    }
};

// One matrix of a launch. The tiles of all are counted through, so that small ones fill the device together.
struct Part {
    const Byte *weights;  // [tiles][tile_bytes]
    float *out;           // [rows][width]
    Word width;           // rows of the matrix
    Word first;           // tiles of the matrices before it
};

struct ProductArguments {
    const void *x;  // [eights of rows][blocks] of activations, or [rows][columns] of floats
    Long tile_bytes;
    Word columns;  // blocks of them for the block formats
    Word rows;     // of activations
    Word tiles;
    Word count;  // of the parts
    Part parts[4];
};

// The matrix that has a tile.
DEVICE Part part_of(const ProductArguments &arguments, Word tile) {
    Word at = 0;
    while (at + 1 < arguments.count && tile >= arguments.parts[at + 1].first) at++;
    return arguments.parts[at];
}

// The weights of a block that a lane holds: rows g and g + 8.
template <class Format> struct Fragment {
    Word words[4];
    int parts[2][2];  // [half][row]

    DEVICE Fragment(const Byte *tile, Word index, Word lane) {
        const Word g = lane / 4, t = lane % 4;
        const uint2 low = Format::quants(tile, index, g, t), high = Format::quants(tile, index, g + 8, t);
        words[0] = low.x, words[1] = high.x, words[2] = low.y, words[3] = high.y;
        for (Word half = 0; half < 2; half++) {
            parts[half][0] = Format::part(tile, index, g, half);
            parts[half][1] = Format::part(tile, index, g + 8, half);
        }
    }

    // Integer products with eight rows of activations: of rows g and g + 8 with activations 2·t and 2·t + 1.
    DEVICE void products(uint2 x, int (&sums)[4]) const {
        for (int &sum : sums) sum = 0;
        if (!Format::HAS_PARTS) {
            multiply_32(sums, words, x);
            return;
        }
        int second[4] = {0, 0, 0, 0};
        multiply_16(sums, words[0], words[1], x.x);
        multiply_16(second, words[2], words[3], x.y);
        for (Word at = 0; at < 4; at++) sums[at] = sums[at] * parts[0][at / 2] + second[at] * parts[1][at / 2];
    }
};

// One block more, as the definition adds it.
template <class Format>
DEVICE float add_block(float sum, float scale, float minimum, float x_scale, float x_sum, float products) {
    sum = __fmaf_rn(__fmul_rn(scale, x_scale), products, sum);
    return Format::HAS_MINIMUM ? __fmaf_rn(minimum, x_sum, sum) : sum;
}

// A tile with eight rows of activations. Eight warps take the blocks in turn and leave their integer products; then
// each of 128 threads adds up one output.
template <class Format> DEVICE void few(const ProductArguments &arguments) {
    const Word CHUNK = 32, STRIDE = 20;  // a stride without conflicts between the lanes that write
    __shared__ float products[CHUNK][8 * STRIDE];
    __shared__ float scales[CHUNK][16], minima[CHUNK][16];
    const Word lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    const Word own_row = threadIdx.x % 16, own_x = threadIdx.x / 16 % 8;
    const Part part = part_of(arguments, blockIdx.x);
    const Byte *tile = part.weights + (blockIdx.x - part.first) * arguments.tile_bytes;
    const Activations *x = (const Activations *)arguments.x + (Long)blockIdx.y * arguments.columns;
    float sum = 0.0f;
    for (Word first = 0; first < arguments.columns; first += CHUNK) {
        const Word count = min(CHUNK, arguments.columns - first);
        for (Word at = warp; at < count; at += 8) {
            const Word index = first + at;
            const Fragment<Format> fragment(tile, index, lane);
            int sums[4];
            fragment.products(x[index].quants[lane], sums);
            for (Word of = 0; of < 4; of++)
                products[at][(2 * t + of % 2) * STRIDE + g + of / 2 * 8] = __int2float_rn(sums[of]);
            if (lane < 16) {
                scales[at][lane] = Format::scale(tile, index, lane);
                minima[at][lane] = Format::minimum(tile, index, lane);
            }
        }
        __syncthreads();
        if (threadIdx.x < 128) {
            for (Word at = 0; at < count; at++) {
                const Activations &block = x[first + at];
                sum = add_block<Format>(sum, scales[at][own_row], minima[at][own_row], block.scales[own_x],
                                        block.sums[own_x], products[at][own_x * STRIDE + own_row]);
            }
        }
        __syncthreads();
    }
    const Word row = blockIdx.y * 8 + own_x, column = (blockIdx.x - part.first) * 16 + own_row;
    if (threadIdx.x < 128 && row < arguments.rows && column < part.width) part.out[(Long)row * part.width + column] = sum;
}

// Four tiles, one a warp, with 32 rows of activations.
template <class Format> DEVICE void many(const ProductArguments &arguments) {
    const Word lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    const Word at = blockIdx.x * 4 + threadIdx.x / 32, first = blockIdx.y * 4;
    if (at >= arguments.tiles) return;
    const Part part = part_of(arguments, at);
    const Byte *tile = part.weights + (at - part.first) * arguments.tile_bytes;
    const Word eights = min(4u, (arguments.rows + 7) / 8 - first);
    float sums[4][4] = {};
    for (Word index = 0; index < arguments.columns; index++) {
        const Fragment<Format> fragment(tile, index, lane);
        float scale[2], minimum[2];
        for (Word of = 0; of < 2; of++) {
            scale[of] = Format::scale(tile, index, g + of * 8);
            minimum[of] = Format::minimum(tile, index, g + of * 8);
        }
#pragma unroll
        for (Word eight = 0; eight < 4; eight++) {
            if (eight >= eights) break;
            const Activations &x = ((const Activations *)arguments.x)[(Long)(first + eight) * arguments.columns + index];
            int products[4];
            fragment.products(x.quants[lane], products);
            for (Word of = 0; of < 4; of++)
                sums[eight][of] = add_block<Format>(sums[eight][of], scale[of / 2], minimum[of / 2],
                                                    x.scales[2 * t + of % 2], x.sums[2 * t + of % 2],
                                                    __int2float_rn(products[of]));
        }
    }
#pragma unroll
    for (Word eight = 0; eight < 4; eight++) {
        for (Word of = 0; of < 4; of++) {
            const Word row = (first + eight) * 8 + 2 * t + of % 2, column = (at - part.first) * 16 + g + of / 2 * 8;
            if (row < arguments.rows && column < part.width) part.out[(Long)row * part.width + column] = sums[eight][of];
        }
    }
}

struct RowsArguments {
    const Byte *weights;
    const Word *which;  // [rows]
    float *out;         // [rows][columns]
    Long tile_bytes;
    Word columns;
    Word rows;
};

// One weight of a row of a block format, as `Matrix::row` gives it.
template <class Format> DEVICE float weight(const Byte *tile, Word row, Word column) {
    const Word index = column / 32, within = column % 32;
    const uint2 words = Format::quants(tile, index, row, within % 16 / 4);
    const int quant = (signed char)((within < 16 ? words.x : words.y) >> within % 4 * 8);
    const int part = Format::part(tile, index, row, within / 16);
    const float scale = __fmul_rn(Format::scale(tile, index, row), __int2float_rn(part));
    const float value = __fmul_rn(scale, __int2float_rn(quant));
    return Format::HAS_MINIMUM ? __fadd_rn(value, Format::minimum(tile, index, row)) : value;
}

#define BLOCK_FORMAT(name, Format)                                                                                     \
    KERNEL(few_##name, ProductArguments, 256) { few<Format>(arguments); }                                              \
    KERNEL(many_##name, ProductArguments, 128) { many<Format>(arguments); }                                            \
    KERNEL(rows_##name, RowsArguments, 256) {                                                                          \
        const Long at = (Long)blockIdx.x * 256 + threadIdx.x;                                                          \
        if (at >= (Long)arguments.rows * arguments.columns) return;                                                    \
        const Word which = arguments.which[at / arguments.columns];                                                    \
        const Byte *tile = arguments.weights + which / 16 * arguments.tile_bytes;                                      \
        arguments.out[at] = weight<Format>(tile, which % 16, at % arguments.columns);                                  \
    }

BLOCK_FORMAT(q4_0, Q4_0)
BLOCK_FORMAT(q4_1, Q4_1)
BLOCK_FORMAT(q8_0, Q8_0)
BLOCK_FORMAT(q4k, Q4K)
BLOCK_FORMAT(q6k, Q6K)

// The float formats: `weight` is the one of a row and column of a tile.
struct F32 {
    static DEVICE float weight(const Byte *tile, Long at) { return ((const float *)tile)[at]; }
};
struct F16 {
    static DEVICE float weight(const Byte *tile, Long at) { return from_half(((const Half *)tile)[at]); }
};
struct Bf16 {
    static DEVICE float weight(const Byte *tile, Long at) { return from_brain(((const Half *)tile)[at]); }
};

// A tile with eight rows of activations, a thread an output: all load, then each adds up, column after column.
template <class Format> DEVICE void floats(const ProductArguments &arguments) {
    const Word CHUNK = 128;
    __shared__ float weights[CHUNK][16];
    __shared__ float x[8][CHUNK];
    const Word own_row = threadIdx.x % 16, own_x = threadIdx.x / 16;
    const Part part = part_of(arguments, blockIdx.x);
    const Byte *tile = part.weights + (blockIdx.x - part.first) * arguments.tile_bytes;
    const float *all_x = (const float *)arguments.x;
    const Word row = blockIdx.y * 8 + own_x, column = (blockIdx.x - part.first) * 16 + own_row;
    float sum = 0.0f;
    for (Word first = 0; first < arguments.columns; first += CHUNK) {
        const Word count = min(CHUNK, arguments.columns - first);
        for (Word at = threadIdx.x; at < count * 16; at += 128)
            weights[at / 16][at % 16] = Format::weight(tile, (Long)first * 16 + at);
        for (Word of = 0; of < 8; of++) {
            const Word from = blockIdx.y * 8 + of;
            if (threadIdx.x < count)
                x[of][threadIdx.x] =
                    from < arguments.rows ? all_x[(Long)from * arguments.columns + first + threadIdx.x] : 0.0f;
        }
        __syncthreads();
        for (Word at = 0; at < count; at++) sum = __fmaf_rn(weights[at][own_row], x[own_x][at], sum);
        __syncthreads();
    }
    if (row < arguments.rows && column < part.width) part.out[(Long)row * part.width + column] = sum;
}

#define FLOAT_FORMAT(name, Format)                                                                                     \
    KERNEL(floats_##name, ProductArguments, 128) { floats<Format>(arguments); }                                   \
    KERNEL(rows_##name, RowsArguments, 256) {                                                                          \
        const Long at = (Long)blockIdx.x * 256 + threadIdx.x;                                                          \
        if (at >= (Long)arguments.rows * arguments.columns) return;                                                    \
        const Word which = arguments.which[at / arguments.columns];                                                    \
        const Byte *tile = arguments.weights + which / 16 * arguments.tile_bytes;                                      \
        arguments.out[at] = Format::weight(tile, at % arguments.columns * 16 + which % 16);                            \
    }

FLOAT_FORMAT(f32, F32)
FLOAT_FORMAT(f16, F16)
FLOAT_FORMAT(bf16, Bf16)
