//! How a command ends, in the number that the shell sees.

use crate::failure::Failure;

/// How a command ends. The numbers are documented in `docs/cli.md`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// All that was asked is proved, or the exploration went to its end.
    Done = 0,
    /// A goal is refuted or stays open, or a check found a flaw.
    NotProved = 1,
    /// The input or the command line is wrong.
    Input = 2,
    /// A bound on time or memory ended it.
    Resources = 3,
    /// The world or the program failed.
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
