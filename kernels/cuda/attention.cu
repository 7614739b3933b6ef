// Attention of ragged rows over pages, in three steps: scores, exponentials (rows.cu), values.
//
// The rule of visibility is that of `kernels/src/attention.rs`: a row sees the first `seen` tokens of the list of its
// group. Keys lie un-rotated in their pages and are turned when they are read, by the positions that the list gives.
#include "common.h"

struct Span {
    Word page;
    Word offset;
    Word tokens;
    Word position;
};

// A row, and the list that it reads.
struct Row {
    Long weights;  // where its weights begin: [heads][seen]
    Word spans;    // first of the list
    Word count;    // how many there are
    Word seen;
    Word position;
};

// Cosines and sines of all pairs at all positions, as `Rotary` lays them out, with a margin of 16 places before
// position 0: [chunks of 64 places][pairs][cosines, then sines][80].
struct Table {
    const float *numbers;
    Word pairs;
    Word halved;  // pairs below it are numbers i and i + halved, the others 2·i and 2·i + 1
};

// The numbers of a pair, by their places in a head.
DEVICE uint2 pair_of(const Table &table, Word pair) {
    return pair < table.halved ? make_uint2(pair, pair + table.halved) : make_uint2(2 * pair, 2 * pair + 1);
}

DEVICE const float *angles(const Table &table, Word pair, Word position) {
    const Word place = position + 16;
    return table.numbers + ((Long)(place / 64) * table.pairs + pair) * 160 + place % 64;
}

// As `rotary::turn`.
DEVICE float2 turn(float a, float b, const float *angles) {
    const float cosine = angles[0], sine = angles[80];
    return make_float2(__fmaf_rn(a, cosine, -__fmul_rn(b, sine)), __fmaf_rn(a, sine, __fmul_rn(b, cosine)));
}

struct TurnArguments {
    const float *queries;  // [rows][heads][2 · pairs]
    const Row *rows;
    float2 *out;  // [rows][heads][pairs]: both numbers of a pair
    Table table;
    float scale;
    Word heads;
    Long count;  // rows · heads · pairs
};

// A thread for a pair: scaled, then turned.
KERNEL(turn_queries, TurnArguments, 256) {
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    if (at >= arguments.count) return;
    const Word pairs = arguments.table.pairs;
    const Word pair = at % pairs;
    const Long head = at / pairs;
    const float *query = arguments.queries + head * 2 * pairs;
    const uint2 places = pair_of(arguments.table, pair);
    const float a = __fmul_rn(query[places.x], arguments.scale);
    const float b = __fmul_rn(query[places.y], arguments.scale);
    arguments.out[at] = turn(a, b, angles(arguments.table, pair, arguments.rows[head / arguments.heads].position));
}

// The measures of a page, as `PageShape`.
struct Shape {
    Word page_tokens;
    Word kv_heads;
    Word head_dim;
    Word heads;  // query heads
};

// The span of a list that holds its token number `token`, which there is.
DEVICE Word find_span(const Word *starts, Word count, Word token) {
    Word low = 0, high = count;  // the last of the spans low.. that begins at or before the token is below `high`
    while (high - low > 1) {
        const Word middle = (low + high) / 2;
        if (starts[middle] <= token) low = middle;
        else high = middle;
    }
    return low;
}

// Rows of one list, and the first of 128 tokens to score.
struct Item {
    Word row;
    Word rows;
    Word token;
    Word listed;  // the most that any of the rows sees
};

struct ScoreArguments {
    const float2 *queries;  // as turned
    const void *keys;       // [pages][kv heads][numbers][tokens]
    const Row *rows;
    const Span *spans;
    const Word *starts;  // tokens of the list before each span
    const Item *items;
    float *weights;
    Table table;
    Shape shape;
    float cap;    // bound of the scores, or 0
    Word window;  // tokens so far before a row or farther are not seen, or 0
};

// A thread for a token and a key and value head: its key is turned once for all rows and heads that ask.
template <class Cell> DEVICE void scores(const ScoreArguments &arguments) {
    const Word ASKERS = 8;
    const Item item = arguments.items[blockIdx.x];
    const Word token = item.token + threadIdx.x;
    if (token >= item.listed) return;
    const Shape shape = arguments.shape;
    const Table table = arguments.table;
    const Word kv_head = blockIdx.y, run = shape.heads / shape.kv_heads;
    const Row first = arguments.rows[item.row];
    const Word at = first.spans + find_span(arguments.starts + first.spans, first.count, token);
    const Span span = arguments.spans[at];
    const Word within = token - arguments.starts[at];
    const Cell *keys = (const Cell *)arguments.keys
                       + ((Long)span.page * shape.kv_heads + kv_head) * shape.head_dim * shape.page_tokens + span.offset
                       + within;
    const Word askers = item.rows * run;
    for (Word base = 0; base < askers; base += ASKERS) {
        const float2 *queries[ASKERS];
        float sums[ASKERS];
#pragma unroll
        for (Word of = 0; of < ASKERS; of++) {
            // Beyond the last asker the last one again, whose result is then dropped.
            const Word asker = min(base + of, askers - 1);
            const Long head = (Long)(item.row + asker / run) * shape.heads + kv_head * run + asker % run;
            queries[of] = arguments.queries + head * table.pairs;
            sums[of] = 0.0f;
        }
        for (Word pair = 0; pair < table.pairs; pair++) {
            const uint2 places = pair_of(table, pair);
            const float a = from_cell(keys[(Long)places.x * shape.page_tokens]);
            const float b = from_cell(keys[(Long)places.y * shape.page_tokens]);
            const float2 key = turn(a, b, angles(table, pair, span.position + within));
#pragma unroll
            for (Word of = 0; of < ASKERS; of++) {
                const float2 query = queries[of][pair];
                sums[of] = __fmaf_rn(query.y, key.y, __fmaf_rn(query.x, key.x, sums[of]));
            }
        }
#pragma unroll
        for (Word of = 0; of < ASKERS; of++) {
            const Word asker = base + of;
            if (asker >= askers) break;
            const Row row = arguments.rows[item.row + asker / run];
            if (token >= row.seen) continue;
            float score = arguments.cap > 0.0f ? capped(sums[of], arguments.cap) : sums[of];
            if (arguments.window > 0 && (Long)span.position + within + arguments.window <= row.position)
                score = __uint_as_float(0xff800000u);
            arguments.weights[row.weights + (Long)(kv_head * run + asker % run) * row.seen + token] = score;
        }
    }
}

KERNEL(scores_f32, ScoreArguments, 128) { scores<float>(arguments); }
KERNEL(scores_f16, ScoreArguments, 128) { scores<Half>(arguments); }

struct ValueArguments {
    const void *values;  // [pages][kv heads][tokens][numbers]
    const Row *rows;
    const Span *spans;
    const Word *starts;
    const float *weights;
    const float *inverses;  // [rows][heads]
    float *out;             // [rows][heads][head_dim]
    Shape shape;
};

// A row, eight heads that share values, and 32 numbers of each: a warp a head, a lane a number. All load what the
// next 64 tokens hold, then each adds it up, token after token.
template <class Cell> DEVICE void values(const ValueArguments &arguments) {
    const Word CHUNK = 64;
    __shared__ float value[CHUNK][32];
    __shared__ float weight[8][CHUNK];
    __shared__ Long cells[CHUNK];
    const Shape shape = arguments.shape;
    const Word run = shape.heads / shape.kv_heads, runs = (run + 7) / 8;
    const Word kv_head = blockIdx.y / runs, number = blockIdx.z * 32 + threadIdx.x % 32;
    const Word within_run = blockIdx.y % runs * 8 + threadIdx.x / 32;
    const bool active = within_run < run;
    const Row row = arguments.rows[blockIdx.x];
    const Cell *all = (const Cell *)arguments.values;
    float sum = 0.0f;
    for (Word first = 0; first < row.seen; first += CHUNK) {
        const Word count = min(CHUNK, row.seen - first);
        if (threadIdx.x < count) {
            const Word token = first + threadIdx.x;
            const Word at = row.spans + find_span(arguments.starts + row.spans, row.count, token);
            const Span span = arguments.spans[at];
            const Word place = span.offset + token - arguments.starts[at];
            cells[threadIdx.x] = (((Long)span.page * shape.kv_heads + kv_head) * shape.page_tokens + place) * shape.head_dim;
        }
        for (Word at = threadIdx.x; at < 8 * CHUNK; at += 256) {
            const Word of = blockIdx.y % runs * 8 + at / CHUNK;
            if (of < run && at % CHUNK < count)
                weight[at / CHUNK][at % CHUNK] =
                    arguments.weights[row.weights + (Long)(kv_head * run + of) * row.seen + first + at % CHUNK];
        }
        __syncthreads();
        for (Word at = threadIdx.x / 32; at < count; at += 8)
            if (number < shape.head_dim) value[at][threadIdx.x % 32] = from_cell(all[cells[at] + number]);
        __syncthreads();
        if (active && number < shape.head_dim) {
            for (Word at = 0; at < count; at++)
                sum = __fmaf_rn(weight[threadIdx.x / 32][at], value[at][threadIdx.x % 32], sum);
        }
        __syncthreads();
    }
    if (active && number < shape.head_dim) {
        const Long head = (Long)blockIdx.x * shape.heads + kv_head * run + within_run;
        arguments.out[head * shape.head_dim + number] = __fmul_rn(sum, arguments.inverses[head]);
    }
}

KERNEL(values_f32, ValueArguments, 256) { values<float>(arguments); }
KERNEL(values_f16, ValueArguments, 256) { values<Half>(arguments); }

struct Slot {
    Word page;
    Word offset;
};

struct PageArguments {
    const Slot *slots;  // [rows]
    float *key_rows;    // [rows][kv heads · numbers]
    float *value_rows;
    void *keys;
    void *values;
    Shape shape;
    Word rows;
    Word unused;
};

// A thread for a number of a token: into its pages, or back out of them.
template <class Cell, bool STORE> DEVICE void move_cells(const PageArguments &arguments) {
    const Shape shape = arguments.shape;
    const Long at = (Long)blockIdx.x * 256 + threadIdx.x;
    const Word width = shape.kv_heads * shape.head_dim;
    if (at >= (Long)arguments.rows * width) return;
    const Slot slot = arguments.slots[at / width];
    const Word head = at % width / shape.head_dim, number = at % shape.head_dim;
    const Long page_head = (Long)slot.page * shape.kv_heads + head;
    Cell &key = ((Cell *)arguments.keys)[(page_head * shape.head_dim + number) * shape.page_tokens + slot.offset];
    Cell &value = ((Cell *)arguments.values)[(page_head * shape.page_tokens + slot.offset) * shape.head_dim + number];
    if (STORE) {
        to_cell(arguments.key_rows[at], key);
        to_cell(arguments.value_rows[at], value);
    } else {
        arguments.key_rows[at] = from_cell(key);
        arguments.value_rows[at] = from_cell(value);
    }
}

KERNEL(store_f32, PageArguments, 256) { move_cells<float, true>(arguments); }
KERNEL(store_f16, PageArguments, 256) { move_cells<Half, true>(arguments); }
KERNEL(fetch_f32, PageArguments, 256) { move_cells<float, false>(arguments); }
KERNEL(fetch_f16, PageArguments, 256) { move_cells<Half, false>(arguments); }
