//! Speculation: tokens are computed before they are drawn, and kept if sampling draws them.
//!
//! The rows of a draft follow the last row of their sequence, in pages that the sequence holds. Tokens are then drawn
//! one by one as without a draft, each from the logits after its predecessor; a draft token that is drawn counts as
//! computed from then on. The first mismatch ends the draft. Nothing has to be rolled back: until it is drawn, a draft
//! token is in no list, its key and value lie past the end of what any sequence reads, and no constraint, stop, budget
//! or n-gram table has seen it. Only a page that was taken for the draft alone is released.

use crate::engine::Engine;
use crate::engine::batch::{DraftToken, ScheduledRows};
use crate::engine::node::{Node, NodeId, State};
use crate::engine::proposal::Proposal;
use crate::engine::runner::Seen;
use crate::speculate::drafter::Drafter;
use crate::speculate::speculation::Speculation;

/// The highest probability that a guess can have.
const SUREST: f32 = 0.99;

impl Engine {
    /// Replaces the drafter. It is used if [`Settings::speculation`](crate::Settings) is set.
    pub fn with_drafter(mut self, drafter: Box<dyn Drafter>) -> Engine {
        if let Some(speculator) = &mut self.speculator {
            speculator.drafter = drafter;
        }
        self
    }

    /// Fills the rows that the scheduler left to drafts.
    ///
    /// Tokens are added one at a time, always the likeliest, while this raises the expected number of useful rows per
    /// unit of time: if `e` useful rows are expected of a step that takes `t`, a row that costs `d` more has to be
    /// right with a probability above `e · d / t`. Only free pages are taken.
    pub(crate) fn draft(&mut self, scheduled: &mut [ScheduledRows]) {
        if let Some(speculator) = self.speculator.take() {
            self.draft_by(speculator.drafter.as_ref(), speculator.bounds, scheduled);
            self.speculator = Some(speculator);
        }
    }

    fn draft_by(&mut self, drafter: &dyn Drafter, bounds: Speculation, scheduled: &mut [ScheduledRows]) {
        let vocabulary = self.model.shape().vocabulary;
        let mut rows: usize = scheduled.iter().map(ScheduledRows::rows).sum();
        // The rows of the step itself are always useful.
        let mut expected = rows as f32;
        let cost = |rows: usize| bounds.cost(rows, scheduled.len());
        let bar = |expected: f32, rows: usize| expected * (cost(rows + 1) / cost(rows) - 1.0);
        let first_bar = bar(expected, rows);
        let mut proposals: Vec<Proposal> = Vec::new();
        for (place, scheduled) in scheduled.iter().enumerate() {
            if let Some((node, left)) = self.may_draft(scheduled, first_bar < SUREST) {
                proposals.push(Proposal::new(place, node, left - 1, bounds, vocabulary));
            }
        }
        for proposal in &mut proposals {
            if let Some(node) = self.nodes.get_mut(&scheduled[proposal.place].node) {
                proposal.look(node, drafter);
            }
        }
        while rows < self.settings.rows {
            let bar = bar(expected, rows);
            let mut best: Option<(f32, &mut Proposal)> = None;
            for proposal in &mut proposals {
                if let Some(likelihood) = proposal.seen()
                    && likelihood > best.as_ref().map_or(bar, |(other, _)| *other)
                {
                    best = Some((likelihood, proposal));
                }
            }
            let Some((likelihood, proposal)) = best else { break };
            let ScheduledRows { node: id, chunks, .. } = &scheduled[proposal.place];
            let tokens = chunks.last().map_or(0, |chunk| chunk.count) + proposal.draft.len() + 1;
            if !self.has_page(*id, tokens) {
                proposal.rest();
                continue;
            }
            let Some(node) = self.nodes.get_mut(id) else { break };
            proposal.take(node);
            proposal.look(node, drafter);
            rows += 1;
            expected += likelihood.min(1.0);
        }
        for proposal in proposals {
            scheduled[proposal.place].draft = proposal.draft;
        }
    }

    /// Whether the last segment of a node has room for `tokens` tokens. A page is taken for them if one is free and the
    /// tree's budget permits.
    fn has_page(&mut self, id: NodeId, tokens: usize) -> bool {
        let last = |node: &Node| {
            node.sequence.segments.last().map(|last| last.pages_wanted(tokens, self.settings.page_tokens))
        };
        match self.nodes.get(&id).and_then(last) {
            Some(0) => return true,
            Some(_) => {}
            None => return false,
        }
        let room = self.page_room(id);
        let Some(page) = self.pool.take() else { return false };
        if room.is_none_or(|mut room| room.admits(page))
            && let Some(last) = self.nodes.get_mut(&id).and_then(|node| node.sequence.segments.last_mut())
        {
            last.add_page(page);
            return true;
        }
        self.pool.release(page);
        false
    }

    /// The node and the number of tokens that it may still write, if this step draws its next token after its last row
    /// and another token may follow. `guessing` says whether guesses count, or only given tokens.
    fn may_draft(&self, scheduled: &ScheduledRows, guessing: bool) -> Option<(&Node, usize)> {
        let node = self.nodes.get(&scheduled.node)?;
        let State::Running(turn) = &node.state else { return None };
        let at_end = scheduled.chunks.last()?.segment + 1 == node.sequence.segments.len();
        let grows = node.sequence.segments.last()?.open;
        let left = self.tokens_left(node, turn);
        // A policy must not see tokens before they are drawn, so none are computed ahead.
        if node.sequence.cuts().is_some() {
            return None;
        }
        let worth = guessing || node.turn_tokens < turn.given.len();
        (scheduled.wanted && at_end && grows && left > 1 && worth).then_some((node, left))
    }

    /// Draws a node's tokens: one, and one more after each draft token that was drawn. `seen` holds the outputs of the
    /// node's last row and of each draft token, where they are wanted.
    pub(crate) fn verify(&mut self, id: NodeId, draft: &[DraftToken], mut seen: Vec<Option<Seen<'_>>>) {
        let (mut accepted, mut judged) = (0, 0);
        while let Some(row) = seen.get_mut(accepted).and_then(Option::take) {
            self.use_logits(id, row);
            let Some(node) = self.nodes.get_mut(&id) else { break };
            // A node whose turn has ended computes the rest as it would without a draft, so that reports count the
            // same.
            if !matches!(node.state, State::Running(_)) {
                break;
            }
            let before = accepted;
            let Some(last) = node.sequence.segments.len().checked_sub(1) else { break };
            while accepted < draft.len() {
                let next = self.nodes.get(&id).and_then(|node| node.sequence.segments[last].next_missing());
                let Some(drawn) = next else { break };
                let DraftToken { token, guessed, .. } = draft[accepted];
                if let Some(likelihood) = guessed
                    && let Some(node) = self.nodes.get_mut(&id)
                {
                    node.acceptance.judge(likelihood, drawn == token);
                    judged += 1;
                }
                if drawn != token {
                    break;
                }
                self.advance(id, last, 1);
                accepted += 1;
            }
            let whole = self.nodes.get(&id).is_some_and(|node| node.sequence.is_whole());
            if !whole || accepted == before {
                break;
            }
        }
        self.usage.drafted += draft.len() as u64;
        self.usage.accepted += accepted as u64;
        let page_tokens = self.settings.page_tokens;
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if judged == 0 {
            node.acceptance.recover();
        }
        if let Some(segment) = node.sequence.segments.last_mut()
            && !draft.is_empty()
        {
            #[cfg(test)]
            crate::tests::spoil(self.backend.as_mut(), self.model.shape(), &segment.slots_behind(page_tokens));
            segment.trim(page_tokens, &mut self.pool);
        }
    }
}
