//! The scheduler: which sequences get rows of a step, and where the pages for these rows come from.

use crate::engine::Engine;
use crate::engine::batch::ScheduledRows;
use crate::engine::node::{NodeId, State};
use crate::engine::outcome::{Bound, Outcome};
use crate::kv::sequence::{Chunk, Hold};

impl Engine {
    /// Picks the sequences that get rows of this step, and takes pages for these rows.
    ///
    /// Sequences are ordered by rank: trees in order of admission, each tree depth first. A sequence may take pages
    /// from later sequences, so that the first one always makes progress; preempted keys and values are recomputed when
    /// there is room.
    pub(crate) fn schedule(&mut self) -> Vec<ScheduledRows> {
        let mut runnable: Vec<NodeId> =
            self.nodes.iter().filter(|(_, node)| node.is_runnable()).map(|(id, _)| *id).collect();
        runnable.sort_by(|one, other| self.nodes[one].rank.cmp(&self.nodes[other].rank));
        self.end_what_cannot_fit(&mut runnable);
        for id in &runnable {
            self.find_computed(*id);
        }
        // Generating sequences get one row each; prompts share the rest.
        let mut rows = self.settings.rows;
        let mut shares = vec![0; runnable.len()];
        for generating in [true, false] {
            for (share, id) in shares.iter_mut().zip(&runnable) {
                let missing = self.nodes[id].sequence.missing();
                if (missing == 1) == generating {
                    *share = missing.min(rows);
                    rows -= *share;
                }
            }
        }
        let mut scheduled: Vec<ScheduledRows> = Vec::new();
        for (share, id) in shares.into_iter().zip(&runnable) {
            if share == 0 {
                continue;
            }
            // An earlier sequence may have taken pages of this one since its rows were counted.
            let chunks = self.make_room(*id, share, &scheduled);
            let Some(node) = self.nodes.get(id) else { continue };
            let rows: usize = chunks.iter().map(|chunk| chunk.count).sum();
            if rows > 0 {
                let wanted = node.wants_logits() && rows == node.sequence.missing();
                scheduled.push(ScheduledRows { node: *id, chunks, wanted, draft: Vec::new() });
            }
        }
        self.note_pages(&scheduled);
        scheduled
    }

    /// Adopts pages of the prefix cache, but leaves a row to compute where logits are wanted.
    fn find_computed(&mut self, id: NodeId) {
        // The cache has only full pages: a sequence that lacks less than one need not count its tree's pages.
        let lacks = self.nodes.get(&id).is_some_and(|node| node.sequence.missing() >= self.settings.page_tokens);
        let mut room = if lacks { self.page_room(id) } else { None };
        let Engine { nodes, pool, cache, settings, usage, .. } = self;
        let Some(node) = nodes.get_mut(&id) else { return };
        let wanted = node.wants_logits();
        let count = node.sequence.segments.len();
        // Text that a policy has to see first is not skipped, and text that it watches is computed.
        let watches = node.sequence.cuts().is_some_and(|cuts| cuts.policy.watches());
        let reach = node.sequence.boundary().unwrap_or(count);
        let reach = if watches { 0 } else { reach.saturating_add(1) };
        // Text after a gap is not looked up, except for members of sets, which other requests share.
        let mut is_behind_gap = false;
        for (place, segment) in node.sequence.segments.iter_mut().enumerate().take(reach) {
            if segment.is_whole() || (is_behind_gap && !segment.member) {
                continue;
            }
            let keep = usize::from(wanted && place + 1 == count);
            let find = |name| cache.find(name).filter(|page| room.as_mut().is_none_or(|room| room.admits(*page)));
            let computed = segment.computed();
            usage.cached += segment.adopt(keep, settings.page_tokens, find, pool) as u64;
            node.cached += segment.computed() - computed;
            is_behind_gap |= !segment.is_whole() && !segment.member;
        }
        // The last token, even if others are missing: spliced text stays when the text before it is evicted.
        if wanted
            && let Some(last) = node.sequence.segments.last_mut()
            && last.is_whole()
        {
            if last.reduced().is_some() {
                node.sequence.unfold(count - 1, pool);
            } else {
                last.forget_last();
            }
        }
    }

    /// Takes pages for the next rows of a sequence, from other sequences if necessary; returns the rows that have room.
    fn make_room(&mut self, id: NodeId, rows: usize, scheduled: &[ScheduledRows]) -> Vec<Chunk> {
        let page_tokens = self.settings.page_tokens;
        let gaps = self.nodes[&id].sequence.gaps(rows);
        let wanted: usize = gaps
            .iter()
            .map(|chunk| self.nodes[&id].sequence.segments[chunk.segment].pages_wanted(chunk.count, page_tokens))
            .sum();
        let is_scheduled = |other: &NodeId| scheduled.iter().any(|scheduled| scheduled.node == *other);
        let mut left = self.pages_within_bound(id, wanted, is_scheduled);
        self.free_pages(id, left, scheduled);
        let mut chunks = Vec::new();
        for mut chunk in gaps {
            let Some(node) = self.nodes.get_mut(&id) else { break };
            let segment = &mut node.sequence.segments[chunk.segment];
            let asked = chunk.count;
            while segment.pages_wanted(chunk.count, page_tokens) > 0 {
                match if left > 0 { self.pool.take() } else { None } {
                    Some(page) => {
                        segment.add_page(page);
                        left -= 1;
                    }
                    None => chunk.count -= 1,
                }
            }
            if chunk.count > 0 {
                chunks.push(chunk);
            }
            if chunk.count < asked {
                break;
            }
        }
        chunks
    }

    /// Frees up to `wanted` pages, without taking them from earlier sequences or from ancestors of this node.
    pub(super) fn free_pages(&mut self, id: NodeId, wanted: usize, scheduled: &[ScheduledRows]) {
        self.cache.shrink(wanted, &mut self.pool);
        if self.pool.free() >= wanted {
            return;
        }
        let rank = self.nodes[&id].rank.clone();
        let is_scheduled =
            |other: &NodeId| self.in_step.contains(other) || scheduled.iter().any(|scheduled| scheduled.node == *other);
        let mut others: Vec<NodeId> =
            self.nodes.keys().filter(|other| **other != id && !is_scheduled(other)).copied().collect();
        others.sort_by(|one, other| self.nodes[other].rank.cmp(&self.nodes[one].rank));
        // First nodes after this one, the last first; then those that compute nothing now; then whole later trees.
        let waits = |engine: &Engine, other: &NodeId| {
            matches!(engine.nodes[other].state, State::Waiting { .. } | State::Choosing { .. })
        };
        let behind: Vec<NodeId> =
            others.iter().filter(|other| self.nodes[other].rank > rank && !waits(self, other)).copied().collect();
        let idle = |other: &&NodeId| matches!(self.nodes[*other].state, State::Done(_) | State::Held);
        let idle: Vec<NodeId> = others.iter().filter(idle).copied().collect();
        let trees: Vec<NodeId> = others.iter().filter(|other| self.nodes[other].rank.0 > rank.0).copied().collect();
        for (victims, hold) in [(behind, Hold::Own), (idle, Hold::Own), (trees, Hold::All)] {
            for victim in victims {
                if self.pool.free() >= wanted {
                    return;
                }
                let Some(node) = self.nodes.get_mut(&victim) else { continue };
                if node.sequence.holds_pages(hold) {
                    node.sequence.evict(hold, &mut self.pool);
                    self.usage.preempted += 1;
                }
                self.cache.shrink(wanted, &mut self.pool);
            }
        }
    }

    /// Ends the first node that lacks keys or values, since there is no room for them. There may be none, if the prefix
    /// cache had everything.
    pub(super) fn end_first_without_room(&mut self) {
        let runnable = self.nodes.iter().filter(|(_, node)| node.is_runnable() && !node.sequence.is_whole());
        let first = runnable.min_by(|one, other| one.1.rank.cmp(&other.1.rank)).map(|(id, _)| *id);
        if let Some(first) = first {
            self.end(first, Outcome::Budget(Bound::Pages));
        }
    }
}
