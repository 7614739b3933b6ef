//! Replay: continuing from a log of earlier output, after a crash or on another worker.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::node::{NodeId, State};
use crate::engine::outcome::Outcome;
use crate::engine::replay_log::{LoggedToken, Origin, ReplayLog};
use crate::engine::source::Source;

impl Engine {
    /// Lets a tree repeat its logged output first. Logged tokens are read like a prompt instead of being computed one
    /// by one, and drawing continues after them with the same random numbers. A node that was cancelled ends at the
    /// same place. All events are reported again.
    ///
    /// The tree must have been submitted since the last step, with the same inputs and seed as the logged one.
    ///
    /// # Errors
    /// If the root does not exist or has written something, or a logged token is outside the vocabulary.
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

    /// Appends what the log of a running node has for its turn.
    pub(crate) fn replay(&mut self, id: NodeId) {
        loop {
            let Some(node) = self.nodes.get_mut(&id) else { return };
            let Some(record) = self.replay_logs.get_mut(&node.rank.0) else { return };
            let State::Running(turn) = &node.state else { return };
            // A turn whose constraint is complete ends before it has written a token.
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

    /// Cancels a node if its log says that it was cancelled here. Returns whether it did.
    pub(crate) fn cut(&mut self, id: NodeId) -> bool {
        let Some(node) = self.nodes.get(&id) else { return false };
        // A pending answer of the owner comes first.
        if matches!(node.state, State::Held | State::Choosing { .. } | State::Done(_)) {
            return false;
        }
        let is_cut = self.replay_logs.get(&node.rank.0).is_some_and(|record| record.ends(node));
        // So do the branches, which first reach the point where they were cancelled.
        let ended = |branch: &NodeId| self.outcome(*branch).is_some();
        if !is_cut || !self.branches(id).iter().all(ended) {
            return false;
        }
        self.end(id, Outcome::Cancelled);
        true
    }
}
