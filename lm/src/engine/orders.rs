//! Orders to the engine: admit a tree, append text, end a node.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::outcome::{Bound, Outcome};
use crate::engine::request::Request;
use crate::engine::tree::Tree;
use crate::engine::turn::Then;
use crate::kv::segment::Fork;
use crate::kv::sequence::Sequence;
use crate::text::token::Token;

impl Engine {
    /// Admits a tree. Trees that were admitted first have priority when pages run short.
    pub fn submit(&mut self, request: Request) -> Result<NodeId, EngineError> {
        self.check_tokens(&request.tokens)?;
        self.check_then(&request.then)?;
        let room = self.room();
        if request.tokens.is_empty() {
            return Err(EngineError::NoTokens);
        }
        let mut end = 0;
        for Range { start, end: last } in &request.members {
            if *start < end || last <= start || *last > request.tokens.len() {
                return Err(EngineError::Member { from: *start, to: *last });
            }
            end = *last;
        }
        if request.tokens.len() > room {
            return Err(EngineError::TooLong { wanted: request.tokens.len(), bound: room });
        }
        let mut sequence = self.sequence_for(request.bounds.kv)?;
        let number = self.next_number();
        self.lay_out(&mut sequence, &request);
        sequence.end_prompt();
        self.trees.insert(number, Tree { bounds: request.bounds, calls: 0, redrawn: BTreeMap::new() });
        let mut node = Node::new((number, Vec::new()), request.seed, sequence, request.bounds.tokens);
        node.prompt = request.tokens.len();
        self.nodes.insert(NodeId(number), node);
        self.events.push(Event::Opened { node: NodeId(number), parent: None });
        self.go_on(NodeId(number), request.then);
        Ok(NodeId(number))
    }

    /// Writes a prompt into a sequence: plain text, and the members of sets side by side.
    fn lay_out(&mut self, sequence: &mut Sequence, request: &Request) {
        let (mut at, mut fork) = (0, Fork { block: 0, path: 0 });
        for range in &request.members {
            if range.start > at || fork.block == 0 {
                request.tokens[at..range.start].iter().for_each(|token| sequence.push(*token));
                fork = Fork { block: self.next_number(), path: 0 };
            }
            sequence.give_member(fork, &request.tokens[range.clone()]);
            (at, fork.path) = (range.end, fork.path + 1);
        }
        request.tokens[at..].iter().for_each(|token| sequence.push(*token));
    }

    /// Appends tokens to a node that waits for orders, and lets it continue.
    pub fn extend(&mut self, node: NodeId, tokens: &[Token], then: Then) -> Result<(), EngineError> {
        self.check_tokens(tokens)?;
        self.check_then(&then)?;
        let room = self.room();
        let held = self.at_rest(node)?;
        let wanted = held.sequence.end() as usize + tokens.len();
        if wanted > room {
            return Err(EngineError::TooLong { wanted, bound: room });
        }
        held.sequence.give(tokens);
        held.prompt += tokens.len();
        held.constraint.follow(tokens.iter().copied());
        self.go_on(node, then);
        Ok(())
    }

    /// Ends a node and all nodes below it. Its siblings continue.
    pub fn cancel(&mut self, node: NodeId) -> Result<(), EngineError> {
        self.stop(node, Outcome::Cancelled)
    }

    /// Ends a node and all nodes below it because its time is up; the engine has no clock, so the caller says when. The
    /// remaining tokens of a branch are lost, as with [`Engine::cancel`]: their number depends on timing.
    pub fn expire(&mut self, node: NodeId) -> Result<(), EngineError> {
        self.stop(node, Outcome::Budget(Bound::Time))
    }

    /// Lets a node and all nodes below it draw from another seed, derived from `number`. The node is named by the
    /// branches that lead to it, at least one, and must not be open yet.
    ///
    /// # Errors
    /// If there is no such root.
    pub fn redraw(&mut self, root: NodeId, path: &[u32], number: u64) -> Result<(), EngineError> {
        let tree = self.trees.get_mut(&root.0).ok_or(EngineError::Unknown(root))?;
        tree.redrawn.insert(path.to_vec(), number);
        Ok(())
    }

    /// Counts a tool call by a node against the bound of its tree, and returns the number of calls so far. Call this
    /// before the tool: a refused call must not be made.
    pub fn count_call(&mut self, node: NodeId) -> Result<usize, EngineError> {
        let number = self.tree_of(node)?;
        let tree = self.trees.get_mut(&number).ok_or(EngineError::Unknown(node))?;
        if tree.calls >= tree.bounds.calls {
            return Err(EngineError::Calls { bound: tree.bounds.calls });
        }
        tree.calls += 1;
        Ok(tree.calls)
    }

    /// Forgets a tree with all its nodes. Its pages may stay in the prefix cache for a while.
    pub fn forget(&mut self, root: NodeId) {
        if self.nodes.get(&root).is_none_or(|node| node.parent.is_some()) {
            return;
        }
        self.trees.remove(&root.0);
        self.replay_logs.remove(&root.0);
        let of_tree: Vec<NodeId> =
            self.nodes.iter().filter(|(_, node)| node.rank.0 == root.0).map(|(id, _)| *id).collect();
        for id in of_tree {
            if let Some(mut node) = self.nodes.remove(&id) {
                self.cache.remember(&node.sequence, self.settings.page_tokens, &mut self.pool);
                node.sequence.clear(&mut self.pool);
            }
        }
    }

    /// Ends a node and all nodes below it with this outcome.
    pub(crate) fn stop(&mut self, node: NodeId, outcome: Outcome) -> Result<(), EngineError> {
        if !self.nodes.contains_key(&node) {
            return Err(EngineError::Unknown(node));
        }
        self.end(node, outcome);
        Ok(())
    }

    /// A node that waits for orders: on hold, or a root that has ended.
    pub(crate) fn at_rest(&mut self, id: NodeId) -> Result<&mut Node, EngineError> {
        let node = self.nodes.get_mut(&id).ok_or(EngineError::Unknown(id))?;
        match node.state {
            State::Held | State::Holding => Ok(node),
            State::Done(_) if node.parent.is_none() => Ok(node),
            _ => Err(EngineError::Busy(id)),
        }
    }

    pub(crate) fn tree_of(&self, id: NodeId) -> Result<u64, EngineError> {
        self.nodes.get(&id).map(|node| node.rank.0).ok_or(EngineError::Unknown(id))
    }

    pub(crate) fn check_tokens(&self, tokens: &[Token]) -> Result<(), EngineError> {
        let vocabulary = self.model.shape().vocabulary;
        match tokens.iter().find(|token| **token as usize >= vocabulary) {
            Some(token) => Err(EngineError::NoSuchToken { token: *token, vocabulary }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_then(&self, then: &Then) -> Result<(), EngineError> {
        match then {
            Then::Generate(turn) if turn.max_tokens == 0 => Err(EngineError::NoTokens),
            Then::Generate(turn) => self.check_tokens(&turn.given),
            Then::Hold | Then::Conclude => Ok(()),
        }
    }

    /// Positions that a text may fill, leaving one to generate at.
    pub(crate) fn room(&self) -> usize {
        self.positions.saturating_sub(1)
    }

    /// Whether the context of a node leaves no position to generate at.
    pub(crate) fn is_too_long(&self, id: NodeId) -> bool {
        self.nodes.get(&id).is_some_and(|node| node.sequence.end() as usize >= self.positions)
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
