//! Exit codes.

use crate::failure::Failure;

/// The result of a command as an exit code. Documented in `docs/cli.md`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Everything asked is proved, or the exploration is finished.
    Done = 0,
    /// A goal is refuted or open, or a check found a flaw.
    NotProved = 1,
    /// The input or the command line is wrong.
    Input = 2,
    /// A bound on time or memory was hit.
    Resources = 3,
    /// The system or the program failed.
    Failed = 4,
    /// The theory is inconsistent.
    Inconsistent = 5,
    /// It was cancelled.
    Cancelled = 130,
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Exit {
        match failure {
            Failure::Input(_) | Failure::Usage(_) => Exit::Input,
            Failure::World(_) => Exit::Failed,
        }
    }
}
