//! The writer of a tree of tasks: a node, and the part of the text that it reads.

use std::ops::Range;

use crate::engine::node::NodeId;
use crate::text::token::Token;

/// A node that writes.
pub(super) struct TaskWriter {
    pub(super) node: NodeId,
    /// So many tokens that it generated are in the text.
    pub(super) taken: usize,
    /// Where in the list of what it reads its share of the text begins.
    pub(super) base: usize,
    /// Where in the text its share begins, in bytes.
    pub(super) begin: usize,
    /// Its share as it reads it: each token with the byte of the text where it ends.
    pub(super) tail: Vec<(Token, usize)>,
    /// Whether its task has asked a tool.
    pub(super) asked: bool,
    /// What stands for the conclusion of its task, if a tool or a subtask said it.
    pub(super) verdict: Option<String>,
}

impl TaskWriter {
    /// A writer of which nothing is in the text yet.
    pub(super) fn new(node: NodeId) -> TaskWriter {
        TaskWriter { node, taken: 0, base: 0, begin: 0, tail: Vec::new(), asked: false, verdict: None }
    }

    /// How many of its tokens end at or before a byte of the text, and whether the last of them ends there.
    pub(super) fn tokens_to(&self, byte: usize) -> (usize, bool) {
        let count = self.tail.partition_point(|(_, end)| *end <= byte);
        (count, count.checked_sub(1).map_or(self.begin, |last| self.tail[last].1) == byte)
    }

    /// The tokens of a range of the text which, taken out, leaves a tree of tasks: a property from its comma
    /// up to the next comma. What begins like the next property, `, "`, may stay of either of them.
    pub(super) fn property(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let cut = |shift: usize| {
            let (from, begins) = self.tokens_to(range.start + shift);
            let (to, ends) = self.tokens_to(range.end + shift);
            (begins && ends && from < to).then_some(from..to)
        };
        [1, 0, 2, 3].into_iter().find_map(cut)
    }
}
