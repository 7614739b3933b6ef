//! Why a model cannot be loaded.

use std::path::PathBuf;

use theoremata_kernels::PackError;

use crate::text::tokenizer_error::TokenizerError;
use crate::weights::gguf::GgufError;
use crate::weights::shape::ModelShapeError;

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// An I/O error.
    #[error("cannot read {path}: {error}")]
    World {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The file is not valid GGUF.
    #[error(transparent)]
    File(#[from] GgufError),
    /// The configuration is not supported.
    #[error(transparent)]
    ModelShape(#[from] ModelShapeError),
    /// The vocabulary cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A tensor is missing.
    #[error("there is no tensor {0}")]
    Missing(String),
    /// A tensor has another size than the configuration says.
    #[error("tensor {name} is {found:?} and should be {expected:?}")]
    Size {
        /// Its name.
        name: String,
        /// Rows and columns found.
        found: Vec<usize>,
        /// Rows and columns expected.
        expected: Vec<usize>,
    },
    /// The bytes of a tensor cannot be read, or do not fit its shape.
    #[error("tensor {name}: {error}")]
    Bytes {
        /// Its name.
        name: String,
        /// What is wrong.
        error: PackError,
    },
    /// Tensors that are not supported: the model computes something else than this program would.
    #[error("the model has tensors that are not computed here: {}", named(.0))]
    Unread(Vec<String>),
    /// A malformed weight file or configuration.
    #[error("{path}: {text}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
}

/// The first few names of a list, and the number of further ones.
fn named(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| name.chars().take(80).collect()).collect();
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
