//! Why the pool takes no job.

use theoremata_store::StoreError;

use super::job_error::JobError;

/// Why a job is not taken. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is none.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Too many are waiting.
    #[error("{waiting} jobs are waiting, which is as many as may: try again when some are done")]
    Full {
        /// Jobs that wait.
        waiting: usize,
    },
    /// No worker of the pool can do it.
    #[error("no worker of this pool can run this program")]
    NoWorker,
    /// All workers are lost.
    #[error("this pool has no worker any more: {because}")]
    WorkersLost {
        /// Why one of them was.
        because: String,
    },
    /// It asks for a judge.
    #[error("the job asks for a judge, and this pool has none")]
    NoJudge,
    /// It has tools.
    #[error("the job has tools, and nobody of this pool answers them")]
    NoTools,
    /// What is written down of it cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pool is gone.
    #[error("the pool has stopped")]
    Stopped,
}
