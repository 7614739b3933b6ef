//! Thinning: a KV cache policy is applied to the text of a sequence, one stretch at a time.
//!
//! The policy says where the text is cut into stretches, and no stretch is computed before the policy has processed the
//! one before. So what the policy sees and does is a function of the text alone: preempted keys and values are
//! recomputed and thinned again, stretch by stretch, to the same bits. The result is written to pages of its own;
//! shared pages are never written.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::compute::backend::BackendError;
use crate::engine::Engine;
use crate::engine::node::{Node, NodeId};
use crate::engine::outcome::{Bound, Outcome};
use crate::keep::choice::{Kv, KvError};
use crate::keep::run::{Entry, Heat, Notes, Run};
use crate::kv::pages::PageId;
use crate::kv::reduced::Reduced;
use crate::kv::segment::{Segment, hidden};
use crate::kv::sequence::{Cuts, Sequence};
use crate::text::token::Token;

impl Engine {
    /// An empty sequence with this policy.
    pub(super) fn sequence_for(&mut self, kv: Kv) -> Result<Sequence, KvError> {
        let Some(policy) = kv.policy(self.model.shape().layers)? else { return Ok(Sequence::new()) };
        if policy.watches() && !self.backend.watches() {
            return Err(KvError::Unwatched { policy: kv.to_string(), device: self.backend.name() });
        }
        let (pace, sentence_ends) = (policy.pace(), self.sentence_ends());
        let name = kv.to_string().into();
        Ok(Sequence::cut_for(Cuts { policy, name, pace, sentence_ends, in_prompt: true }))
    }

    /// Tokens that end a sentence or a line; empty without a vocabulary.
    fn sentence_ends(&mut self) -> Arc<BTreeSet<Token>> {
        let model = self.model.clone();
        let ends = self.sentence_ends.get_or_insert_with(|| {
            let Some(tokenizer) = model.tokenizer() else { return Arc::default() };
            let ends = |token: &Token| {
                let piece = tokenizer.spelling(*token);
                piece.contains(&b'\n') || piece.trim_ascii_end().last().is_some_and(|last| b".?!;".contains(last))
            };
            Arc::new((0..model.shape().vocabulary as Token).filter(ends).collect())
        });
        ends.clone()
    }

    /// Applies policies wherever a stretch is computed and text follows it. Returns whether there was any.
    pub(crate) fn thin(&mut self) -> bool {
        let due = |(_, node): &(&NodeId, &Node)| node.is_runnable() && node.sequence.due(false).is_some();
        let ids: Vec<NodeId> = self.nodes.iter().filter(due).map(|(id, _)| *id).collect();
        for id in &ids {
            self.thin_node(*id, false);
        }
        !ids.is_empty()
    }

    /// Applies the policy of a node as far as possible; before a fork, also where no text follows yet. Returns whether
    /// the node continues.
    pub(crate) fn thin_node(&mut self, id: NodeId, at_fork: bool) -> bool {
        while let Some(range) = self.nodes.get(&id).and_then(|node| node.sequence.due(at_fork)) {
            match self.thin_run(id, range) {
                Ok(true) => {}
                Ok(false) => {
                    self.end(id, Outcome::Budget(Bound::Pages));
                    return false;
                }
                Err(error) => {
                    self.failed = Some(error);
                    self.end(id, Outcome::Failed);
                    return false;
                }
            }
        }
        true
    }

    /// Applies a policy to a run of segments, the last of which is new. Returns whether there were pages for the
    /// result.
    fn thin_run(&mut self, id: NodeId, range: Range<usize>) -> Result<bool, BackendError> {
        let page_tokens = self.settings.page_tokens;
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(true) };
        let Some(cuts) = node.sequence.cuts().cloned() else { return Ok(true) };
        let parts = &node.sequence.segments[range.clone()];
        let held: usize = parts.iter().map(Segment::held).sum();
        let tokens: usize = parts.iter().map(Segment::len).sum();
        if !cuts.policy.watches() && !cuts.policy.is_due(held, tokens) {
            node.sequence.segments[range.end - 1].settled = true;
            return Ok(true);
        }
        let slots: Vec<_> = parts.iter().flat_map(|part| part.slots(page_tokens)).collect();
        let layers = self.backend.fetch(&slots)?;
        let (heads, queries) = (self.model.shape().key_heads, self.model.shape().heads);
        let mut run = Run { layers, heads, ..read(&node.sequence, range.clone(), queries / heads) };
        let listed: usize = parts.iter().map(|part| part.reduced().map_or(part.len(), |old| old.listed.len())).sum();
        let kept = cuts.policy.keep(&mut run, &|token| cuts.sentence_ends.contains(&token));
        self.usage.thinned += listed.saturating_sub(kept.listed.len()) as u64;
        let ends = ends(&node.sequence.segments[range.clone()]);
        let reduced = Reduced {
            ends,
            listed: kept.listed.into(),
            all: run.listed().into(),
            start: run.start,
            extent: kept.extent,
            approximate: kept.approximate,
            heat: run.heat,
            notes: run.notes,
            policy: cuts.name.to_string(),
            entries: run.entries,
        };
        let old: Vec<PageId> = node.sequence.segments[range.clone()].iter_mut().flat_map(Segment::take_pages).collect();
        old.into_iter().for_each(|page| self.pool.release(page));
        let wanted = reduced.entries.len().div_ceil(page_tokens);
        self.free_pages(id, wanted, &[]);
        let pages: Vec<PageId> = std::iter::from_fn(|| self.pool.take()).take(wanted).collect();
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(true) };
        let is_room = pages.len() == wanted;
        let folded = Segment::fold(&node.sequence.segments[range.clone()], reduced, pages);
        if is_room {
            self.backend.store(&folded.slots(page_tokens), &run.layers)?;
        }
        node.sequence.fold(range, folded, &mut self.pool);
        Ok(is_room)
    }
}

/// What a policy sees of a run of segments, without keys and values.
fn read(sequence: &Sequence, range: Range<usize>, query_heads: usize) -> Run {
    let parts = &sequence.segments[range.clone()];
    let start = parts[0].start();
    let mut run = Run {
        start,
        tokens: parts.iter().map(Segment::len).sum(),
        old: parts[..parts.len() - 1].iter().map(Segment::held).sum(),
        heads: 1,
        entries: Vec::new(),
        layers: Vec::new(),
        heat: Heat::default(),
        notes: Notes::default(),
    };
    let last = &parts[parts.len() - 1];
    let watched = last.watched.as_deref();
    let planes = watched.map_or(0, |watched| watched.attention.len());
    run.heat.attention = vec![Vec::new(); planes];
    run.heat.queries = watched.map(|watched| watched.mean_queries(query_heads)).unwrap_or_default();
    run.heat.peaks = watched.map(|watched| watched.peaks.clone()).unwrap_or_default();
    let mut listed = 0;
    for (place, segment) in sequence.segments[..range.end].iter().enumerate() {
        if hidden(&segment.branch, &last.branch) {
            continue;
        }
        if place >= range.start {
            let seen = watched.map(|watched| (watched.attention.as_slice(), listed));
            append(&mut run, segment, last.given, seen);
        }
        listed += segment.seen_by(last);
    }
    run
}

/// Appends the entries of a segment and the attention that they received. `seen` is the attention of the rows of the
/// last stretch, and the index in it at which the segment's tokens begin.
fn append(run: &mut Run, segment: &Segment, given: bool, seen: Option<(&[Vec<u64>], usize)>) {
    let first = run.entries.len();
    let mut paid_to: Vec<(usize, usize)> = Vec::new();
    if let Some(reduced) = segment.reduced() {
        let moved = |at: &u32| at - reduced.start + segment.start();
        run.entries.extend(
            reduced
                .entries
                .iter()
                .map(|entry| Entry { positions: entry.positions.iter().map(moved).collect(), ..entry.clone() }),
        );
        for (plane, before) in run.heat.attention.iter_mut().zip(&reduced.heat.attention) {
            plane.extend_from_slice(before);
        }
        paid_to.extend(reduced.seen(given).iter().enumerate().map(|(at, listed)| (at, first + listed.entry as usize)));
        run.notes = reduced.notes.clone();
    } else {
        let places = segment.tokens().iter().zip(segment.start()..);
        run.entries.extend(places.map(|(token, at)| Entry { token: *token, positions: vec![at] }));
        paid_to.extend((0..segment.len()).map(|at| (at, first + at)));
    }
    let count = run.entries.len();
    for (place, plane) in run.heat.attention.iter_mut().enumerate() {
        plane.resize(count, 0);
        let Some((attention, offset)) = seen else { continue };
        for (at, entry) in &paid_to {
            plane[*entry] += attention[place].get(offset + at).copied().unwrap_or(0);
        }
    }
}

/// The ends of the stretches of a run, as token indices, and whether each stretch was given.
fn ends(parts: &[Segment]) -> Vec<(usize, bool)> {
    let (mut ends, mut at) = (Vec::new(), 0);
    for part in parts {
        match part.reduced() {
            Some(reduced) => ends.extend(reduced.ends.iter().map(|(end, given)| (at + end, *given))),
            None => ends.push((at + part.len(), part.given)),
        }
        at += part.len();
    }
    ends
}
