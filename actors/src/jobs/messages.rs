//! What the dispatcher and its workers tell each other.

use std::sync::Arc;
use std::time::Instant;

use actix::Message;
use theoremata_lm::Usage;

use super::backend::BackendEvent;
use super::event_log::EventLog;
use super::job::{Job, JobId};
use super::tools::Awaited;

/// Does a job.
pub(super) struct Admit {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) job: Arc<Job>,
    pub(super) log: Arc<EventLog>,
    /// When its time is up.
    pub(super) deadline: Option<Instant>,
}

/// Ends a node of a job; the root ends all of it.
pub(super) struct Cancel {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) path: Vec<u32>,
}

/// A person said whether something of a job may go on.
pub(super) struct Decide {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) what: Awaited,
    pub(super) granted: bool,
}

/// What a worker did.
pub(super) struct Progress {
    pub(super) worker: usize,
    pub(super) generation: u64,
    pub(super) said: Vec<BackendEvent>,
    /// Jobs that it has let go of until a person decides, each with the decisions that it has heard of.
    pub(super) suspended: Vec<(JobId, u32)>,
    pub(super) usage: Usage,
}

/// A worker lost its backend.
pub(super) struct Crashed {
    pub(super) worker: usize,
    /// From now on.
    pub(super) generation: u64,
    pub(super) why: String,
    /// Whether it has another one.
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
