//! Why a command did not do what it was asked to, and how it ends.

use std::fmt;
use std::io;
use std::path::Path;

use theoremata_logic::language::mpl::Report;
use theoremata_store::StoreError;

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

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A text is wrong; the report has the places.
    Input(Report),
    /// The command line is wrong, or asks for what is not there.
    Usage(String),
    /// A file, the store or the system does not do what was asked.
    World(String),
}

impl Failure {
    /// What could not be done with a file.
    pub(crate) fn world(act: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::World(format!("cannot {act} {}: {error}", path.display()))
    }

    /// How the command ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Input(_) | Failure::Usage(_) => Exit::Input,
            Failure::World(_) => Exit::Failed,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(report) => f.write_str(&report.render(false)),
            Failure::Usage(text) | Failure::World(text) => f.write_str(text),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::World(error.to_string())
    }
}
