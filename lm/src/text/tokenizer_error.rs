//! Why a vocabulary cannot be used.

use crate::weights::gguf::GgufError;

/// Why a vocabulary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The file lacks a part of the vocabulary.
    #[error(transparent)]
    File(#[from] GgufError),
    /// An unsupported kind of vocabulary.
    #[error("the vocabulary is of kind {found}; this program reads {known}")]
    Kind {
        /// The kind in the file.
        found: String,
        /// The supported kinds.
        known: &'static str,
    },
    /// The parts of the vocabulary are inconsistent.
    #[error("the vocabulary is damaged: {0}")]
    Damaged(String),
}
