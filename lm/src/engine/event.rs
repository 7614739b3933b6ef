//! The events of an engine.

use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::engine::report::JoinReport;
use crate::text::token::Token;

/// An event; events are reported in the order in which they happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A node was opened.
    Opened {
        /// The node.
        node: NodeId,
        /// The parent; `None` for a root.
        parent: Option<NodeId>,
    },
    /// A token was generated and is part of the text.
    Token {
        /// The node.
        node: NodeId,
        /// The token.
        token: Token,
        /// The logarithm of its probability among all tokens, without temperature; 0 for a forced token, whose
        /// probability was not computed.
        log_probability: f32,
        /// Whether a constraint forced it.
        forced: bool,
    },
    /// A token was drawn that ended a turn and is not kept.
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
    /// A node asks which of its branches to take, see [`Engine::choose`](crate::Engine::choose).
    Choose {
        /// The node.
        node: NodeId,
        /// The branches that concluded.
        branches: Vec<NodeId>,
    },
    /// Branches were joined.
    Joined {
        /// Their parent.
        node: NodeId,
        /// What the join did.
        report: JoinReport,
    },
    /// Text was removed from a node's context, or put back.
    Pruned {
        /// The node.
        node: NodeId,
        /// What the change did.
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
    /// The node of the event.
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
