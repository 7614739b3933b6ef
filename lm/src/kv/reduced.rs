//! What a policy left of the keys and values of a run of text, and what rows did with them.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::keep::run::{Entry, Heat, Listed, Notes};

/// What a policy left.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reduced {
    /// Where each stretch ends at which the policy worked, counted in tokens from the first, and whether it was given:
    /// so that all can be done again.
    pub(crate) ends: Vec<(usize, bool)>,
    /// Keys and values that are held, in the order in which they are stored.
    pub(crate) entries: Vec<Entry>,
    /// What rows of text that was generated see of them.
    pub(crate) listed: Arc<[Listed]>,
    /// All of them: what rows of text that was given see.
    pub(crate) all: Arc<[Listed]>,
    /// The position of the first token when this was written down.
    pub(crate) start: u32,
    /// Positions that it takes.
    pub(crate) extent: u32,
    /// Whether rows see something else than the text's own keys and values.
    pub(crate) approximate: bool,
    /// What rows did with the entries.
    pub(crate) heat: Heat,
    /// What the policy wrote down.
    pub(crate) notes: Notes,
    /// The policy.
    pub(crate) policy: String,
}

impl Reduced {
    /// What rows see.
    pub(crate) fn seen(&self, given: bool) -> &[Listed] {
        if given { &self.all } else { &self.listed }
    }
}

/// Rows whose queries are remembered: the last ones.
const QUERY_ROWS: usize = 16;

/// What the rows of a segment did with what they saw.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Watched {
    /// Rows that were watched, from the first of the segment.
    pub(crate) rows: usize,
    /// Attention, by place in the list of what the last row sees: `[layers · key heads][listed]`.
    pub(crate) attention: Vec<Vec<u64>>,
    /// Queries of the last rows, summed over the query heads of a key head: `[layers · key heads][numbers of a head]`.
    pub(crate) queries: VecDeque<Vec<Vec<f32>>>,
    /// The largest absolute numbers of queries.
    pub(crate) peaks: Vec<Vec<f32>>,
}

impl Watched {
    /// Adds what further rows did.
    pub(crate) fn add(&mut self, more: Watched) {
        self.rows += more.rows;
        if self.attention.is_empty() {
            (self.attention, self.peaks) = (more.attention, more.peaks);
        } else {
            for (own, more) in self.attention.iter_mut().zip(&more.attention) {
                own.resize(more.len().max(own.len()), 0);
                own.iter_mut().zip(more).for_each(|(own, more)| *own += more);
            }
            for (own, more) in self.peaks.iter_mut().flatten().zip(more.peaks.iter().flatten()) {
                *own = own.max(*more);
            }
        }
        self.queries.extend(more.queries);
        let surplus = self.queries.len().saturating_sub(QUERY_ROWS);
        self.queries.drain(..surplus);
    }

    /// The mean of the queries of the last rows, for so many query heads of a key head.
    pub(crate) fn mean_queries(&self, heads: usize) -> Vec<Vec<f32>> {
        let Some(mut sum) = self.queries.front().cloned() else { return Vec::new() };
        for row in self.queries.iter().skip(1) {
            sum.iter_mut().flatten().zip(row.iter().flatten()).for_each(|(sum, number)| *sum += number);
        }
        let count = (self.queries.len() * heads) as f32;
        sum.iter_mut().flatten().for_each(|sum| *sum /= count);
        sum
    }
}
