//! `bench lm`: speed of a model on this machine, compared with the memory bandwidth limit.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;
use theoremata_kernels::{Crew, Parallel, Sampling, Stream};
use theoremata_lm::{
    Bounds, Branch, Choice, Engine, Event, Join, Model, Outcome, Request, Settings, Spawn, Then, Token, Turn, Usage,
};

use crate::cli::arguments::{MAX_THREADS, count};
use crate::cli::exit::Exit;
use crate::cli::generate::crew;
use crate::cli::model;
use crate::cli::output::Output;
use crate::failure::Failure;
use theoremata_actors::measure::{cpu_seconds, peak_bytes};

/// The benchmarks.
#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    /// Measure a language model: loading, prefill, decoding on one path and on several.
    ///
    /// Example: theoremata bench lm --model smollm2
    Lm(LmArguments),
}

/// What to measure.
#[derive(Args)]
pub(crate) struct LmArguments {
    /// The model: a name of `model list`, a GGUF file, or a Hugging Face folder.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    model: String,
    /// Tokens of the prompt.
    #[arg(long, value_name = "N", default_value = "256", value_parser = count::<1_000_000>)]
    prompt: NonZeroUsize,
    /// Tokens generated on each path.
    #[arg(long, value_name = "N", default_value = "64", value_parser = count::<1_000_000>)]
    tokens: NonZeroUsize,
    /// Numbers of parallel paths.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values = ["1", "2", "4", "8", "16", "32"], value_parser = count::<1_024>)]
    paths: Vec<NonZeroUsize>,
    /// Number of runs, of which the median is reported.
    #[arg(long, value_name = "N", default_value = "3", value_parser = count::<1_000>)]
    runs: NonZeroUsize,
    /// Number of threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    threads: Option<NonZeroUsize>,
}

/// Measurements of several paths with one prompt, in parallel and sequentially.
struct Paths {
    count: usize,
    /// Tokens per second, summed over paths, after the first token.
    together: f64,
    /// Wall seconds in total: in parallel with a shared prompt, and sequentially with separate prompts.
    seconds: (f64, f64),
    /// Whether both produced the same tokens.
    same: bool,
    /// KV cache in bytes: of the prompt, stored once, and in total.
    bytes: (usize, usize),
}

/// Runs the benchmark.
pub(crate) fn run(command: &BenchCommand, output: Output) -> Result<Exit, Failure> {
    let BenchCommand::Lm(arguments) = command;
    let start = Instant::now();
    let model = Arc::new(model::load(&arguments.model, arguments.threads)?);
    let load = start.elapsed().as_secs_f64();
    let file = bytes_on_disk(&arguments.model)?;
    let crew = crew(arguments.threads);
    let room = arguments.prompt.get() + arguments.tokens.get() + 1;
    if room > model.shape().context {
        return Err(Failure::Usage(format!("{room} tokens are more than the {} of the model", model.shape().context)));
    }
    let runs = arguments.runs.get();
    let (prefill, prefill_cpu) = median(runs, || prefill(&model, &crew, arguments.prompt.get()));
    let (decode, decode_cpu) = median(runs, || decode(&model, &crew, arguments));
    let together = median_of_batches(&model, &crew, arguments);
    let peak = peak_bytes();
    // Its buffers take memory of their own. Decoding a token reads all weights once.
    let bandwidth = bandwidth(&crew, runs);
    let limit = bandwidth / model.bytes() as f64;
    // The largest pool so far.
    let budget =
        pages(arguments.prompt.get() + 1, None).max(pages(16 + arguments.tokens.get(), arguments.paths.iter().max()));
    let paths: Vec<Paths> = arguments.paths.iter().map(|count| paths(&model, &crew, arguments, count.get())).collect();
    if output.is_json() {
        let object = |paths: &Paths| {
            json!({
                "paths": paths.count, "tokens_per_s": paths.together, "seconds": paths.seconds.0,
                "seconds_one_after_the_other": paths.seconds.1, "same_tokens": paths.same,
                "prompt_bytes": paths.bytes.0, "bytes": paths.bytes.1,
            })
        };
        output.object(&json!({
            "event": "bench", "model": model.name(), "threads": crew.width(), "load_s": load, "file_bytes": file,
            "weight_bytes": model.bytes(), "memory_peak": peak, "page_budget": budget * page_bytes(&model),
            "stream_bytes_per_s": bandwidth, "prefill_tokens_per_s": prefill, "prefill_tokens_per_cpu_s": prefill_cpu,
            "decode_tokens_per_s": decode, "decode_tokens_per_cpu_s": decode_cpu, "decode_share_of_stream": decode / limit,
            "batches": together.iter().map(|(count, speed)| json!({ "requests": count, "tokens_per_s": speed })).collect::<Vec<_>>(),
            "parallel": paths.iter().map(object).collect::<Vec<_>>(),
        }));
        return Ok(Exit::Done);
    }
    let megabytes = |bytes: f64| bytes / 1e6;
    output.line(&format!("model     {}, {:.1} MB, loaded in {load:.3} s", model.name(), megabytes(file as f64)));
    output.line(&format!("threads   {}; memory is read at {:.1} GB/s", crew.width(), bandwidth / 1e9));
    output.line(&format!(
        "read      {prefill:.0} tokens/s, {prefill_cpu:.0} for each CPU second ({} tokens)",
        arguments.prompt
    ));
    output.line(&format!(
        "write     {decode:.0} tokens/s, {decode_cpu:.0} for each CPU second: {:.0} % of what the memory allows",
        100.0 * decode / limit
    ));
    for (count, speed) in &together {
        output.line(&format!("          {speed:.0} tokens/s for {count} requests together"));
    }
    output.line("paths of one prompt, side by side and one after the other:");
    for Paths { count, together, seconds, same, bytes } in &paths {
        output.line(&format!(
            "{count:>6}    {together:.0} tokens/s; {:.3} s and {:.3} s, {:.1} times as fast; {} tokens; {:.1} MB of keys and \
             values, {:.1} of them the prompt, once",
            seconds.0,
            seconds.1,
            seconds.1 / seconds.0,
            if *same { "the same" } else { "OTHER" },
            megabytes(bytes.1 as f64),
            megabytes(bytes.0 as f64),
        ));
    }
    if let Some(peak) = peak {
        let all = file as f64 + (budget * page_bytes(&model)) as f64;
        output.line(&format!(
            "memory    {:.0} MB at most before the last table: {:.2} times the file and the pages",
            megabytes(peak as f64),
            peak as f64 / all
        ));
    }
    Ok(Exit::Done)
}

fn bytes_on_disk(model: &str) -> Result<u64, Failure> {
    let path: PathBuf = model::find(model)?;
    let size = |path: &PathBuf| std::fs::metadata(path).map(|file| file.len()).unwrap_or(0);
    if path.is_dir() {
        let entries = std::fs::read_dir(&path).map_err(|error| Failure::world("read", &path, &error))?;
        return Ok(entries.flatten().map(|entry| size(&entry.path())).sum());
    }
    Ok(size(&path))
}

/// The median, by the first figure, of several measurements.
fn median(runs: usize, mut measure: impl FnMut() -> (f64, f64)) -> (f64, f64) {
    let mut all: Vec<(f64, f64)> = (0..runs).map(|_| measure()).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    all[runs / 2]
}

/// Best memory bandwidth of all threads together, in bytes per second.
fn bandwidth(crew: &Crew, runs: usize) -> f64 {
    let stream = Stream::new(256 << 20);
    let round = |_| {
        let start = Instant::now();
        stream.read(crew);
        stream.bytes() as f64 / start.elapsed().as_secs_f64()
    };
    (0..runs * 5).map(round).fold(0.0, f64::max)
}

/// Number of pages of 32 tokens for a prompt and this many paths.
fn pages(tokens: usize, paths: Option<&NonZeroUsize>) -> usize {
    (tokens.div_ceil(32) + 1) * paths.map_or(1, |paths| paths.get())
}

fn page_bytes(model: &Arc<Model>) -> usize {
    Engine::new(model.clone(), Settings { pages: 1, ..Settings::default() }).usage().page_bytes
}

fn engine(model: &Arc<Model>, pages: usize) -> Engine {
    Engine::new(model.clone(), Settings { pages, ..Settings::default() })
}

/// A text of this many tokens; different values of `which` differ from the first token on.
fn text(model: &Model, length: usize, which: usize) -> Vec<Token> {
    let vocabulary = model.shape().vocabulary.max(2);
    (0..length).map(|place| (1 + (which * 7919 + place * 31 + place * place * 7) % (vocabulary - 1)) as Token).collect()
}

/// A turn that generates exactly this many tokens.
fn write(tokens: usize) -> Turn {
    Turn { sampling: Sampling::at(1.0), ..Turn::greedy(tokens) }
}

fn request(tokens: Vec<Token>, then: Then) -> Request {
    Request { members: Vec::new(), tokens, seed: 1, then, bounds: Bounds { width: usize::MAX, ..Bounds::default() } }
}

/// Runs an engine to completion; returns wall and CPU seconds up to the first generated token, and in total.
fn timed(engine: &mut Engine, crew: &Crew) -> ((f64, f64), (f64, f64), Vec<Event>) {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (mut first, mut events) = (None, Vec::new());
    while !engine.is_idle() {
        events.extend(engine.step(crew).expect("the processor computes"));
        if first.is_none() && engine.usage().generated > 0 {
            first = Some((start.elapsed().as_secs_f64(), cpu_seconds() - cpu));
        }
    }
    let all = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    (first.unwrap_or(all), all, events)
}

/// Prefill speed in tokens per second of wall time and CPU time.
fn prefill(model: &Arc<Model>, crew: &Crew, length: usize) -> (f64, f64) {
    let mut engine = engine(model, pages(length + 1, None));
    if engine.submit(request(text(model, length, 0), Then::Generate(write(1)))).is_err() {
        return (0.0, 0.0);
    }
    let (_, (wall, cpu), _) = timed(&mut engine, crew);
    (length as f64 / wall, length as f64 / cpu)
}

/// Decoding speed of one path after a short prompt, in tokens per second of wall time and CPU time.
fn decode(model: &Arc<Model>, crew: &Crew, arguments: &LmArguments) -> (f64, f64) {
    let tokens = arguments.tokens.get();
    let mut engine = engine(model, pages(16 + tokens, None));
    if engine.submit(request(text(model, 16, 0), Then::Generate(write(tokens)))).is_err() {
        return (0.0, 0.0);
    }
    let (first, all, _) = timed(&mut engine, crew);
    let written = (tokens - 1).max(1) as f64;
    (written / (all.0 - first.0).max(1e-9), written / (all.1 - first.1).max(1e-9))
}

/// Total decoding speed of this many independent requests, in tokens per second.
fn batch(model: &Arc<Model>, crew: &Crew, arguments: &LmArguments, count: usize) -> f64 {
    let tokens = arguments.tokens.get();
    let mut engine = engine(model, pages(16 + tokens, NonZeroUsize::new(count).as_ref()));
    for which in 0..count {
        if engine.submit(request(text(model, 16, which), Then::Generate(write(tokens)))).is_err() {
            return 0.0;
        }
    }
    // All prompts are prefilled first, so that only decoding is timed.
    while engine.usage().generated < count as u64 && !engine.is_idle() {
        engine.step(crew).expect("the processor computes");
    }
    let (before, start) = (engine.usage().generated, Instant::now());
    engine.run(crew).expect("the processor computes");
    (engine.usage().generated - before) as f64 / start.elapsed().as_secs_f64().max(1e-9)
}

fn median_of_batches(model: &Arc<Model>, crew: &Crew, arguments: &LmArguments) -> Vec<(usize, f64)> {
    let counts = arguments.paths.iter().map(|count| count.get()).filter(|count| *count > 1);
    counts
        .map(|count| (count, median(arguments.runs.get(), || (batch(model, crew, arguments, count), 0.0)).0))
        .collect()
}

/// Runs paths with one prompt in parallel, then sequentially.
fn paths(model: &Arc<Model>, crew: &Crew, arguments: &LmArguments, count: usize) -> Paths {
    let (length, tokens) = (arguments.prompt.get(), arguments.tokens.get());
    let prompt = text(model, length, 0);
    let grown = |engine: &mut Engine, branches: usize, only: Option<usize>| {
        let Ok(root) = engine.submit(request(prompt.clone(), Then::Hold)) else { return Vec::new() };
        // Branches that are not measured end at once, so that the others keep their positions.
        let branch = |place| Branch {
            tokens: Vec::new(),
            allowance: tokens,
            then: if only.is_none_or(|only| only == place) { Then::Generate(write(tokens)) } else { Then::Conclude },
        };
        let spawn = Spawn {
            branches: (0..branches).map(branch).collect(),
            join: Join::Select(Choice::Asked),
            needs: 0,
            close: Vec::new(),
            then: Then::Conclude,
        };
        if engine.spawn(root, spawn).is_err() {
            return Vec::new();
        }
        let (mut opened, mut written) = (Vec::new(), Vec::new());
        for event in timed(engine, crew).2 {
            match event {
                Event::Opened { node, parent: Some(_) } => opened.push(node),
                Event::Finished { node, outcome: Outcome::Budget(_) } => written.push(node),
                _ => {}
            }
        }
        written.sort();
        written.iter().map(|node| engine.generated(*node).to_vec()).collect::<Vec<Vec<Token>>>()
    };
    let room = pages(length + tokens, NonZeroUsize::new(count + 1).as_ref());
    let mut together = engine(model, room);
    let start = Instant::now();
    let all = grown(&mut together, count, None);
    let seconds = start.elapsed().as_secs_f64();
    let usage: Usage = together.usage();
    // In one engine, so that the prompt is prefilled once here too.
    let mut single = engine(model, room);
    let start = Instant::now();
    let alone: Vec<Vec<Token>> = (0..count).flat_map(|place| grown(&mut single, count, Some(place))).collect();
    let one_after_the_other = start.elapsed().as_secs_f64();
    let prefill = length as f64 / prefill(model, crew, length).0;
    Paths {
        count,
        together: (count * (tokens - 1)).max(1) as f64 / (seconds - prefill).max(1e-9),
        seconds: (seconds, one_after_the_other),
        same: !all.is_empty() && all == alone,
        bytes: (length.div_ceil(32) * usage.page_bytes, usage.pages_peak * usage.page_bytes),
    }
}
