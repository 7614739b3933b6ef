//! Forks: branches opened below a node.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::runner::Seen;
use crate::engine::spawn::Spawn;
use crate::engine::tree::redrawn;
use crate::kv::segment::Fork;

impl Engine {
    /// Opens branches below a node that waits for orders, as soon as all its tokens are computed.
    pub fn spawn(&mut self, node: NodeId, spawn: Spawn) -> Result<(), EngineError> {
        let tree = self.tree_of(node)?;
        let bounds = self.trees.get(&tree).ok_or(EngineError::Unknown(node))?.bounds;
        for branch in &spawn.branches {
            self.check_tokens(&branch.tokens)?;
            self.check_then(&branch.then)?;
        }
        self.check_tokens(&spawn.close)?;
        self.check_then(&spawn.then)?;
        let room = self.room();
        let parent = self.at_rest(node)?;
        let longest = spawn.branches.iter().map(|branch| branch.tokens.len()).max().unwrap_or(0);
        let wanted = parent.sequence.end() as usize + longest;
        if wanted > room {
            return Err(EngineError::TooLong { wanted, bound: room });
        }
        if spawn.branches.is_empty() || spawn.branches.len() > bounds.width {
            return Err(EngineError::Width { wanted: spawn.branches.len(), bound: bounds.width });
        }
        if parent.rank.1.len() >= bounds.depth {
            return Err(EngineError::Depth { bound: bounds.depth });
        }
        let wanted = spawn.branches.iter().fold(0usize, |sum, branch| sum.saturating_add(branch.allowance));
        if wanted > parent.allowance {
            return Err(EngineError::Allowance { wanted, left: parent.allowance });
        }
        parent.allowance -= wanted;
        parent.state = State::Opening(spawn);
        Ok(())
    }

    /// Carries out a fork that is ready. `seen` is the output of the node's last token, from which branches without
    /// tokens of their own draw their first token.
    pub(crate) fn open(&mut self, node: NodeId, spawn: Spawn, seen: Option<Seen<'_>>) {
        if !self.thin_node(node, true) {
            return;
        }
        let block = self.next_number();
        let mut children = Vec::new();
        for (place, branch) in spawn.branches.iter().enumerate() {
            let child = NodeId(self.next_number());
            let Some(parent) = self.nodes.get_mut(&node) else { return };
            let mut sequence = parent.sequence.fork(Fork { block, path: place as u32 }, &mut self.pool);
            sequence.give(&branch.tokens);
            let (tree, mut path) = parent.rank.clone();
            path.push(parent.branches);
            parent.branches += 1;
            let number = self.trees.get(&tree).and_then(|tree| tree.redrawn.get(&path));
            let seed = number.map_or(parent.seed, |number| redrawn(parent.seed, *number));
            let longest = parent.longest;
            let mut opened = Node::new((tree, path), seed, sequence, branch.allowance);
            (opened.parent, opened.longest, opened.prompt) = (Some(node), longest, branch.tokens.len());
            opened.constraint = parent.constraint.fork();
            opened.constraint.follow(branch.tokens.iter().copied());
            self.nodes.insert(child, opened);
            self.events.push(Event::Opened { node: child, parent: Some(node) });
            children.push(child);
        }
        if let Some(parent) = self.nodes.get_mut(&node) {
            parent.state = State::Waiting { children: children.clone(), spawn: spawn.clone() };
        }
        for (child, branch) in children.into_iter().zip(spawn.branches) {
            self.go_on(child, branch.then);
            // A replayed branch has its first tokens already.
            if branch.tokens.is_empty()
                && self.generated(child).is_empty()
                && let Some(seen) = &seen
            {
                self.draw(child, seen);
            }
        }
    }
}
