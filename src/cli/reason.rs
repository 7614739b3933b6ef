//! `reason`: a program parts a question into branches, language models fill them, and joins bring back what
//! counts.

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

/// How long to wait for news before it is looked whether somebody wants to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is asked, and by which program it is answered.
#[derive(Args)]
pub(crate) struct ReasonArguments {
    /// The program, if it is one of these.
    #[arg(value_enum, required_unless_present = "script")]
    program: Option<Plan>,
    /// A program of your own: a file in JSON with `steps` (docs/reason.md).
    #[arg(long = "program", id = "script", value_name = "FILE", conflicts_with_all = ["program", "server"])]
    script: Option<PathBuf>,
    /// The model: a name of `model list`, a GGUF file, a folder in the form of Hugging Face; or, with a server,
    /// its name there.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    model: String,
    /// Have a server do the work that speaks the protocol of OpenAI, such as http://127.0.0.1:8000/v1.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The environment variable that holds the server's key.
    #[arg(long, value_name = "NAME", requires = "server")]
    key_variable: Option<String>,
    /// Requests that the server is sent at the same time.
    #[arg(long, value_name = "N", requires = "server", default_value = "8", value_parser = count::<256>)]
    requests: NonZeroUsize,
    /// The question; with a file, it is asked about each line.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// A file of items, one a line; `map` and `score` need one.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the model is told before, where it has a chat template.
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    system: Option<String>,
    /// Map: a last question, read behind the prompt and all answers.
    #[arg(long, value_name = "TEXT")]
    last: Option<String>,
    /// Give texts as they stand, even if the model has a chat template.
    #[arg(long)]
    raw: bool,
    /// At most so many tokens an answer.
    #[arg(long, value_name = "N", default_value = "64", value_parser = count::<1_000_000>)]
    max_tokens: NonZeroUsize,
    /// At most so many tokens for each question in all [default: no bound].
    #[arg(long, value_name = "N")]
    total_tokens: Option<usize>,
    /// At most so many tokens one after the other, on the longest path through the tree [default: no bound].
    #[arg(long, value_name = "N")]
    path_tokens: Option<usize>,
    /// Each tree may hold the keys and values of so many tokens at most, in whole pages [default: no bound].
    #[arg(long, value_name = "N")]
    held_tokens: Option<usize>,
    /// A file of premises, one a line, the best first: read before the question.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    premises: Option<PathBuf>,
    /// How premises are laid out: `canonical`, `given`, `ends` (the best at both ends) or `set` (none sees another).
    #[arg(long, value_name = "LAYOUT", default_value = "canonical", requires = "premises")]
    layout: Layout,
    /// Keep less than all keys and values of a text: a policy of docs/policies.md, such as `scored:256`; approximate.
    #[arg(long, value_name = "POLICY[:PARAMETERS]", default_value = "all", conflicts_with = "server")]
    kv: Kv,
    /// A question may take so many seconds at most; how far it comes in them is chance [default: no bound].
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Divides the logits; 0 takes the most likely token [default: 0.8 for vote and first, else 0].
    #[arg(long, value_name = "T", value_parser = at_least_zero)]
    temperature: Option<f32>,
    /// Keep the most likely tokens that reach this probability together.
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = share)]
    top_p: f32,
    /// Keep tokens that are at least this share as likely as the most likely one.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    min_p: f32,
    /// Keep so many of the most likely tokens; 0 keeps all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// All draws hang on it: the same seed, the same answer.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// A text that ends an answer; may be given several times.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    #[command(flatten)]
    chat: ChatArguments,
    #[command(flatten)]
    guidance: GuidanceArguments,
    /// Vote, first and best: answers to one question.
    #[arg(long, value_name = "N", default_value = "8", value_parser = count::<1_024>)]
    samples: NonZeroUsize,
    /// Vote: so many have to agree.
    #[arg(long, value_name = "N", default_value = "1", value_parser = count_or_none::<1_024>)]
    least: usize,
    /// First: an answer is accepted if this regular expression is found in it. Vote: what it finds last
    /// is what counts, its first group if it has one.
    #[arg(long, value_name = "REGEX")]
    pattern: Option<Regex>,
    /// First: an answer is accepted if this command, which reads it, exits with 0.
    #[arg(long, value_name = "COMMAND", conflicts_with = "pattern")]
    check: Option<String>,
    /// Best: the answer for which this command prints the highest number, given `{"answer": …}` in JSON; without it the
    /// likeliest. Vote: so much each vote weighs.
    #[arg(long, value_name = "COMMAND", conflicts_with = "server")]
    score: Option<String>,
    /// A check or score that takes longer is ended, and counts as none.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    check_seconds: u64,
    /// Decompose, tags and tasks: the tree is parted down to this depth.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count_or_none::<64>)]
    depth: usize,
    /// Decompose, tags and tasks: at most so many subtasks of a task, or paths of a block.
    #[arg(long, value_name = "N", default_value = "4", value_parser = count::<1_024>)]
    width: NonZeroUsize,
    /// Tags: what the writer of a conclusion sees of the paths.
    #[arg(long, value_name = "HOW", default_value = "stitch")]
    view: ViewName,
    /// Tasks: so many finished lists of subtasks stay in view.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count_or_none::<1_024>)]
    keep: usize,
    /// Tasks: what stood behind a list that goes moves up as it is, instead of being computed again: approximate.
    #[arg(long)]
    splice: bool,
    /// Tasks: each task is a branch, of which the conclusion alone comes back.
    #[arg(long, conflicts_with_all = ["keep", "splice"])]
    in_branches: bool,
    /// Tags and tasks: at most so many characters of a text, such as a path or a thought.
    #[arg(long, value_name = "N", default_value = "400", value_parser = count::<100_000>)]
    characters: NonZeroUsize,
    /// Tasks, and programs of your own: tools that may be called, as a list in JSON: `name`, `description`, `parameters` (a schema), `seconds`
    /// that a call may take (60), `approve`, and what answers: `command`, which reads the parameters and prints the reply in
    /// JSON, `http`, an address, or `mcp`, a server of the Model Context Protocol (docs/reason.md).
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    tools: Option<PathBuf>,
    #[command(flatten)]
    prover: ProverArguments,
    /// Tasks: the model may have finished pieces shown once more.
    #[arg(long)]
    recall: bool,
    /// At most so many calls of tools for each question [default: no bound].
    #[arg(long, value_name = "N")]
    tool_calls: Option<usize>,
    /// Score: compare by the probability of the whole text, instead of the mean of a token.
    #[arg(long)]
    sum: bool,
    /// Keep what is written in this database: asked again, the same question goes on where it was cut off.
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,
    /// Answer anew what the database has.
    #[arg(long, requires = "db")]
    fresh: bool,
    /// Take orders on standard input while it runs, one a line: `cancel 0` ends question 0, `cancel 0 2 1` only branch 1
    /// of its branch 2, and what is below; `approve 0 2 1` and `refuse 0 2 1` say whether what waits there may go on.
    #[arg(long)]
    orders: bool,
    /// Compute with weights as they are read, without rounding what they are multiplied with: many times slower, to tell
    /// what rounding does.
    #[arg(long, conflicts_with = "server")]
    exact_rows: bool,
    /// Guess so many tokens ahead at most, and keep those that would have been drawn; no token depends on it
    /// [default: none].
    #[arg(long, value_name = "N", value_parser = count::<64>)]
    speculate: Option<NonZeroUsize>,
    /// Keys and values may take so much memory; with less, branches wait for each other.
    #[arg(long, value_name = "MB", default_value = "1024", value_parser = count::<1_048_576>)]
    kv_memory: NonZeroUsize,
    /// What the model is computed on: `cpu`, `cuda`, `cuda:N`, or `auto`, the first CUDA device if it can; no token
    /// depends on it.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Device,
    /// Engines that share the questions, each with its part of the memory; the answer does not depend on it.
    #[arg(long, value_name = "N", default_value = "1", value_parser = count::<64>)]
    workers: NonZeroUsize,
    /// Threads of each; the answer does not depend on it [default: one a core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    threads: Option<NonZeroUsize>,
}

/// The programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plan {
    /// The question about each item by itself, and a last one about the answers.
    Map,
    /// Several answers to one question, and the one that most agree on.
    Vote,
    /// Several attempts, and the first that is accepted.
    First,
    /// Several answers, and the one with the highest score.
    Best,
    /// A plan, its subtasks, and an answer from what they concluded.
    Decompose,
    /// How likely each item is as the answer; nothing is drawn.
    Score,
    /// A text that the model itself parts into parallel paths, by tags.
    Tags,
    /// A tree of tasks in JSON that the model itself writes, and of which it forgets what is done.
    Tasks,
    /// A program of the user's own.
    #[value(skip)]
    Script,
}

/// What the writer of a conclusion sees of parallel paths.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ViewName {
    /// All of them as they were computed, side by side; a model has to be trained for it.
    Stitch,
    /// All of them as one text, computed again.
    Replay,
    /// The same, until the conclusion is written; then they are taken out of view.
    Value,
}

impl ReasonArguments {
    fn plan(&self) -> Plan {
        self.program.unwrap_or(Plan::Script)
    }
}

/// Answers every question, as many at a time as fit.
pub(crate) fn run(arguments: &ReasonArguments, output: Output) -> Result<Exit, Failure> {
    let items = arguments.file.as_deref().map_or(Ok(Vec::new()), job::lines)?;
    let plan = arguments.plan();
    // Whoever writes a file of tools may run commands anyway.
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

/// Asks a pool for all jobs, as it takes them, and tells what happens until all are done or somebody wants to
/// stop. Gives the ids of those that were asked for.
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
                    // The input has ended.
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

/// Raised when somebody presses Ctrl-C; pressed again, that ends the process.
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

/// Who does the work, and what every answer is restricted to.
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
            // What is kept with one arithmetic is no answer to the other.
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

/// As many pages as the memory allows, which are filled as they are needed.
fn settings(arguments: &ReasonArguments, model: &Model) -> Settings {
    let speculation = speculation(arguments.speculate, arguments.threads);
    let exactness = if arguments.exact_rows { Rows::Exact } else { Rows::Rounded };
    let settings = Settings { exactness, speculation, ..Settings::default() };
    let pages = affordable(arguments.kv_memory, model, &settings) / arguments.workers;
    Settings { pages: pages.clamp(1, 1 << 16), ..settings }
}
