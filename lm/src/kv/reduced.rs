//! The result of a policy: the keys and values that it kept of a run of text, and the attention they received.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::keep::run::{Entry, Heat, Listed, Notes};

/// What a policy kept of a run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reduced {
    /// The end of each stretch at which the policy worked, as a token index in the run, and whether the stretch was
    /// given: enough to repeat everything.
    pub(crate) ends: Vec<(usize, bool)>,
    /// The keys and values that are kept, in storage order.
    pub(crate) entries: Vec<Entry>,
    /// What rows of generated text see of them.
    pub(crate) listed: Arc<[Listed]>,
    /// What rows of given text see: all of them.
    pub(crate) all: Arc<[Listed]>,
    /// The position of the first token when this was computed.
    pub(crate) start: u32,
    /// The number of positions that the run takes.
    pub(crate) extent: u32,
    /// Whether rows see anything but the text's own keys and values.
    pub(crate) approximate: bool,
    /// The attention that the entries received.
    pub(crate) heat: Heat,
    /// The policy's notes.
    pub(crate) notes: Notes,
    /// The name of the policy.
    pub(crate) policy: String,
}

impl Reduced {
    /// What rows see.
    pub(crate) fn seen(&self, given: bool) -> &[Listed] {
        if given { &self.all } else { &self.listed }
    }
}

/// The number of last rows whose queries are kept.
const QUERY_ROWS: usize = 16;

/// What the rows of a segment attended to.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Watched {
    /// Rows that were watched, from the first of the segment.
    pub(crate) rows: usize,
    /// Attention, by index in the list of keys that the last row sees: `[layers · key heads][listed]`.
    pub(crate) attention: Vec<Vec<u64>>,
    /// Queries of the last rows, summed over the query heads of a key head: `[layers · key heads][head dimension]`.
    pub(crate) queries: VecDeque<Vec<Vec<f32>>>,
    /// The largest absolute values of queries, in the same shape.
    pub(crate) peaks: Vec<Vec<f32>>,
}

impl Watched {
    /// Adds further rows.
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

    /// The mean query of the last rows, for `heads` query heads per key head.
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
