//! Why the engine refuses an order.

use crate::engine::node::NodeId;
use crate::engine::outcome::{Bound, Outcome};
use crate::keep::choice::KvError;
use crate::text::token::Token;

/// Why an order is not carried out. Nothing has changed then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such node.
    #[error("there is no node {0:?}")]
    Unknown(NodeId),
    /// The node is not one that waits for orders.
    #[error("node {0:?} does not wait for orders")]
    Busy(NodeId),
    /// Nothing to go on from, or nothing to generate.
    #[error("there is no token to begin with, or none to generate")]
    NoTokens,
    /// A number that stands for no token.
    #[error("{token} is no token: the vocabulary has {vocabulary}")]
    NoSuchToken {
        /// The number.
        token: Token,
        /// Tokens there are.
        vocabulary: usize,
    },
    /// More than the model or the pages can hold.
    #[error("{wanted} tokens are more than the {bound} that fit")]
    TooLong {
        /// Tokens of the text.
        wanted: usize,
        /// Tokens that fit.
        bound: usize,
    },
    /// Too many branches, or none.
    #[error("{wanted} branches; between 1 and {bound} are allowed")]
    Width {
        /// Branches that were ordered.
        wanted: usize,
        /// The bound.
        bound: usize,
    },
    /// Too deep.
    #[error("the tree may be {bound} deep")]
    Depth {
        /// The bound.
        bound: usize,
    },
    /// The branches ask for more tokens than are left.
    #[error("the branches may generate {wanted} tokens in all, and {left} are left")]
    Allowance {
        /// What the branches ask for.
        wanted: usize,
        /// What the node has.
        left: usize,
    },
    /// All calls of tools were made.
    #[error("the tree may call tools {bound} times")]
    Calls {
        /// The bound.
        bound: usize,
    },
    /// A range that is no member of a set: empty, beyond the prompt, or not behind the one before.
    #[error("tokens {from} to {to} are no member of a set in this prompt")]
    Member {
        /// Begin.
        from: usize,
        /// End.
        to: usize,
    },
    /// A policy of keys and values that is none for this model, or on this device.
    #[error(transparent)]
    Kv(#[from] KvError),
    /// A range that is not within what the node wrote itself.
    #[error("tokens {from} to {to} are not the node's own")]
    Range {
        /// Begin.
        from: usize,
        /// End.
        to: usize,
    },
}

impl EngineError {
    /// How a node ends for which an order was refused: a bound that refuses an order ends it like one that is reached.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            EngineError::TooLong { .. } => Outcome::Budget(Bound::Context),
            EngineError::Allowance { .. } => Outcome::Budget(Bound::Allowance),
            EngineError::Width { .. } => Outcome::Budget(Bound::Width),
            EngineError::Depth { .. } => Outcome::Budget(Bound::Depth),
            EngineError::Calls { .. } => Outcome::Budget(Bound::Calls),
            _ => Outcome::Failed,
        }
    }
}
