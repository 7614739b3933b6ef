//! A sequence: the list of segments that one node reads.
//!
//! The list is the rule of visibility: a token sees all that stands before it in the list, except what
//! lies in another path of a block. Positions follow from the list alone: a segment starts behind the
//! longest of what it sees, so the paths of a block share their start, and what joins them starts behind
//! the longest path. Fork clones the list, a join concatenates lists, a prune drops a range.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use theoremata_kernels::Span;

use crate::keep::policy::{KvPolicy, Pace};
use crate::kv::context::ContextId;
use crate::kv::pages::PagePool;
use crate::kv::segment::{Fork, ForkPath, Segment, Stale, hidden};
use crate::text::token::Token;

/// Tokens to be computed: the next `count` of a segment that have no keys and values yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chunk {
    /// The place of the segment in the list.
    pub(crate) segment: usize,
    /// How many tokens.
    pub(crate) count: usize,
}

/// What a sequence lets go of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hold {
    /// What it wrote itself.
    Own,
    /// What it got at its fork as well.
    All,
}

/// A list of segments, with the branch in which its next token lies.
#[derive(Debug)]
pub(crate) struct Sequence {
    /// In the order in which they are read; positions follow from the list.
    pub(crate) segments: Vec<Segment>,
    /// The paths of blocks in which the next token lies.
    branch: ForkPath,
    /// Where its text is cut, where a policy works on it.
    cuts: Option<Cuts>,
}

/// Where the text of a sequence is cut into segments, for whom.
#[derive(Clone, Debug)]
pub(crate) struct Cuts {
    /// What works at the end of each segment.
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

    /// A sequence whose text is cut for a policy.
    pub(crate) fn cut_for(cuts: Cuts) -> Sequence {
        Sequence { cuts: Some(cuts), ..Sequence::new() }
    }

    /// For whom its text is cut.
    pub(crate) fn cuts(&self) -> Option<&Cuts> {
        self.cuts.as_ref()
    }

    /// Ends the prompt: what comes from now on stands in a segment of its own.
    pub(crate) fn end_prompt(&mut self) {
        if let Some(cuts) = &mut self.cuts {
            cuts.in_prompt = false;
            self.close();
        }
    }

    /// Up to which segment it may be computed: the policy has to work on that one before the next. None without a
    /// policy.
    pub(crate) fn boundary(&self) -> Option<usize> {
        self.cuts.as_ref()?;
        self.segments.iter().position(|segment| !segment.settled && !segment.is_spliced())
    }

    /// The segments on which the policy is to work now, if it is: the last of them is computed, and something stands
    /// behind it or is about to. They stand behind each other in one branch.
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
            // What was left of one run is worked on further; what came back of a branch has a past of its own.
            if other.reduced().is_some() {
                break;
            }
        }
        Some(last - before..last + 1)
    }

    /// From which of the rows that follow so many of a segment on they are watched, if a policy wants them to be.
    pub(crate) fn watched_from(&self, segment: usize, resident: usize) -> Option<usize> {
        let wants = self.cuts.as_ref().is_some_and(|cuts| cuts.policy.watches());
        let segment = &self.segments[segment];
        let known = segment.watched.as_ref().map_or(0, |watched| watched.rows);
        (wants && !segment.settled).then(|| known.saturating_sub(resident))
    }

    /// Puts one segment in the place of several. What stands behind it and has no keys and values gets its new place
    /// and name; what has some was computed behind just this.
    pub(crate) fn fold(&mut self, range: Range<usize>, folded: Segment, pool: &mut PagePool) {
        let first = range.start + 1;
        self.segments.splice(range, [folded]);
        for place in first..self.segments.len() {
            if self.segments[place].resident() == 0 {
                self.put(place, Stale::Recompute, pool);
            }
        }
    }

    /// Replaces what a policy left by the text as it was cut, which has to be computed again.
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

    /// Appends a member of a set: a path of its own, that other members do not see.
    pub(crate) fn give_member(&mut self, fork: Fork, tokens: &[Token]) {
        self.close();
        let (outside, first) = (self.branch.clone(), self.segments.len());
        self.branch = outside.iter().copied().chain([fork]).collect();
        tokens.iter().for_each(|token| self.push(*token));
        self.segments[first..].iter_mut().for_each(|segment| segment.member = true);
        self.close();
        self.branch = outside;
    }

    /// Appends text that nobody generated. For a policy it is a stretch of its own.
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

    /// Appends a token behind all that is there.
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

    /// A sequence that goes on from here in a path of its own.
    pub(crate) fn fork(&mut self, fork: Fork, pool: &mut PagePool) -> Sequence {
        self.close();
        let branch = self.branch.iter().copied().chain([fork]).collect();
        let cuts = self.cuts.clone().map(|cuts| Cuts { in_prompt: false, ..cuts });
        Sequence { segments: self.segments.iter().map(|segment| segment.share(pool)).collect(), branch, cuts }
    }

    /// What is appended from now on stands in a segment of its own.
    pub(crate) fn close(&mut self) {
        if let Some(last) = self.segments.last_mut() {
            last.open = false;
        }
    }

    /// The tokens that this sequence wrote itself, in order.
    pub(crate) fn own_tokens(&self) -> Vec<Token> {
        let own = self.segments.iter().filter(|segment| !segment.inherited);
        own.flat_map(|segment| segment.tokens().iter().copied()).collect()
    }

    /// The last tokens of the list, at most so many.
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

    /// Whether no key or value stands behind something else than it was computed behind, and no policy takes any away.
    pub(crate) fn is_exact(&self) -> bool {
        !self.segments.iter().any(Segment::is_spliced) && !self.is_thinned()
    }

    /// Whether a policy does something to its text, sooner or later. The text alone says so: not what was computed.
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

    /// Pages that it holds when every token has its key and value.
    pub(crate) fn pages_when_whole(&self, page_tokens: usize) -> usize {
        let whole = |part: &Segment| part.pages().len() + part.pages_wanted(part.len() - part.resident(), page_tokens);
        self.segments.iter().map(whole).sum()
    }

    /// Tokens without key and value.
    pub(crate) fn missing(&self) -> usize {
        self.segments.iter().map(|segment| segment.len() - segment.resident()).sum()
    }

    /// Where a row of a segment finds what it sees: all visible segments before, and the first `own`
    /// tokens of its own. Gives how many tokens stand before the segment, too.
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

    /// Lets go of keys and values; the tokens stay, and what is missing can be computed again.
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

    /// Whether it holds any page of that kind.
    pub(crate) fn holds_pages(&self, hold: Hold) -> bool {
        self.segments.iter().any(|segment| (hold == Hold::All || !segment.inherited) && !segment.pages().is_empty())
    }

    /// Takes out what this sequence wrote itself; the rest is let go of.
    pub(crate) fn into_own(mut self, pool: &mut PagePool) -> Vec<Segment> {
        let (mut inherited, own) = self.segments.drain(..).partition::<Vec<_>, _>(|segment| segment.inherited);
        for segment in &mut inherited {
            segment.release(pool);
        }
        own
    }

    /// Lets go of everything.
    pub(crate) fn clear(&mut self, pool: &mut PagePool) {
        for mut segment in self.segments.drain(..) {
            segment.release(pool);
        }
    }

    /// Appends segments that another sequence wrote.
    pub(crate) fn extend(&mut self, segments: Vec<Segment>) {
        self.close();
        for mut segment in segments {
            (segment.inherited, segment.open) = (false, false);
            self.segments.push(segment);
        }
    }

    /// Removes a range of tokens, counted along the list. Segments behind it keep their old positions and
    /// names until [`Sequence::settle`] is called.
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

    /// Puts tokens in before the token that stands at `at` along the list, in the branch of this sequence.
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

    /// Writes neighbours into one segment where the second has no keys and values yet: else what is cut
    /// often would lie in many pages, each of them filled in part. How a sequence lies in pages then hangs on
    /// its text alone. Gives how many tokens have to be computed again, because others hold their page too.
    pub(crate) fn mend(&mut self, page_tokens: usize, pool: &mut PagePool) -> usize {
        // A policy wants its cuts.
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

    /// Gives every segment the position and the name that the list says. Keys and values that were
    /// computed behind something else are stale. Gives how many tokens have to be computed again.
    pub(crate) fn settle(&mut self, stale: Stale, pool: &mut PagePool) -> usize {
        let (mut again, mut place) = (0, 0);
        while place < self.segments.len() {
            again += self.put(place, stale, pool);
            place += 1;
        }
        again
    }

    /// Gives one segment the position and the name that the list says.
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

    /// Replaces all that a policy left by the text as it was cut.
    fn unfold_all(&mut self, pool: &mut PagePool) {
        let mut place = 0;
        while place < self.segments.len() {
            self.unfold(place, pool);
            place += 1;
        }
    }

    /// Where something in a branch starts that stands at `place` in the list.
    fn start_of(&self, place: usize, branch: &[Fork]) -> u32 {
        let seen = self.segments[..place].iter().filter(|part| !hidden(&part.branch, branch));
        seen.map(Segment::end).max().unwrap_or(0)
    }
}

/// The name of what stands before something in `branch` that sees these segments, and no others.
fn frontier(visible: &[&Segment], branch: &[Fork]) -> ContextId {
    let Some(last) = visible.last() else { return ContextId::ROOT };
    let Some(fork) = last.branch.get(branch.len()) else { return last.end_name() };
    // The last thing before is a block: its paths end where each of them ends.
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
        // One path alone is plain text.
        [end] => *end,
        ends => ContextId::join(ends),
    }
}
