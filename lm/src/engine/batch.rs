//! The rows of a step, by sequence.

use crate::engine::node::NodeId;
use crate::kv::sequence::Chunk;
use crate::text::token::Token;

/// A node's rows in a step.
pub(crate) struct ScheduledRows {
    /// The node.
    pub(crate) node: NodeId,
    /// Tokens of its sequence to compute, in order.
    pub(crate) chunks: Vec<Chunk>,
    /// Whether the logits of its last row are needed.
    pub(crate) wanted: bool,
    /// Draft tokens, computed after the last row before they are drawn.
    pub(crate) draft: Vec<DraftToken>,
}

impl ScheduledRows {
    /// The node's rows in the step, without the draft.
    pub(crate) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.count).sum()
    }
}

/// A token that is computed before it is drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct DraftToken {
    /// The token.
    pub(crate) token: Token,
    /// The probability that the drafter gave it; `None` if it is not a guess.
    pub(crate) guessed: Option<f32>,
    /// Whether a token may be drawn after it.
    pub(crate) wanted: bool,
}
