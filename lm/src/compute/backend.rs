//! The interface of a backend, which computes the rows of a step.
//!
//! The engine plans in integers: which rows, at which positions, in which pages, what each sees, and which outputs are
//! needed. A [`Backend`] holds the weights and the pages, and returns logits or tokens. The processor's backend
//! ([`processor`](super::processor)) defines the results of all others.

use std::ops::Range;

use theoremata_kernels::cuda::CudaError;
use theoremata_kernels::{Draw, Group, Parallel, Slot};

use crate::constrain::constraint::TokenSet;
use crate::keep::run::Cells;
use crate::kv::reduced::Watched;
use crate::text::token::Token;

/// The number format of keys and values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// 32 bits: as computed.
    Single,
    /// 16 bits: half the memory; keys and values are rounded once, when they are stored.
    Half,
}

/// How rows are multiplied with quantised weights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// Rows are rounded to 8 bits in blocks of 32, so that products are of integers: fast.
    Rounded,
    /// Rows are not rounded, and weights are used as read: an order of magnitude slower; shows the effect of rounding.
    Exact,
}

/// The size of the KV cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Room {
    /// Number of pages.
    pub(crate) pages: usize,
    /// Tokens per page.
    pub(crate) page_tokens: usize,
    /// All positions are below this.
    pub(crate) positions: usize,
    /// The number format.
    pub(crate) precision: Precision,
}

/// Rows of different sequences, computed together.
pub(crate) struct Batch<'a> {
    /// The token of each row.
    pub(crate) tokens: &'a [Token],
    /// The slot for the key and value of each row.
    pub(crate) slots: &'a [Slot],
    /// What each row sees, group by group.
    pub(crate) groups: &'a [Group<'a>],
    /// The rows whose outputs are needed, ascending.
    pub(crate) wanted: &'a [Wanted],
    /// Groups whose attention is to be reported.
    pub(crate) watched: &'a [Watch],
}

/// A group whose attention is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Watch {
    /// The group.
    pub(crate) group: usize,
    /// Its first row that is watched.
    pub(crate) from: usize,
}

/// A row whose output is needed: its logits, or the token that is drawn from them.
pub(crate) struct Wanted {
    /// The row.
    pub(crate) row: usize,
    /// The draw. A backend that [draws](Backend::draws) returns the token alone, any other the logits.
    pub(crate) draw: Option<Drawing>,
}

/// How a token is drawn from a row of logits, without filters.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Drawing {
    /// Divides the logits; 0 for the likeliest token.
    pub(crate) temperature: f32,
    /// The number of the draw.
    pub(crate) draw: Draw,
    /// The tokens that may be drawn; `None` for all.
    pub(crate) allowed: Option<TokenSet>,
    /// The token that is used whatever would be drawn.
    pub(crate) given: Option<Token>,
}

/// The outputs of a step.
pub(crate) struct Outputs {
    /// The logits of all rows that return logits.
    pub(crate) logits: Vec<f32>,
    /// The outputs, in the order of the wanted rows.
    pub(crate) rows: Vec<Output>,
    /// The attention of the watched groups, in order.
    pub(crate) watched: Vec<Watched>,
}

/// The output of a row.
#[derive(Clone)]
pub(crate) enum Output {
    /// Its logits, as a range of all logits.
    Logits(Range<usize>),
    /// A token.
    Drawn(Drawn),
}

/// A token drawn by the backend.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Drawn {
    /// The token; `None` if no allowed token has a logit above -∞.
    pub(crate) token: Option<Token>,
    /// Its log-probability among all tokens at temperature 1.
    pub(crate) log_probability: f32,
    /// Whether all logits are finite.
    pub(crate) finite: bool,
    /// The logits, for comparison in tests.
    #[cfg(test)]
    pub(crate) logits: Vec<f32>,
}

/// Why a backend cannot compute a model, or stopped.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The device cannot be opened.
    #[error(transparent)]
    NotOpen(CudaError),
    /// The model needs an operation without a kernel.
    #[error("{device} cannot compute this model: there is no kernel for {what}; the processor can (`--device cpu`)")]
    Unsupported {
        /// The device.
        device: String,
        /// What is missing.
        what: String,
    },
    /// Weights and pages do not fit on the device.
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
        /// The device's error.
        error: CudaError,
    },
    /// The device failed. Its memory is lost.
    #[error("{device} failed: {error}")]
    Device {
        /// The device.
        device: String,
        /// Its error.
        error: CudaError,
    },
}

/// Holds the weights of a model and the pages of an engine, and computes steps.
pub(crate) trait Backend: Send {
    /// The name of the device.
    fn name(&self) -> String;

    /// Bytes of the keys and values of one page in all layers.
    fn page_bytes(&self) -> usize;

    /// Whether it can draw tokens. A backend that cannot returns logits, even if a draw is given.
    fn draws(&self) -> bool;

    /// Computes and stores keys and values of all rows, and returns the outputs that are wanted.
    ///
    /// The output of a row depends on its token, its position and the keys and values that it sees, and on nothing else
    /// in the batch.
    ///
    /// # Errors
    /// If a device fails. Its memory may be lost then.
    fn forward(&mut self, parallel: &dyn Parallel, batch: &Batch<'_>) -> Result<Outputs, BackendError>;

    /// Whether it can report attention.
    fn watches(&self) -> bool;

    /// Reads the keys and values of some slots, layer by layer.
    ///
    /// # Errors
    /// As [`Backend::forward`].
    fn fetch(&self, slots: &[Slot]) -> Result<Vec<Cells>, BackendError>;

    /// Writes keys and values to some slots, layer by layer.
    ///
    /// # Errors
    /// As [`Backend::forward`].
    fn store(&mut self, slots: &[Slot], layers: &[Cells]) -> Result<(), BackendError>;
}
