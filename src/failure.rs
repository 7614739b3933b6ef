//! Failures of commands.

use std::fmt;
use std::io;
use std::path::Path;

use theoremata_actors::run::RunError;
use theoremata_lm::BackendError;
use theoremata_logic::language::mpl::Report;
use theoremata_store::StoreError;

/// Why a command has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A text is malformed; the report has the positions.
    Input(Report),
    /// The command line is wrong, or refers to something that does not exist.
    Usage(String),
    /// A file, the store or the system failed.
    World(String),
}

impl Failure {
    /// An I/O error on a file.
    pub(crate) fn world(act: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::World(format!("cannot {act} {}: {error}", path.display()))
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

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Failure {
        match error {
            BackendError::NotOpen(_) | BackendError::Unsupported { .. } => Failure::Usage(error.to_string()),
            other => Failure::World(other.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::World(error.to_string())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Unfit { .. } => Failure::Usage(error.to_string()),
            other => Failure::World(other.to_string()),
        }
    }
}
