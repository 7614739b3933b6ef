//! Refusals of jobs.

use theoremata_store::StoreError;

use super::job_error::JobError;

/// Why a job was refused. A refusal has no side effects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The job is invalid.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The queue is full.
    #[error("{waiting} jobs are waiting, which is as many as may: try again when some are done")]
    Full {
        /// Number of queued jobs.
        waiting: usize,
    },
    /// No worker of the pool can run this job.
    #[error("no worker of this pool can run this program")]
    NoWorker,
    /// All workers are lost.
    #[error("this pool has no worker any more: {because}")]
    WorkersLost {
        /// Why one of them was lost.
        because: String,
    },
    /// The job needs a judge, and the pool has none.
    #[error("the job asks for a judge, and this pool has none")]
    NoJudge,
    /// The job has tools, and the pool has no toolbox.
    #[error("the job has tools, and nobody of this pool answers them")]
    NoTools,
    /// The journal of the job cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pool has stopped.
    #[error("the pool has stopped")]
    Stopped,
}
