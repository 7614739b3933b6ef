//! A segment: a run of tokens from one writer, and where its keys and values are stored.

use std::sync::Arc;

use theoremata_kernels::{Slot, Span};

use crate::keep::run::Listed;
use crate::kv::context::ContextId;
use crate::kv::pages::{PageId, PagePool};
use crate::kv::reduced::{Reduced, Watched};
use crate::text::token::Token;

/// One path of a fork: the number of the spawn, and the branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fork {
    pub(crate) block: u64,
    pub(crate) path: u32,
}

/// The forks around a segment, the outermost first.
pub(crate) type ForkPath = Arc<[Fork]>;

/// Whether two branches cannot see each other: they take different paths of the same fork.
pub(crate) fn hidden(one: &[Fork], other: &[Fork]) -> bool {
    one.iter().any(|fork| other.iter().any(|mate| mate.block == fork.block && mate.path != fork.path))
}

/// A run of tokens at consecutive positions. Written tokens never change; the last segment of a sequence may grow while
/// it is open.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The tokens; forks share the list.
    tokens: Arc<Vec<Token>>,
    /// The name of each token, see [`ContextId`].
    names: Arc<Vec<ContextId>>,
    /// The context before the first token.
    before: ContextId,
    /// The context after which the keys and values were computed, and the number of tokens, if that is not the context
    /// before them now.
    spliced: Option<(ContextId, usize)>,
    /// The fork path of the segment: it is hidden from all other paths of these forks.
    pub(crate) branch: ForkPath,
    /// Logical position of the first token.
    start: u32,
    /// Whether the sequence got it at a fork: its writer is an ancestor.
    pub(crate) inherited: bool,
    /// Whether the sequence may still append to it.
    pub(crate) open: bool,
    /// The pages of its resident tokens, in order; it holds a reference to each.
    pages: Vec<PageId>,
    /// Index of the first token in its page.
    offset: usize,
    /// Number of tokens, from the first, that have keys and values.
    resident: usize,
    /// Number of tokens that ever had keys and values.
    computed: usize,
    /// The result of a policy, if one reduced its keys and values.
    reduced: Option<Arc<Reduced>>,
    /// Whether it is a member of a set: other requests may reuse it whole, whatever is beside it.
    pub(crate) member: bool,
    /// Whether it was given, in a text with a policy: then it also sees what the policy has hidden.
    pub(crate) given: bool,
    /// Whether the policy of the sequence has processed it.
    pub(crate) settled: bool,
    /// What its rows attended to, if a policy needs this and has not been told.
    pub(crate) watched: Option<Box<Watched>>,
}

impl Segment {
    pub(crate) fn new(before: ContextId, branch: ForkPath, start: u32) -> Segment {
        Segment {
            tokens: Arc::default(),
            names: Arc::default(),
            before,
            spliced: None,
            branch,
            start,
            inherited: false,
            open: true,
            pages: Vec::new(),
            offset: 0,
            resident: 0,
            computed: 0,
            reduced: None,
            member: false,
            given: false,
            settled: false,
            watched: None,
        }
    }

    /// Combines consecutive segments into one, with the keys and values that a policy kept in these pages. The parts
    /// must hold no pages any more.
    pub(crate) fn fold(parts: &[Segment], reduced: Reduced, pages: Vec<PageId>) -> Segment {
        let first = &parts[0];
        let mut names: Vec<ContextId> = parts.iter().flat_map(|part| part.names.iter().copied()).collect();
        if let Some(last) = names.last_mut().filter(|_| reduced.approximate) {
            *last = last.reduced(&reduced.policy);
        }
        let tokens: Vec<Token> = parts.iter().flat_map(|part| part.tokens.iter().copied()).collect();
        let count = tokens.len();
        Segment {
            tokens: Arc::new(tokens),
            names: Arc::new(names),
            branch: first.branch.clone(),
            pages,
            offset: 0,
            resident: count,
            computed: count,
            reduced: Some(Arc::new(reduced)),
            settled: true,
            inherited: first.inherited,
            ..Segment::new(first.before, first.branch.clone(), first.start).closed()
        }
    }

    fn closed(self) -> Segment {
        Segment { open: false, ..self }
    }

    /// The segments that were folded into it, to be recomputed; the segment itself if it was not folded.
    pub(crate) fn unfold(mut self, pool: &mut PagePool) -> Vec<Segment> {
        let Some(reduced) = self.reduced.clone() else { return vec![self] };
        let computed = self.computed;
        self.release(pool);
        let (mut parts, mut before, mut from) = (Vec::new(), self.before, 0);
        for (end, given) in &reduced.ends {
            let mut part = Segment::new(before, self.branch.clone(), self.start + from as u32).closed();
            self.tokens[from..*end].iter().for_each(|token| part.push(*token));
            (part.inherited, part.given, part.computed) = (self.inherited, *given, computed.min(part.len()));
            (before, from) = (part.end_name(), *end);
            parts.push(part);
        }
        parts
    }

    /// The result of a policy; `None` if none reduced it.
    pub(crate) fn reduced(&self) -> Option<&Reduced> {
        self.reduced.as_deref()
    }

    /// How many keys of it the rows of another segment see, once it is whole.
    pub(crate) fn seen_by(&self, reader: &Segment) -> usize {
        self.reduced.as_ref().map_or(self.len(), |reduced| reduced.seen(reader.given).len())
    }

    /// How many keys it stores.
    pub(crate) fn held(&self) -> usize {
        self.reduced.as_ref().map_or(self.resident, |reduced| reduced.entries.len())
    }

    /// The slots of all keys that it stores.
    pub(crate) fn slots(&self, page_tokens: usize) -> Vec<Slot> {
        (0..self.held()).map(|at| self.slot(at, page_tokens)).collect()
    }

    fn slot(&self, at: usize, page_tokens: usize) -> Slot {
        let place = self.offset + at;
        Slot { page: self.pages[place / page_tokens].0, offset: (place % page_tokens) as u32 }
    }

    pub(crate) fn push(&mut self, token: Token) {
        let name = self.end_name().then(token);
        Arc::make_mut(&mut self.tokens).push(token);
        Arc::make_mut(&mut self.names).push(name);
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The context after the last token, or before the segment if it is empty.
    pub(crate) fn end_name(&self) -> ContextId {
        self.names.last().copied().unwrap_or(self.before)
    }

    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// Whether the tokens of the next segment, which has no keys and values, can be appended to this one instead.
    pub(crate) fn precedes(&self, next: &Segment) -> bool {
        let own = |segment: &Segment| !segment.inherited && segment.spliced.is_none();
        own(self)
            && own(next)
            && self.given == next.given
            && next.pages.is_empty()
            && self.branch == next.branch
            && self.end_name() == next.before
            && self.end() == next.start
    }

    /// Makes the segment writable: a partly filled last page that has other holders is released. Returns the number of
    /// tokens to recompute.
    pub(crate) fn make_room(&mut self, page_tokens: usize, pool: &mut PagePool) -> usize {
        let before = self.resident;
        if let Some(page) = self.pages.last().copied()
            && !(self.offset + self.resident).is_multiple_of(page_tokens)
            && pool.references(page) > 1
        {
            self.pages.pop();
            pool.release(page);
            self.resident = (self.pages.len() * page_tokens).saturating_sub(self.offset);
        }
        if self.pages.is_empty() {
            self.offset = 0;
        }
        before - self.resident
    }

    /// The position after the last token.
    pub(crate) fn end(&self) -> u32 {
        self.start + self.reduced.as_ref().map_or(self.len() as u32, |reduced| reduced.extent)
    }

    pub(crate) fn resident(&self) -> usize {
        self.resident
    }

    pub(crate) fn computed(&self) -> usize {
        self.computed
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.resident == self.len()
    }

    pub(crate) fn is_spliced(&self) -> bool {
        self.spliced.is_some()
    }

    pub(crate) fn pages(&self) -> &[PageId] {
        &self.pages
    }

    /// A copy for a child, which shares keys and values.
    pub(crate) fn share(&self, pool: &mut PagePool) -> Segment {
        for page in &self.pages {
            pool.share(*page);
        }
        Segment {
            tokens: self.tokens.clone(),
            names: self.names.clone(),
            branch: self.branch.clone(),
            pages: self.pages.clone(),
            reduced: self.reduced.clone(),
            watched: None,
            // A policy only processes what a sequence writes itself.
            settled: true,
            inherited: true,
            open: false,
            ..*self
        }
    }

    /// A part of it, with its own references to the pages of that part.
    pub(crate) fn slice(&self, from: usize, to: usize, page_tokens: usize, pool: &mut PagePool) -> Segment {
        let resident = self.resident.clamp(from, to) - from;
        let first = self.offset + from;
        let pages = if resident == 0 {
            Vec::new()
        } else {
            self.pages[first / page_tokens..(first + resident).div_ceil(page_tokens)].to_vec()
        };
        for page in &pages {
            pool.share(*page);
        }
        Segment {
            tokens: Arc::new(self.tokens[from..to].to_vec()),
            names: Arc::new(self.names[from..to].to_vec()),
            before: if from == 0 { self.before } else { self.names[from - 1] },
            // Only the first token of a spliced run stands behind something else than it was computed behind.
            spliced: self.spliced,
            branch: self.branch.clone(),
            start: self.start + from as u32,
            inherited: self.inherited,
            open: false,
            pages,
            offset: if resident == 0 { 0 } else { first % page_tokens },
            resident,
            computed: self.computed.clamp(from, to) - from,
            reduced: None,
            member: false,
            given: self.given,
            settled: self.settled,
            watched: None,
        }
    }

    /// Releases all keys and values; the tokens stay.
    pub(crate) fn release(&mut self, pool: &mut PagePool) {
        for page in self.pages.drain(..) {
            pool.release(page);
        }
        (self.offset, self.resident, self.watched) = (0, 0, None);
    }

    /// Takes the page references out without releasing them, for their next holder.
    pub(crate) fn take_pages(&mut self) -> Vec<PageId> {
        std::mem::take(&mut self.pages)
    }

    /// Releases what can be recomputed. Spliced text cannot: the context in which it was computed is gone.
    pub(crate) fn evict(&mut self, pool: &mut PagePool) {
        if self.spliced.is_none() {
            self.release(pool);
        }
    }

    /// Whether its keys and values are still valid if the context before it is `expected`.
    pub(crate) fn stands(&self, expected: ContextId) -> bool {
        self.before == self.spliced.map_or(expected, |(was, kept)| ContextId::splice(expected, was, kept))
    }

    /// Moves it after another context. Its keys and values are released, unless stale ones are kept; returns the number
    /// of tokens to recompute.
    pub(crate) fn rebase(&mut self, expected: ContextId, start: u32, stale: Stale, pool: &mut PagePool) -> usize {
        self.start = start;
        let now = match self.spliced {
            Some((was, kept)) => ContextId::splice(expected, was, kept),
            None => expected,
        };
        if now == self.before {
            return 0;
        }
        let (mut again, mut now) = (0, now);
        if stale == Stale::Keep && self.spliced.is_none() && self.resident > 0 {
            self.spliced = Some((self.before, self.resident));
            now = ContextId::splice(expected, self.before, self.resident);
        }
        if stale == Stale::Recompute {
            (again, now) = (self.computed, expected);
            self.spliced = None;
            self.settled &= self.inherited;
            self.release(pool);
        }
        self.before = now;
        let mut names = Vec::with_capacity(self.len());
        for token in self.tokens.iter() {
            now = now.then(*token);
            names.push(now);
        }
        if let (Some(last), Some(reduced)) = (names.last_mut(), &self.reduced)
            && reduced.approximate
        {
            *last = last.reduced(&reduced.policy);
        }
        self.names = Arc::new(names);
        again
    }

    /// Pages to take before `count` more tokens have room.
    pub(crate) fn pages_wanted(&self, count: usize, page_tokens: usize) -> usize {
        if self.reduced.is_some() {
            return 0;
        }
        (self.offset + self.resident + count).div_ceil(page_tokens).saturating_sub(self.pages.len())
    }

    pub(crate) fn add_page(&mut self, page: PageId) {
        self.pages.push(page);
    }

    /// Drops the last token's key and value, so that its row is recomputed.
    pub(crate) fn forget_last(&mut self) {
        debug_assert!(self.is_whole() && self.resident > 0);
        self.resident -= 1;
        self.computed = self.computed.max(self.resident + 1);
    }

    /// The slots of the next `count` tokens without keys and values.
    pub(crate) fn next_slots(&self, count: usize, page_tokens: usize) -> impl Iterator<Item = Slot> {
        (self.resident..self.resident + count).map(move |at| self.slot(at, page_tokens))
    }

    /// Marks the next `count` tokens as computed.
    pub(crate) fn advance(&mut self, count: usize) {
        self.resident += count;
        self.computed = self.computed.max(self.resident);
        debug_assert!(self.resident <= self.len());
    }

    /// The first token without key and value; `None` if all are computed.
    pub(crate) fn next_missing(&self) -> Option<Token> {
        self.tokens.get(self.resident).copied()
    }

    /// Releases pages that hold none of its keys and values.
    pub(crate) fn trim(&mut self, page_tokens: usize, pool: &mut PagePool) {
        let held = if self.resident == 0 { 0 } else { (self.offset + self.resident).div_ceil(page_tokens) };
        for page in self.pages.drain(held.min(self.pages.len())..) {
            pool.release(page);
        }
    }

    /// The slots in its pages after its last key and value.
    #[cfg(test)]
    pub(crate) fn slots_behind(&self, page_tokens: usize) -> Vec<Slot> {
        let room = (self.pages.len() * page_tokens).saturating_sub(self.offset + self.resident);
        self.next_slots(room, page_tokens).collect()
    }

    /// Appends the slots of its first `count` tokens, which have room, page by page; or what a policy shows of it to
    /// given or generated text.
    pub(crate) fn spans(&self, count: usize, given: bool, page_tokens: usize, spans: &mut Vec<Span>) {
        if let Some(reduced) = &self.reduced {
            let shift = |listed: &Listed| listed.position - reduced.start + self.start;
            let seen =
                reduced.seen(given).iter().map(|listed| (self.slot(listed.entry as usize, page_tokens), shift(listed)));
            return seen.for_each(|(slot, position)| list(slot, position, spans));
        }
        let mut at = 0;
        while at < count {
            let place = self.offset + at;
            let tokens = (page_tokens - place % page_tokens).min(count - at);
            spans.push(Span {
                page: self.pages[place / page_tokens].0,
                offset: (place % page_tokens) as u32,
                tokens: tokens as u32,
                position: self.start + at as u32,
            });
            at += tokens;
        }
    }

    /// The pages that the prefix cache may serve: full pages that begin with a token at a multiple of the page size,
    /// and for a member of a set the last page too. Each with the context of its last token and the number of its
    /// tokens.
    pub(crate) fn pages_to_find(&self, page_tokens: usize) -> Vec<((ContextId, usize), PageId)> {
        let plain = self.offset == 0 && self.spliced.is_none() && self.reduced.is_none();
        let count = if plain { self.resident / page_tokens } else { 0 };
        let full = |page: usize| ((self.names[(page + 1) * page_tokens - 1], page_tokens), self.pages[page]);
        let rest = self.resident % page_tokens;
        let has_last = plain && self.member && !self.open && self.is_whole() && rest > 0;
        let last = has_last.then(|| ((self.end_name(), rest), self.pages[count]));
        (0..count).map(full).chain(last).collect()
    }

    /// Adopts pages of other sequences that hold exactly the keys and values of its next tokens. At least `keep` tokens
    /// at the end are left to compute. Returns the number of tokens adopted.
    pub(crate) fn adopt(
        &mut self,
        keep: usize,
        page_tokens: usize,
        mut find: impl FnMut((ContextId, usize)) -> Option<PageId>,
        pool: &mut PagePool,
    ) -> usize {
        if self.offset != 0 || self.spliced.is_some() || !self.resident.is_multiple_of(page_tokens) {
            return 0;
        }
        let before = self.resident;
        while self.resident + page_tokens + keep <= self.len()
            && let Some(page) = find((self.names[self.resident + page_tokens - 1], page_tokens))
        {
            pool.share(page);
            self.pages.push(page);
            self.resident += page_tokens;
        }
        let rest = self.len() - self.resident;
        if self.member
            && !self.open
            && rest > keep
            && keep == 0
            && rest < page_tokens
            && let Some(page) = find((self.end_name(), rest))
        {
            pool.share(page);
            self.pages.push(page);
            self.resident += rest;
        }
        self.computed = self.computed.max(self.resident);
        self.resident - before
    }
}

/// Lists one more key, extending the last span if it is adjacent in slot and position.
fn list(slot: Slot, position: u32, spans: &mut Vec<Span>) {
    match spans.last_mut() {
        Some(last)
            if last.page == slot.page
                && last.offset + last.tokens == slot.offset
                && last.position + last.tokens == position =>
        {
            last.tokens += 1;
        }
        _ => spans.push(Span { page: slot.page, offset: slot.offset, tokens: 1, position }),
    }
}

/// What to do with keys and values that were computed after another context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stale {
    /// Recompute them: exact.
    Recompute,
    /// Keep them, at their new positions: approximate.
    Keep,
}
