//! Going on from what was written before: after a crash, or on another worker.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::event::{EngineError, Event};
use crate::engine::node::{Node, NodeId, Outcome, State};
use crate::engine::{Engine, Source};
use crate::text::tokenizer::Token;

/// A token as an event told it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Written {
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
    /// A guide left no choice.
    Forced,
    /// It was drawn, ended the turn, and is not part of the text.
    Stop,
}

/// What the nodes of a tree wrote, as far as somebody took it down, and which of them were cancelled.
///
/// Nodes are known by the branches that lead to them, since their numbers belong to an engine.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Record {
    nodes: BTreeMap<Vec<u32>, VecDeque<Written>>,
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

impl Record {
    /// A record of nothing.
    pub fn new() -> Record {
        Record::default()
    }

    /// Takes down what a node wrote next.
    pub fn push(&mut self, path: &[u32], written: Written) {
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

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.nodes.values().map(VecDeque::len).sum()
    }

    /// Whether nothing was written, and nothing cancelled.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.cuts.is_empty()
    }

    /// Whether a node was cancelled where it is now.
    fn ends(&self, node: &Node) -> bool {
        let (path, here) = (&node.rank.1, |stages| stages == node.stages);
        let cut = self.cuts.get(path).filter(|cut| cut.branches == node.branches && cut.stages.is_none_or(here));
        cut.is_some() && self.nodes.get(path).is_none_or(VecDeque::is_empty)
    }

    fn next(&mut self, path: &[u32]) -> Option<Written> {
        self.nodes.get_mut(path)?.pop_front()
    }
}

impl Event {
    /// What a record takes down of it, with the node that wrote it.
    pub fn written(&self) -> Option<(NodeId, Written)> {
        match *self {
            Event::Token { node, token, log_probability, forced } => {
                let origin = if forced { Origin::Forced } else { Origin::Drawn };
                Some((node, Written { token, log_probability, origin }))
            }
            Event::Stopped { node, token, log_probability } => {
                Some((node, Written { token, log_probability, origin: Origin::Stop }))
            }
            _ => None,
        }
    }
}

impl Engine {
    /// Lets a tree write first what it wrote before, without computing it token by token: what is recorded
    /// is read like a prompt, and drawing goes on behind it with the same numbers. A node that was cancelled
    /// ends at the same place. Events tell it all anew.
    ///
    /// The tree must have been planted since the last step, with the same inputs and seed as the one that
    /// the record is of.
    ///
    /// # Errors
    /// If there is no such root, it has written something, or a recorded token is none of the vocabulary.
    pub fn resume(&mut self, root: NodeId, record: Record) -> Result<(), EngineError> {
        record.nodes.values().flatten().try_for_each(|written| self.check_tokens(&[written.token]))?;
        let node = self.nodes.get(&root).ok_or(EngineError::Unknown(root))?;
        if node.parent.is_some() || !node.generated.is_empty() {
            return Err(EngineError::Busy(root));
        }
        self.records.insert(root.0, record);
        self.replay(root);
        Ok(())
    }

    /// Writes what the record of a running node has for its turn.
    pub(crate) fn replay(&mut self, id: NodeId) {
        loop {
            let Some(node) = self.nodes.get_mut(&id) else { return };
            let Some(record) = self.records.get_mut(&node.rank.0) else { return };
            let State::Running(turn) = &node.state else { return };
            // A turn whose guide lets nothing follow ends before it has written a token.
            if node.lead.is_complete() {
                return;
            }
            let Some(Written { token, log_probability, origin }) = record.next(&node.rank.1) else {
                self.cut(id);
                return;
            };
            let is_given = node.turn_tokens < turn.given.len();
            let source = match origin {
                Origin::Forced => Source::Forced,
                Origin::Drawn if is_given => Source::Given(log_probability),
                Origin::Drawn | Origin::Stop => Source::Drawn(log_probability),
            };
            if origin != Origin::Forced {
                node.draws += 1;
            }
            if !self.write(id, token, source) {
                return;
            }
        }
    }

    /// Cancels a node if that is what its record says of this place. Whether it did.
    pub(crate) fn cut(&mut self, id: NodeId) -> bool {
        let Some(node) = self.nodes.get(&id) else { return false };
        // What its owner has still to answer comes first.
        if matches!(node.state, State::Held | State::Choosing { .. } | State::Done(_)) {
            return false;
        }
        let is_cut = self.records.get(&node.rank.0).is_some_and(|record| record.ends(node));
        // So does what is below it: that comes as far as it had come.
        let ended = |branch: &NodeId| self.outcome(*branch).is_some();
        if !is_cut || !self.branches(id).iter().all(ended) {
            return false;
        }
        self.end(id, Outcome::Cancelled);
        true
    }
}
