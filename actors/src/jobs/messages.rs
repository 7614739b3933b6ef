//! Messages between the dispatcher and its workers.

use std::sync::Arc;
use std::time::Instant;

use actix::Message;
use theoremata_lm::Usage;

use super::backend::BackendEvent;
use super::event_log::EventLog;
use super::job::{Job, JobId};
use super::tools::Awaited;

/// Admits a job.
pub(super) struct Admit {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) job: Arc<Job>,
    pub(super) log: Arc<EventLog>,
    /// When its time is up.
    pub(super) deadline: Option<Instant>,
}

/// Cancels a node of a job; the root stands for the whole job.
pub(super) struct Cancel {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) path: Vec<u32>,
}

/// Delivers a human decision to a job.
pub(super) struct Decide {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) what: Awaited,
    pub(super) granted: bool,
}

/// Events and usage of a worker.
pub(super) struct Progress {
    pub(super) worker: usize,
    pub(super) generation: u64,
    pub(super) said: Vec<BackendEvent>,
    /// Jobs that were released because they only wait for human decisions, each with the number of decisions received.
    pub(super) suspended: Vec<(JobId, u32)>,
    pub(super) usage: Usage,
}

/// A worker lost its backend.
pub(super) struct Crashed {
    pub(super) worker: usize,
    /// The new generation.
    pub(super) generation: u64,
    pub(super) why: String,
    /// Whether a new backend was created.
    pub(super) lasting: bool,
}

impl Message for Admit {
    type Result = ();
}

impl Message for Cancel {
    type Result = ();
}

impl Message for Decide {
    type Result = ();
}

impl Message for Progress {
    type Result = ();
}

impl Message for Crashed {
    type Result = ();
}
