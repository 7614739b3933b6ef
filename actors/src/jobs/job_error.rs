//! Validation errors of jobs.

use super::script::ScriptError;
use super::tools::ToolError;

/// Why a job is invalid.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// A list is empty, or a number 0, that must not be.
    #[error("{0} must be at least 1")]
    Nothing(&'static str),
    /// A limit of the pool is exceeded.
    #[error("{what}: {wanted} is more than the {bound} that a job may have")]
    TooMuch {
        /// The limited quantity.
        what: &'static str,
        /// The requested amount.
        wanted: usize,
        /// The limit.
        bound: usize,
    },
    /// A number is out of range.
    #[error("{0}")]
    Range(&'static str),
    /// A tool is invalid.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A script is invalid.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A regular expression is malformed.
    #[error("the pattern cannot be read: {0}")]
    Pattern(String),
}
