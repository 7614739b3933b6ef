//! What an engine says: what happened, what that took, and why an order is not carried out.

use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::engine::report::JoinReport;
use crate::text::token::Token;

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
        /// constraint forced, for which nothing was computed.
        log_probability: f32,
        /// Whether a constraint forced it.
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
        report: JoinReport,
    },
    /// Text was taken out of what a node reads, or put back.
    Pruned {
        /// The node.
        node: NodeId,
        /// What that took.
        report: JoinReport,
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
