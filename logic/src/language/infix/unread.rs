//! Errors of the infix parser.

use std::fmt;

/// Why a text is not a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// The position, in characters from 0.
    pub at: usize,
    /// The error.
    pub wrong: String,
    /// What may be written.
    pub help: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}; {}", self.at + 1, self.wrong, self.help)
    }
}

impl std::error::Error for Unread {}
