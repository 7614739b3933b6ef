//! Spawn, and what comes back: one primitive with five conventions of return.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::engine::event::{EngineError, Event};
use crate::engine::node::{Bound, Node, NodeId, Outcome, State, Then};
use crate::kv::segment::{Branch as Label, Fork, Segment, Stale};
use crate::kv::sequence::Thread;
use crate::text::tokenizer::Token;

/// Branches to be opened below a node, and what the node sees of them afterwards.
#[derive(Clone, PartialEq, Debug)]
pub struct Spawn {
    /// The branches, in the order in which they are joined, whichever ends first.
    pub branches: Vec<Branch>,
    /// What comes back.
    pub join: Join,
    /// So many branches have to conclude; with fewer the node fails.
    pub needs: usize,
    /// Appended behind what comes back.
    pub close: Vec<Token>,
    /// How the node goes on.
    pub then: Then,
}

/// A branch to be opened.
#[derive(Clone, PartialEq, Debug)]
pub struct Branch {
    /// What the branch begins with. May be empty: then it draws its first token where its siblings do.
    pub tokens: Vec<Token>,
    /// How it goes on.
    pub then: Then,
    /// Tokens that it and all below it may generate. They are taken from those of its parent, and what is
    /// left of them goes back at the join: so a bound does not depend on which sibling is faster.
    pub allowance: usize,
}

/// What the parent sees of its branches.
#[derive(Clone, PartialEq, Debug)]
pub enum Join {
    /// Everything, as the branches computed it: they share their first position, none saw another, and
    /// what follows sees all of them, behind the longest. Nothing is computed again. Exact for a model
    /// whose attention is masked like that; a model has to be trained for it to be of use.
    Stitch,
    /// Everything, as one text: computed again, except for what stands first. Exact.
    Replay,
    /// The conclusion of each branch as one text, computed again. Exact.
    Value(Conclusion),
    /// One branch, as it computed itself: nothing is computed again. Exact.
    Select(Choice),
    /// The conclusion of each branch as it was computed, with all its branch in view, at new positions.
    /// Approximate, and the only join that hangs on the pool: what a branch had to let go of for lack of
    /// pages is computed again, and the report says how much that is.
    Splice(Conclusion),
}

/// Which part of a branch is its conclusion.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conclusion {
    /// All but the tokens that the branch began with.
    Generated,
    /// What stands behind the last of these tokens. A branch without them has not concluded.
    Behind(Vec<Token>),
}

/// Which branch is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The one that concluded with the fewest tokens, the first among equals. The others are cancelled as
    /// soon as they cannot be it any more.
    First,
    /// The one with the best mean log-probability, the first among equals.
    Best,
    /// The first of those that most of them agree with to the token, if at least so many do.
    Quorum(usize),
    /// The one that the owner names when all are done, see [`Engine::choose`].
    Asked,
}

/// What a join or a prune did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Whether all that the node reads now is what a model computes that reads just that.
    pub exact: bool,
    /// Tokens whose keys and values were kept.
    pub reused: usize,
    /// Tokens that have to be computed for the first time.
    pub new: usize,
    /// Tokens that have to be computed again.
    pub reencoded: usize,
    /// Tokens that were in view of a branch or of the node and are not any more.
    pub dropped: usize,
    /// What came back, counted in tokens along what the node reads.
    pub range: Range<usize>,
    /// Branches of which nothing came back, by their place.
    pub left_out: Vec<u32>,
}

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
        let wanted = parent.thread.end() as usize + longest;
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

    /// Names the branch that a join by [`Choice::Asked`] takes, or none: then the node fails.
    pub fn choose(&mut self, node: NodeId, branch: Option<u32>) -> Result<(), EngineError> {
        let asked = self.nodes.get_mut(&node).ok_or(EngineError::Unknown(node))?;
        match std::mem::replace(&mut asked.state, State::Held) {
            State::Choosing { children, spawn } => {
                let chosen = branch.map(|place| place as usize).filter(|place| *place < children.len());
                self.take_back(node, children, spawn, chosen);
                Ok(())
            }
            other => {
                asked.state = other;
                Err(EngineError::Busy(node))
            }
        }
    }

    /// Forks what was ordered and is ready. `logits` are those of the node's last token, where a branch
    /// begins with none of its own.
    pub(crate) fn open(&mut self, node: NodeId, spawn: Spawn, logits: Option<&[f32]>) {
        let block = self.next_number();
        let mut children = Vec::new();
        for (place, branch) in spawn.branches.iter().enumerate() {
            let child = NodeId(self.next_number());
            let Some(parent) = self.nodes.get_mut(&node) else { return };
            let mut thread = parent.thread.fork(Fork { block, path: place as u32 }, &mut self.pool);
            branch.tokens.iter().for_each(|token| thread.push(*token));
            let (tree, mut path) = parent.rank.clone();
            path.push(parent.branches);
            parent.branches += 1;
            let (seed, longest) = (parent.seed, parent.longest);
            let mut opened = Node::new((tree, path), seed, thread, branch.allowance);
            (opened.parent, opened.longest) = (Some(node), longest);
            opened.lead = parent.lead.fork();
            opened.lead.follow(branch.tokens.iter().copied());
            self.nodes.insert(child, opened);
            self.events.push(Event::Opened { node: child, parent: Some(node) });
            children.push(child);
        }
        if let Some(parent) = self.nodes.get_mut(&node) {
            parent.state = State::Waiting { children: children.clone(), spawn: spawn.clone() };
        }
        for (child, branch) in children.into_iter().zip(spawn.branches) {
            self.go_on(child, branch.then);
            // What a record had for the branch stands there already.
            if branch.tokens.is_empty()
                && self.generated(child).is_empty()
                && let Some(logits) = logits
            {
                self.draw(child, logits);
            }
        }
    }

    /// Joins the branches of a node if all of them are done.
    pub(crate) fn join_if_done(&mut self, node: NodeId) -> bool {
        let Some(Node { state: State::Waiting { children, spawn }, .. }) = self.nodes.get(&node) else { return false };
        if spawn.join == Join::Select(Choice::First) {
            let losers = self.beaten(children);
            losers.into_iter().for_each(|loser| self.end(loser, Outcome::Cancelled));
        }
        let Some(Node { state: State::Waiting { children, spawn }, .. }) = self.nodes.get(&node) else { return false };
        if !children.iter().all(|child| self.nodes.get(child).is_none_or(|child| child.outcome().is_some())) {
            return false;
        }
        let (children, spawn) = (children.clone(), spawn.clone());
        let concluded: Vec<usize> = self.concluded(&children).collect();
        if concluded.len() < spawn.needs {
            self.drop_branches(&children);
            self.end(node, Outcome::Failed);
            return true;
        }
        let chosen = match spawn.join {
            Join::Select(Choice::Asked) => {
                if let Some(waiting) = self.nodes.get_mut(&node) {
                    waiting.state = State::Choosing { children: children.clone(), spawn };
                }
                let branches = concluded.into_iter().map(|place| children[place]).collect();
                self.events.push(Event::Choose { node, branches });
                return true;
            }
            Join::Select(choice) => self.chosen(choice, &children),
            _ => None,
        };
        self.take_back(node, children, spawn, chosen);
        true
    }

    /// The places of the branches that concluded.
    fn concluded(&self, children: &[NodeId]) -> impl Iterator<Item = usize> {
        let done = |child: &NodeId| self.nodes.get(child).and_then(Node::outcome) == Some(&Outcome::Concluded);
        children.iter().enumerate().filter(move |(_, child)| done(child)).map(|(place, _)| place)
    }

    /// Branches that cannot conclude with fewer tokens than one that has concluded.
    fn beaten(&self, children: &[NodeId]) -> Vec<NodeId> {
        let length = |place: usize| self.nodes.get(&children[place]).map_or(0, |child| child.generated.len());
        let Some(best) = self.concluded(children).map(|place| (length(place), place)).min() else { return Vec::new() };
        let running = |place: &usize| self.nodes.get(&children[*place]).is_some_and(|child| child.outcome().is_none());
        (0..children.len())
            .filter(running)
            .filter(|place| (length(*place), *place) > best)
            .map(|place| children[place])
            .collect()
    }

    /// The place of the branch that a choice falls on.
    fn chosen(&self, choice: Choice, children: &[NodeId]) -> Option<usize> {
        let nodes: Vec<(usize, &Node)> =
            self.concluded(children).filter_map(|place| Some((place, self.nodes.get(&children[place])?))).collect();
        match choice {
            Choice::First => nodes.iter().map(|(place, node)| (node.generated.len(), *place)).min().map(|best| best.1),
            Choice::Best => {
                let mut best: Option<(f64, usize)> = None;
                for (place, node) in nodes {
                    let score = node.mean_log_probability();
                    if best.is_none_or(|(other, _)| score > other) {
                        best = Some((score, place));
                    }
                }
                best.map(|(_, place)| place)
            }
            Choice::Quorum(least) => {
                let votes = |node: &Node| nodes.iter().filter(|(_, other)| other.generated == node.generated).count();
                let most = nodes.iter().map(|(_, node)| votes(node)).max()?;
                let first = nodes.iter().find(|(_, node)| votes(node) == most);
                first.filter(|_| most >= least).map(|(place, _)| *place)
            }
            Choice::Asked => None,
        }
    }

    /// Brings back what the join says, and lets the node go on.
    fn take_back(&mut self, node: NodeId, children: Vec<NodeId>, spawn: Spawn, chosen: Option<usize>) {
        let (mut parts, mut left_out, mut dropped) = (Vec::new(), Vec::new(), 0);
        let concluded: Vec<usize> = self.concluded(&children).collect();
        let Some(parent) = self.nodes.get(&node) else { return };
        let label = parent.thread.branch().clone();
        for (place, child) in children.iter().enumerate() {
            let begun = spawn.branches[place].tokens.len();
            let Some(child) = self.nodes.get_mut(child) else { continue };
            let tokens = child.thread.own_tokens();
            let from = match &spawn.join {
                _ if !concluded.contains(&place) => None,
                Join::Stitch | Join::Replay => Some(0),
                Join::Select(_) => (chosen == Some(place)).then_some(0),
                Join::Value(Conclusion::Generated) | Join::Splice(Conclusion::Generated) => Some(begun),
                Join::Value(Conclusion::Behind(mark)) | Join::Splice(Conclusion::Behind(mark)) => behind(&tokens, mark),
            };
            let Some(from) = from.filter(|_| !matches!(spawn.join, Join::Select(_)) || chosen == Some(place)) else {
                left_out.push(place as u32);
                dropped += tokens.len();
                continue;
            };
            dropped += from;
            let mut thread = std::mem::replace(&mut child.thread, Thread::new());
            if from > 0 {
                let start = thread.len() - tokens.len();
                thread.cut(start..start + from, self.settings.page_tokens, &mut self.pool);
            }
            for mut segment in thread.into_own(&mut self.pool) {
                segment.branch = relabelled(&spawn.join, &segment, &label);
                parts.push(segment);
            }
        }
        self.drop_branches(&children);
        // When a branch was stopped may hang on the speed of others: what it had left is lost.
        let by_itself =
            |node: &&Node| !matches!(node.outcome(), Some(Outcome::Cancelled | Outcome::Budget(Bound::Time)));
        let ended = children.iter().filter_map(|child| self.nodes.get(child)).filter(by_itself);
        let left: usize = ended.clone().map(|child| child.allowance).sum();
        let longest = match spawn.join {
            Join::Select(_) => chosen.and_then(|place| self.nodes.get(&children[place])).map(|child| child.longest),
            _ => ended.map(|child| child.longest).max(),
        };
        let page_tokens = self.settings.page_tokens;
        let Some(parent) = self.nodes.get_mut(&node) else { return };
        parent.allowance += left;
        parent.longest = parent.longest.max(longest.unwrap_or(0));
        if matches!(spawn.join, Join::Select(_)) && chosen.is_none_or(|place| !concluded.contains(&place)) {
            parts.iter_mut().for_each(|part: &mut Segment| part.release(&mut self.pool));
            self.end(node, Outcome::Failed);
            return;
        }
        let (first, start) = (parent.thread.segments.len(), parent.thread.len());
        parent.thread.extend(parts);
        let stale = if matches!(spawn.join, Join::Splice(_)) { Stale::Keep } else { Stale::Recompute };
        parent.thread.settle(stale, &mut self.pool);
        let came: &[Segment] = &parent.thread.segments[first..];
        let tokens: usize = came.iter().map(Segment::len).sum();
        let reused: usize = came.iter().map(Segment::resident).sum();
        let reencoded = came.iter().map(Segment::computed).sum::<usize>() - reused;
        let report = Report {
            exact: parent.thread.is_exact(),
            reused,
            new: tokens - reused - reencoded + spawn.close.len(),
            reencoded,
            dropped,
            range: start..start + tokens,
            left_out,
        };
        let came = came.iter().flat_map(|segment| segment.tokens().iter().copied());
        parent.lead.follow(came.chain(spawn.close.iter().copied()));
        spawn.close.iter().for_each(|token| parent.thread.push(*token));
        parent.stages += 1;
        self.cache.remember(&parent.thread, page_tokens, &mut self.pool);
        self.events.push(Event::Joined { node, report });
        if self.is_too_long(node) {
            self.end(node, Outcome::Budget(Bound::Context));
        } else {
            self.go_on(node, spawn.then);
        }
    }

    /// Lets go of what branches still hold.
    pub(crate) fn drop_branches(&mut self, children: &[NodeId]) {
        for child in children {
            if let Some(child) = self.nodes.get_mut(child) {
                child.thread.clear(&mut self.pool);
            }
        }
    }
}

/// What lies in a branch of its own stays there after a stitch. A chosen branch becomes the parent's own
/// text with the blocks in it; of what is read again as text, all is the parent's own.
fn relabelled(join: &Join, segment: &Segment, label: &Label) -> Label {
    match join {
        Join::Stitch => segment.branch.clone(),
        Join::Select(_) => Arc::from([&segment.branch[..label.len()], &segment.branch[label.len() + 1..]].concat()),
        _ => label.clone(),
    }
}

/// Where what stands behind the last occurrence of a mark begins.
fn behind(tokens: &[Token], mark: &[Token]) -> Option<usize> {
    if mark.is_empty() {
        return Some(0);
    }
    tokens.windows(mark.len()).rposition(|window| window == mark).map(|at| at + mark.len())
}
