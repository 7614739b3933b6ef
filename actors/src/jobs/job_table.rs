//! The jobs known to a pool, shared by the dispatcher and callers.

use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;

use super::event_log::EventLog;
use super::job::JobId;

/// State shared by the dispatcher and callers.
#[derive(Default)]
pub(super) struct JobTable {
    /// The event log of every job that was submitted and not forgotten.
    pub(super) jobs: DashMap<JobId, Arc<EventLog>>,
    /// Jobs without a worker that wait, or waited, for a human decision.
    pub(super) suspended: DashMap<JobId, Suspended>,
    /// The error that ended journaling, if there was one.
    pub(super) trouble: Mutex<Option<String>>,
}

/// The state of a suspended job, which has no worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suspended {
    /// It waits for a human decision.
    Waiting,
    /// It can continue, and does when it is submitted again.
    Ready,
}

impl JobTable {
    pub(super) fn set_trouble(&self, trouble: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }
}
