//! Going on from what was written before: after a crash, or on another worker.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::node::{NodeId, State};
use crate::engine::outcome::Outcome;
use crate::engine::replay_log::{LoggedToken, Origin, ReplayLog};
use crate::engine::source::Source;

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
    pub fn resume(&mut self, root: NodeId, record: ReplayLog) -> Result<(), EngineError> {
        record.tokens().try_for_each(|token| self.check_tokens(&[token]))?;
        let node = self.nodes.get(&root).ok_or(EngineError::Unknown(root))?;
        if node.parent.is_some() || !node.generated.is_empty() {
            return Err(EngineError::Busy(root));
        }
        self.replay_logs.insert(root.0, record);
        self.replay(root);
        Ok(())
    }

    /// Writes what the record of a running node has for its turn.
    pub(crate) fn replay(&mut self, id: NodeId) {
        loop {
            let Some(node) = self.nodes.get_mut(&id) else { return };
            let Some(record) = self.replay_logs.get_mut(&node.rank.0) else { return };
            let State::Running(turn) = &node.state else { return };
            // A turn whose constraint lets nothing follow ends before it has written a token.
            if node.constraint.is_complete() {
                return;
            }
            let Some(LoggedToken { token, log_probability, origin }) = record.next(&node.rank.1) else {
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
        let is_cut = self.replay_logs.get(&node.rank.0).is_some_and(|record| record.ends(node));
        // So does what is below it: that comes as far as it had come.
        let ended = |branch: &NodeId| self.outcome(*branch).is_some();
        if !is_cut || !self.branches(id).iter().all(ended) {
            return false;
        }
        self.end(id, Outcome::Cancelled);
        true
    }
}
