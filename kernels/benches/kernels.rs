//! Speedup of the siblings over their definitions, and their share of the memory bandwidth.
//!
//! `cargo bench -p theoremata-kernels`, optionally with the name of one part: `-- products`. Shapes are those of the
//! default model, SmolLM2-135M in Q4_1. Single-threaded times are CPU time of the thread, which excludes other
//! programs; multi-threaded times are wall time. Each is taken from the fastest tenth of several rounds. The bandwidth
//! is measured in the same run, since other load on the machine affects it.

use std::hint::black_box;
use std::io;
use std::time::Instant;

use theoremata_kernels::{
    Activation, Arena, Cell, Crew, Draw, Format, Group, Heads, Inline, Kernels, Level, Matrix, PageShape, Pages,
    Pairing, Parallel, Product, Rotary, Sampling, Slot, Span, Stream, f16,
};

/// Hidden width, gate width, heads and vocabulary of the default model.
const WIDTH: usize = 576;
const INNER: usize = 1536;
const HEADS: usize = 9;
const KV_HEADS: usize = 3;
const HEAD_DIM: usize = 64;
const VOCABULARY: usize = 49_152;
const LAYERS: usize = 30;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|word| part.contains(word.as_str()));
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let crew = Crew::new(threads);
    let single = bandwidth(&Inline);
    let all = bandwidth(&crew);
    println!("read bandwidth over 128 MiB: {single:.1} GB/s on one thread, {all:.1} GB/s on {threads}");
    if wants("products") {
        products();
    }
    if wants("model") {
        model(&Inline, 1, single);
        model(&crew, threads, all);
    }
    if wants("attention") {
        attention();
    }
    if wants("rows") {
        rows();
    }
}

/// Wall time of a fast round among several, in seconds.
fn best(act: impl FnMut()) -> f64 {
    let began = Instant::now();
    fastest(|| began.elapsed().as_secs_f64(), act)
}

/// The same in CPU time of this thread.
#[cfg(unix)]
fn best_alone(act: impl FnMut()) -> f64 {
    let clock = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    };
    fastest(clock, act)
}

#[cfg(not(unix))]
fn best_alone(act: impl FnMut()) -> f64 {
    best(act)
}

fn timed(parallel: &dyn Parallel, act: impl FnMut()) -> f64 {
    if parallel.width() == 1 { best_alone(act) } else { best(act) }
}

fn fastest(clock: impl Fn() -> f64, mut act: impl FnMut()) -> f64 {
    let (mut rounds, began) = (Vec::new(), clock());
    while rounds.len() < 3 || clock() - began < 0.15 {
        let start = clock();
        act();
        rounds.push(clock() - start);
    }
    // The slowest of the fastest tenth: on a busy machine the clock occasionally misses time.
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 10]
}

/// Read bandwidth in GB/s, from a loop that only reads 128 MiB.
fn bandwidth(parallel: &dyn Parallel) -> f64 {
    let stream = Stream::new(128 << 20);
    stream.bytes() as f64 / timed(parallel, || stream.read(parallel)) / 1e9
}

fn siblings() -> impl Iterator<Item = Kernels> {
    Level::available().into_iter().filter(|level| *level != Level::Plain).filter_map(Kernels::at)
}

fn floats(count: usize) -> Vec<f32> {
    let draw = Draw { seed: 1, path: 0, position: 0 };
    (0..count).map(|index| draw.word(index as u32) as f32 / 2_147_483_648.0 - 1.0).collect()
}

/// A matrix of arbitrary weights: the time does not depend on their values.
fn matrix(arena: &mut Arena, format: Format, rows: usize, columns: usize) -> Matrix {
    Matrix::pack_in(arena, &Inline, format, rows, columns, &mut io::repeat(0x11)).expect("as many bytes as it takes")
}

fn multiply(kernels: Kernels, parallel: &dyn Parallel, matrices: &[&Matrix], x: &[f32], rows: usize) {
    let mut outs: Vec<Vec<f32>> = matrices.iter().map(|matrix| vec![0.0; rows * matrix.rows()]).collect();
    let mut products: Vec<Product<'_>> =
        matrices.iter().zip(&mut outs).map(|(matrix, out)| Product { matrix, out }).collect();
    kernels.multiply(parallel, x, rows, &mut products);
    black_box(&outs);
}

/// One matrix in cache: each format and sibling, by number of rows.
fn products() {
    println!(
        "\nproducts, {INNER}x{WIDTH} (Q4K, Q6K: {INNER}x{INNER}), one thread, weights in cache, 10^9 operations a second"
    );
    println!(
        "{:<8} {:<14} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "format", "sibling", "1 row", "2 rows", "4 rows", "8 rows", "256 rows"
    );
    for format in Format::ALL {
        let columns = if format.block_columns() == 256 { INNER } else { WIDTH };
        let matrix = matrix(&mut Arena::new(), format, INNER, columns);
        for kernels in [Kernels::plain()].into_iter().chain(siblings()) {
            let speeds = [1, 2, 4, 8, 256].map(|rows| {
                let operations = (2 * rows * INNER * columns) as f64;
                if kernels.level() == Level::Plain && rows > 1 {
                    return String::from("-");
                }
                let x = floats(rows * columns);
                format!("{:.1}", operations / best_alone(|| multiply(kernels, &Inline, &[&matrix], &x, rows)) / 1e9)
            });
            let [one, two, four, eight, many] = speeds;
            let level = kernels.level().to_string();
            println!("{:<8} {level:<14} {one:>9} {two:>9} {four:>9} {eight:>9} {many:>9}", format!("{format:?}"));
        }
    }
}

/// All matrices of the model, read from memory as in a decoding step.
fn model(parallel: &dyn Parallel, threads: usize, bandwidth: f64) {
    let format = Format::Q4_1;
    let kv = KV_HEADS * HEAD_DIM;
    let arena = &mut Arena::new();
    let layers: Vec<[Matrix; 7]> = (0..LAYERS)
        .map(|_| {
            let rows = [WIDTH, kv, kv, WIDTH, INNER, INNER];
            let [query, key, value, output, gate, up] = rows.map(|rows| matrix(arena, format, rows, WIDTH));
            [query, key, value, output, gate, up, matrix(arena, format, WIDTH, INNER)]
        })
        .collect();
    let logits = matrix(arena, Format::Q8_0, VOCABULARY, WIDTH);
    let bytes = layers.iter().flatten().map(Matrix::bytes).sum::<usize>() + logits.bytes();
    println!("\nall products of a step of the default model, {threads} thread(s), {:.1} MB", bytes as f64 / 1e6);
    println!("{:<14} {:>6} {:>10} {:>12} {:>10} {:>8}", "sibling", "rows", "ms", "tokens/s", "GB/s", "share");
    for kernels in siblings() {
        for rows in [1, 2, 4, 8, 16, 256] {
            let (x, inner) = (floats(rows * WIDTH), floats(rows * INNER));
            let seconds = timed(parallel, || {
                for [query, key, value, output, gate, up, down] in &layers {
                    multiply(kernels, parallel, &[query, key, value], &x, rows);
                    multiply(kernels, parallel, &[output], &x, rows);
                    multiply(kernels, parallel, &[gate, up], &x, rows);
                    multiply(kernels, parallel, &[down], &inner, rows);
                }
                // A prefill computes logits only for its last row.
                let asking = if rows == 256 { 1 } else { rows };
                multiply(kernels, parallel, &[&logits], &x[..asking * WIDTH], asking);
            });
            let speed = bytes as f64 / seconds / 1e9;
            println!(
                "{:<14} {rows:>6} {:>10.3} {:>12.0} {speed:>10.1} {:>7.0}%",
                kernels.level().to_string(),
                seconds * 1e3,
                rows as f64 / seconds,
                100.0 * speed / bandwidth,
            );
        }
    }
}

/// Attention of one layer: a decoding row, prefills, decoding rows of enough sequences that their keys and values exceed
/// the cache, and the same with a prompt that they share.
fn attention() {
    println!("\nattention of one layer, {HEADS} heads over {KV_HEADS}, pages of 32, one thread");
    println!(
        "{:<14} {:<6} {:>7} {:>7} {:>9} {:>7} {:>13} {:>10}",
        "sibling", "cells", "tokens", "shared", "sequences", "rows", "µs a sequence", "10^9 FMA/s"
    );
    for kernels in [Kernels::plain()].into_iter().chain(siblings()) {
        for layout in [
            Layout { tokens: 256, shared: 0, sequences: 1, rows: 1 },
            Layout { tokens: 1024, shared: 0, sequences: 1, rows: 1 },
            Layout { tokens: 256, shared: 0, sequences: 128, rows: 1 },
            Layout { tokens: 256, shared: 0, sequences: 1, rows: 256 },
            Layout { tokens: 4096, shared: 0, sequences: 1, rows: 128 },
            Layout { tokens: 2112, shared: 2048, sequences: 64, rows: 1 },
        ] {
            let Layout { tokens, shared, sequences, rows } = layout;
            if kernels.level() == Level::Plain && rows * sequences > 1 {
                continue;
            }
            let single = attend::<f32>(kernels, layout);
            let half = attend::<f16>(kernels, layout);
            // Two products for each number that a row sees; a row of a prefill sees half of its chunk.
            let seen = (tokens - rows / 2) * rows * sequences;
            let work = (2 * seen * HEADS * HEAD_DIM) as f64;
            for (name, seconds) in [("f32", single), ("f16", half)] {
                let level = kernels.level().to_string();
                let each = seconds * 1e6 / sequences as f64;
                let speed = work / seconds / 1e9;
                println!(
                    "{level:<14} {name:<6} {tokens:>7} {shared:>7} {sequences:>9} {rows:>7} {each:>13.1} {speed:>10.1}"
                );
            }
        }
    }
}

/// Sequences of `tokens` tokens, of which the first `shared` are the same for all; the last `rows` of each are computed.
#[derive(Clone, Copy)]
struct Layout {
    tokens: usize,
    shared: usize,
    sequences: usize,
    rows: usize,
}

fn attend<C: Cell>(kernels: Kernels, layout: Layout) -> f64 {
    let Layout { tokens, shared, sequences, rows } = layout;
    let shape = PageShape { page_tokens: 32, kv_heads: KV_HEADS, head_dim: HEAD_DIM };
    let pages = tokens.div_ceil(shape.page_tokens);
    let rotary = Rotary::new(Pairing::Neighbours, HEAD_DIM, &Rotary::frequencies(HEAD_DIM, 1e5), 8192);
    let slots: Vec<Slot> =
        (0..tokens * sequences).map(|token| Slot { page: (token / 32) as u32, offset: (token % 32) as u32 }).collect();
    let rows_of = floats(slots.len() * shape.token_cells());
    let mut keys = vec![C::default(); pages * sequences * shape.cells()];
    let mut values = keys.clone();
    shape.store(&slots, &rows_of, &rows_of, &mut keys, &mut values);
    // Sequence `s` has every `sequences`-th page, so its pages are not adjacent; the shared ones are those of the first.
    let spans: Vec<Vec<Span>> = (0..sequences)
        .map(|sequence| {
            let owner = |number: usize| if number * 32 < shared { 0 } else { sequence };
            let page = |number: usize| (number * sequences + owner(number)) as u32;
            let span = |number| Span { page: page(number), offset: 0, tokens: 32, position: number as u32 * 32 };
            (0..pages).map(span).collect()
        })
        .collect();
    let positions: Vec<u32> = (0..rows as u32).map(|row| (tokens - rows) as u32 + row).collect();
    let seen: Vec<u32> = positions.iter().map(|position| position + 1).collect();
    let groups: Vec<Group<'_>> =
        spans.iter().map(|spans| Group { positions: &positions, seen: &seen, spans }).collect();
    let queries = floats(sequences * rows * HEADS * HEAD_DIM);
    let mut out = vec![0.0; queries.len()];
    let heads = Heads { queries: HEADS, shape, scale: 0.125, rotary: &rotary, window: None, cap: None };
    let pages = Pages { keys: &keys, values: &values };
    best_alone(|| kernels.attend(&Inline, &heads, pages, &queries, &groups, &mut out))
}

/// Operations on rows.
fn rows() {
    println!("\nrows, one thread, µs");
    println!(
        "{:<14} {:>10} {:>12} {:>14} {:>12} {:>14} {:>12}",
        "sibling", "norm 576", "swiglu 1536", "log-sum 49152", "greedy", "temperature", "top-p 0.9"
    );
    let (x, gain, gate, up) = (floats(WIDTH), floats(WIDTH), floats(INNER), floats(INNER));
    // The probability of the r-th most likely token is roughly proportional to 1 / r^1.3, as in natural text.
    let logits: Vec<f32> = floats(VOCABULARY).iter().map(|x| -1.3 * (0.5 * x + 0.5).max(1e-9).ln()).collect();
    let draw = Draw { seed: 1, path: 2, position: 3 };
    for kernels in [Kernels::plain()].into_iter().chain(siblings()) {
        let (mut narrow, mut wide) = (vec![0.0; WIDTH], vec![0.0; INNER]);
        // Many iterations, since reading the clock takes half a microsecond.
        let norm =
            best_alone(|| (0..100).for_each(|_| kernels.rms_norm(&Inline, &x, &gain, 1e-5, &mut narrow))) / 100.0;
        let swiglu =
            best_alone(|| (0..100).for_each(|_| kernels.gate(Activation::Silu, &Inline, &gate, &up, &mut wide)))
                / 100.0;
        let log_sum = best_alone(|| {
            black_box(kernels.log_sum_exp(&logits));
        });
        let [greedy, warm, top] = [Sampling::GREEDY, Sampling::at(0.8), Sampling { top_p: 0.9, ..Sampling::at(0.8) }]
            .map(|sampling| {
                best_alone(|| {
                    black_box(kernels.sample(&logits, &sampling, draw));
                })
            });
        let [norm, swiglu, log_sum, greedy, warm, top] =
            [norm, swiglu, log_sum, greedy, warm, top].map(|seconds| seconds * 1e6);
        let level = kernels.level().to_string();
        println!("{level:<14} {norm:>10.2} {swiglu:>12.2} {log_sum:>14.1} {greedy:>12.1} {warm:>14.1} {top:>12.1}");
    }
}
