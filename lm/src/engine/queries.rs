//! Queries about the engine and its nodes.

use std::sync::Arc;

use crate::constrain::constraint::TurnConstraint;
use crate::engine::Engine;
use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::outcome::Outcome;
use crate::engine::usage::{NodeUsage, Usage};
use crate::text::token::Token;
use crate::weights::model::Model;

impl Engine {
    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// A description of the device that computes the model.
    pub fn device(&self) -> String {
        self.backend.name()
    }

    /// Tokens per page.
    pub fn page_tokens(&self) -> usize {
        self.settings.page_tokens
    }

    /// Counters so far.
    pub fn usage(&self) -> Usage {
        Usage {
            pages_used: self.pool.used(),
            pages_peak: self.pool.peak(),
            pages: self.pool.capacity(),
            page_bytes: self.backend.page_bytes(),
            ..self.usage
        }
    }

    /// What a node has used so far; zeros for an unknown node.
    pub fn node_usage(&self, node: NodeId) -> NodeUsage {
        self.nodes.get(&node).map_or(NodeUsage::default(), |node| NodeUsage {
            prompt: node.prompt,
            cached: node.cached,
            critical_path: node.longest,
            pages_peak: node.pages_peak,
        })
    }

    /// What a node generated, over all its turns.
    pub fn generated(&self, node: NodeId) -> &[Token] {
        self.nodes.get(&node).map_or(&[], |node| &node.generated)
    }

    /// All tokens that a node reads and wrote, in order.
    pub fn tokens(&self, node: NodeId) -> Vec<Token> {
        let segments = self.nodes.get(&node).into_iter().flat_map(|node| &node.sequence.segments);
        segments.flat_map(|segment| segment.tokens().iter().copied()).collect()
    }

    /// The constraint of a node in its present state, for the next turn to start with: free if nothing constrains the
    /// node, or if its constraint could not read the text.
    pub fn constraint(&self, node: NodeId) -> TurnConstraint {
        self.nodes.get(&node).map_or(TurnConstraint::Free, |node| node.constraint.turn_constraint())
    }

    /// Tokens that a node and all nodes below it may still generate.
    pub fn allowance(&self, node: NodeId) -> usize {
        self.nodes.get(&node).map_or(0, |node| node.allowance)
    }

    /// Whether a KV cache policy thinned the text of a node that has ended or was pruned. This depends on the text
    /// alone, not on how it was computed.
    pub fn is_thinned(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|node| node.thinned)
    }

    /// How a node ended; `None` if it has not.
    pub fn outcome(&self, node: NodeId) -> Option<&Outcome> {
        self.nodes.get(&node).and_then(Node::outcome)
    }

    /// Whether a tree does nothing more without a new order.
    pub fn is_idle_tree(&self, root: NodeId) -> bool {
        let is_of_tree = |node: &Node| node.rank.0 == root.0;
        let is_told = |event: &Event| self.nodes.get(&event.node()).is_some_and(is_of_tree);
        let mut moving = self.nodes.values().filter(|node| node.is_runnable() || self.is_due(node));
        !moving.any(is_of_tree) && !self.events.iter().any(is_told)
    }

    /// The branches that a node waits for.
    pub fn branches(&self, node: NodeId) -> &[NodeId] {
        match self.nodes.get(&node).map(|node| &node.state) {
            Some(State::Waiting { children, .. } | State::Choosing { children, .. }) => children,
            _ => &[],
        }
    }

    /// Pages that the nodes of a tree hold together, each counted once.
    pub fn pages_held(&self, root: NodeId) -> usize {
        self.nodes.get(&root).map_or(0, |node| self.pages_of_tree(node.rank.0).len())
    }

    /// Recounts all references. Every page is free or held by exactly its holders; free and used pages add up to the
    /// pool.
    pub fn audit(&self) -> Result<(), String> {
        let sequences = self.nodes.values().flat_map(|node| &node.sequence.segments);
        let held = sequences.flat_map(|segment| segment.pages().iter().copied());
        self.pool.audit(held.chain(self.cache.held()))
    }
}
