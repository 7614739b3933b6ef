//! The backend trait: what a worker drives, running several jobs concurrently in small slices.

use std::time::{Duration, Instant};

use theoremata_lm::Usage;

use super::event::{Answer, EventKind};
use super::event_log::EventLog;
use super::job::{Job, JobId};
use super::tools::Awaited;

/// An event of a job without a sequence number, which the dispatcher assigns.
pub(super) struct BackendEvent {
    pub(super) job: JobId,
    pub(super) path: Vec<u32>,
    pub(super) what: EventKind,
}

/// Runs jobs. All work happens in [`Backend::work`], on the worker's thread. A panic ends the backend, and its jobs
/// continue on another one.
pub(super) trait Backend {
    /// Admits a job, which continues from its log and ends at its deadline. A job that cannot run is answered at once.
    fn admit(&mut self, id: JobId, job: &Job, log: &EventLog, deadline: Option<Instant>) -> Result<(), Box<Answer>>;

    /// Cancels a node of a job with all of its descendants, if it exists and has not ended, and reports it. A job whose
    /// root is cancelled is answered with the results so far.
    fn cancel(&mut self, id: JobId, path: &[u32]);

    /// Delivers a human decision. Only relevant to backends with tool calls.
    fn decide(&mut self, _id: JobId, _what: &Awaited, _granted: bool) {}

    /// Jobs that only wait for human decisions, each with the number of decisions received here; the backend has
    /// released them. Call after [`Backend::work`]. Only relevant to backends with tool calls.
    fn take_suspended(&mut self) -> Vec<(JobId, u32)> {
        Vec::new()
    }

    /// Does a slice of work, and returns its events. The answer of a job is its last event.
    ///
    /// An error means that the backend cannot continue; its jobs continue on another one, as after a panic.
    fn work(&mut self) -> Result<Vec<BackendEvent>, String>;

    /// When to call [`Backend::work`] next, if nothing else happens; `None` without jobs.
    fn next(&self) -> Option<Duration>;

    /// Usage so far.
    fn usage(&self) -> Usage;
}
