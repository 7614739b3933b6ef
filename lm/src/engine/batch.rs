//! The rows of a step, by the sequences that they belong to.

use crate::engine::node::NodeId;
use crate::kv::sequence::Chunk;
use crate::text::token::Token;

/// The share of a node in a step.
pub(crate) struct ScheduledRows {
    /// Whose rows.
    pub(crate) node: NodeId,
    /// Tokens of its sequence that are computed, in order.
    pub(crate) chunks: Vec<Chunk>,
    /// Whether the logits of its last row are wanted.
    pub(crate) wanted: bool,
    /// Tokens that are computed behind the last row before they are drawn.
    pub(crate) draft: Vec<DraftToken>,
}

impl ScheduledRows {
    /// Rows that it has in the step without the draft.
    pub(crate) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.count).sum()
    }
}

/// A token that is computed before it is drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct DraftToken {
    /// The token.
    pub(crate) token: Token,
    /// How likely the drafter said it was, where it is a guess.
    pub(crate) guessed: Option<f32>,
    /// Whether a token may be drawn behind it.
    pub(crate) wanted: bool,
}
