//! Attention of ragged batches of rows over pages.

mod plain;
mod runs;
mod vectors;

use std::cell::RefCell;

use crate::attention::runs::{Part, Run, TILE};
use crate::level::Kernels;
use crate::pages::{Cell, PageShape, Span};
use crate::parallel::{Disjoint, Parallel, spread};
use crate::rotary::Rotary;

/// The heads of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    /// Query heads; a multiple of the key and value heads, each of which serves a contiguous run of them.
    pub queries: usize,
    /// The layout of pages, with the key and value heads.
    pub shape: PageShape,
    /// Scale of the scores, usually `1 / sqrt(head_dim)`.
    pub scale: f32,
    /// The rotary tables.
    pub rotary: &'a Rotary,
    /// The sliding window: a row does not see tokens whose position is this far or farther before its own.
    pub window: Option<u32>,
    /// The soft cap: a score `s` counts as `cap · tanh(s / cap)`.
    pub cap: Option<f32>,
}

impl Heads<'_> {
    /// Masks the scores of a row outside its window. Scores are in the order of the list.
    pub(crate) fn hide(&self, position: u32, spans: &[Span], scores: &mut [f32]) {
        let Some(window) = self.window else { return };
        let mut index = 0;
        for span in spans {
            let beyond = (u64::from(position) + 1).saturating_sub(u64::from(window));
            let hidden = beyond.saturating_sub(u64::from(span.position)).min(u64::from(span.tokens)) as usize;
            let end = (index + hidden).min(scores.len());
            scores[index.min(end)..end].fill(f32::NEG_INFINITY);
            index += span.tokens as usize;
            if index >= scores.len() {
                break;
            }
        }
    }
}

/// Consecutive rows that read the same list of tokens.
///
/// The visibility rule: **row `i` sees the first `seen[i]` tokens of the spans, in their order, and nothing else.** A
/// decoding row sees the whole list; a row of a prefill sees what comes before it and itself (so its own key is stored
/// first); tokens that a sequence may not see are not in its list. Rows whose lists are not prefixes of one another are
/// in different groups, which may share pages and spans.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Logical position of each row.
    pub positions: &'a [u32],
    /// How many tokens of the list each row sees; the same length as `positions`.
    pub seen: &'a [u32],
    /// The list of tokens.
    pub spans: &'a [Span],
}

/// The keys and values of one layer, in the layout of [`PageShape`].
#[derive(Clone, Copy, Debug)]
pub struct Pages<'a, C> {
    /// `[pages][kv head][number][token]`
    pub keys: &'a [C],
    /// `[pages][kv head][token][number]`
    pub values: &'a [C],
}

/// The arguments of [`Kernels::attend`].
pub struct Call<'a, C> {
    parallel: &'a dyn Parallel,
    heads: &'a Heads<'a>,
    pages: Pages<'a, C>,
    queries: &'a [f32],
    groups: &'a [Group<'a>],
    out: &'a mut [f32],
}

impl Kernels {
    /// Attention with rotary embedding: for every row `r` and query head `h`
    ///
    /// ```text
    /// score[t] = Σ_i turned(scale · q[r][h], position of r)[i] · turned(key[t], position of t)[i]
    /// out[r][h] = Σ_t e^(score[t] - max) · value[t]  ·  1 / Σ_t e^(score[t] - max)
    /// ```
    ///
    /// over the tokens that the row sees, with scores bounded by the [cap](Heads::cap). Shapes, row-major f32:
    /// `queries` and `out` `[rows, heads, head_dim]`, the rows of all groups in order. A row that sees nothing gives
    /// zeros.
    ///
    /// Order of sums: a score pair by pair, the first number of a pair before the second; the denominator in 16 stripes
    /// of the list; an output token by token in list order; each with fused multiply-adds. So a row depends on its
    /// query, its list and its positions, and not on how the list is split into spans, on page size, on other rows, on
    /// the executor or the level.
    ///
    /// Rows of a group are computed together, and so are rows of consecutive groups whose lists begin with the same
    /// spans: what they share is read once for up to 32 rows. If a group has more, its keys are rotated once, into a
    /// buffer of `tokens · kv_heads · head_dim` f32 that the calling thread keeps for its next call.
    ///
    /// # Panics
    /// If a length disagrees with its shape, a row sees more than is listed, or a position or page is outside the
    /// tables.
    pub fn attend<C: Cell>(
        self,
        parallel: &dyn Parallel,
        heads: &Heads<'_>,
        pages: Pages<'_, C>,
        queries: &[f32],
        groups: &[Group<'_>],
        out: &mut [f32],
    ) {
        C::attend(self, Call { parallel, heads, pages, queries, groups, out });
    }

    pub(crate) fn attend_over<C: Cell>(self, call: Call<'_, C>) {
        let Call { parallel, heads, pages, queries, groups, out } = call;
        let shape = heads.shape;
        let width = heads.queries * shape.head_dim;
        assert!(shape.kv_heads > 0 && heads.queries.is_multiple_of(shape.kv_heads), "whole runs of query heads");
        assert_eq!(heads.rotary.dim(), shape.head_dim, "the angles of this head");
        assert!(
            pages.keys.len() == pages.values.len() && pages.keys.len().is_multiple_of(shape.cells()),
            "whole pages"
        );
        for group in groups {
            check(shape.page_tokens, heads.rotary.positions(), group, pages.keys.len() / shape.cells());
        }
        let rows: usize = groups.iter().map(|group| group.positions.len()).sum();
        assert!(
            queries.len() == rows * width && out.len() == rows * width,
            "queries and out are [rows, heads, head_dim]"
        );
        let (runs, length) = runs::of(groups, heads, parallel.width());
        let mut buffer = TURNED.take();
        if buffer.len() < length {
            buffer.resize(length, 0.0);
        }
        self.turn_keys(parallel, heads, pages.keys, &runs, &mut buffer);
        let mut parts = Vec::with_capacity(runs.len() * shape.kv_heads);
        for run in &runs {
            let turned = run.turned.as_ref().map(|range| &buffer[range.clone()]);
            parts.extend((0..shape.kv_heads).map(|head| Part {
                run,
                head,
                turned: turned.map(|keys| &keys[head * (keys.len() / shape.kv_heads)..][..keys.len() / shape.kv_heads]),
            }));
        }
        let out = Disjoint::new(out);
        spread(parallel, parts.len(), 1, &|range| {
            for part in &parts[range] {
                self.perform(vectors::PartTask { heads, pages, queries, part, out: &out });
            }
        });
        drop(parts);
        TURNED.set(buffer);
    }

    /// Rotates the keys of lists that several runs read.
    fn turn_keys<C: Cell>(
        self,
        parallel: &dyn Parallel,
        heads: &Heads<'_>,
        keys: &[C],
        runs: &[Run<'_>],
        buffer: &mut [f32],
    ) {
        let cells = 16 * TILE * heads.shape.head_dim;
        let mut tiles = Vec::new();
        for same in runs.chunk_by(|one, next| one.turned == next.turned) {
            let (Some(range), Some(segment)) = (&same[0].turned, same[0].segments.first()) else { continue };
            let of_head = |head| segment.vectors.chunks(TILE).map(move |vectors| (head, vectors));
            let all = (0..heads.shape.kv_heads).flat_map(of_head).zip((range.start..).step_by(cells));
            tiles.extend(all.map(|((head, vectors), at)| vectors::TurnTask { heads, keys, head, vectors, at }));
        }
        let buffer = Disjoint::new(buffer);
        spread(parallel, tiles.len(), 16, &|range| {
            for tile in &tiles[range] {
                self.perform(vectors::Turned { tile, buffer: &buffer });
            }
        });
    }
}

thread_local! {
    /// Rotated keys of a call, kept for the next one.
    static TURNED: RefCell<Vec<f32>> = RefCell::default();
}

/// Panics with a clear message, before any work, instead of failing somewhere within it.
pub(crate) fn check(page_tokens: usize, positions: usize, group: &Group<'_>, pages: usize) {
    assert_eq!(group.positions.len(), group.seen.len(), "a count for each row");
    let mut listed = 0u64;
    for span in group.spans {
        assert!((span.page as usize) < pages, "page {} of {pages}", span.page);
        let end = span.offset as usize + span.tokens as usize;
        assert!(end <= page_tokens, "a span ends with its page");
        let end = span.position as usize + span.tokens as usize;
        assert!(end <= positions, "position {end} of {positions}");
        listed += u64::from(span.tokens);
    }
    for (position, seen) in group.positions.iter().zip(group.seen) {
        assert!((*position as usize) < positions, "position {position}");
        assert!(u64::from(*seen) <= listed, "a row sees {seen} of {listed} tokens");
    }
}
