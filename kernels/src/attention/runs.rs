//! Which rows of a call are computed together, and what they share.

use std::ops::{Range, RangeInclusive};

use crate::attention::{Group, Heads};
use crate::pages::Span;
use crate::rotary::MARGIN;

/// A row of a call.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) group: &'a Group<'a>,
    /// The row within its group.
    index: usize,
    /// The row within the call.
    pub(super) at: usize,
}

impl Row<'_> {
    /// How many tokens of its list it sees.
    pub(super) fn seen(&self) -> usize {
        self.group.seen[self.index] as usize
    }

    /// Its position.
    pub(super) fn position(&self) -> u32 {
        self.group.positions[self.index]
    }
}

/// Rows of a call that are computed together.
pub(super) struct Run<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) segments: Vec<Segment<'a>>,
    /// If other runs read the same list: where its rotated keys are, `[kv head][tile][pair][both numbers][token]`.
    pub(super) turned: Option<Range<usize>>,
}

impl Run<'_> {
    /// How many tokens of the lists are read.
    pub(super) fn listed(&self) -> usize {
        self.rows.iter().map(Row::seen).max().unwrap_or(0)
    }
}

/// Spans that are next in the lists of some rows of a run. The segments of a run, in their order, have the spans of each
/// row in the row's order.
pub(super) struct Segment<'a> {
    /// The rows within the run.
    pub(super) rows: Range<usize>,
    pub(super) spans: &'a [Span],
    /// The keys of the spans.
    pub(super) vectors: Vec<Vector>,
    /// Index of the first token in the lists of the rows.
    pub(super) index: usize,
}

/// Sixteen places of a page, of which those between `from` and `to` hold tokens of a span.
#[derive(Clone, Copy)]
pub(super) struct Vector {
    pub(super) page: usize,
    pub(super) base: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    /// Index in the rotary tables of the first place's position. Places before `from` have earlier positions, for which
    /// the tables have a margin.
    pub(super) position: usize,
    /// Index of the token at `from` in the list.
    pub(super) index: usize,
}

/// Vectors of keys in a tile.
pub(super) const TILE: usize = 2;

/// The vectors of spans whose first token has this index.
fn vectors(spans: &[Span], mut index: usize) -> Vec<Vector> {
    let mut all = Vec::new();
    for span in spans {
        let (offset, end) = (span.offset as usize, (span.offset + span.tokens) as usize);
        all.extend((offset / 16 * 16..end).step_by(16).map(|base| Vector {
            page: span.page as usize,
            base,
            from: offset.max(base) - base,
            to: end.min(base + 16) - base,
            position: (span.position as usize + base + MARGIN) - offset,
            index: index + offset.max(base) - offset,
        }));
        index += span.tokens as usize;
    }
    all
}

/// A work item: a run, one key and value head.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) head: usize,
    /// The rotated keys of the run's only segment, `[tile][pair][both numbers][token]`.
    pub(super) turned: Option<&'a [f32]>,
}

/// Rows of a run: what they share is read once for all of them, but a run is the work of one thread.
const ROWS: RangeInclusive<usize> = 4..=32;
/// Weights of a run and one head, if it has more than the fewest rows: 1 MB, so that they stay in the cache.
const WEIGHTS: usize = 1 << 18;

/// Splits the rows of a call into runs: rows of one group, or of groups whose lists begin with the same spans, such as
/// branches of a tree. Also gives the length of all rotated keys.
pub(super) fn of<'a>(groups: &'a [Group<'a>], heads: &Heads<'_>, width: usize) -> (Vec<Run<'a>>, usize) {
    let all: Vec<Row<'a>> = groups
        .iter()
        .flat_map(|group| (0..group.positions.len()).map(move |index| (group, index)))
        .enumerate()
        .map(|(at, (group, index))| Row { group, index, at })
        .collect();
    let per_thread = (all.len() * heads.shape.kv_heads).div_ceil(4 * width);
    let query_heads = heads.queries / heads.shape.kv_heads;
    // A power of two, so that chunks of a prefill split evenly.
    let most = |listed: usize| {
        // The last tokens of a prefill, of which each row sees another number, are summed row by row.
        let most = per_thread.min(WEIGHTS / (query_heads * listed.max(1))).min(listed / 16);
        1 << most.clamp(*ROWS.start(), *ROWS.end()).ilog2()
    };
    let mut runs: Vec<Vec<Row<'a>>> = Vec::new();
    let mut listed = 0;
    for row in all {
        let longest = listed.max(row.seen());
        match runs.last_mut() {
            Some(rows) if rows.len() < most(longest) && share(rows[rows.len() - 1], row) => {
                rows.push(row);
                listed = longest;
            }
            _ => {
                listed = row.seen();
                runs.push(vec![row]);
            }
        }
    }
    let mut turned = 0..0;
    let mut shaped: Vec<Run<'a>> = Vec::with_capacity(runs.len());
    for same in runs.chunk_by(|one, next| one.iter().chain(next).all(|row| std::ptr::eq(row.group, one[0].group))) {
        for (place, rows) in same.iter().enumerate() {
            let mut segments = Vec::new();
            split(rows, 0..rows.len(), (0, 0), &mut segments);
            if place == 0 && same.len() > 1 {
                // Rows of one group have one segment, or none if their list is empty.
                let tiles = segments.first().map_or(0, |segment| segment.vectors.len().div_ceil(TILE));
                turned = turned.end..turned.end + heads.shape.kv_heads * tiles * 16 * TILE * heads.shape.head_dim;
            }
            let turned = (same.len() > 1).then(|| turned.clone());
            shaped.push(Run { rows: rows.clone(), segments, turned });
        }
    }
    (shaped, turned.end)
}

/// Whether two rows share enough of what they read to be computed together: a quarter.
fn share(one: Row<'_>, other: Row<'_>) -> bool {
    std::ptr::eq(one.group, other.group)
        || 4 * tokens(&one.group.spans[..common(one.group.spans, other.group.spans)]) >= one.seen().max(other.seen())
}

/// How many spans two lists have in common at the beginning.
fn common(one: &[Span], other: &[Span]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn tokens(spans: &[Span]) -> usize {
    spans.iter().map(|span| span.tokens as usize).sum()
}

/// Splits rows `range` of a run, whose lists agree up to span `from`, the token `index`, into segments.
fn split<'a>(run: &[Row<'a>], range: Range<usize>, (from, index): (usize, usize), all: &mut Vec<Segment<'a>>) {
    let rows = &run[range.clone()];
    let first = rows[0].group;
    let mut spans = &first.spans[from..];
    for row in rows.iter().filter(|row| !std::ptr::eq(row.group, first)) {
        spans = &spans[..common(spans, &row.group.spans[from..])];
    }
    if !spans.is_empty() {
        all.push(Segment { rows: range.clone(), spans, vectors: vectors(spans, index), index });
    }
    let (end, index) = (from + spans.len(), index + tokens(spans));
    let next = |row: usize| run[row].group.spans.get(end);
    let mut row = range.start;
    while row < range.end {
        let same = (row..range.end).take_while(|other| next(*other) == next(row)).count();
        if next(row).is_some() {
            split(run, row..row + same, (end, index), all);
        }
        row += same;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::PageShape;
    use crate::rotary::{Pairing, Rotary};

    /// The rows of a run, its segments (rows, number of spans, first token), and where its rotated keys are.
    type Shown = (usize, Vec<(Range<usize>, usize, usize)>, Option<Range<usize>>);

    fn shown(groups: &[Group<'_>]) -> Vec<Shown> {
        let rotary = Rotary::new(Pairing::Halves, 2, &[1.0], 256);
        let shape = PageShape { page_tokens: 16, kv_heads: 3, head_dim: 2 };
        let heads = Heads { queries: 3, shape, scale: 1.0, rotary: &rotary, window: None, cap: None };
        let (runs, _) = of(groups, &heads, 1);
        let segment = |segment: &Segment<'_>| (segment.rows.clone(), segment.spans.len(), segment.index);
        runs.iter()
            .map(|run| (run.rows.len(), run.segments.iter().map(segment).collect(), run.turned.clone()))
            .collect()
    }

    fn page(page: u32, place: u32) -> Span {
        Span { page, offset: 0, tokens: 16, position: 16 * place }
    }

    #[test]
    fn branches_share_the_spans_that_they_have_in_common() {
        let lists = [
            vec![page(0, 0), page(1, 1), page(2, 2), page(3, 3)],
            vec![page(0, 0), page(1, 1), page(2, 2), page(4, 3)],
            vec![page(0, 0), page(5, 1)],
            vec![page(6, 0)],
        ];
        let seen = lists.each_ref().map(|list| [16 * list.len() as u32]);
        let groups: Vec<Group<'_>> =
            lists.iter().zip(&seen).map(|(spans, seen)| Group { positions: &[70], seen, spans }).collect();
        let tree = vec![(0..3, 1, 0), (0..2, 2, 16), (0..1, 1, 48), (1..2, 1, 48), (2..3, 1, 16)];
        assert_eq!(shown(&groups), [(3, tree, None), (1, vec![(0..1, 1, 0)], None)]);
    }

    #[test]
    fn the_keys_of_a_list_that_several_runs_read_are_rotated_once() {
        let spans = [page(0, 0), page(1, 1), page(2, 2)];
        let (positions, seen): (Vec<u32>, Vec<u32>) = (0..40).map(|row| (row, row + 1)).unzip();
        let groups = [Group { positions: &positions, seen: &seen, spans: &spans }];
        let runs = shown(&groups);
        // Three heads, two tiles of 32 tokens, two numbers.
        assert_eq!(runs.iter().map(|(rows, _, _)| rows).sum::<usize>(), 40);
        assert!(runs.len() > 1 && runs.iter().all(|(_, _, turned)| *turned == Some(0..3 * 2 * 32 * 2)));
    }
}
