//! What programs share in which the model writes the tree itself.

use crate::engine::Engine;
use crate::node::{Bound, NodeId, Outcome, Turn};
use crate::tokenizer::{Token, Tokenizer};

/// A turn with what is left of its tokens: they are counted over all turns of a node. Ends the node where
/// nothing is left.
pub(super) fn rest_of(engine: &mut Engine, node: NodeId, turn: Turn) -> Option<Turn> {
    let max_tokens = turn.max_tokens.saturating_sub(engine.generated(node).len());
    if max_tokens == 0 {
        // The caller knows the node from the engine.
        let _ = engine.stop(node, Outcome::Budget(Bound::Tokens));
        return None;
    }
    Some(Turn { max_tokens, ..turn })
}

/// The bytes of tokens, those that steer by their names.
pub(super) fn spelled(tokenizer: &Tokenizer, tokens: &[Token]) -> Vec<u8> {
    tokens.iter().flat_map(|token| tokenizer.spelling(*token)).copied().collect()
}

/// Whether a text ends with a tag. A token may have brought blanks along behind it.
pub(super) fn is_behind(text: &[u8], tag: &str) -> bool {
    text.trim_ascii_end().ends_with(tag.as_bytes())
}
