//! The pool of language models: accepts jobs, streams their events, and runs them on replaceable workers.
//!
//! A [`Job`] is data: a prompt, the program that branches and joins it, a seed. Its answer is a function of the job and
//! the model alone, and its id is the hash of both. So a job may run on any worker, move from a failed worker to
//! another, or continue after a kill of the process: the tokens generated so far are prefilled like a prompt, sampling
//! continues at the same positions, and the answer is the same to the token.
//!
//! ```text
//!   caller ── Job ───────►┌ dispatcher ───────────────────┐── Admit, Cancel ─────►┌ worker 0 ─ backend: an engine ┐
//!   caller ◄─ JobEvent ── │ queue · event logs · journals │                       └───────────────────────────────┘
//!                         │ which worker read what before │◄── Progress, Crashed ─┌ worker 1 ─ backend: a server ─┐
//!                         └───────────────────────────────┘                       └───────────────────────────────┘
//! ```
//!
//! The dispatcher and every worker are actix actors, each worker on a thread of its own. A worker drives a backend: an
//! engine on this machine ([`Local`]), or a server with an OpenAI-compatible API ([`Remote`]). If a backend panics, its
//! worker drops it and creates a new one, and its jobs continue from their logs. Each of these jobs next runs alone on
//! a worker, so a job that crashes every backend is identified and answered as failed, and the others are not. When the
//! queue is full, jobs are refused at once with an error that says so. A job that only waits for human approval is
//! taken off its worker, and later continues from its log, in queue order.
//!
//! Reading order: `job`, `conversation`, `functions`, `tools`, `endpoint` and `event` (input and output), `backend`
//! (what a worker drives), `job_builder`, `prompt_codec`, `calls` and `local`, `remote`, `messages` and `worker`,
//! `dispatcher` and `affinity` (assignment of jobs), `event_log` and `journal` (persistence), `pool` (the public
//! interface).

mod affinity;
mod backend;
mod calls;
mod conversation;
mod dispatcher;
mod endpoint;
mod event;
mod event_log;
mod functions;
mod job;
mod job_builder;
mod job_error;
mod job_table;
mod journal;
mod judge;
mod local;
mod messages;
mod output_format;
mod pool;
mod prompt_codec;
mod refused;
mod remote;
mod script;
mod scripted;
mod tools;
mod worker;

pub use conversation::{Said, Speaker};
pub use dispatcher::Resumption;
pub use endpoint::{HttpCall, HttpMethod, McpCall, McpServer};
pub use event::{Answer, EventKind, JobEvent, NodeAnswer, NodeCost, Wrote};
pub use functions::{Answered, Calling, Choice, Function, Functions};
pub use job::{Accept, Forgetting, Job, JobId, MOST_BRANCHES, MOST_BYTES, Program, Redraw, TokenChoice, View};
pub use job_error::JobError;
pub use job_table::Suspended;
pub use judge::Judge;
pub use local::Local;
pub use output_format::OutputFormat;
pub use pool::{Kind, Options, Pool};
pub use refused::Refused;
pub use remote::server::Remote;
pub use script::{Fork, Generate, JoinForm, Loop, Mode, Policy, Script, ScriptError, Step, ToolCall};
pub use tools::{APPROVAL, Awaited, Called, Decision, Tool, ToolError, Toolbox};
