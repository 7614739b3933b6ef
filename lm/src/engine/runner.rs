//! The model runner: computes scheduled rows, and samples tokens from their logits.

use theoremata_kernels::{Draw, Group, Parallel};

use crate::compute::backend::{BackendError, Batch, Drawing, Drawn, Output, Outputs, Wanted, Watch};
use crate::constrain::state::Allowed;
use crate::engine::Engine;
use crate::engine::batch::ScheduledRows;
use crate::engine::node::{NodeId, State};
use crate::engine::outcome::Outcome;

/// What a row yields for the next token.
#[derive(Clone)]
pub(crate) enum Seen<'a> {
    /// The logits to draw it from.
    Logits(&'a [f32]),
    /// The token, drawn by the backend.
    Drawn(Drawn),
}

impl Engine {
    /// Computes the rows of a step, and stores their keys and values. Returns the outputs of the rows that are wanted,
    /// row by row.
    pub(crate) fn compute(
        &mut self,
        parallel: &dyn Parallel,
        scheduled: &[ScheduledRows],
    ) -> Result<Outputs, BackendError> {
        let page_tokens = self.settings.page_tokens;
        let (mut tokens, mut slots, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        let (mut lists, mut watched) = (Vec::new(), Vec::new());
        let mut draws: Vec<Option<Drawing>> =
            scheduled.iter().map(|scheduled| self.drawing(scheduled.node).filter(|_| scheduled.wanted)).collect();
        for (at, ScheduledRows { node, chunks, wanted: wants, draft }) in scheduled.iter().enumerate() {
            let sequence = &self.nodes[node].sequence;
            for (place, chunk) in chunks.iter().enumerate() {
                let segment = &sequence.segments[chunk.segment];
                let from = segment.resident();
                tokens.extend_from_slice(&segment.tokens()[from..from + chunk.count]);
                let mut count = chunk.count;
                if place + 1 == chunks.len() {
                    tokens.extend(draft.iter().map(|drafted| drafted.token));
                    count += draft.len();
                }
                slots.extend(segment.next_slots(count, page_tokens));
                let (spans, before) = sequence.spans(chunk.segment, from + count, page_tokens);
                let positions: Vec<u32> = (0..count).map(|row| segment.start() + (from + row) as u32).collect();
                let seen: Vec<u32> = (1..=count).map(|row| (before + from + row) as u32).collect();
                if let Some(from) = sequence.watched_from(chunk.segment, from) {
                    watched.push((Watch { group: lists.len(), from }, *node, chunk.segment));
                }
                lists.push((spans, positions, seen));
            }
            if *wants {
                let last = tokens.len() - 1 - draft.len();
                let behind = (0..draft.len()).filter(|row| draft[*row].wanted).map(|row| last + 1 + row);
                let drafted = behind.map(|row| Wanted { row, draw: None });
                wanted.push(Wanted { row: last, draw: draws[at].take() });
                wanted.extend(drafted);
            }
        }
        let groups: Vec<Group<'_>> =
            lists.iter().map(|(spans, positions, seen)| Group { positions, seen, spans }).collect();
        let watches: Vec<Watch> = watched.iter().map(|(watch, _, _)| *watch).collect();
        let batch = Batch { tokens: &tokens, slots: &slots, groups: &groups, wanted: &wanted, watched: &watches };
        let mut outputs = self.backend.forward(parallel, &batch)?;
        for ((_, node, segment), more) in watched.iter().zip(outputs.watched.drain(..)) {
            if let Some(node) = self.nodes.get_mut(node) {
                node.sequence.segments[*segment].watched.get_or_insert_default().add(more);
            }
        }
        self.usage.steps += 1;
        self.usage.rows += tokens.len() as u64;
        Ok(outputs)
    }

    /// The parameters of a node's next draw, if the backend can make it: for a running node that no filter and no
    /// drafter observes.
    fn drawing(&mut self, id: NodeId) -> Option<Drawing> {
        if !self.backend.draws() || self.speculator.is_some() {
            return None;
        }
        let node = self.nodes.get_mut(&id)?;
        let State::Running(turn) = &node.state else { return None };
        let given = turn.given.get(node.turn_tokens).copied();
        let allowed = match given {
            Some(_) => Allowed::Any,
            None => node.constraint.allowed_next(&turn.constraint, &turn.stops),
        };
        let allowed = if let Allowed::Among(allowed) = allowed { Some(allowed) } else { None };
        let draw = Draw { seed: node.seed, path: node.path_hash(), position: node.draws };
        let temperature = turn.sampling.temperature;
        turn.sampling.keeps_all().then_some(Drawing { temperature, draw, allowed, given })
    }

    /// Draws a token for each node whose context is computed, and more after draft tokens that were drawn.
    pub(crate) fn sample(&mut self, scheduled: &[ScheduledRows], outputs: Outputs) {
        let Outputs { logits, rows, .. } = outputs;
        self.in_step = scheduled.iter().map(|scheduled| scheduled.node).collect();
        let mut rows = rows.into_iter().map(|row| match row {
            Output::Logits(place) => Seen::Logits(&logits[place]),
            Output::Drawn(drawn) => Seen::Drawn(drawn),
        });
        for ScheduledRows { node, chunks, wanted, draft } in scheduled {
            for chunk in chunks {
                self.advance(*node, chunk.segment, chunk.count);
            }
            if *wanted {
                let behind = draft.iter().map(|drafted| drafted.wanted);
                let mut row = |wanted: bool| if wanted { rows.next() } else { None };
                let seen: Vec<Option<Seen<'_>>> = [true].into_iter().chain(behind).map(&mut row).collect();
                self.verify(*node, draft, seen);
            }
        }
        self.in_step.clear();
    }

    /// Marks the next `count` tokens of a segment as computed.
    pub(crate) fn advance(&mut self, id: NodeId, segment: usize, count: usize) {
        let page_tokens = self.settings.page_tokens;
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let grown = &mut node.sequence.segments[segment];
        let before = grown.resident();
        grown.advance(count);
        if before / page_tokens != grown.resident() / page_tokens {
            self.cache.remember(&node.sequence, page_tokens, &mut self.pool);
        }
    }

    /// Draws a token, or opens branches that draw their first token from the same logits.
    pub(crate) fn use_logits(&mut self, id: NodeId, seen: Seen<'_>) {
        #[cfg(test)]
        self.seen_logits.push((id, seen.logits().to_vec()));
        if !seen.are_numbers() {
            // Logits of broken weights or a faulty computation must not be used.
            return self.end(id, Outcome::Failed);
        }
        match self.nodes.get(&id).map(|node| &node.state) {
            Some(State::Running(_)) => self.draw(id, &seen),
            Some(State::Opening(spawn)) => {
                let spawn = spawn.clone();
                self.open(id, spawn, Some(seen));
            }
            _ => {}
        }
    }
}

impl Seen<'_> {
    /// Whether all logits are finite.
    fn are_numbers(&self) -> bool {
        match self {
            Seen::Logits(logits) => are_numbers(logits),
            Seen::Drawn(drawn) => drawn.finite,
        }
    }

    #[cfg(test)]
    fn logits(&self) -> &[f32] {
        match self {
            Seen::Logits(logits) => logits,
            Seen::Drawn(drawn) => &drawn.logits,
        }
    }
}

/// Whether all logits are finite.
fn are_numbers(logits: &[f32]) -> bool {
    const INFINITE: u32 = 0x7f80_0000;
    let largest = logits.iter().fold(0, |largest: u32, logit| largest.max(logit.to_bits() & 0x7fff_ffff));
    largest < INFINITE
}
