// What is done to rows of floats: norm, gate, sums, choice of rows, softmax.
#include "common.h"

struct NormArguments {
    const float *x;     // [rows][dim]
    const float *gain;  // [dim]
    float *out;         // [rows][dim]
    Word dim;
    float eps;
};

// A block for a row: sixteen threads sum the squares in stripes, all scale.
KERNEL(rms_norm, NormArguments, 128) {
    __shared__ float common;
    const Word dim = arguments.dim;
    const float *x = arguments.x + (Long)blockIdx.x * dim;
    if (threadIdx.x < 32) {
        float sum = 0.0f;
        if (threadIdx.x < 16) {
#pragma unroll 8
            for (Word at = threadIdx.x; at < dim; at += 16) sum = __fmaf_rn(x[at], x[at], sum);
        }
        sum = sum_sixteen(sum);
        const float mean = __fdiv_rn(sum, __uint2float_rn(dim));
        if (threadIdx.x == 0) common = __fdiv_rn(1.0f, __fsqrt_rn(__fadd_rn(mean, arguments.eps)));
    }
    __syncthreads();
    const float scale = common;
    for (Word at = threadIdx.x; at < dim; at += 128)
        arguments.out[(Long)blockIdx.x * dim + at] = __fmul_rn(__fmul_rn(x[at], scale), arguments.gain[at]);
}

struct GateArguments {
    const float *gate;
    const float *up;
    float *out;
    Long count;
};

KERNEL(swiglu, GateArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at >= arguments.count) return;
    const float gate = arguments.gate[at];
    const float share = __fdiv_rn(gate, __fadd_rn(1.0f, exponential(-gate)));
    arguments.out[at] = __fmul_rn(share, arguments.up[at]);
}

// The same with the tangent's form of the error function's gate: as `gate::Gate` with GELU.
KERNEL(geglu, GateArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at >= arguments.count) return;
    const float gate = arguments.gate[at];
    const float cube = __fmul_rn(__fmul_rn(gate, gate), 0.044715f);
    const float minus = __fmul_rn(__fmaf_rn(cube, gate, gate), -1.595769f);
    const float share = __fdiv_rn(gate, __fadd_rn(1.0f, exponential(minus)));
    arguments.out[at] = __fmul_rn(share, arguments.up[at]);
}

struct FactorArguments {
    float *x;  // [count]
    Long count;
    float factor;
    Word unused;
};

KERNEL(scale, FactorArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at < arguments.count) arguments.x[at] = __fmul_rn(arguments.x[at], arguments.factor);
}

KERNEL(soft_cap, FactorArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at < arguments.count) arguments.x[at] = capped(arguments.x[at], arguments.factor);
}

struct AddArguments {
    float *x;           // [count]
    const float *term;  // [period], added again and again
    Long count;
    Long period;
};

KERNEL(add, AddArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at >= arguments.count) return;
    arguments.x[at] = __fadd_rn(arguments.x[at], arguments.term[at % arguments.period]);
}

struct ChooseArguments {
    const float *x;     // [any][width]
    const Word *which;  // [rows]
    float *out;         // [rows][width]
    Word width;
    Word rows;
};

KERNEL(choose, ChooseArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at >= (Long)arguments.rows * arguments.width) return;
    const Word row = arguments.which[at / arguments.width];
    arguments.out[at] = arguments.x[(Long)row * arguments.width + at % arguments.width];
}

// Whether a token is in a set, one bit each; all are if there is no set.
DEVICE bool is_allowed(const Word *allowed, Word token) { return !allowed || (allowed[token / 32] >> token % 32 & 1); }

// The largest entry, NaN not counting, for all 256 threads of a block; of those in a set, if there is one.
DEVICE float block_largest(const float *row, Word count, const Word *allowed) {
    __shared__ float largest[8];
    float own = __uint_as_float(0xff800000u);
    for (Word at = threadIdx.x; at < count; at += 256)
        if (is_allowed(allowed, at)) own = fmaxf(own, row[at]);
    own = warp_largest(own);
    if (threadIdx.x % 32 == 0) largest[threadIdx.x / 32] = own;
    __syncthreads();
    own = largest[0];
    for (Word warp = 1; warp < 8; warp++) own = fmaxf(own, largest[warp]);
    return own;
}

// The sum of e^(entry - largest) in sixteen stripes; it is thread 0 of 256 that gets it. With `keep` the exponentials
// are written to `out`. A stripe is one chain of additions: all threads compute a chunk, then sixteen add it up.
DEVICE float striped_exponentials(const float *row, Word count, float largest, bool keep, float *out) {
    const Word CHUNK = 2048;
    __shared__ float chunk[CHUNK];
    float sum = 0.0f;
    for (Word first = 0; first < count; first += CHUNK) {
        const Word length = min(CHUNK, count - first);
        for (Word at = threadIdx.x; at < length; at += 256) {
            const float value = exponential(__fsub_rn(row[first + at], largest));
            chunk[at] = value;
            if (keep) out[first + at] = value;
        }
        __syncthreads();
        if (threadIdx.x < 16) {
            for (Word at = threadIdx.x; at < length; at += 16) sum = __fadd_rn(sum, chunk[at]);
        }
        __syncthreads();
    }
    return threadIdx.x < 32 ? sum_sixteen(sum) : 0.0f;
}

struct ExponentialArguments {
    float *entries;
    const Long *starts;  // [rows]: where the first list of a row begins
    const Word *counts;  // [rows]: entries of each of its lists
    float *inverses;     // [rows][lists]: 1 / the sum, or 0 where there is none
    Word lists;          // of a row, one after another
    Word finish;         // whether the entries are multiplied by the inverse
};

// A block for a list: its entries become e^(entry - largest), all 0 where all were -∞.
KERNEL(exponentials, ExponentialArguments, 256) {
    __shared__ float common;
    const Word row = blockIdx.x / arguments.lists, list = blockIdx.x % arguments.lists;
    const Word count = arguments.counts[row];
    float *entries = arguments.entries + arguments.starts[row] + (Long)list * count;
    const float largest = block_largest(entries, count, 0);
    const bool nothing = largest == __uint_as_float(0xff800000u);
    float sum = 0.0f;
    if (nothing) {
        for (Word at = threadIdx.x; at < count; at += 256) entries[at] = 0.0f;
    } else {
        sum = striped_exponentials(entries, count, largest, true, entries);
    }
    if (threadIdx.x == 0) {
        common = sum > 0.0f ? __fdiv_rn(1.0f, sum) : 0.0f;
        if (arguments.inverses) arguments.inverses[blockIdx.x] = common;
    }
    __syncthreads();
    if (!arguments.finish) return;
    for (Word at = threadIdx.x; at < count; at += 256) entries[at] = __fmul_rn(entries[at], common);
}

struct LogSumArguments {
    const float *x;  // [rows][count]
    float *out;      // [rows]
    Word count;
    Word unused;
};

KERNEL(log_sum_exp, LogSumArguments, 256) {
    const float *row = arguments.x + (Long)blockIdx.x * arguments.count;
    const float largest = block_largest(row, arguments.count, 0);
    if (largest == __uint_as_float(0xff800000u)) {
        if (threadIdx.x == 0) arguments.out[blockIdx.x] = largest;
        return;
    }
    const float sum = striped_exponentials(row, arguments.count, largest, false, 0);
    if (threadIdx.x == 0) arguments.out[blockIdx.x] = __fadd_rn(largest, logarithm(sum));
}

// One draw of a token, as `Draw`; the temperature's inverse, below 0 for the most likely token.
struct Choice {
    Long seed;
    Long path;
    Word position;
    float inverse;
    Word set;    // the number of the set of tokens that may be drawn, all ones for all tokens
    Word given;  // the token that comes whatever would be drawn, all ones for none
};

struct SampleArguments {
    const float *logits;    // [rows][count]
    const Choice *choices;  // [rows]
    const Word *sets;       // [sets][(count + 31) / 32]
    Word *out;              // [rows]; all ones where no token may be chosen
    Word count;
    Word unused;
};

// As `random::philox`, with a key of 64 bits.
DEVICE void philox(Word (&counter)[4], Long seed) {
    Word low = (Word)seed, high = (Word)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        const Long first = (Long)0xd2511f53u * counter[0], second = (Long)0xcd9e8d57u * counter[2];
        counter[0] = (Word)(second >> 32) ^ counter[1] ^ low;
        counter[1] = (Word)second;
        counter[2] = (Word)(first >> 32) ^ counter[3] ^ high;
        counter[3] = (Word)first;
        low += 0x9e3779b9u;
        high += 0xbb67ae85u;
    }
}

// As `random::gumbel`.
DEVICE float gumbel(Word word) {
    const float step = 2.3283064365386963e-10f;  // 2^-32
    const float small = __fmaf_rn(__uint2float_rn(word), step, __fmul_rn(step, 0.5f));
    const float large = __fmaf_rn(__uint2float_rn(~word), step, __fmul_rn(step, 0.5f));
    const float inner = small < 0.25f ? logarithm_of_parts(-small, 0.0f) : logarithm(large);
    return -logarithm(-inner);
}

// Whether a token with this score beats the best so far: the larger, and of equals the lower.
DEVICE bool better(float score, Word token, float bar, Word best) {
    return score > bar || (score == bar && token < best);
}

// A block for a row: `argmax((logit - largest) · inverse + noise)`, or the first of the largest logits.
KERNEL(sample, SampleArguments, 256) {
    __shared__ float scores[256];
    __shared__ Word tokens[256];
    const Word count = arguments.count;
    const float *row = arguments.logits + (Long)blockIdx.x * count;
    const Choice choice = arguments.choices[blockIdx.x];
    const Word *allowed = choice.set == 0xffffffffu ? 0 : arguments.sets + (Long)choice.set * ((count + 31) / 32);
    const float largest = block_largest(row, count, allowed);
    float bar = __uint_as_float(0xff800000u);
    Word best = 0xffffffffu;
    if (choice.inverse < 0.0f) {
        for (Word token = threadIdx.x; token < count; token += 256)
            if (row[token] == largest && is_allowed(allowed, token) && better(largest, token, bar, best)) bar = largest, best = token;
    } else {
        // Four tokens share a call of Philox: 64·b + 16·i + j has word i of the call with the counter 16·b + j.
        for (Word quad = threadIdx.x; quad < (count + 63) / 64 * 16; quad += 256) {
            Word words[4] = {quad, choice.position, (Word)choice.path, (Word)(choice.path >> 32)};
            philox(words, choice.seed);
            for (Word of = 0; of < 4; of++) {
                const Word token = quad / 16 * 64 + of * 16 + quad % 16;
                if (token >= count || !is_allowed(allowed, token)) continue;
                const float score = __fmaf_rn(__fsub_rn(row[token], largest), choice.inverse, gumbel(words[of]));
                if (better(score, token, bar, best)) bar = score, best = token;
            }
        }
    }
    scores[threadIdx.x] = bar;
    tokens[threadIdx.x] = best;
    for (Word width = 128; width > 0; width /= 2) {
        __syncthreads();
        if (threadIdx.x < width
            && better(scores[threadIdx.x + width], tokens[threadIdx.x + width], scores[threadIdx.x], tokens[threadIdx.x])) {
            scores[threadIdx.x] = scores[threadIdx.x + width];
            tokens[threadIdx.x] = tokens[threadIdx.x + width];
        }
    }
    // A score of -∞ is none.
    const Word drawn = scores[0] > __uint_as_float(0xff800000u) ? tokens[0] : 0xffffffffu;
    if (threadIdx.x == 0) arguments.out[blockIdx.x] = choice.given == 0xffffffffu ? drawn : choice.given;
}

// What is told of a draw.
struct Told {
    Word token;
    float log_probability;
    Word finite;  // whether all logits are numbers
    Word unused;
};

struct TellArguments {
    const float *logits;  // [rows][count]
    const Word *tokens;   // [rows], as drawn
    const float *totals;  // [rows], the logarithms of the sums of exponentials
    Told *out;            // [rows]
    Word count;
    Word unused;
};

// A block for a row: what is downloaded of it.
KERNEL(tell, TellArguments, 256) {
    __shared__ int broken[8];
    const float *row = arguments.logits + (Long)blockIdx.x * arguments.count;
    int own = 0;
    for (Word at = threadIdx.x; at < arguments.count; at += 256)
        own |= (__float_as_uint(row[at]) & 0x7fffffffu) >= 0x7f800000u;
    own = warp_sum(own);
    if (threadIdx.x % 32 == 0) broken[threadIdx.x / 32] = own;
    __syncthreads();
    if (threadIdx.x > 0) return;
    for (Word warp = 1; warp < 8; warp++) own += broken[warp];
    const Word token = arguments.tokens[blockIdx.x];
    const bool drawn = token < arguments.count;
    const float probability = drawn ? __fsub_rn(row[token], arguments.totals[blockIdx.x]) : 0.0f;
    arguments.out[blockIdx.x] = {token, probability, own == 0, 0};
}
