//! What a program is: the owner of a tree, that gives orders as events come.

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

/// Where a program begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Ground {
    /// What all branches read: computed and kept once. At least one token.
    pub prefix: Vec<Token>,
    /// Ranges of it that are members of sets, see [`Request::members`].
    pub members: Vec<Range<usize>>,
    /// All draws hang on it.
    pub seed: u64,
    /// Bounds of the whole tree.
    pub bounds: Bounds,
}

impl Ground {
    /// The root of the tree.
    pub fn request(&self, then: Then) -> Request {
        let Ground { prefix, members, seed, bounds } = self.clone();
        Request { tokens: prefix, members, seed, then, bounds }
    }
}

/// A way to grow a tree.
pub trait Program {
    /// Plants the tree and gives its root.
    ///
    /// # Errors
    /// If the engine refuses it: too long, too wide, too deep, or no token of its vocabulary.
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError>;

    /// Gives the orders that follow from an event of the tree.
    ///
    /// # Errors
    /// If the engine refuses an order: the program then ends.
    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError>;

    /// Nodes that wait for the reply of a tool that was not there when it was asked.
    fn waiting(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// Asks again for the reply that a node waits for, and gives the orders that follow if it is there.
    ///
    /// # Errors
    /// As [`Program::take`].
    fn wake(&mut self, _engine: &mut Engine, _growth: &mut Growth, _node: NodeId) -> Result<(), EngineError> {
        Ok(())
    }

    /// The branch of the root that was taken, where one is.
    fn chosen(&self) -> Option<u32> {
        None
    }

    /// Where branches vote: each different answer by the place of the first branch that gave it, and how many
    /// gave it.
    fn votes(&self) -> &[(u32, usize)] {
        &[]
    }

    /// The whole text of the tree, where it is one text that the model itself parts: paths in their places,
    /// and what was taken out of view as well.
    fn text(&self) -> &[Token] {
        &[]
    }

    /// What was taken out of view of that text, in the order in which it was.
    fn pruned(&self) -> &[Pruned] {
        &[]
    }

    /// Calls of tools that were answered.
    fn calls(&self) -> usize {
        0
    }

    /// Whether it is known by now that a node's text cannot matter, so that how far it got is chance.
    fn is_idle_talk(&self, _path: &[u32]) -> bool {
        false
    }
}

/// What each of some branches may write: what it wants, or its share of what there is.
pub(super) fn share(wanted: usize, there_is: usize, branches: usize) -> usize {
    wanted.min(there_is / branches.max(1))
}
