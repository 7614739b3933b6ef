//! The interface of a program: it owns a tree, and reacts to events with orders.

use std::ops::Range;

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::request::{Bounds, Request};
use crate::engine::turn::Then;
use crate::program::answer::Pruned;
use crate::program::growth::Growth;
use crate::text::token::Token;

/// The starting point of a program.
#[derive(Clone, PartialEq, Debug)]
pub struct Ground {
    /// The common prefix of all branches, computed and stored once. At least one token.
    pub prefix: Vec<Token>,
    /// Ranges of it that are members of sets, see [`Request::members`].
    pub members: Vec<Range<usize>>,
    /// The seed of all draws.
    pub seed: u64,
    /// Bounds of the whole tree.
    pub bounds: Bounds,
}

impl Ground {
    /// The request for the root of the tree.
    pub fn request(&self, then: Then) -> Request {
        let Ground { prefix, members, seed, bounds } = self.clone();
        Request { tokens: prefix, members, seed, then, bounds }
    }
}

/// A strategy to grow a tree.
pub trait Program {
    /// Submits the tree and returns its root.
    ///
    /// # Errors
    /// If the engine refuses it: too long, too wide, too deep, or a token outside its vocabulary.
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError>;

    /// Gives the orders that follow from an event of the tree.
    ///
    /// # Errors
    /// If the engine refuses an order; the node of the event is ended then.
    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError>;

    /// Nodes that wait for a tool whose reply was not available yet.
    fn waiting(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// Asks again for the reply that a node waits for, and gives the orders that follow if it is available.
    ///
    /// # Errors
    /// As [`Program::take`].
    fn wake(&mut self, _engine: &mut Engine, _growth: &mut Growth, _node: NodeId) -> Result<(), EngineError> {
        Ok(())
    }

    /// The branch of the root that was selected, if any.
    fn chosen(&self) -> Option<u32> {
        None
    }

    /// If branches vote: each distinct answer, as the index of the first branch that gave it, with its number of votes.
    fn votes(&self) -> &[(u32, usize)] {
        &[]
    }

    /// The whole text of the tree, if it is one text that the model itself structures: paths in their places, and
    /// everything that was removed from view.
    fn text(&self) -> &[Token] {
        &[]
    }

    /// What was removed from view in that text, in order of removal.
    fn pruned(&self) -> &[Pruned] {
        &[]
    }

    /// Tool calls that were answered.
    fn calls(&self) -> usize {
        0
    }

    /// Whether a node's text can no longer matter, so that its length depends on timing.
    fn is_idle_talk(&self, _path: &[u32]) -> bool {
        false
    }
}

/// The allowance of a branch: what it wants, or an equal share of what there is.
pub(super) fn share(wanted: usize, there_is: usize, branches: usize) -> usize {
    wanted.min(there_is / branches.max(1))
}
