//! The writer of a tree of tasks: a node, and the part of the text in its context.

use std::ops::Range;

use crate::engine::node::NodeId;
use crate::text::token::Token;

/// A node that writes.
pub(super) struct TaskWriter {
    pub(super) node: NodeId,
    /// How many of its generated tokens are in the text.
    pub(super) taken: usize,
    /// Index in its context at which its part of the text begins.
    pub(super) base: usize,
    /// Byte offset in the text at which its part begins.
    pub(super) begin: usize,
    /// Its part of the text: each token with the byte offset at which it ends.
    pub(super) tail: Vec<(Token, usize)>,
    /// Whether its task has called a tool.
    pub(super) asked: bool,
    /// What replaces the conclusion of its task, if a tool or a subtask has given a verdict.
    pub(super) verdict: Option<String>,
}

impl TaskWriter {
    /// A writer without any text yet.
    pub(super) fn new(node: NodeId) -> TaskWriter {
        TaskWriter { node, taken: 0, base: 0, begin: 0, tail: Vec::new(), asked: false, verdict: None }
    }

    /// How many of its tokens end at or before a byte of the text, and whether the last of them ends exactly there.
    pub(super) fn tokens_to(&self, byte: usize) -> (usize, bool) {
        let count = self.tail.partition_point(|(_, end)| *end <= byte);
        (count, count.checked_sub(1).map_or(self.begin, |last| self.tail[last].1) == byte)
    }

    /// The tokens of a range whose removal leaves a tree of tasks: a property from its comma up to the next comma. Both
    /// properties begin with `, "`, so the cut may be shifted by up to three bytes.
    pub(super) fn property(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let cut = |shift: usize| {
            let (from, begins) = self.tokens_to(range.start + shift);
            let (to, ends) = self.tokens_to(range.end + shift);
            (begins && ends && from < to).then_some(from..to)
        };
        [1, 0, 2, 3].into_iter().find_map(cut)
    }
}
