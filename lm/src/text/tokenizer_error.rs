//! Why a vocabulary cannot be used.

use crate::weights::gguf::GgufError;

/// Why a vocabulary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The file lacks what a vocabulary is made of.
    #[error(transparent)]
    File(#[from] GgufError),
    /// A kind of vocabulary that is not built here.
    #[error("the vocabulary is of kind {found}; this program reads {known}")]
    Kind {
        /// What the file says.
        found: String,
        /// What is read.
        known: &'static str,
    },
    /// The parts of the vocabulary do not fit together.
    #[error("the vocabulary is damaged: {0}")]
    Damaged(String),
}
