//! The model runner: scheduled rows become logits, and logits become tokens.

use theoremata_kernels::{Group, Parallel};

use crate::engine::Engine;
use crate::engine::batch::ScheduledRows;
use crate::engine::forward::Batch;
use crate::engine::node::{NodeId, State};
use crate::engine::outcome::Outcome;

impl Engine {
    /// Computes the rows of a step, and stores their keys and values. Gives the logits of the rows whose logits
    /// are wanted, row after row.
    pub(crate) fn compute(&mut self, parallel: &dyn Parallel, scheduled: &[ScheduledRows]) -> Vec<f32> {
        let page_tokens = self.settings.page_tokens;
        let (mut tokens, mut slots, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        let mut lists = Vec::new();
        for ScheduledRows { node, chunks, wanted: wants, draft } in scheduled {
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
                lists.push((spans, positions, seen));
            }
            if *wants {
                let last = tokens.len() - 1 - draft.len();
                wanted.push(last);
                wanted.extend((0..draft.len()).filter(|row| draft[*row].wanted).map(|row| last + 1 + row));
            }
        }
        let groups: Vec<Group<'_>> =
            lists.iter().map(|(spans, positions, seen)| Group { positions, seen, spans }).collect();
        let batch = Batch { tokens: &tokens, slots: &slots, groups: &groups, wanted: &wanted };
        let model = self.model.clone();
        let logits = self.forward.run(&model, parallel, &batch);
        self.usage.steps += 1;
        self.usage.rows += tokens.len() as u64;
        logits
    }

    /// Draws a token wherever a node has all it reads, and further ones behind drafted tokens that were drawn.
    pub(crate) fn sample(&mut self, scheduled: &[ScheduledRows], logits: &[f32]) {
        let mut rows = logits.chunks_exact(self.model.shape().vocabulary);
        for ScheduledRows { node, chunks, wanted, draft } in scheduled {
            for chunk in chunks {
                self.advance(*node, chunk.segment, chunk.count);
            }
            if *wanted {
                let behind = draft.iter().map(|drafted| drafted.wanted);
                let mut row = |wanted: bool| if wanted { rows.next() } else { None };
                let logits: Vec<Option<&[f32]>> = [true].into_iter().chain(behind).map(&mut row).collect();
                self.verify(*node, draft, &logits);
            }
        }
    }

    /// Says that the next `count` tokens of a segment have keys and values now.
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

    /// A token is drawn, or branches are opened that draw their first one from the same logits.
    pub(crate) fn use_logits(&mut self, id: NodeId, logits: &[f32]) {
        #[cfg(test)]
        self.seen_logits.push((id, logits.to_vec()));
        if !are_numbers(logits) {
            // Of broken weights, or of a model that is not computed right, nothing is passed on.
            return self.end(id, Outcome::Failed);
        }
        match self.nodes.get(&id).map(|node| &node.state) {
            Some(State::Running(_)) => self.draw(id, logits),
            Some(State::Opening(spawn)) => {
                let spawn = spawn.clone();
                self.open(id, spawn, Some(logits));
            }
            _ => {}
        }
    }
}

/// Whether all are finite.
fn are_numbers(logits: &[f32]) -> bool {
    const INFINITE: u32 = 0x7f80_0000;
    let largest = logits.iter().fold(0, |largest: u32, logit| largest.max(logit.to_bits() & 0x7fff_ffff));
    largest < INFINITE
}
