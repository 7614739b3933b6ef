//! Common parts of the programs in which the model itself writes the tree.

use std::sync::Arc;

use crate::constrain::constraint::TurnConstraint;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::node::NodeId;
use crate::engine::outcome::{Bound, Outcome};
use crate::engine::turn::{Then, Turn};
use crate::text::prompt::PromptError;
use crate::text::token::Token;
use crate::text::tokenizer::Reading;
use crate::weights::model::Model;

/// The vocabulary of a model.
#[derive(Clone)]
pub(super) struct Words(Arc<Model>);

impl Words {
    /// The vocabulary, if it can spell these texts.
    pub(super) fn that_spell(model: &Arc<Model>, texts: &[&str]) -> Result<Words, PromptError> {
        let tokenizer = model.tokenizer().ok_or(PromptError::NoTokenizer)?;
        let words = Words(model.clone());
        for text in texts {
            if words.spelled(&tokenizer.encode(text, Reading::Steering)?) != text.as_bytes() {
                return Err(PromptError::Unspelled((*text).to_owned()));
            }
        }
        Ok(words)
    }

    /// The tokens of a text in which tags may be control tokens.
    pub(super) fn tags(&self, text: &str) -> Result<Vec<Token>, EngineError> {
        self.encode(text, Reading::Steering)
    }

    /// The tokens of a literal text.
    pub(super) fn text(&self, text: &str) -> Result<Vec<Token>, EngineError> {
        self.encode(text, Reading::Literal)
    }

    fn encode(&self, text: &str, reading: Reading) -> Result<Vec<Token>, EngineError> {
        let tokenizer = self.0.tokenizer().ok_or(EngineError::NoTokens)?;
        tokenizer.encode(text, reading).map_err(|_| EngineError::NoTokens)
    }

    /// The bytes of a token; the name of a control token.
    pub(super) fn spelling(&self, token: Token) -> &[u8] {
        self.0.tokenizer().map_or(&[], |tokenizer| tokenizer.spelling(token))
    }

    /// The bytes of tokens.
    pub(super) fn spelled(&self, tokens: &[Token]) -> Vec<u8> {
        tokens.iter().flat_map(|token| self.spelling(*token)).copied().collect()
    }
}

/// Appends these tokens to a node and lets it generate with what is left of the turn's bound on tokens, which applies
/// to all turns of a node together. Ends the node if nothing is left.
pub(super) fn write_on(
    engine: &mut Engine,
    node: NodeId,
    tokens: &[Token],
    turn: &Turn,
    constraint: TurnConstraint,
) -> Result<(), EngineError> {
    let max_tokens = turn.max_tokens.saturating_sub(engine.generated(node).len());
    if max_tokens == 0 {
        return engine.stop(node, Outcome::Budget(Bound::Tokens));
    }
    engine.extend(node, tokens, Then::Generate(Turn { max_tokens, constraint, ..turn.clone() }))
}

/// The constraint of a node that continues its own text.
pub(super) fn continued(turn: &Turn) -> TurnConstraint {
    if turn.constraint == TurnConstraint::Free { TurnConstraint::Free } else { TurnConstraint::Continued }
}

/// Whether a text ends with a tag. The last token may include blanks after it.
pub(super) fn is_behind(text: &[u8], tag: &str) -> bool {
    text.trim_ascii_end().ends_with(tag.as_bytes())
}
