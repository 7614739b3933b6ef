//! The pool of language models: jobs go in, their events come out, and workers come and go.
//!
//! A [`Job`] is data: a question, the program that parts it, a seed. Its answer is a function of that and of the
//! model alone, and it is known by the hash of both. So a job may be given to any worker, be taken from one that
//! stopped and given to another, or go on after the whole process was killed: what it had written is read like a
//! prompt, drawing goes on behind it with the same numbers, and the answer is the same to the token.
//!
//! ```text
//!   caller ── Job ───────►┌ dispatcher ───────────────────┐── Admit, Cancel ─────►┌ worker 0 ─ backend: an engine ┐
//!   caller ◄─ JobEvent ── │ queue · event logs · journals │                       └───────────────────────────────┘
//!                         │ which worker read what before │◄── Progress, Crashed ─┌ worker 1 ─ backend: a server ─┐
//!                         └───────────────────────────────┘                       └───────────────────────────────┘
//! ```
//!
//! The dispatcher and every worker are actix actors, each worker on a thread of its own. A worker drives a backend: an
//! engine of this machine ([`Local`]), or a server that speaks the protocol of OpenAI ([`Remote`]). If a backend
//! panics its worker puts it away, makes a new one, and its jobs go on from their logs; a job that was aboard
//! goes alone the next time, so that one that stops every worker is found and answered as failed, and the others
//! are not. More jobs than may wait are refused at once, with a word that says so. A job of which nothing is left to do
//! before a person decides is taken from its worker, and goes on from its log as well, in its turn.
//!
//! Reading order: `job`, `conversation`, `functions`, `tools`, `endpoint` and `event` (what goes in and out), `backend` (what a worker drives), `job_builder`,
//! `prompt_codec`, `calls` and `local`, `remote`, `messages` and `worker`, `dispatcher` and `affinity` (who gets a job),
//! `event_log` and `journal` (what is kept of it), `pool` (the way in).

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
