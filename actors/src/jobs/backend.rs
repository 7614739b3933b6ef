//! What a worker actor drives: something that does several jobs side by side, a little at a time.

use std::time::{Duration, Instant};

use theoremata_lm::Usage;

use super::event::{Answer, EventKind};
use super::event_log::EventLog;
use super::job::{Job, JobId};
use super::tools::Awaited;

/// Something that happened to a job, without its number: that is given where all of them come together.
pub(super) struct BackendEvent {
    pub(super) job: JobId,
    pub(super) path: Vec<u32>,
    pub(super) what: EventKind,
}

/// Does jobs. Everything happens in [`Backend::work`], on the thread of the worker; a panic ends the backend, and its
/// jobs are done by another one.
pub(super) trait Backend {
    /// Takes a job, which goes on from what was told of it before, and ends when its time is up. A job that cannot be done is
    /// answered at once.
    fn admit(&mut self, id: JobId, job: &Job, log: &EventLog, deadline: Option<Instant>) -> Result<(), Box<Answer>>;

    /// Ends a node of a job and all below it, if it is there and has not ended, and says so. A job whose root ends is
    /// answered with what there is.
    fn cancel(&mut self, id: JobId, path: &[u32]);

    /// Hears what a person said of what waits for one. Only backends whose jobs call tools have such.
    fn decide(&mut self, _id: JobId, _what: &Awaited, _granted: bool) {}

    /// Jobs of which nothing is left to do before a person has decided, each with the decisions that were heard here. The
    /// backend has let go of them. To be asked after [`Backend::work`]; only backends whose jobs call tools have such.
    fn take_suspended(&mut self) -> Vec<(JobId, u32)> {
        Vec::new()
    }

    /// Does a little, and says what happened. The answer of a job is the last that is said of it.
    ///
    /// An error says why it can do no more; its jobs are done by another one then, as after a panic.
    fn work(&mut self) -> Result<Vec<BackendEvent>, String>;

    /// When to work next, if nothing is asked until then: nothing if there is no job.
    fn next(&self) -> Option<Duration>;

    /// What was done so far.
    fn usage(&self) -> Usage;
}
