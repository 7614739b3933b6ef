//! The tree of a program as far as it grew.

use std::collections::BTreeMap;

use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::text::token::Token;

/// A node as it grew.
#[derive(Clone, PartialEq, Debug)]
pub struct Grown {
    /// Which branches lead to it; none to the root.
    pub path: Vec<u32>,
    /// What it wrote.
    pub tokens: Vec<Token>,
    /// The sum of the log-probabilities of that.
    pub log_probability: f64,
    /// How it ended, if it did.
    pub outcome: Option<Outcome>,
    /// Stages that lie behind it: one ends whenever it waits for orders or gets its branches back.
    pub stages: u32,
    /// Where its last turn begins.
    last_turn: usize,
}

impl Grown {
    pub(super) fn new(path: Vec<u32>) -> Grown {
        Grown { path, tokens: Vec::new(), log_probability: 0.0, outcome: None, stages: 0, last_turn: 0 }
    }

    /// A node of which nothing counts but that it was cancelled.
    pub(super) fn cancelled(path: Vec<u32>) -> Grown {
        Grown { outcome: Some(Outcome::Cancelled), ..Grown::new(path) }
    }

    /// What it wrote last: where it had several turns, that of the last one.
    pub fn conclusion(&self) -> &[Token] {
        &self.tokens[self.last_turn..]
    }
}

/// A tree as far as it grew.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Growth {
    nodes: BTreeMap<NodeId, Grown>,
    /// Branches that each node ever had.
    branches: BTreeMap<NodeId, u32>,
}

impl Growth {
    /// A tree that is its root alone.
    pub(super) fn of(root: NodeId) -> Growth {
        Growth { nodes: BTreeMap::from([(root, Grown::new(Vec::new()))]), branches: BTreeMap::new() }
    }

    /// Says how a node ended, whatever an event said of it.
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

    /// The node that branches lead to from the root.
    pub fn at(&self, path: &[u32]) -> Option<(NodeId, &Grown)> {
        self.nodes().find(|(_, grown)| grown.path == path)
    }

    /// The nodes that lie one branch below the root, in order.
    pub(super) fn branches(&self) -> impl Iterator<Item = (NodeId, &Grown)> {
        self.nodes().filter(|(_, grown)| grown.path.len() == 1)
    }

    /// What a node concludes begins with what it writes next. A join does the same.
    pub fn begin_turn(&mut self, id: NodeId) {
        if let Some(grown) = self.nodes.get_mut(&id) {
            grown.last_turn = grown.tokens.len();
        }
    }

    /// Takes down an event, if it is one of this tree.
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
