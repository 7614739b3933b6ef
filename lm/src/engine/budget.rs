//! The page budget of a tree: how the tree stays within the pages that it may hold.
//!
//! Every bound is a function of the tree alone, so that it cannot change the output of another tree. A tree that needs
//! more pages than it may hold works on fewer branches at a time, as it does when the pool is short; it ends only if
//! the context of one node does not fit. The peak page count of each node is recorded here as well.

use std::collections::{BTreeSet, HashSet};

use crate::engine::Engine;
use crate::engine::batch::ScheduledRows;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::outcome::{Bound, Outcome};
use crate::engine::tree::PageRoom;
use crate::kv::pages::PageId;
use crate::kv::sequence::Hold;

/// Which nodes give up pages in one round of eviction.
type Applies<'a> = &'a dyn Fn(&Node) -> bool;

impl Engine {
    /// Ends the nodes that need more pages than their tree may hold, even if no other node held any.
    pub(crate) fn end_what_cannot_fit(&mut self, runnable: &mut Vec<NodeId>) {
        let page_tokens = self.settings.page_tokens;
        runnable.retain(|id| {
            let Some(node) = self.nodes.get(id) else { return false };
            let bound = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.pages);
            let fits = bound == usize::MAX || node.sequence.pages_when_whole(page_tokens) <= bound;
            if !fits {
                self.end(*id, Outcome::Budget(Bound::Pages));
            }
            fits
        });
    }

    /// How many of the pages that a node wants its tree may still take. Other nodes of the tree that are not scheduled
    /// in this step give up their pages first: those that come after the node, then those that compute nothing, then
    /// all others.
    pub(crate) fn pages_within_bound(
        &mut self,
        id: NodeId,
        wanted: usize,
        is_scheduled: impl Fn(&NodeId) -> bool,
    ) -> usize {
        let Some(node) = self.nodes.get(&id).filter(|_| wanted > 0) else { return 0 };
        let Some(PageRoom { held, bound }) = self.page_room(id) else { return wanted };
        let (number, rank) = (node.rank.0, node.rank.clone());
        let mut left = bound.saturating_sub(held.len());
        if left >= wanted {
            return wanted;
        }
        let own: BTreeSet<PageId> = pages_of(node).collect();
        let mut others: Vec<NodeId> = self.nodes.keys().copied().filter(|other| *other != id).collect();
        others.retain(|other| self.nodes[other].rank.0 == number && !is_scheduled(other));
        others.sort_by(|one, other| self.nodes[other].rank.cmp(&self.nodes[one].rank));
        let waits = |node: &Node| matches!(node.state, State::Waiting { .. } | State::Choosing { .. });
        let is_behind = |node: &Node| node.rank > rank && !waits(node);
        let is_idle = |node: &Node| matches!(node.state, State::Done(_) | State::Held);
        let passes: [(Applies<'_>, Hold); 3] =
            [(&is_behind, Hold::Own), (&is_idle, Hold::Own), (&|_: &Node| true, Hold::All)];
        for (applies, hold) in passes {
            for other in &others {
                let Some(victim) = self.nodes.get_mut(other) else { continue };
                // Pages that the node holds itself would not become free.
                let is_of_use = pages_of(victim).any(|page| !own.contains(&page));
                if is_of_use && applies(victim) && victim.sequence.holds_pages(hold) {
                    victim.sequence.evict(hold, &mut self.pool);
                    self.usage.preempted += 1;
                    left = bound.saturating_sub(self.pages_of_tree(number).len());
                    if left >= wanted {
                        return wanted;
                    }
                }
            }
        }
        left
    }

    /// The pages held by a node's tree, if the tree has a bound below the size of the pool.
    pub(crate) fn page_room(&self, id: NodeId) -> Option<PageRoom> {
        let number = self.nodes.get(&id)?.rank.0;
        let bound = self.trees.get(&number)?.bounds.pages;
        (bound < self.pool.capacity()).then(|| PageRoom { held: self.pages_of_tree(number), bound })
    }

    /// Updates the peak page counts of the nodes of a step and of their ancestors; all descendants count.
    pub(super) fn note_pages(&mut self, scheduled: &[ScheduledRows]) {
        // A node takes a new page only every few tokens, so most steps need no count.
        let own = |node: &Node| node.sequence.segments.iter().map(|segment| segment.pages().len()).sum::<usize>();
        let mut due: BTreeSet<NodeId> = BTreeSet::new();
        for ScheduledRows { node: id, .. } in scheduled {
            let Some(node) = self.nodes.get_mut(id) else { continue };
            let held = own(node);
            if std::mem::replace(&mut node.pages_noted, held) < held {
                let mut above = Some(*id);
                while let Some(id) = above.filter(|id| due.insert(*id)) {
                    above = self.nodes.get(&id).and_then(|node| node.parent);
                }
            }
        }
        for id in due {
            let (tree, path) = &self.nodes[&id].rank;
            let below = self.nodes.values().filter(|node| node.rank.0 == *tree && node.rank.1.starts_with(path));
            let held = below.flat_map(pages_of).collect::<HashSet<PageId>>().len();
            if let Some(node) = self.nodes.get_mut(&id) {
                node.pages_peak = node.pages_peak.max(held);
            }
        }
    }

    pub(super) fn pages_of_tree(&self, number: u64) -> BTreeSet<PageId> {
        self.nodes.values().filter(|node| node.rank.0 == number).flat_map(pages_of).collect()
    }
}

fn pages_of(node: &Node) -> impl Iterator<Item = PageId> {
    node.sequence.segments.iter().flat_map(|segment| segment.pages().iter().copied())
}
