//! The tree of a program so far.

use std::collections::BTreeMap;

use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::text::token::Token;

/// A node and what it has written so far.
#[derive(Clone, PartialEq, Debug)]
pub struct Grown {
    /// The branches that lead to it; empty for the root.
    pub path: Vec<u32>,
    /// What it wrote.
    pub tokens: Vec<Token>,
    /// The sum of the log-probabilities of these tokens.
    pub log_probability: f64,
    /// How it ended; `None` if it has not.
    pub outcome: Option<Outcome>,
    /// Stages that it has passed: one ends whenever it waits for orders or joins its branches.
    pub stages: u32,
    /// Where its last turn begins.
    last_turn: usize,
}

impl Grown {
    pub(super) fn new(path: Vec<u32>) -> Grown {
        Grown { path, tokens: Vec::new(), log_probability: 0.0, outcome: None, stages: 0, last_turn: 0 }
    }

    /// A node that was cancelled, without any output.
    pub(super) fn cancelled(path: Vec<u32>) -> Grown {
        Grown { outcome: Some(Outcome::Cancelled), ..Grown::new(path) }
    }

    /// The output of its last turn.
    pub fn conclusion(&self) -> &[Token] {
        &self.tokens[self.last_turn..]
    }
}

/// The tree of a program so far.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Growth {
    nodes: BTreeMap<NodeId, Grown>,
    /// Number of branches that each node has ever opened.
    branches: BTreeMap<NodeId, u32>,
}

impl Growth {
    /// A tree with only a root.
    pub(super) fn of(root: NodeId) -> Growth {
        Growth { nodes: BTreeMap::from([(root, Grown::new(Vec::new()))]), branches: BTreeMap::new() }
    }

    /// Sets how a node ended, whatever the events said.
    pub(super) fn set_outcome(&mut self, id: NodeId, outcome: Outcome) {
        if let Some(grown) = self.nodes.get_mut(&id) {
            grown.outcome = Some(outcome);
        }
    }

    /// All nodes, in the order in which they were opened.
    pub(super) fn into_nodes(self) -> Vec<Grown> {
        self.nodes.into_values().collect()
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> Option<&Grown> {
        self.nodes.get(&id)
    }

    /// All nodes, in the order in which they were opened.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Grown)> {
        self.nodes.iter().map(|(id, grown)| (*id, grown))
    }

    /// The node with this path.
    pub fn at(&self, path: &[u32]) -> Option<(NodeId, &Grown)> {
        self.nodes().find(|(_, grown)| grown.path == path)
    }

    /// The branches of the root, in order.
    pub(super) fn branches(&self) -> impl Iterator<Item = (NodeId, &Grown)> {
        self.nodes().filter(|(_, grown)| grown.path.len() == 1)
    }

    /// Starts a new turn: the conclusion of the node begins with what it writes next. A join does the same.
    pub fn begin_turn(&mut self, id: NodeId) {
        if let Some(grown) = self.nodes.get_mut(&id) {
            grown.last_turn = grown.tokens.len();
        }
    }

    /// Records an event. Returns false if it belongs to another tree.
    pub(super) fn note(&mut self, event: &Event) -> bool {
        match event {
            Event::Opened { node, parent } => {
                let Some(above) = parent.and_then(|parent| self.nodes.get(&parent)) else { return false };
                let Some(parent) = *parent else { return false };
                let place = self.branches.entry(parent).or_default();
                let path = above.path.iter().copied().chain([*place]).collect();
                *place += 1;
                self.nodes.insert(*node, Grown::new(path));
            }
            Event::Token { node, token, log_probability, .. } => {
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.tokens.push(*token);
                grown.log_probability += f64::from(*log_probability);
            }
            Event::Finished { node, outcome } => {
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.outcome = Some(outcome.clone());
            }
            Event::Held { node } => {
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.stages += 1;
            }
            Event::Joined { node, .. } => {
                self.begin_turn(*node);
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.stages += 1;
            }
            Event::Stopped { node, .. } | Event::Choose { node, .. } | Event::Pruned { node, .. } => {
                return self.nodes.contains_key(node);
            }
        }
        true
    }
}
