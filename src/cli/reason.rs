//! `reason`: a program splits a question into branches, language models generate them, and joins combine the results.

mod command;
mod job;
mod orders;
mod prover;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use crossbeam::channel::{Receiver, never};
use crossbeam::select;
use regex::Regex;
use theoremata_actors::jobs::{
    EventKind, Job, JobId, Judge, Kind, Local, Options, OutputFormat, Pool, Refused, Remote, Toolbox,
};
use theoremata_actors::remote_tools::{Hosts, RemoteTools};
use theoremata_lm::{Device, Kv, Layout, Model, Outcome, PromptError, Rows, Settings};
use theoremata_store::Store;

use crate::cli::arguments::{MAX_THREADS, count, count_or_none};
use crate::cli::chat::ChatArguments;
use crate::cli::exit::Exit;
use crate::cli::generate::{affordable, at_least_zero, share, speculation, tell_device};
use crate::cli::guidance::{GuidanceArguments, shape};
use crate::cli::model;
use crate::cli::output::Output;
use crate::cli::streams;
use crate::failure::Failure;
use prover::{Prover, ProverArguments};
use tell::Teller;

/// Polling interval for a request to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// The question, and the program that answers it.
#[derive(Args)]
pub(crate) struct ReasonArguments {
    /// The program, if it is a built-in one.
    #[arg(value_enum, required_unless_present = "script")]
    program: Option<Plan>,
    /// A script of your own: a JSON file with `steps` (docs/reason.md).
    #[arg(long = "program", id = "script", value_name = "FILE", conflicts_with_all = ["program", "server"])]
    script: Option<PathBuf>,
    /// The model: a name of `model list`, a GGUF file, or a Hugging Face folder; with a server, its name there.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    model: String,
    /// Use a server with an OpenAI-compatible API, such as http://127.0.0.1:8000/v1.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The environment variable that holds the server's API key.
    #[arg(long, value_name = "NAME", requires = "server")]
    key_variable: Option<String>,
    /// Maximal number of concurrent requests to the server.
    #[arg(long, value_name = "N", requires = "server", default_value = "8", value_parser = count::<256>)]
    requests: NonZeroUsize,
    /// The question; with a file, it is asked about each line.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// A file of items, one per line; required by `map` and `score`.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The system prompt, for models with a chat template.
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    system: Option<String>,
    /// Map: a final question, read after the prompt and all answers.
    #[arg(long, value_name = "TEXT")]
    last: Option<String>,
    /// Use texts verbatim, even if the model has a chat template.
    #[arg(long)]
    raw: bool,
    /// Maximal number of tokens of an answer.
    #[arg(long, value_name = "N", default_value = "64", value_parser = count::<1_000_000>)]
    max_tokens: NonZeroUsize,
    /// Maximal number of tokens of each question in total [default: no bound].
    #[arg(long, value_name = "N")]
    total_tokens: Option<usize>,
    /// Maximal number of sequential tokens, on the longest path through the tree [default: no bound].
    #[arg(long, value_name = "N")]
    path_tokens: Option<usize>,
    /// KV cache budget of each tree in tokens, in whole pages [default: no bound].
    #[arg(long, value_name = "N")]
    held_tokens: Option<usize>,
    /// A file of premises, one per line, best first; read before the question.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    premises: Option<PathBuf>,
    /// Layout of premises: `canonical`, `given`, `ends` (the best at both ends) or `set` (none attends to another).
    #[arg(long, value_name = "LAYOUT", default_value = "canonical", requires = "premises")]
    layout: Layout,
    /// KV cache retention: a policy of docs/policies.md, such as `scored:256`; approximate.
    #[arg(long, value_name = "POLICY[:PARAMETERS]", default_value = "all", conflicts_with = "server")]
    kv: Kv,
    /// Time limit of a question in seconds; how far it gets is not deterministic [default: no bound].
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Sampling temperature: divides the logits; 0 is greedy decoding [default: 0.8 for vote and first, else 0].
    #[arg(long, value_name = "T", value_parser = at_least_zero)]
    temperature: Option<f32>,
    /// Keep the smallest set of most likely tokens that reaches this total probability.
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = share)]
    top_p: f32,
    /// Keep tokens whose probability is at least this fraction of the most likely token's.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    min_p: f32,
    /// Keep this many of the most likely tokens; 0 keeps all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Random seed: the same seed gives the same answer.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// A stop string; may be repeated.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    #[command(flatten)]
    chat: ChatArguments,
    #[command(flatten)]
    guidance: GuidanceArguments,
    /// Vote, first and best: number of answers.
    #[arg(long, value_name = "N", default_value = "8", value_parser = count::<1_024>)]
    samples: NonZeroUsize,
    /// Vote: minimal number of answers that must agree.
    #[arg(long, value_name = "N", default_value = "1", value_parser = count_or_none::<1_024>)]
    least: usize,
    /// First: accept an answer that contains a match of this regular expression. Vote: its last match, or that of its
    /// first group, is what votes.
    #[arg(long, value_name = "REGEX")]
    pattern: Option<Regex>,
    /// First: accept an answer for which this command, with the answer on stdin, exits with 0.
    #[arg(long, value_name = "COMMAND", conflicts_with = "pattern")]
    check: Option<String>,
    /// Best: select the answer for which this command prints the highest number, given `{"answer": …}` in JSON; by
    /// default the likeliest. Vote: the weight of each vote.
    #[arg(long, value_name = "COMMAND", conflicts_with = "server")]
    score: Option<String>,
    /// Timeout of a check or score, which then counts as failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    check_seconds: u64,
    /// Decompose, tags and tasks: maximal depth of the tree.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count_or_none::<64>)]
    depth: usize,
    /// Decompose, tags and tasks: maximal number of subtasks of a task, or paths of a block.
    #[arg(long, value_name = "N", default_value = "4", value_parser = count::<1_024>)]
    width: NonZeroUsize,
    /// Tags: what a conclusion sees of the paths.
    #[arg(long, value_name = "HOW", default_value = "stitch")]
    view: ViewName,
    /// Tasks: number of finished lists of subtasks that stay visible.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count_or_none::<1_024>)]
    keep: usize,
    /// Tasks: move the KV cache after a pruned list instead of recomputing it: approximate.
    #[arg(long)]
    splice: bool,
    /// Tasks: run each task in a branch that returns only its conclusion.
    #[arg(long, conflicts_with_all = ["keep", "splice"])]
    in_branches: bool,
    /// Tags and tasks: maximal number of characters of a text, such as a path or a thought.
    #[arg(long, value_name = "N", default_value = "400", value_parser = count::<100_000>)]
    characters: NonZeroUsize,
    /// Tasks and scripts: tools that may be called, as a JSON list of objects with `name`, `description`, `parameters`
    /// (a schema), `seconds` (timeout of a call, 60), `approve`, and one of: `command`, which reads the parameters and
    /// prints the reply in JSON; `http`, a URL; `mcp`, a server of the Model Context Protocol (docs/reason.md).
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    tools: Option<PathBuf>,
    #[command(flatten)]
    prover: ProverArguments,
    /// Tasks: let the model view pruned pieces again.
    #[arg(long)]
    recall: bool,
    /// Maximal number of tool calls per question [default: no bound].
    #[arg(long, value_name = "N")]
    tool_calls: Option<usize>,
    /// Score: compare by the probability of the whole text, instead of the mean per token.
    #[arg(long)]
    sum: bool,
    /// Store results in this database: an interrupted question continues when it is asked again.
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,
    /// Discard stored answers and start over.
    #[arg(long, requires = "db")]
    fresh: bool,
    /// Read commands from standard input while running, one per line: `cancel 0` ends question 0, `cancel 0 2 1` only
    /// branch 1 of its branch 2, with its descendants; `approve 0 2 1` and `refuse 0 2 1` decide on what waits there.
    #[arg(long)]
    orders: bool,
    /// Compute with the stored weights and unrounded activations: many times slower, to measure the effect of rounding.
    #[arg(long, conflicts_with = "server")]
    exact_rows: bool,
    /// Speculative decoding with at most this many draft tokens; does not affect the output [default: none].
    #[arg(long, value_name = "N", value_parser = count::<64>)]
    speculate: Option<NonZeroUsize>,
    /// Memory for the KV cache; with less than needed, branches wait for each other.
    #[arg(long, value_name = "MB", default_value = "1024", value_parser = count::<1_048_576>)]
    kv_memory: NonZeroUsize,
    /// Device for the model: `cpu`, `cuda`, `cuda:N`, or `auto`, the first suitable CUDA device; does not affect the
    /// output.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Device,
    /// Number of engines that share the questions and the memory; does not affect the answer.
    #[arg(long, value_name = "N", default_value = "1", value_parser = count::<64>)]
    workers: NonZeroUsize,
    /// Threads per engine; does not affect the answer [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    threads: Option<NonZeroUsize>,
}

/// The programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plan {
    /// The question for each item separately, and a final question about the answers.
    Map,
    /// Majority vote over several answers.
    Vote,
    /// Several attempts, of which the first accepted one is taken.
    First,
    /// Several answers, and the one with the highest score.
    Best,
    /// A plan, its subtasks, and an answer from their conclusions.
    Decompose,
    /// The likelihood of each item as the answer; nothing is sampled.
    Score,
    /// A text that the model itself splits into parallel paths, by tags.
    Tags,
    /// A tree of tasks in JSON that the model itself writes, with finished tasks pruned from its context.
    Tasks,
    /// A script of the user's own.
    #[value(skip)]
    Script,
}

/// What a conclusion sees of parallel paths.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ViewName {
    /// All of them as they were computed, side by side; needs a model trained for it.
    Stitch,
    /// All of them as one text, recomputed.
    Replay,
    /// The same, but the paths are pruned once the conclusion is written.
    Value,
}

impl ReasonArguments {
    fn plan(&self) -> Plan {
        self.program.unwrap_or(Plan::Script)
    }
}

/// Answers every question, as many concurrently as fit.
pub(crate) fn run(arguments: &ReasonArguments, output: Output) -> Result<Exit, Failure> {
    let items = arguments.file.as_deref().map_or(Ok(Vec::new()), job::lines)?;
    let plan = arguments.plan();
    // A user who writes a tool file may run commands anyway.
    let remote = RemoteTools::new(Hosts::any(), true);
    let mut asked = job::Asked::read(arguments, &remote)?;
    let store = arguments.db.as_deref().map(Store::open).transpose()?.map(Arc::new);
    let prover = Prover::read(&arguments.prover, store.as_ref())?;
    if let Some(prover) = &prover {
        let joins = arguments.prover.joins();
        if !joins && matches!(plan, Plan::First | Plan::Vote) {
            let why = "--theory has no effect here without --judge checked (first) or --equivalent (vote)";
            return Err(Failure::Usage(why.to_owned()));
        }
        asked.tools.extend(prover.tools(joins || plan == Plan::Script));
    }
    let (options, shape, date) = options(arguments, store, (prover.as_ref(), &remote), output)?;
    let questions = match (plan, items.is_empty()) {
        (Plan::Map | Plan::Score, true) => {
            return Err(Failure::Usage("`map` and `score` need items: name a file of them with --file".into()));
        }
        (Plan::Map | Plan::Score, false) | (_, true) => vec![arguments.prompt.clone()],
        (_, false) => items.iter().map(|item| format!("{}\n\n{item}", arguments.prompt)).collect(),
    };
    let asked = job::Asked { shape, date, ..asked };
    let jobs: Vec<Job> = questions.into_iter().map(|question| job::job(arguments, question, &items, &asked)).collect();
    jobs.iter().try_for_each(Job::check).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut teller = Teller::new(arguments.sum, output);
    let pool = Pool::start(options).map_err(|error| Failure::World(format!("cannot start the workers: {error}")))?;
    let stop = watch_for_stop(arguments.db.is_some())?;
    let orders = if arguments.orders { orders::listen() } else { never() };
    let ids = ask_all(&pool, jobs.clone(), &mut teller, &stop, orders)?;
    teller.end_screen();
    let mut worst = Exit::Done;
    for (place, id) in ids.iter().enumerate() {
        let Some(answer) = pool.answer(*id) else {
            worst = Exit::Cancelled;
            continue;
        };
        teller.answer(plan, (place, ids.len()), &items, &answer);
        if let Some(prover) = &prover {
            prover.tell(&pool, (place, &jobs[place]), *id, output);
        }
        worst = match (&answer.outcome, worst) {
            (Outcome::Concluded, worst) => worst,
            (_, Exit::Cancelled) => Exit::Cancelled,
            (Outcome::Budget(_), Exit::Done | Exit::Resources) => Exit::Resources,
            _ => Exit::NotProved,
        };
    }
    teller.usage(&pool.usage());
    if let Some(trouble) = pool.trouble() {
        output.note(&format!("answers are not kept: {trouble}"));
    }
    Ok(if stop.load(Ordering::Relaxed) { Exit::Cancelled } else { worst })
}

/// Submits all jobs to a pool as it accepts them, and reports events until all are done or the user stops it. Returns
/// the ids of the submitted jobs.
fn ask_all(
    pool: &Pool,
    jobs: Vec<Job>,
    teller: &mut Teller,
    stop: &AtomicBool,
    mut orders: Receiver<String>,
) -> Result<Vec<JobId>, Failure> {
    let news = pool.watch();
    let (mut ids, mut places, mut open) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut waiting = jobs.into_iter().peekable();
    let mut room = true;
    loop {
        while room && let Some(job) = waiting.peek() {
            match pool.submit(job.clone()) {
                Ok(id) => {
                    if places.insert(id, ids.len()).is_none() {
                        open.insert(id);
                    }
                    ids.push(id);
                    waiting.next();
                }
                Err(Refused::Full { .. }) => room = false,
                Err(Refused::Store(error)) => return Err(error.into()),
                Err(error) => return Err(Failure::Usage(error.to_string())),
            }
        }
        if (open.is_empty() && waiting.peek().is_none()) || stop.load(Ordering::Relaxed) || streams::lost() {
            return Ok(ids);
        }
        let (id, told) = select! {
            recv(news) -> told => match told {
                Ok(told) => told,
                Err(_) => return Ok(ids),
            },
            recv(orders) -> order => {
                match order {
                    Ok(order) => {
                        let refused = orders::carry_out(&order, pool, &ids).err();
                        refused.into_iter().for_each(|because| teller.refuse(order.trim(), &because));
                    }
                    // End of input.
                    Err(_) => orders = never(),
                }
                continue;
            }
            default(PATIENCE) => continue,
        };
        if matches!(told.what, EventKind::Answered(_)) {
            open.remove(&id);
            room = true;
        }
        teller.hear(places.get(&id).copied().unwrap_or(0), &told);
    }
}

/// A flag raised by Ctrl-C; a second Ctrl-C ends the process.
fn watch_for_stop(kept: bool) -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    let handler = ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Cancelled as i32);
        }
        let hope = if kept { "; the same command goes on from here" } else { "" };
        streams::note(&format!("stopping{hope} (Ctrl-C again stops at once)"));
    });
    handler.map_err(|error| Failure::World(format!("cannot watch for Ctrl-C: {error}")))?;
    Ok(stop)
}

/// The pool's workers, and the constraint on every answer.
fn options(
    arguments: &ReasonArguments,
    store: Option<Arc<Store>>,
    (prover, remote): (Option<&Prover>, &Arc<RemoteTools>),
    output: Output,
) -> Result<(Options, OutputFormat, Option<String>), Failure> {
    let mut date = None;
    let (kinds, name, shape) = match &arguments.server {
        Some(url) => {
            let key_variable = arguments.key_variable.clone();
            if let Some(name) =
                key_variable.as_ref().filter(|name| std::env::var(name).map_or(true, |key| key.is_empty()))
            {
                return Err(Failure::Usage(format!(
                    "the environment variable {name} is not set, and should hold the server's key"
                )));
            }
            let remote =
                Remote { key_variable, requests: arguments.requests.get(), ..Remote::new(url, &arguments.model) };
            (vec![Kind::Remote(remote)], format!("{} at {url}", arguments.model), shape(&arguments.guidance, None)?)
        }
        None => {
            let model = Arc::new(model::load(&arguments.model, arguments.threads)?);
            if model.tokenizer().is_none() {
                return Err(Failure::Usage(PromptError::NoTokenizer.to_string()));
            }
            date = arguments.chat.date(Some(&model)).map(|date| date.to_string());
            let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            let settings = settings(arguments, &model);
            // Stored answers of one arithmetic do not apply to the other.
            let exact = if arguments.exact_rows { ", exact rows" } else { "" };
            let identity = model::identity(&arguments.model)? + exact;
            let threads = arguments.threads.unwrap_or(cores);
            let shape = shape(&arguments.guidance, Some(&model))?;
            tell_device(&arguments.device, &model, settings.exactness, output)?;
            let device = arguments.device.clone();
            let local = Kind::Local(Local { model, settings, threads, device });
            (vec![local; arguments.workers.get()], identity, shape)
        }
    };
    let most = Duration::from_secs(arguments.check_seconds);
    let judge: Judge = Arc::new(move |command, text| command::accepts(command, text, most));
    let commands: Toolbox = Arc::new(|tool, parameters, _| command::reply(tool, parameters));
    let toolbox = remote.toolbox(Some(commands));
    let toolbox = prover.map_or_else(|| toolbox.clone(), |prover| prover.desk.toolbox(Some(toolbox.clone())));
    let options = Options {
        judge: Some(judge),
        toolbox: Some(toolbox),
        store,
        fresh: arguments.fresh,
        ..Options::new(kinds, name)
    };
    Ok((options, shape, date))
}

/// As many pages as the memory allows; they are allocated when they are needed.
fn settings(arguments: &ReasonArguments, model: &Model) -> Settings {
    let speculation = speculation(arguments.speculate, arguments.threads);
    let exactness = if arguments.exact_rows { Rows::Exact } else { Rows::Rounded };
    let settings = Settings { exactness, speculation, ..Settings::default() };
    let pages = affordable(arguments.kv_memory, model, &settings) / arguments.workers;
    Settings { pages: pages.clamp(1, 1 << 16), ..settings }
}
