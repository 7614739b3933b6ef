//! A replay log: what the nodes of a tree wrote before a crash, or on another worker.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId};
use crate::text::token::Token;

/// A token as an event told it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LoggedToken {
    /// The token.
    pub token: Token,
    /// The logarithm of its probability.
    pub log_probability: f32,
    /// How it came to be there.
    pub origin: Origin,
}

/// How a token came to be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It was drawn, or the turn gave it.
    Drawn,
    /// A constraint left no choice.
    Forced,
    /// It was drawn, ended the turn, and is not part of the text.
    Stop,
}

/// What the nodes of a tree wrote, as far as somebody took it down, and which of them were cancelled.
///
/// Nodes are known by the branches that lead to them, since their numbers belong to an engine.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReplayLog {
    nodes: BTreeMap<Vec<u32>, VecDeque<LoggedToken>>,
    /// Nodes that were cancelled, and when.
    cuts: BTreeMap<Vec<u32>, Cut>,
}

/// Where a node was cancelled: behind the tokens that it has in the record, and when it had come so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Branches that it had opened.
    pub branches: u32,
    /// Stages that lay behind it, see [`Grown::stages`](crate::Grown::stages). Where nobody knows, it is cancelled as
    /// early as the rest allows.
    pub stages: Option<u32>,
}

impl ReplayLog {
    /// A record of nothing.
    pub fn new() -> ReplayLog {
        ReplayLog::default()
    }

    /// Takes down what a node wrote next.
    pub fn push(&mut self, path: &[u32], written: LoggedToken) {
        match self.nodes.get_mut(path) {
            Some(tokens) => tokens.push_back(written),
            None => {
                self.nodes.insert(path.to_vec(), VecDeque::from([written]));
            }
        }
    }

    /// Takes down that a node was cancelled behind what it has written so far. Those of its branches that had not
    /// ended were cancelled with it, and have to be taken down as well.
    pub fn cut(&mut self, path: &[u32], cut: Cut) {
        self.cuts.entry(path.to_vec()).or_insert(cut);
    }

    /// All tokens, node after node.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Token> {
        self.nodes.values().flatten().map(|written| written.token)
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.nodes.values().map(VecDeque::len).sum()
    }

    /// Whether nothing was written, and nothing cancelled.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.cuts.is_empty()
    }

    /// Whether a node was cancelled where it is now.
    pub(super) fn ends(&self, node: &Node) -> bool {
        let (path, here) = (&node.rank.1, |stages| stages == node.stages);
        let cut = self.cuts.get(path).filter(|cut| cut.branches == node.branches && cut.stages.is_none_or(here));
        cut.is_some() && self.nodes.get(path).is_none_or(VecDeque::is_empty)
    }

    /// Takes the next token of a node out.
    pub(super) fn next(&mut self, path: &[u32]) -> Option<LoggedToken> {
        self.nodes.get_mut(path)?.pop_front()
    }
}

impl Event {
    /// What a record takes down of it, with the node that wrote it.
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
