//! The jobs that a pool knows, for the dispatcher and its callers.

use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;

use super::event_log::EventLog;
use super::job::JobId;

/// What the dispatcher and its callers share.
#[derive(Default)]
pub(super) struct JobTable {
    /// The log of every job that was asked for and not forgotten.
    pub(super) jobs: DashMap<JobId, Arc<EventLog>>,
    /// Jobs that no worker has, since they wait for a person.
    pub(super) suspended: DashMap<JobId, Suspended>,
    /// Why jobs are not written down any more, if that failed.
    pub(super) trouble: Mutex<Option<String>>,
}

/// Where a job stands that no worker has, since it waits for a person or did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suspended {
    /// A person has to decide first.
    Waiting,
    /// It could go on, and does when it is asked for again.
    Ready,
}

impl JobTable {
    pub(super) fn set_trouble(&self, trouble: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }
}
