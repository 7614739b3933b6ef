//! A replay log: what the nodes of a tree wrote before a crash, or on another worker.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId};
use crate::text::token::Token;

/// A token as an event reported it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LoggedToken {
    /// The token.
    pub token: Token,
    /// The logarithm of its probability.
    pub log_probability: f32,
    /// How it was produced.
    pub origin: Origin,
}

/// How a token was produced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It was drawn, or given by the turn.
    Drawn,
    /// A constraint left no choice.
    Forced,
    /// It was drawn, ended the turn, and is not part of the text.
    Stop,
}

/// The logged tokens of the nodes of a tree, and the nodes that were cancelled.
///
/// Nodes are identified by the branches that lead to them, since node numbers are local to an engine.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReplayLog {
    nodes: BTreeMap<Vec<u32>, VecDeque<LoggedToken>>,
    /// Cancelled nodes, and when they were cancelled.
    cuts: BTreeMap<Vec<u32>, Cut>,
}

/// When a node was cancelled: after the tokens in its log, and after these branches and stages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Branches that it had opened.
    pub branches: u32,
    /// Stages that it had passed, see [`Grown::stages`](crate::Grown::stages). `None` if unknown: the node is then
    /// cancelled as early as the rest allows.
    pub stages: Option<u32>,
}

impl ReplayLog {
    /// An empty log.
    pub fn new() -> ReplayLog {
        ReplayLog::default()
    }

    /// Logs the next token of a node.
    pub fn push(&mut self, path: &[u32], written: LoggedToken) {
        match self.nodes.get_mut(path) {
            Some(tokens) => tokens.push_back(written),
            None => {
                self.nodes.insert(path.to_vec(), VecDeque::from([written]));
            }
        }
    }

    /// Logs that a node was cancelled after what it has written so far. Its branches that had not ended were cancelled
    /// with it, and have to be logged as well.
    pub fn cut(&mut self, path: &[u32], cut: Cut) {
        self.cuts.entry(path.to_vec()).or_insert(cut);
    }

    /// All tokens, node by node.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Token> {
        self.nodes.values().flatten().map(|written| written.token)
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.nodes.values().map(VecDeque::len).sum()
    }

    /// Whether no token and no cancellation is logged.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.cuts.is_empty()
    }

    /// Whether a node was cancelled in its present state.
    pub(super) fn ends(&self, node: &Node) -> bool {
        let (path, here) = (&node.rank.1, |stages| stages == node.stages);
        let cut = self.cuts.get(path).filter(|cut| cut.branches == node.branches && cut.stages.is_none_or(here));
        cut.is_some() && self.nodes.get(path).is_none_or(VecDeque::is_empty)
    }

    /// Removes and returns the next token of a node.
    pub(super) fn next(&mut self, path: &[u32]) -> Option<LoggedToken> {
        self.nodes.get_mut(path)?.pop_front()
    }
}

impl Event {
    /// What a replay log stores of the event, with the node that wrote it; `None` if nothing.
    pub fn written(&self) -> Option<(NodeId, LoggedToken)> {
        match *self {
            Event::Token { node, token, log_probability, forced } => {
                let origin = if forced { Origin::Forced } else { Origin::Drawn };
                Some((node, LoggedToken { token, log_probability, origin }))
            }
            Event::Stopped { node, token, log_probability } => {
                Some((node, LoggedToken { token, log_probability, origin: Origin::Stop }))
            }
            _ => None,
        }
    }
}
