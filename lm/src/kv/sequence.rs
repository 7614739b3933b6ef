//! A sequence: the list of segments that one node reads.
//!
//! The list is the visibility rule: a token sees everything before it in the list, except what is in another path of a
//! fork. Positions follow from the list alone: a segment starts after the longest of what it sees, so the paths of a
//! fork share their start, and the text after a join starts after the longest path. A fork clones the list, a join
//! concatenates lists, a prune drops a range.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use theoremata_kernels::Span;

use crate::keep::policy::{KvPolicy, Pace};
use crate::kv::context::ContextId;
use crate::kv::pages::PagePool;
use crate::kv::segment::{Fork, ForkPath, Segment, Stale, hidden};
use crate::text::token::Token;

/// Tokens to compute: the next `count` tokens of a segment without keys and values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chunk {
    /// The index of the segment in the list.
    pub(crate) segment: usize,
    /// How many tokens.
    pub(crate) count: usize,
}

/// Which pages a sequence gives up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hold {
    /// Those of its own text.
    Own,
    /// Those it got at its fork as well.
    All,
}

/// A list of segments, with the branch of its next token.
#[derive(Debug)]
pub(crate) struct Sequence {
    /// In reading order; positions follow from the list.
    pub(crate) segments: Vec<Segment>,
    /// The fork path of the next token.
    branch: ForkPath,
    /// How its text is cut, if it has a policy.
    cuts: Option<Cuts>,
}

/// How the text of a sequence is cut into segments for a policy.
#[derive(Clone, Debug)]
pub(crate) struct Cuts {
    /// The policy, which is applied at the end of each segment.
    pub(crate) policy: Arc<dyn KvPolicy>,
    /// Its name.
    pub(crate) name: Arc<str>,
    /// How long a segment may grow.
    pub(crate) pace: Pace,
    /// Tokens that end a sentence or a line.
    pub(crate) sentence_ends: Arc<BTreeSet<Token>>,
    /// Whether the prompt is still being written.
    pub(crate) in_prompt: bool,
}

impl Cuts {
    /// Whether a segment ends with its last token.
    fn end(&self, segment: &Segment) -> bool {
        let most = if self.in_prompt { self.pace.prompt } else { self.pace.text };
        let ends = |last: &Token| self.sentence_ends.contains(last);
        let sentence = self.pace.sentences && !self.in_prompt && segment.tokens().last().is_some_and(ends);
        segment.len() >= most || sentence
    }
}

impl Sequence {
    pub(crate) fn new() -> Sequence {
        Sequence { segments: Vec::new(), branch: Arc::from([]), cuts: None }
    }

    /// An empty sequence whose text is cut for a policy.
    pub(crate) fn cut_for(cuts: Cuts) -> Sequence {
        Sequence { cuts: Some(cuts), ..Sequence::new() }
    }

    /// How its text is cut; `None` without a policy.
    pub(crate) fn cuts(&self) -> Option<&Cuts> {
        self.cuts.as_ref()
    }

    /// Ends the prompt: what is appended from now on starts a new segment.
    pub(crate) fn end_prompt(&mut self) {
        if let Some(cuts) = &mut self.cuts {
            cuts.in_prompt = false;
            self.close();
        }
    }

    /// The last segment that may be computed now: the policy has to process it before the next one. `None` without a
    /// policy, or if the policy has processed all.
    pub(crate) fn boundary(&self) -> Option<usize> {
        self.cuts.as_ref()?;
        self.segments.iter().position(|segment| !segment.settled && !segment.is_spliced())
    }

    /// The segments that the policy is to process now, if any: the last of them is computed, and text follows it or is
    /// about to. They are consecutive and in one branch.
    pub(crate) fn due(&self, at_fork: bool) -> Option<Range<usize>> {
        let last = self.boundary()?;
        let segment = &self.segments[last];
        let goes_on = at_fork || self.segments[last + 1..].iter().any(|behind| behind.len() > 0);
        if !segment.is_whole() || segment.len() == 0 || !goes_on {
            return None;
        }
        let mut before = 0;
        for other in self.segments[..last].iter().rev() {
            if other.inherited != segment.inherited || other.is_spliced() || other.branch != segment.branch {
                break;
            }
            before += 1;
            // Reduced text is reduced further; text that returned from a branch has a history of its own.
            if other.reduced().is_some() {
                break;
            }
        }
        Some(last - before..last + 1)
    }

    /// The first row to watch, among the rows after the `resident` tokens of a segment; `None` if no policy needs it.
    pub(crate) fn watched_from(&self, segment: usize, resident: usize) -> Option<usize> {
        let wants = self.cuts.as_ref().is_some_and(|cuts| cuts.policy.watches());
        let segment = &self.segments[segment];
        let known = segment.watched.as_ref().map_or(0, |watched| watched.rows);
        (wants && !segment.settled).then(|| known.saturating_sub(resident))
    }

    /// Replaces several segments by one. Segments after it without keys and values get a new position and context;
    /// those with keys and values were computed after exactly this.
    pub(crate) fn fold(&mut self, range: Range<usize>, folded: Segment, pool: &mut PagePool) {
        let first = range.start + 1;
        self.segments.splice(range, [folded]);
        for place in first..self.segments.len() {
            if self.segments[place].resident() == 0 {
                self.put(place, Stale::Recompute, pool);
            }
        }
    }

    /// Replaces reduced text by the text as it was cut, which then has to be recomputed.
    pub(crate) fn unfold(&mut self, place: usize, pool: &mut PagePool) {
        if self.segments[place].reduced().is_some() {
            let segment = self.segments.remove(place);
            self.segments.splice(place..place, segment.unfold(pool));
        }
    }

    /// Number of tokens.
    pub(crate) fn len(&self) -> usize {
        self.segments.iter().map(Segment::len).sum()
    }

    pub(crate) fn branch(&self) -> &ForkPath {
        &self.branch
    }

    /// The position of the next token.
    pub(crate) fn end(&self) -> u32 {
        self.start_of(self.segments.len(), &self.branch)
    }

    /// Appends a member of a set: a path of its own that other members do not see.
    pub(crate) fn give_member(&mut self, fork: Fork, tokens: &[Token]) {
        self.close();
        let (outside, first) = (self.branch.clone(), self.segments.len());
        self.branch = outside.iter().copied().chain([fork]).collect();
        tokens.iter().for_each(|token| self.push(*token));
        self.segments[first..].iter_mut().for_each(|segment| segment.member = true);
        self.close();
        self.branch = outside;
    }

    /// Appends text that was not generated. For a policy it is a stretch of its own.
    pub(crate) fn give(&mut self, tokens: &[Token]) {
        if self.cuts.is_none() {
            return tokens.iter().for_each(|token| self.push(*token));
        }
        self.close();
        for token in tokens {
            self.push(*token);
            if let Some(last) = self.segments.last_mut() {
                last.given = true;
            }
        }
        self.close();
    }

    /// Appends a token.
    pub(crate) fn push(&mut self, token: Token) {
        if !self.segments.last().is_some_and(|last| last.open) {
            let visible = self.segments.iter().filter(|part| !hidden(&part.branch, &self.branch));
            let before = frontier(&visible.collect::<Vec<_>>(), &self.branch);
            self.segments.push(Segment::new(before, self.branch.clone(), self.end()));
        }
        if let Some(last) = self.segments.last_mut() {
            last.push(token);
            last.open = self.cuts.as_ref().is_none_or(|cuts| !cuts.end(last));
        }
    }

    /// A sequence that continues from here in a path of its own.
    pub(crate) fn fork(&mut self, fork: Fork, pool: &mut PagePool) -> Sequence {
        self.close();
        let branch = self.branch.iter().copied().chain([fork]).collect();
        let cuts = self.cuts.clone().map(|cuts| Cuts { in_prompt: false, ..cuts });
        Sequence { segments: self.segments.iter().map(|segment| segment.share(pool)).collect(), branch, cuts }
    }

    /// Closes the last segment: what is appended from now on starts a new one.
    pub(crate) fn close(&mut self) {
        if let Some(last) = self.segments.last_mut() {
            last.open = false;
        }
    }

    /// The tokens of the sequence's own text, in order.
    pub(crate) fn own_tokens(&self) -> Vec<Token> {
        let own = self.segments.iter().filter(|segment| !segment.inherited);
        own.flat_map(|segment| segment.tokens().iter().copied()).collect()
    }

    /// The last tokens of the list, at most `most`.
    pub(crate) fn last_tokens(&self, most: usize) -> Vec<Token> {
        let mut skip = self.len().saturating_sub(most);
        let mut tokens = Vec::with_capacity(self.len() - skip);
        for segment in &self.segments {
            let from = skip.min(segment.len());
            skip -= from;
            tokens.extend_from_slice(&segment.tokens()[from..]);
        }
        tokens
    }

    /// Whether every key and value is in the context in which it was computed, and no policy removes any.
    pub(crate) fn is_exact(&self) -> bool {
        !self.segments.iter().any(Segment::is_spliced) && !self.is_thinned()
    }

    /// Whether a policy ever changes its text. This depends on the text alone, not on what is computed.
    pub(crate) fn is_thinned(&self) -> bool {
        let Some(cuts) = &self.cuts else { return false };
        let runs = self.segments.chunk_by(|one, other| one.branch == other.branch && one.inherited == other.inherited);
        runs.map(|run| run.iter().map(Segment::len).sum::<usize>()).any(|tokens| cuts.policy.is_due(tokens, tokens))
    }

    /// Whether every token has its key and value.
    pub(crate) fn is_whole(&self) -> bool {
        self.segments.iter().all(Segment::is_whole)
    }

    /// The next tokens to compute, at most `rows` of them, in the order in which they can be computed.
    pub(crate) fn gaps(&self, mut rows: usize) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let reach = self.boundary().unwrap_or(self.segments.len());
        for (segment, part) in self.segments.iter().enumerate().take(reach.saturating_add(1)) {
            let count = (part.len() - part.resident()).min(rows);
            if count > 0 {
                chunks.push(Chunk { segment, count });
                rows -= count;
            }
            if rows == 0 {
                break;
            }
        }
        chunks
    }

    /// Pages that it holds once every token has its key and value.
    pub(crate) fn pages_when_whole(&self, page_tokens: usize) -> usize {
        let whole = |part: &Segment| part.pages().len() + part.pages_wanted(part.len() - part.resident(), page_tokens);
        self.segments.iter().map(whole).sum()
    }

    /// Tokens without key and value.
    pub(crate) fn missing(&self) -> usize {
        self.segments.iter().map(|segment| segment.len() - segment.resident()).sum()
    }

    /// The slots that a row of a segment sees: all visible earlier segments, and the first `own` tokens of its own.
    /// Also returns how many keys come before the segment.
    pub(crate) fn spans(&self, segment: usize, own: usize, page_tokens: usize) -> (Vec<Span>, usize) {
        let (mut spans, mut before) = (Vec::new(), 0);
        let reader = &self.segments[segment];
        for part in &self.segments[..segment] {
            if !hidden(&part.branch, &reader.branch) {
                part.spans(part.len(), reader.given, page_tokens, &mut spans);
                before += part.seen_by(reader);
            }
        }
        reader.spans(own, reader.given, page_tokens, &mut spans);
        (spans, before)
    }

    /// Releases keys and values; the tokens stay, and what is missing can be recomputed.
    pub(crate) fn evict(&mut self, hold: Hold, pool: &mut PagePool) {
        let mut place = 0;
        while place < self.segments.len() {
            let segment = &self.segments[place];
            if hold == Hold::All || !segment.inherited {
                if !segment.is_spliced() {
                    self.unfold(place, pool);
                }
                self.segments[place].evict(pool);
            }
            place += 1;
        }
    }

    /// Whether it holds any pages of that kind.
    pub(crate) fn holds_pages(&self, hold: Hold) -> bool {
        self.segments.iter().any(|segment| (hold == Hold::All || !segment.inherited) && !segment.pages().is_empty())
    }

    /// The segments of its own text; all others are released.
    pub(crate) fn into_own(mut self, pool: &mut PagePool) -> Vec<Segment> {
        let (mut inherited, own) = self.segments.drain(..).partition::<Vec<_>, _>(|segment| segment.inherited);
        for segment in &mut inherited {
            segment.release(pool);
        }
        own
    }

    /// Releases everything.
    pub(crate) fn clear(&mut self, pool: &mut PagePool) {
        for mut segment in self.segments.drain(..) {
            segment.release(pool);
        }
    }

    /// Appends segments of another sequence.
    pub(crate) fn extend(&mut self, segments: Vec<Segment>) {
        self.close();
        for mut segment in segments {
            (segment.inherited, segment.open) = (false, false);
            self.segments.push(segment);
        }
    }

    /// Removes a range of tokens, by index in the list. Later segments keep their old positions and contexts until
    /// [`Sequence::settle`] is called.
    pub(crate) fn cut(&mut self, range: Range<usize>, page_tokens: usize, pool: &mut PagePool) -> Vec<Token> {
        self.unfold_all(pool);
        let (mut kept, mut removed, mut at) = (Vec::new(), Vec::new(), 0);
        for mut segment in self.segments.drain(..) {
            let (start, end) = (at, at + segment.len());
            at = end;
            let from = range.start.clamp(start, end) - start;
            let to = range.end.clamp(start, end) - start;
            if from >= to {
                kept.push(segment);
                continue;
            }
            removed.extend_from_slice(&segment.tokens()[from..to]);
            for (from, to) in [(0, from), (to, segment.len())] {
                if from < to {
                    kept.push(segment.slice(from, to, page_tokens, pool));
                }
            }
            segment.release(pool);
        }
        self.segments = kept;
        self.close();
        removed
    }

    /// Inserts tokens before the token at index `at`, in the branch of this sequence.
    pub(crate) fn insert(&mut self, at: usize, tokens: &[Token], page_tokens: usize, pool: &mut PagePool) {
        self.unfold_all(pool);
        let mut new = Segment::new(ContextId::ROOT, self.branch.clone(), 0);
        tokens.iter().for_each(|token| new.push(*token));
        let (mut parts, mut place, mut new) = (Vec::new(), 0, Some(new));
        for mut segment in self.segments.drain(..) {
            let within = at.saturating_sub(place);
            place += segment.len();
            if new.is_some() && at < place {
                if within > 0 {
                    parts.push(segment.slice(0, within, page_tokens, pool));
                }
                parts.extend(new.take());
                parts.push(segment.slice(within, segment.len(), page_tokens, pool));
                segment.release(pool);
            } else {
                parts.push(segment);
            }
        }
        parts.extend(new);
        self.segments = parts;
        self.close();
    }

    /// Merges neighbouring segments where the second has no keys and values yet: otherwise frequent cuts would leave
    /// many partly filled pages. The page layout of a sequence then depends on its text alone. Returns the number of
    /// tokens to recompute because their page has other holders.
    pub(crate) fn mend(&mut self, page_tokens: usize, pool: &mut PagePool) -> usize {
        // A policy needs its cuts.
        if self.cuts.is_some() {
            return 0;
        }
        let (mut mended, mut again): (Vec<Segment>, usize) = (Vec::new(), 0);
        for segment in self.segments.drain(..) {
            match mended.last_mut() {
                Some(last) if last.precedes(&segment) => {
                    again += last.make_room(page_tokens, pool);
                    segment.tokens().iter().for_each(|token| last.push(*token));
                }
                _ => mended.push(segment),
            }
        }
        self.segments = mended;
        again
    }

    /// Gives every segment the position and the context that follow from the list. Keys and values from another context
    /// are stale. Returns the number of tokens to recompute.
    pub(crate) fn settle(&mut self, stale: Stale, pool: &mut PagePool) -> usize {
        let (mut again, mut place) = (0, 0);
        while place < self.segments.len() {
            again += self.put(place, stale, pool);
            place += 1;
        }
        again
    }

    /// Gives one segment the position and the context that follow from the list.
    fn put(&mut self, place: usize, stale: Stale, pool: &mut PagePool) -> usize {
        let branch = self.segments[place].branch.clone();
        let start = self.start_of(place, &branch);
        let visible: Vec<&Segment> =
            self.segments[..place].iter().filter(|part| !hidden(&part.branch, &branch)).collect();
        let before = frontier(&visible, &branch);
        if stale == Stale::Recompute && !self.segments[place].stands(before) {
            self.unfold(place, pool);
        }
        self.segments[place].rebase(before, start, stale, pool)
    }

    /// Replaces all reduced text by the text as it was cut.
    fn unfold_all(&mut self, pool: &mut PagePool) {
        let mut place = 0;
        while place < self.segments.len() {
            self.unfold(place, pool);
            place += 1;
        }
    }

    /// The position of a segment in `branch` at index `place` of the list.
    fn start_of(&self, place: usize, branch: &[Fork]) -> u32 {
        let seen = self.segments[..place].iter().filter(|part| !hidden(&part.branch, branch));
        seen.map(Segment::end).max().unwrap_or(0)
    }
}

/// The context of text in `branch` that sees exactly these segments.
fn frontier(visible: &[&Segment], branch: &[Fork]) -> ContextId {
    let Some(last) = visible.last() else { return ContextId::ROOT };
    let Some(fork) = last.branch.get(branch.len()) else { return last.end_name() };
    // The text before is a fork: each of its paths has its own end.
    let mut paths: Vec<u32> = Vec::new();
    for part in visible {
        if let Some(other) = part.branch.get(branch.len())
            && other.block == fork.block
            && !paths.contains(&other.path)
        {
            paths.push(other.path);
        }
    }
    let ends: Vec<ContextId> = paths
        .into_iter()
        .map(|path| {
            let branch: Vec<Fork> = branch.iter().copied().chain([Fork { block: fork.block, path }]).collect();
            let seen: Vec<&Segment> = visible.iter().filter(|part| !hidden(&part.branch, &branch)).copied().collect();
            frontier(&seen, &branch)
        })
        .collect();
    match ends.as_slice() {
        // A single path is plain text.
        [end] => *end,
        ends => ContextId::join(ends),
    }
}
