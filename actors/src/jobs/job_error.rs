//! Why what a pool is asked is no job.

use super::script::ScriptError;
use super::tools::ToolError;

/// Why a job is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// A list or number that may not be empty is.
    #[error("{0} must be at least 1")]
    Nothing(&'static str),
    /// More than a pool takes.
    #[error("{what}: {wanted} is more than the {bound} that a job may have")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there is.
        wanted: usize,
        /// How much there may be.
        bound: usize,
    },
    /// A number outside of its range.
    #[error("{0}")]
    Range(&'static str),
    /// A tool that is none.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A program that is none.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// An expression that cannot be read.
    #[error("the pattern cannot be read: {0}")]
    Pattern(String),
}
