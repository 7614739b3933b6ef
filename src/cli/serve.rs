//! `theoremata serve`.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use theoremata_actors::jobs::Local;
use theoremata_actors::remote_tools::Hosts;
use theoremata_lm::{Device, PromptError, Settings as Engine};

use super::arguments::{MAX_THREADS, count, seconds};
use super::exit::Exit;
use super::output::Output;
use super::streams;
use crate::cli::generate::{affordable, tell_device};
use crate::cli::model;
use crate::failure::Failure;
use crate::server::means::Limits;
use crate::server::models::Seat;
use crate::server::webhook::Receivers;
use crate::server::{self, Settings, Stop};

/// Options of the server.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
    /// The database; jobs are stored there and resumed when the server is started again.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
    /// A host name under which browsers may call the server, besides local ones; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(super) host: Vec<String>,
    /// Maximal number of concurrent jobs.
    #[arg(long, value_name = "N", default_value = "2", value_parser = count::<64>)]
    pub(super) jobs: NonZeroUsize,
    /// Threads of each job; does not affect results [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Maximal CPU seconds of a job.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub(super) cpu: f64,
    /// Maximal megabytes by which the server may grow during a job.
    #[arg(long, value_name = "MB", default_value = "2048", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub(super) memory: u64,
    /// Maximal number of queued jobs of one caller.
    #[arg(long, value_name = "N", default_value = "100", value_parser = count::<100_000>)]
    pub(super) waiting: NonZeroUsize,
    /// Maximal number of open event streams.
    #[arg(long, value_name = "N", default_value = "2000", value_parser = count::<100_000>)]
    pub(super) listeners: NonZeroUsize,
    /// A language model for reasoning jobs and the OpenAI-compatible API: a name of `model list`, a GGUF file, or a
    /// folder.
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Memory for the KV cache of the model.
    #[arg(long, value_name = "MB", default_value = "1024", value_parser = count::<1_048_576>, requires = "model")]
    pub(super) kv_memory: NonZeroUsize,
    /// Device for the model: `cpu`, `cuda`, `cuda:N`, or `auto`, the first suitable CUDA device; does not affect the
    /// output.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", requires = "model")]
    pub(super) device: Device,
    /// A host that webhooks may notify, with its port unless it is the default; may be repeated.
    #[arg(long, value_name = "HOST")]
    pub(super) webhook_host: Vec<String>,
    /// A host whose URLs and MCP servers may be tools, with its port unless it is the default; may be repeated. A name
    /// that resolves to an address of this machine or its network is only called if the address itself is given as
    /// well.
    #[arg(long, value_name = "HOST", requires = "model")]
    pub(super) tool_host: Vec<String>,
    /// Seconds until a failed webhook is retried; each further delay is five times as long, with five attempts in
    /// total.
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub(super) webhook_wait: f64,
    /// Maximal requests per second of one caller.
    #[arg(long, value_name = "N", default_value = "200")]
    pub(super) rate: NonZeroU32,
}

/// `theoremata serve`.
pub(crate) fn run(arguments: &ServeArguments, output: Output) -> Result<Exit, Failure> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let settings = Settings {
        listen: arguments.listen,
        database: arguments.db.clone(),
        hosts: arguments.host.clone(),
        limits: Limits {
            at_once: arguments.jobs,
            threads: arguments.threads.unwrap_or(cores),
            cpu_seconds: arguments.cpu,
            memory_mb: arguments.memory,
            waiting: arguments.waiting.get(),
            waiting_in_all: arguments.waiting.get().saturating_mul(10),
            receivers: Receivers {
                hosts: arguments.webhook_host.clone(),
                wait: Duration::try_from_secs_f64(arguments.webhook_wait).unwrap_or(Duration::MAX),
            },
        },
        listeners: arguments.listeners.get(),
        rate: arguments.rate,
        note: Box::new(streams::note),
        tool_hosts: Hosts::these(arguments.tool_host.iter().map(String::as_str))
            .map_err(|why| Failure::Usage(format!("--tool-host: {why}")))?,
        model: arguments.model.as_deref().map(|name| seat(name, arguments, output)).transpose()?,
    };
    let stop = Stop::new();
    let (told, quiet) = (stop.clone(), output.is_quiet());
    ctrlc::set_handler(move || {
        if !quiet {
            streams::note("stopping; jobs that are not done go on when the server is started again");
        }
        told.stop();
    })
    .map_err(|error| Failure::World(format!("cannot watch for Ctrl-C: {error}")))?;
    server::serve(settings, &stop, |address| {
        if output.is_json() {
            output.object(&json!({ "event": "listening", "address": address.to_string() }));
        } else {
            output.line(&format!("http://{address}"));
        }
    })?;
    Ok(Exit::Done)
}

/// Loads the model, with as many pages as its memory allows.
fn seat(name: &str, arguments: &ServeArguments, output: Output) -> Result<Seat, Failure> {
    let model = Arc::new(model::load(name, arguments.threads)?);
    if model.tokenizer().is_none() {
        return Err(Failure::Usage(PromptError::NoTokenizer.to_string()));
    }
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let engine = Engine::default();
    let pages = affordable(arguments.kv_memory, &model, &engine).clamp(1, 1 << 16);
    let settings = Engine { pages, ..engine };
    tell_device(&arguments.device, &model, settings.exactness, output)?;
    let (threads, device) = (arguments.threads.unwrap_or(cores), arguments.device.clone());
    let local = Local { model, settings, threads, device };
    // Callers only see the file name of a path.
    let shown = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
    Ok(Seat { name: shown.to_owned(), identity: model::identity(name)?, local })
}
