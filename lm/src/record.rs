//! Going on from what was written before: after a crash, or on another worker.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{Engine, Source};
use crate::event::{EngineError, Event};
use crate::node::{NodeId, State};
use crate::tokenizer::Token;

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

/// What the nodes of a tree wrote, as far as somebody took it down.
///
/// Nodes are known by the branches that lead to them, since their numbers belong to an engine.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Record {
    nodes: BTreeMap<Vec<u32>, VecDeque<Written>>,
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

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.nodes.values().map(VecDeque::len).sum()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
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
    /// is read like a prompt, and drawing goes on behind it with the same numbers. Events tell it all anew.
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
            let Some(Written { token, log_probability, origin }) = record.next(&node.rank.1) else { return };
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
}
