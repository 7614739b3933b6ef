//! What computes the rows of a step.
//!
//! The engine plans in whole numbers: which rows, at which positions, in which pages, seeing what, and what is wanted of
//! them. A [`Backend`] holds the weights and the pages, and answers with logits or with tokens. The processor's
//! ([`processor`](super::processor)) is the definition of what all others compute.

use std::ops::Range;

use theoremata_kernels::cuda::CudaError;
use theoremata_kernels::{Draw, Group, Parallel, Slot};

use crate::constrain::constraint::TokenSet;
use crate::keep::run::Cells;
use crate::kv::reduced::Watched;
use crate::text::token::Token;

/// How keys and values are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// 32 bits: as computed.
    Single,
    /// 16 bits: half of the memory, and keys and values are rounded once, when they are stored.
    Half,
}

/// How rows meet weights that are kept in fewer bits than they have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// Rounded to 8 bits in blocks of 32, so that products are of integers: fast.
    Rounded,
    /// As they are, with weights as they are read: an order of magnitude slower, to tell what rounding does.
    Exact,
}

/// How much room keys and values get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Room {
    /// Pages.
    pub(crate) pages: usize,
    /// Tokens of a page.
    pub(crate) page_tokens: usize,
    /// Positions below which all tokens stand.
    pub(crate) positions: usize,
    /// How they are kept.
    pub(crate) precision: Precision,
}

/// Rows of different threads, to be computed together.
pub(crate) struct Batch<'a> {
    /// One a row.
    pub(crate) tokens: &'a [Token],
    /// Where the key and value of each row go.
    pub(crate) slots: &'a [Slot],
    /// What each row sees, row after row.
    pub(crate) groups: &'a [Group<'a>],
    /// The rows of which something is wanted, ascending.
    pub(crate) wanted: &'a [Wanted],
    /// Groups of which somebody wants to know what their rows do with what they see.
    pub(crate) watched: &'a [Watch],
}

/// A group whose rows are watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Watch {
    /// The group.
    pub(crate) group: usize,
    /// Its first row that is.
    pub(crate) from: usize,
}

/// A row of which something is wanted: its logits, or the token that is drawn from them.
pub(crate) struct Wanted {
    /// The row.
    pub(crate) row: usize,
    /// The draw. A back-end that [draws](Backend::draws) gives the token alone, any other the logits.
    pub(crate) draw: Option<Drawing>,
}

/// How a token is drawn from a row of logits, where no filter takes part.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Drawing {
    /// Divides the logits; 0 takes the likeliest.
    pub(crate) temperature: f32,
    /// Names the draw.
    pub(crate) draw: Draw,
    /// The tokens that may be drawn, where not all may.
    pub(crate) allowed: Option<TokenSet>,
    /// The token that comes whatever would be drawn.
    pub(crate) given: Option<Token>,
}

/// What came of the rows of which something was wanted.
pub(crate) struct Outputs {
    /// The logits of all rows that answer with them.
    pub(crate) logits: Vec<f32>,
    /// One a row, in the order in which they were wanted.
    pub(crate) rows: Vec<Output>,
    /// What rows did, a group that is watched after the other.
    pub(crate) watched: Vec<Watched>,
}

/// What came of a row.
#[derive(Clone)]
pub(crate) enum Output {
    /// Its logits, by their place among all.
    Logits(Range<usize>),
    /// A token.
    Drawn(Drawn),
}

/// A token that was drawn where the logits are.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Drawn {
    /// The token; none if no one that may be drawn has a logit above -∞.
    pub(crate) token: Option<Token>,
    /// Its log-probability among all tokens at temperature 1.
    pub(crate) log_probability: f32,
    /// Whether all logits are numbers.
    pub(crate) finite: bool,
    /// The logits, for tests to compare.
    #[cfg(test)]
    pub(crate) logits: Vec<f32>,
}

/// Why a model is not computed, or no longer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// There is no device to be had.
    #[error(transparent)]
    NotOpen(CudaError),
    /// The model asks for something that there is no kernel for.
    #[error("{device} cannot compute this model: there is no kernel for {what}; the processor can (`--device cpu`)")]
    Unsupported {
        /// The device.
        device: String,
        /// What is missing.
        what: String,
    },
    /// Weights and pages cannot be brought to the device.
    #[error(
        "{device} cannot take {weights} MB of weights and {pages} MB of keys and values ({error}); \
         fewer pages (`--kv-memory`) or a smaller model need less"
    )]
    Room {
        /// The device.
        device: String,
        /// Memory of the weights, in MB.
        weights: usize,
        /// Memory of all pages, in MB.
        pages: usize,
        /// What the device said.
        error: CudaError,
    },
    /// The device did not do what it was told. What it held is lost.
    #[error("{device} failed: {error}")]
    Device {
        /// The device.
        device: String,
        /// What it said.
        error: CudaError,
    },
}

/// Holds the weights of a model and the pages of an engine, and computes steps.
pub(crate) trait Backend: Send {
    /// What it computes on.
    fn name(&self) -> String;

    /// Bytes of the keys and values of one page in all layers.
    fn page_bytes(&self) -> usize;

    /// Whether it draws tokens where it is told how. One that does not gives logits, whatever it is told.
    fn draws(&self) -> bool;

    /// Computes and stores keys and values of all rows, and answers for those of which something is wanted.
    ///
    /// What a row gives depends on its token, its position and the keys and values that it sees, and on
    /// nothing else in the batch.
    ///
    /// # Errors
    /// If a device does not do what it is told. What it holds may be lost then.
    fn forward(&mut self, parallel: &dyn Parallel, batch: &Batch<'_>) -> Result<Outputs, BackendError>;

    /// Whether it tells what rows do with what they see.
    fn watches(&self) -> bool;

    /// The keys and values of some places, layer by layer.
    ///
    /// # Errors
    /// As [`Backend::forward`].
    fn fetch(&self, slots: &[Slot]) -> Result<Vec<Cells>, BackendError>;

    /// Writes keys and values to some places, layer by layer.
    ///
    /// # Errors
    /// As [`Backend::forward`].
    fn store(&mut self, slots: &[Slot], layers: &[Cells]) -> Result<(), BackendError>;
}
