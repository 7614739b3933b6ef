//! Runs every kernel on a CUDA device against its definition, then times the most important ones.
//!
//! `cargo run --release -p theoremata-kernels --features cuda --example device`, optionally with the name of one part:
//! `checks`, `products`, `attention`, `step`. `SEEDS=n` runs n rounds of checks. Utilisation of whole steps is relative
//! to an H200; set `GIGABYTES` and `TERAOPERATIONS` to the peak rates per second of another device.
//!
//! Exit code 0: every output is bit-identical to its definition; 1: some output differs; 2: the device failed; 3: there
//! is no device.

#[path = "../tests/cuda/checks.rs"]
mod checks;
#[path = "../tests/siblings/numbers.rs"]
mod numbers;
#[path = "../tests/cuda/pass.rs"]
mod pass;
#[path = "../tests/cuda/report.rs"]
mod report;

use std::process::ExitCode;
use std::time::Instant;

use theoremata_kernels::cuda::{Choice, Cuda, CudaError, DevicePages, Product};
use theoremata_kernels::{Draw, Format, Matrix, PageShape, f16};

use checks::Check;
use pass::{Measures, Model, Threads};
use report::Report;

const CHECKS: [Check; 6] =
    [checks::products, checks::lookups, checks::rows, checks::chances, checks::attention, checks::passes];

fn main() -> ExitCode {
    let cuda = match Cuda::open(0) {
        Ok(cuda) => cuda,
        Err(error) => {
            println!("nothing was run: {error}");
            return ExitCode::from(3);
        }
    };
    println!("{}", cuda.name());
    match run(&cuda) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the selected parts. Returns the number of outputs that differ.
fn run(cuda: &Cuda) -> Result<usize, CudaError> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|word| part.contains(word.as_str()));
    let mut report = Report::default();
    if wants("checks") {
        let rounds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(100);
        for seed in 0..rounds {
            for check in CHECKS {
                check(cuda, seed, &mut report)?;
            }
        }
        for (_, measures) in MODELS {
            let measures = Measures { layers: 2, vocabulary: 4096, ..measures };
            for (threads, tokens, rows) in [(3, 700, 1), (2, 300, 300)] {
                let situation = Threads { threads, tokens, rows };
                checks::pass(cuda, &mut numbers::Random::new(1), measures, &situation, &mut report)?;
            }
        }
        report.print();
        println!("{} outputs, of which {} differ from their definitions", report.compared(), report.differing());
    }
    if wants("products") {
        products(cuda)?;
    }
    if wants("attention") {
        attention(cuda)?;
    }
    if wants("step") {
        steps(cuda)?;
    }
    Ok(report.differing())
}

/// Seconds per call, from the fastest of several rounds of many calls.
fn seconds(cuda: &Cuda, mut act: impl FnMut() -> Result<(), CudaError>) -> Result<f64, CudaError> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let calls = 20;
        cuda.wait()?;
        let began = Instant::now();
        for _ in 0..calls {
            act()?;
        }
        cuda.wait()?;
        best = best.min(began.elapsed().as_secs_f64() / f64::from(calls));
    }
    Ok(best)
}

fn floats(count: usize) -> Vec<f32> {
    numbers::Random::new(1).floats(count)
}

/// A matrix of arbitrary weights: the time does not depend on their values.
fn matrix(format: Format, rows: usize, columns: usize) -> Matrix {
    let bytes = vec![0x11; format.bytes(rows, columns).expect("whole blocks")];
    Matrix::pack(format, rows, columns, &bytes).expect("as many bytes as it takes")
}

/// One matrix larger than any cache, by number of activation rows.
fn products(cuda: &Cuda) -> Result<(), CudaError> {
    let (rows, columns) = (65_536, 2048);
    println!("\nproducts, {rows}x{columns}: GB/s of weights for few rows, 10^12 operations a second for many");
    println!("{:<6} {:>10} {:>10} {:>10} {:>12} {:>12}", "format", "1 row", "8 rows", "16 rows", "64 rows", "512 rows");
    for format in Cuda::FORMATS {
        let weights = cuda.weights(&matrix(format, rows, columns))?;
        print!("{:<6}", format!("{format:?}"));
        for batch in [1, 8, 16, 64, 512] {
            let x = cuda.upload(&floats(batch * columns))?;
            let mut out = cuda.buffer(batch * rows)?;
            let time = seconds(cuda, || cuda.multiply(&x, batch, &mut [Product { weights: &weights, out: &mut out }]))?;
            match batch {
                ..64 => print!(" {:>10.0}", weights.bytes() as f64 / time / 1e9),
                _ => print!(" {:>12.1}", (2 * batch * rows * columns) as f64 / time / 1e12),
            }
        }
        println!();
    }
    Ok(())
}

const MODELS: [(&str, Measures); 2] = [
    (
        "SmolLM2-135M Q4_1",
        Measures {
            width: 576,
            hidden: 1536,
            heads: 9,
            shape: PageShape { page_tokens: 32, kv_heads: 3, head_dim: 64 },
            layers: 30,
            vocabulary: 49_152,
            formats: [Format::Q4_1, Format::Q8_0],
        },
    ),
    (
        "Qwen2.5-1.5B Q4_K_M",
        Measures {
            width: 1536,
            hidden: 8960,
            heads: 12,
            shape: PageShape { page_tokens: 32, kv_heads: 2, head_dim: 128 },
            layers: 28,
            vocabulary: 151_936,
            formats: [Format::Q4K, Format::Q6K],
        },
    ),
];

/// Attention of one layer.
fn attention(cuda: &Cuda) -> Result<(), CudaError> {
    println!("\nattention of one layer over f16");
    println!("{:<20} {:>8} {:>8} {:>6} {:>10} {:>10}", "model", "threads", "tokens", "rows", "µs", "GB/s");
    for (name, measures) in MODELS {
        for (threads, tokens, rows) in [(1, 256, 1), (1, 4096, 1), (32, 1024, 1), (128, 1024, 1), (1, 512, 512)] {
            let situation = Threads { threads, tokens, rows };
            let mut step = situation.step(cuda, &measures)?;
            let blank = vec![f16::ONE; situation.pages(measures.shape) * measures.shape.cells()];
            let mut pages: DevicePages<f16> = cuda.pages(measures.shape, situation.pages(measures.shape))?;
            pages.keys.write(0, &blank)?;
            pages.values.write(0, &blank)?;
            let queries = cuda.upload(&floats(threads * rows * measures.heads * measures.shape.head_dim))?;
            let mut out = cuda.buffer(queries.length())?;
            let time = seconds(cuda, || {
                cuda.attend(&mut step.lists, measures.scoring(), &step.angles, &pages, &queries, &mut out)
            })?;
            let speed = (threads * tokens * measures.shape.token_cells() * 4) as f64 / time / 1e9;
            println!("{name:<20} {threads:>8} {tokens:>8} {rows:>6} {:>10.1} {speed:>10.1}", time * 1e6);
        }
    }
    Ok(())
}

/// Whole engine steps, from token ids to sampled tokens, for decoding and prefill, with arbitrary weights. A step reads
/// all weights once and the keys and values of each sequence, and performs two operations per weight and row. The
/// embedding matrix also computes the logits, only for the last row of each sequence.
fn steps(cuda: &Cuda) -> Result<(), CudaError> {
    let peak = |name: &str, usual: f64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (bandwidth, arithmetic) = (peak("GIGABYTES", 4800.0), peak("TERAOPERATIONS", 1979.0));
    println!("\nwhole steps; shares of {bandwidth:.0} GB/s and of {arithmetic:.0}e12 operations a second on integers");
    println!(
        "{:<20} {:>8} {:>8} {:>6} {:>10} {:>10} {:>9} {:>9}",
        "model", "threads", "tokens", "rows", "ms", "tokens/s", "memory", "operations"
    );
    for (name, measures) in MODELS {
        let layer: Vec<Matrix> =
            measures.matrices().iter().map(|(rows, columns)| matrix(measures.formats[0], *rows, *columns)).collect();
        let layers = vec![layer; measures.layers];
        let embedding = matrix(measures.formats[1], measures.vocabulary, measures.width);
        let bytes = layers.iter().flatten().chain([&embedding]).map(Matrix::bytes).sum::<usize>();
        let in_layers =
            measures.layers * measures.matrices().iter().map(|(rows, columns)| rows * columns).sum::<usize>();
        let in_logits = measures.vocabulary * measures.width;
        let model = Model::new(cuda, measures, &layers, &embedding, &vec![1.0; measures.width])?;
        for (threads, tokens, rows) in
            [(1, 256, 1), (8, 256, 1), (64, 256, 1), (256, 256, 1), (1, 256, 256), (1, 1024, 1024), (8, 256, 256)]
        {
            let situation = Threads { threads, tokens, rows };
            let mut step = situation.step(cuda, &measures)?;
            let mut memory = model.memory(cuda, situation.pages(measures.shape))?;
            let draw = |path| Draw { seed: 1, path, position: 0 };
            let choices: Vec<Choice<'_>> = (0..threads as u64)
                .map(|path| Choice { temperature: 0.8, draw: draw(path), allowed: None, given: None })
                .collect();
            let choices = cuda.choices(measures.vocabulary, &choices)?;
            let time = seconds(cuda, || {
                let logits = model.logits(cuda, &mut step, &mut memory)?;
                cuda.draw(&logits, &choices).map(drop)
            })?;
            let read = bytes + threads * tokens * measures.layers * measures.shape.token_cells() * 4;
            let done = 2 * (threads * rows * in_layers + threads * in_logits);
            let (of_memory, of_operations) =
                (read as f64 / time / 1e9 / bandwidth, done as f64 / time / 1e12 / arithmetic);
            println!(
                "{name:<20} {threads:>8} {tokens:>8} {rows:>6} {:>10.3} {:>10.0} {:>8.1}% {:>9.2}%",
                time * 1e3,
                (threads * rows) as f64 / time,
                of_memory * 100.0,
                of_operations * 100.0
            );
        }
    }
    Ok(())
}
