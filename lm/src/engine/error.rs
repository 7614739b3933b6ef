//! The errors of the engine's orders.

use crate::engine::node::NodeId;
use crate::engine::outcome::{Bound, Outcome};
use crate::keep::choice::KvError;
use crate::text::token::Token;

/// Why an order was refused. A refused order changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No such node.
    #[error("there is no node {0:?}")]
    Unknown(NodeId),
    /// The node does not accept orders now.
    #[error("node {0:?} does not wait for orders")]
    Busy(NodeId),
    /// There is no token to continue from, or none to generate.
    #[error("there is no token to begin with, or none to generate")]
    NoTokens,
    /// A token outside the vocabulary.
    #[error("{token} is no token: the vocabulary has {vocabulary}")]
    NoSuchToken {
        /// The token.
        token: Token,
        /// The size of the vocabulary.
        vocabulary: usize,
    },
    /// The text is longer than the model or the pages can hold.
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
        /// Branches in the order.
        wanted: usize,
        /// The bound.
        bound: usize,
    },
    /// Spawns are nested too deeply.
    #[error("the tree may be {bound} deep")]
    Depth {
        /// The bound.
        bound: usize,
    },
    /// The branches request more tokens than the node has left.
    #[error("the branches may generate {wanted} tokens in all, and {left} are left")]
    Allowance {
        /// Tokens that the branches request.
        wanted: usize,
        /// Tokens that the node has left.
        left: usize,
    },
    /// The bound on tool calls is reached.
    #[error("the tree may call tools {bound} times")]
    Calls {
        /// The bound.
        bound: usize,
    },
    /// A range that is not a valid member of a set: empty, beyond the prompt, or not after its predecessor.
    #[error("tokens {from} to {to} are no member of a set in this prompt")]
    Member {
        /// Start.
        from: usize,
        /// End.
        to: usize,
    },
    /// A KV cache policy that this model or device does not support.
    #[error(transparent)]
    Kv(#[from] KvError),
    /// A range outside the node's own text.
    #[error("tokens {from} to {to} are not the node's own")]
    Range {
        /// Start.
        from: usize,
        /// End.
        to: usize,
    },
}

impl EngineError {
    /// The outcome of a node whose order was refused: the same as if it had run into the bound.
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
