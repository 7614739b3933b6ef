//! Joins: finished branches return to their parent.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::outcome::{Bound, Outcome};
use crate::engine::report::JoinReport;
use crate::engine::spawn::{Choice, Conclusion, Join, Spawn};
use crate::kv::segment::{ForkPath, Segment, Stale};
use crate::kv::sequence::Sequence;
use crate::text::token::Token;

impl Engine {
    /// Names the branch that a join by [`Choice::Asked`] takes. With `None` the node fails.
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

    /// Joins the branches of a node if all of them have ended.
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

    /// The indices of the branches that concluded.
    fn concluded(&self, children: &[NodeId]) -> impl Iterator<Item = usize> {
        let done = |child: &NodeId| self.nodes.get(child).and_then(Node::outcome) == Some(&Outcome::Concluded);
        children.iter().enumerate().filter(move |(_, child)| done(child)).map(|(place, _)| place)
    }

    /// Running branches that can no longer conclude with fewer tokens than a concluded one.
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

    /// The index of the branch that a choice selects.
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

    /// Moves the branches' segments into the parent as the join says, and lets the node continue.
    fn take_back(&mut self, node: NodeId, children: Vec<NodeId>, spawn: Spawn, chosen: Option<usize>) {
        let taken = chosen.filter(|place| self.concluded(&children).any(|concluded| concluded == *place));
        let returned = self.returned(node, &children, &spawn, taken);
        self.drop_branches(&children);
        self.return_budget(node, &children, &spawn.join, chosen);
        if matches!(spawn.join, Join::Select(_)) && taken.is_none() {
            return self.end(node, Outcome::Failed);
        }
        let page_tokens = self.settings.page_tokens;
        let Some(parent) = self.nodes.get_mut(&node) else { return };
        let (first, start) = (parent.sequence.segments.len(), parent.sequence.len());
        parent.sequence.extend(returned.segments);
        let stale = if matches!(spawn.join, Join::Splice(_)) { Stale::Keep } else { Stale::Recompute };
        parent.sequence.settle(stale, &mut self.pool);
        let came: &[Segment] = &parent.sequence.segments[first..];
        let tokens: usize = came.iter().map(Segment::len).sum();
        let reused: usize = came.iter().map(Segment::resident).sum();
        let reencoded = came.iter().map(Segment::computed).sum::<usize>() - reused;
        let report = JoinReport {
            exact: parent.sequence.is_exact(),
            reused,
            new: tokens - reused - reencoded + spawn.close.len(),
            reencoded,
            dropped: returned.dropped,
            range: start..start + tokens,
            left_out: returned.left_out,
        };
        let came = came.iter().flat_map(|segment| segment.tokens().iter().copied());
        parent.constraint.follow(came.chain(spawn.close.iter().copied()));
        parent.sequence.give(&spawn.close);
        parent.stages += 1;
        self.cache.remember(&parent.sequence, page_tokens, &mut self.pool);
        self.events.push(Event::Joined { node, report });
        if self.is_too_long(node) {
            self.end(node, Outcome::Budget(Bound::Context));
        } else {
            self.go_on(node, spawn.then);
        }
    }

    /// Takes from each branch what returns: everything, a conclusion, or nothing.
    fn returned(&mut self, node: NodeId, children: &[NodeId], spawn: &Spawn, taken: Option<usize>) -> Returned {
        let mut returned = Returned { segments: Vec::new(), left_out: Vec::new(), dropped: 0 };
        let concluded: Vec<usize> = self.concluded(children).collect();
        let Some(parent) = self.nodes.get(&node) else { return returned };
        let branch = parent.sequence.branch().clone();
        for (place, child) in children.iter().enumerate() {
            let begun = spawn.branches[place].tokens.len();
            let Some(child) = self.nodes.get_mut(child) else { continue };
            let tokens = child.sequence.own_tokens();
            let from = match &spawn.join {
                _ if !concluded.contains(&place) => None,
                Join::Stitch | Join::Replay => Some(0),
                Join::Select(_) => (taken == Some(place)).then_some(0),
                Join::Value(Conclusion::Generated) | Join::Splice(Conclusion::Generated) => Some(begun),
                Join::Value(Conclusion::Behind(mark)) | Join::Splice(Conclusion::Behind(mark)) => behind(&tokens, mark),
            };
            let Some(from) = from else {
                returned.left_out.push(place as u32);
                returned.dropped += tokens.len();
                continue;
            };
            returned.dropped += from;
            let mut sequence = std::mem::replace(&mut child.sequence, Sequence::new());
            if from > 0 {
                let start = sequence.len() - tokens.len();
                sequence.cut(start..start + from, self.settings.page_tokens, &mut self.pool);
            }
            for mut segment in sequence.into_own(&mut self.pool) {
                segment.branch = relabelled(&spawn.join, &segment, &branch);
                returned.segments.push(segment);
            }
        }
        returned
    }

    /// Returns the remaining allowance of the branches to the node, and updates its longest path.
    fn return_budget(&mut self, node: NodeId, children: &[NodeId], join: &Join, chosen: Option<usize>) {
        // When a branch was stopped may depend on the speed of others: its remaining tokens are lost.
        let by_itself =
            |node: &&Node| !matches!(node.outcome(), Some(Outcome::Cancelled | Outcome::Budget(Bound::Time)));
        let ended = children.iter().filter_map(|child| self.nodes.get(child)).filter(by_itself);
        let left: usize = ended.clone().map(|child| child.allowance).sum();
        let longest = match join {
            Join::Select(_) => chosen.and_then(|place| self.nodes.get(&children[place])).map(|child| child.longest),
            _ => ended.map(|child| child.longest).max(),
        };
        let Some(parent) = self.nodes.get_mut(&node) else { return };
        parent.allowance += left;
        parent.longest = parent.longest.max(longest.unwrap_or(0));
    }

    /// Releases the pages of branches.
    pub(crate) fn drop_branches(&mut self, children: &[NodeId]) {
        for child in children {
            if let Some(child) = self.nodes.get_mut(child) {
                child.sequence.clear(&mut self.pool);
            }
        }
    }
}

/// What returns from the branches, before it is part of the parent's sequence.
struct Returned {
    /// The segments, in the order of the branches.
    segments: Vec<Segment>,
    /// Indices of branches that return nothing.
    left_out: Vec<u32>,
    /// Tokens of branches that do not return.
    dropped: usize,
}

/// The fork path of a segment after a join. After a stitch, branches stay separate. A selected branch becomes the
/// parent's own text, with the blocks inside it. Text that is read again is all the parent's own.
fn relabelled(join: &Join, segment: &Segment, label: &ForkPath) -> ForkPath {
    match join {
        Join::Stitch => segment.branch.clone(),
        Join::Select(_) => Arc::from([&segment.branch[..label.len()], &segment.branch[label.len() + 1..]].concat()),
        _ => label.clone(),
    }
}

/// The index after the last occurrence of a mark.
fn behind(tokens: &[Token], mark: &[Token]) -> Option<usize> {
    if mark.is_empty() {
        return Some(0);
    }
    tokens.windows(mark.len()).rposition(|window| window == mark).map(|at| at + mark.len())
}
