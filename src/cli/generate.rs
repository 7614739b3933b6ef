//! `generate`: a language model continues a text, on one path or several in parallel.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use theoremata_kernels::{Crew, Sampling};
use theoremata_lm::{
    Bound, Bounds, Branch, Chat, Choice, Device, Engine, EngineError, Event, Join, Message, Model, NodeId, Outcome,
    Precision, PromptError, Request, Role, Rows, Settings, Spawn, Speculation, Speech, Then, Token, Turn,
};

use crate::cli::arguments::{MAX_THREADS, count};
use crate::cli::chat::ChatArguments;
use crate::cli::exit::Exit;
use crate::cli::guidance::{GuidanceArguments, guidance};
use crate::cli::model;
use crate::cli::output::Output;
use crate::cli::streams;
use crate::exchange::input;
use crate::failure::Failure;
use theoremata_actors::measure::peak_bytes;

/// What to generate, and how.
#[derive(Args)]
pub(crate) struct GenerateArguments {
    /// The model: a name of `model list`, a GGUF file, or a Hugging Face folder.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    model: String,
    /// The text to continue, or `-` for standard input.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// The system prompt, for models with a chat template.
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    system: Option<String>,
    /// Use the prompt verbatim, even if the model has a chat template.
    #[arg(long)]
    raw: bool,
    /// Maximal number of tokens on each path.
    #[arg(long, value_name = "N", default_value = "256", value_parser = count::<1_000_000>)]
    max_tokens: NonZeroUsize,
    /// Sampling temperature: divides the logits; 0 is greedy decoding.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = at_least_zero)]
    temperature: f32,
    /// Keep the smallest set of most likely tokens that reaches this total probability.
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = share)]
    top_p: f32,
    /// Keep tokens whose probability is at least this fraction of the most likely token's.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    min_p: f32,
    /// Keep this many of the most likely tokens; 0 keeps all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Random seed: the same seed gives the same text.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// A stop string; may be repeated.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    #[command(flatten)]
    chat: ChatArguments,
    #[command(flatten)]
    guidance: GuidanceArguments,
    /// Number of parallel paths from the same prompt.
    #[arg(long, value_name = "N", default_value = "1", value_parser = count::<1_024>)]
    paths: NonZeroUsize,
    /// Keep one of several paths: the first to end, the likeliest, or one with the most frequent text.
    #[arg(long, value_name = "HOW")]
    pick: Option<Pick>,
    /// Store the KV cache in 32 bits instead of 16.
    #[arg(long)]
    exact_keys: bool,
    /// Compute with the stored weights and unrounded activations: many times slower, to measure the effect of rounding.
    #[arg(long)]
    exact_rows: bool,
    /// Speculative decoding with at most this many draft tokens; does not affect the output [default: none].
    #[arg(long, value_name = "N", value_parser = count::<64>)]
    speculate: Option<NonZeroUsize>,
    /// Memory for the KV cache; with less than needed, paths wait for each other.
    #[arg(long, value_name = "MB", default_value = "1024", value_parser = count::<1_048_576>)]
    kv_memory: NonZeroUsize,
    /// Device for the model: `cpu`, `cuda`, `cuda:N`, or `auto`, the first suitable CUDA device; does not affect the
    /// output.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Device,
    /// Number of threads; does not affect the text [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    threads: Option<NonZeroUsize>,
}

/// Which path to keep.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pick {
    /// The one that ended with the fewest tokens.
    First,
    /// The one with the highest mean log-probability.
    Best,
    /// One that at least two paths agree on.
    Agreed,
}

pub(crate) fn at_least_zero(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number >= 0.0 && number.is_finite() { Ok(number) } else { Err("at least 0".into()) }
}

pub(crate) fn share(text: &str) -> Result<f32, String> {
    at_least_zero(text).and_then(|number| if number <= 1.0 { Ok(number) } else { Err("between 0 and 1".into()) })
}

/// Generates text.
pub(crate) fn run(arguments: &GenerateArguments, output: Output) -> Result<Exit, Failure> {
    let start = Instant::now();
    let model = Arc::new(model::load(&arguments.model, arguments.threads)?);
    let tokens = prompt(arguments, &model)?;
    let loaded = start.elapsed().as_secs_f64();
    let paths = arguments.paths.get();
    let settings = settings(arguments, &model, tokens.len());
    tell_device(&arguments.device, &model, settings.exactness, output)?;
    let mut engine = Engine::on(model.clone(), settings, &arguments.device)?;
    let crew = crew(arguments.threads);
    let turn = Turn { constraint: guidance(&arguments.guidance, &model)?, ..turn(arguments, &model) };
    let bounds = Bounds { width: paths.max(1), ..Bounds::default() };
    let then = if paths == 1 { Then::Generate(turn.clone()) } else { Then::Hold };
    let request = Request { members: Vec::new(), tokens, seed: arguments.seed, then, bounds };
    let prompt_tokens = request.tokens.len();
    let root = engine.submit(request).map_err(refused)?;
    if paths > 1 {
        let branch = Branch { tokens: Vec::new(), allowance: turn.max_tokens, then: Then::Generate(turn) };
        let choice = match arguments.pick {
            Some(Pick::First) => Choice::First,
            Some(Pick::Best) => Choice::Best,
            Some(Pick::Agreed) => Choice::Quorum(2),
            None => Choice::Asked,
        };
        let branches = vec![branch; paths];
        let spawn = Spawn { branches, join: Join::Select(choice), needs: 0, close: Vec::new(), then: Then::Conclude };
        engine.spawn(root, spawn).map_err(refused)?;
    }
    let mut writer = Writer::new(&arguments.stop, paths == 1, output);
    let start = Instant::now();
    let mut prompt_seconds = 0.0;
    while !engine.is_idle() && !streams::lost() {
        let before = engine.usage().generated;
        for event in engine.step(&crew)? {
            writer.take(&model, &event)?;
        }
        if before == 0 {
            prompt_seconds = start.elapsed().as_secs_f64();
        }
    }
    let outcome = writer.finish(&engine, root, arguments.pick.is_some() && paths > 1)?;
    let usage = engine.usage();
    let seconds = start.elapsed().as_secs_f64() - prompt_seconds;
    // The first token of each path is computed with the prompt.
    let later = usage.generated.saturating_sub(paths as u64);
    let speed = |count: f64, seconds: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
    let (prompt_speed, token_speed) = (speed(prompt_tokens as f64, prompt_seconds), speed(later as f64, seconds));
    let page_bytes = (usage.pages_peak * usage.page_bytes) as u64;
    if output.is_json() {
        output.object(&json!({
            "event": "usage", "prompt_tokens": prompt_tokens, "generated_tokens": usage.generated, "rows": usage.rows,
            "steps": usage.steps, "device": engine.device(), "drafted": usage.drafted, "accepted": usage.accepted, "load_s": loaded, "prompt_tokens_per_s": prompt_speed, "tokens_per_s": token_speed,
            "page_bytes_peak": page_bytes, "memory_peak": peak_bytes(),
        }));
    }
    output.note(&format!(
        "{prompt_tokens} tokens read at {prompt_speed:.0}/s, {} written at {token_speed:.0}/s, loaded in {loaded:.2} s, \
         {:.1} MB of keys and values, {} MB in all",
        usage.generated,
        page_bytes as f64 / 1e6,
        peak_bytes().unwrap_or(0) / 1_000_000,
    ));
    Ok(match outcome {
        Some(Outcome::Invalid | Outcome::Failed) => Exit::NotProved,
        Some(Outcome::Budget(Bound::Pages | Bound::Context | Bound::Time)) => Exit::Resources,
        _ => Exit::Done,
    })
}

/// The prompt tokens: a conversation if the model has a chat template, otherwise the plain text.
fn prompt(arguments: &GenerateArguments, model: &Model) -> Result<Vec<Token>, Failure> {
    let text = if arguments.prompt == "-" {
        let bytes = input::read_standard_input()?;
        String::from_utf8(bytes).map_err(|_| Failure::Usage("standard input is not UTF-8".to_owned()))?
    } else {
        arguments.prompt.clone()
    };
    let tokens = if arguments.raw || model.template().is_none() {
        if arguments.system.is_some() || !arguments.chat.earlier()?.is_empty() {
            return Err(Failure::Usage(PromptError::NoTemplate.to_string()));
        }
        model.plain_prompt(&text)
    } else {
        let said = |role, content: &String| Message::new(role, content);
        let system = arguments.system.iter().map(|text| said(Role::System, text));
        let chat = &arguments.chat;
        let earlier = chat.earlier()?.into_iter().map(|said| said.message());
        let messages = system.chain(earlier).chain([said(Role::User, &text)]).collect();
        model.prompt_of(&Chat { messages, date: chat.date(Some(model)), values: chat.values() })
    };
    tokens.map_err(|error| Failure::Usage(error.to_string()))
}

/// Enough pages for the prompt and all paths, within the context length and the memory limit.
fn settings(arguments: &GenerateArguments, model: &Model, prompt_tokens: usize) -> Settings {
    let precision = if arguments.exact_keys { Precision::Single } else { Precision::Half };
    let speculation = speculation(arguments.speculate, arguments.threads);
    let exactness = if arguments.exact_rows { Rows::Exact } else { Rows::Rounded };
    let settings = Settings { precision, exactness, speculation, ..Settings::default() };
    let path = arguments.max_tokens.get().min(model.shape().context).div_ceil(settings.page_tokens) + 2;
    let pages = (prompt_tokens + 1).div_ceil(settings.page_tokens) + arguments.paths.get().saturating_mul(path);
    Settings { pages: pages.min(affordable(arguments.kv_memory, model, &settings)), ..settings }
}

/// The settings of speculative decoding. With two threads, a step of five rows takes as long as reading the weights.
pub(crate) fn speculation(longest: Option<NonZeroUsize>, threads: Option<NonZeroUsize>) -> Option<Speculation> {
    let one = threads.or(std::thread::available_parallelism().ok()).is_none_or(|threads| threads.get() == 1);
    let pass_rows = if one { Speculation::default().pass_rows } else { 5 };
    longest.map(|longest| Speculation { longest: longest.get(), pass_rows, certain: None })
}

/// Number of KV pages that fit into this many megabytes; at least one.
pub(crate) fn affordable(megabytes: NonZeroUsize, model: &Model, settings: &Settings) -> usize {
    let number_bytes = if settings.precision == Precision::Single { 4 } else { 2 };
    let shape = model.shape();
    let page_bytes = settings.page_tokens * shape.key_width() * shape.layers * 2 * number_bytes;
    (megabytes.get().saturating_mul(1 << 20) / page_bytes.max(1)).max(1)
}

/// Reports the device of a model if one was requested, or why it cannot be used.
pub(crate) fn tell_device(device: &Device, model: &Model, rows: Rows, output: Output) -> Result<(), Failure> {
    match device.check(model, rows) {
        Err(error) if matches!(device, Device::Auto) => output.note(&format!("computed on the processor: {error}")),
        Err(error) => return Err(error.into()),
        Ok(()) if matches!(device, Device::Processor) => {}
        Ok(()) => output.note(&format!("computed on {device}")),
    }
    Ok(())
}

/// This many threads, or one per core.
pub(crate) fn crew(threads: Option<NonZeroUsize>) -> Crew {
    Crew::new(threads.or(std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get))
}

fn turn(arguments: &GenerateArguments, model: &Model) -> Turn {
    let sampling = Sampling {
        temperature: arguments.temperature,
        top_k: arguments.top_k,
        top_p: arguments.top_p,
        min_p: arguments.min_p,
    };
    let stops = model.tokenizer().map(|tokenizer| tokenizer.ends().to_vec()).unwrap_or_default();
    let stop_texts = arguments.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect();
    Turn { sampling, stops, stop_texts, ..Turn::greedy(arguments.max_tokens.get()) }
}

fn refused(error: EngineError) -> Failure {
    Failure::Usage(error.to_string())
}

/// Decodes and prints the tokens of each path.
struct Writer {
    stops: Vec<String>,
    /// Whether there is a single path, which is printed as it is generated.
    single: bool,
    speeches: BTreeMap<NodeId, (Speech, String)>,
    /// The last token of each path, held back until the text that comes with it is known.
    untold: BTreeMap<NodeId, (String, Json)>,
    outcomes: BTreeMap<NodeId, Outcome>,
    /// Paths in order of creation.
    order: Vec<NodeId>,
    output: Output,
}

impl Writer {
    fn new(stops: &[String], single: bool, output: Output) -> Writer {
        let (speeches, untold, outcomes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Writer { stops: stops.to_vec(), single, speeches, untold, outcomes, order: Vec::new(), output }
    }

    fn take(&mut self, model: &Model, event: &Event) -> Result<(), Failure> {
        match event {
            Event::Opened { node, parent } if self.single || parent.is_some() => {
                self.order.push(*node);
                self.speeches.insert(*node, (Speech::new(&self.stops), String::new()));
            }
            Event::Token { node, token, log_probability, .. } => {
                let (Some(tokenizer), Some((speech, text))) = (model.tokenizer(), self.speeches.get_mut(node)) else {
                    return Ok(());
                };
                let said = speech.push(tokenizer, *token);
                text.push_str(&said);
                if self.output.is_json() {
                    let path = self.order.iter().position(|other| other == node);
                    let told = json!({
                        "event": "token", "path": path, "token": token, "log_probability": log_probability,
                    });
                    self.tell(*node, "");
                    self.untold.insert(*node, (said, told));
                } else if self.single {
                    streams::piece(&said);
                }
            }
            Event::Finished { node, outcome } => {
                self.outcomes.insert(*node, outcome.clone());
                if let Some((speech, text)) = self.speeches.get_mut(node) {
                    let rest = speech.finish();
                    text.push_str(&rest);
                    self.tell(*node, &rest);
                    if self.single && !self.output.is_json() {
                        streams::piece(&rest);
                    }
                }
            }
            Event::Joined { report, .. } if self.output.is_json() => {
                let left_out = &report.left_out;
                self.output.object(&json!({
                    "event": "joined", "exact": report.exact, "reused": report.reused, "new": report.new,
                    "reencoded": report.reencoded, "dropped": report.dropped, "left_out": left_out,
                }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Prints the last token of a path with its text, and with text held back after it if it is the very last.
    fn tell(&mut self, node: NodeId, rest: &str) {
        if let Some((said, mut told)) = self.untold.remove(&node) {
            told["text"] = json!(said + rest);
            self.output.object(&told);
        }
    }

    /// Prints the rest, and the outcome.
    fn finish(self, engine: &Engine, root: NodeId, picked: bool) -> Result<Option<Outcome>, Failure> {
        let chosen = engine.tokens(root);
        let is_chosen = |node: &NodeId| {
            let own = engine.generated(*node);
            self.outcomes.get(node) == Some(&Outcome::Concluded) && !own.is_empty() && chosen.ends_with(own)
        };
        let winner = self.order.iter().position(is_chosen).filter(|_| picked);
        for (path, node) in self.order.iter().enumerate() {
            let Some((_, text)) = self.speeches.get(node) else { continue };
            let outcome = self.outcomes.get(node).map_or("open", word);
            if self.output.is_json() {
                self.output.object(&json!({
                    "event": "path", "path": path, "outcome": outcome, "tokens": engine.generated(*node).len(),
                    "text": text, "picked": picked.then_some(winner == Some(path)),
                }));
            } else if self.single {
                streams::piece("\n");
            } else if !picked {
                self.output.line(&format!("--- path {path}, {outcome}\n{text}"));
            } else if winner == Some(path) {
                self.output.line(text);
            }
        }
        if picked && winner.is_none() {
            self.output.note("no path could be picked: too few came to an end, or too few agreed");
            return Ok(Some(Outcome::Failed));
        }
        if self.outcomes.values().any(|outcome| *outcome == Outcome::Failed) {
            self.output.note(NO_NUMBERS);
        }
        // Of several paths that are all wanted, one that ended is enough.
        let outcomes = || self.order.iter().filter_map(|node| self.outcomes.get(node));
        let good = outcomes().find(|outcome| matches!(outcome, Outcome::Concluded | Outcome::Budget(Bound::Tokens)));
        Ok(good.or(outcomes().next()).cloned())
    }
}

/// Error of a path that nothing selects from.
const NO_NUMBERS: &str = "the model computed something that is no number: its weights are damaged";

pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Concluded => "concluded",
        Outcome::Budget(Bound::Tokens | Bound::Allowance) => "out of tokens",
        Outcome::Budget(Bound::Context) => "out of context",
        Outcome::Budget(Bound::Pages) => "out of pages",
        Outcome::Budget(Bound::Path) => "out of tokens one after the other",
        Outcome::Budget(Bound::Width) => "too many branches",
        Outcome::Budget(Bound::Depth) => "too deep",
        Outcome::Budget(Bound::Calls) => "out of calls",
        Outcome::Budget(Bound::Time) => "out of time",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed => "failed",
        Outcome::Invalid => "no token was possible",
    }
}
