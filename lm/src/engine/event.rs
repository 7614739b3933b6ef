//! What an engine says: what happened, what that took, and why an order is not carried out.

use crate::engine::joins::Report;
use crate::engine::node::{NodeId, Outcome};
use crate::text::tokenizer::Token;

/// What happened, in the order in which it did.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A node is there.
    Opened {
        /// The node.
        node: NodeId,
        /// The node above, of which a root has none.
        parent: Option<NodeId>,
    },
    /// A token was generated, and is part of the text.
    Token {
        /// The node.
        node: NodeId,
        /// The token.
        token: Token,
        /// The logarithm of its probability, without temperature and among all tokens; 0 for one that a
        /// guide forced, for which nothing was computed.
        log_probability: f32,
        /// Whether a guide forced it.
        forced: bool,
    },
    /// A token was drawn that ended a turn, and it is not kept.
    Stopped {
        /// The node.
        node: NodeId,
        /// The token.
        token: Token,
        /// The logarithm of its probability.
        log_probability: f32,
    },
    /// A node waits for orders.
    Held {
        /// The node.
        node: NodeId,
    },
    /// A node asks which of its branches to take, see [`Engine::choose`].
    Choose {
        /// The node.
        node: NodeId,
        /// The branches that concluded.
        branches: Vec<NodeId>,
    },
    /// What came back of branches.
    Joined {
        /// The node that gets it.
        node: NodeId,
        /// What it gets.
        report: Report,
    },
    /// Text was taken out of what a node reads, or put back.
    Pruned {
        /// The node.
        node: NodeId,
        /// What that took.
        report: Report,
    },
    /// A node ended.
    Finished {
        /// The node.
        node: NodeId,
        /// How.
        outcome: Outcome,
    },
}

impl Event {
    /// The node that it happened to.
    pub fn node(&self) -> NodeId {
        match self {
            Event::Opened { node, .. }
            | Event::Token { node, .. }
            | Event::Stopped { node, .. }
            | Event::Held { node }
            | Event::Choose { node, .. }
            | Event::Joined { node, .. }
            | Event::Pruned { node, .. }
            | Event::Finished { node, .. } => *node,
        }
    }
}

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
    /// A range that is not within what the node wrote itself.
    #[error("tokens {from} to {to} are not the node's own")]
    Range {
        /// Begin.
        from: usize,
        /// End.
        to: usize,
    },
}

/// What was done so far, and how full the pool is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// Steps that computed something.
    pub steps: u64,
    /// Rows that were computed.
    pub rows: u64,
    /// Tokens that were generated.
    pub generated: u64,
    /// Tokens that were found computed.
    pub cached: u64,
    /// Rows of tokens that were computed before they were drawn.
    pub drafted: u64,
    /// Those of them that were drawn then.
    pub accepted: u64,
    /// How often a node had to let go of its pages.
    pub preempted: u64,
    /// Pages in use.
    pub pages_used: usize,
    /// The most pages that were in use.
    pub pages_peak: usize,
    /// Pages there are.
    pub pages: usize,
    /// Bytes of a page in all layers.
    pub page_bytes: usize,
}
