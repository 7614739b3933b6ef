//! A text that is no statement.

use std::fmt;

/// Why a text is no statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// Where, in characters from 0.
    pub at: usize,
    /// What is wrong there.
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
