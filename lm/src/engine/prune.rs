//! Removing text from a node's context, and putting it back.

use std::ops::Range;

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::{NodeId, State};
use crate::engine::report::JoinReport;
use crate::kv::segment::{Segment, Stale};
use crate::text::token::Token;

/// How a range is removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prune {
    /// Recomputes the text after the range that saw it or whose position changes. Other text, such as the other paths
    /// of a block, is kept. If the range begins within a shared page, the tokens before it in that page are recomputed
    /// too. Exact.
    Recompute,
    /// Moves the text after the range up as it is. Approximate, unless nothing saw the range; text whose pages were
    /// preempted is recomputed.
    Splice,
}

impl Engine {
    /// Removes a range of tokens from a node's context, by index, and returns the tokens: [`Engine::recall`] can put
    /// them back. The node must wait for orders, and the range must be its own: text from before its fork is shared.
    ///
    /// A join reports the range that returned. Removing it after the node has drawn its conclusion turns a join that
    /// showed everything into one that shows the conclusion alone.
    /// of a join that showed all one that shows the conclusion alone.
    pub fn prune(
        &mut self,
        node: NodeId,
        range: Range<usize>,
        how: Prune,
    ) -> Result<(Vec<Token>, JoinReport), EngineError> {
        let page_tokens = self.settings.page_tokens;
        let pruned = self.at_rest(node)?;
        let inherited: usize =
            pruned.sequence.segments.iter().filter(|segment| segment.inherited).map(Segment::len).sum();
        let (length, seen) = (pruned.sequence.len(), range.len());
        // A node keeps at least one token to continue from.
        if range.start < inherited || range.end > length || range.is_empty() || seen == length {
            return Err(EngineError::Range { from: range.start, to: range.end });
        }
        let stale = if how == Prune::Splice { Stale::Keep } else { Stale::Recompute };
        self.cache_and_change(node, |sequence, pool| {
            let removed = sequence.cut(range.clone(), page_tokens, pool);
            let reencoded = sequence.settle(stale, pool);
            let resident: usize = sequence.segments.iter().map(Segment::resident).sum();
            let report = JoinReport {
                exact: sequence.is_exact(),
                reused: resident,
                new: sequence.missing().saturating_sub(reencoded),
                reencoded,
                dropped: removed.len(),
                range: range.start..range.start,
                left_out: Vec::new(),
            };
            (removed, report)
        })
    }

    /// Puts tokens back before the token at index `at`, in the node's own text. The text after them is recomputed:
    /// exact, as if they had never been removed.
    pub fn recall(&mut self, node: NodeId, at: usize, tokens: &[Token]) -> Result<JoinReport, EngineError> {
        self.check_tokens(tokens)?;
        let (page_tokens, room) = (self.settings.page_tokens, self.room());
        let recalled = self.at_rest(node)?;
        let inherited: usize =
            recalled.sequence.segments.iter().filter(|segment| segment.inherited).map(Segment::len).sum();
        let wanted = recalled.sequence.end() as usize + tokens.len();
        if at < inherited || at > recalled.sequence.len() || tokens.is_empty() {
            return Err(EngineError::Range { from: at, to: at });
        }
        if wanted > room {
            return Err(EngineError::TooLong { wanted, bound: room });
        }
        self.cache_and_change(node, |sequence, pool| {
            sequence.insert(at, tokens, page_tokens, pool);
            let reencoded = sequence.settle(Stale::Recompute, pool);
            let report = JoinReport {
                exact: sequence.is_exact(),
                reused: sequence.segments.iter().map(Segment::resident).sum(),
                new: sequence.missing().saturating_sub(reencoded),
                reencoded,
                dropped: 0,
                range: at..at + tokens.len(),
                left_out: Vec::new(),
            };
            ((), report)
        })
        .map(|((), report)| report)
    }

    /// Changes the context of a node; the node then computes what is missing, and holds.
    fn cache_and_change<T>(
        &mut self,
        node: NodeId,
        change: impl FnOnce(&mut crate::kv::sequence::Sequence, &mut crate::kv::pages::PagePool) -> (T, JoinReport),
    ) -> Result<(T, JoinReport), EngineError> {
        let Engine { nodes, pool, cache, settings, events, .. } = self;
        let changed = nodes.get_mut(&node).ok_or(EngineError::Unknown(node))?;
        changed.thinned |= changed.sequence.is_thinned();
        cache.remember(&changed.sequence, settings.page_tokens, pool);
        let (value, mut report) = change(&mut changed.sequence, pool);
        let again = changed.sequence.mend(settings.page_tokens, pool);
        (report.reused, report.reencoded) = (report.reused - again, report.reencoded + again);
        changed.state = State::Holding;
        events.push(Event::Pruned { node, report: report.clone() });
        Ok((value, report))
    }
}
