//! A turn: one stretch of generation, and what follows it.

use theoremata_kernels::Sampling;

use crate::constrain::constraint::TurnConstraint;
use crate::text::token::Token;

/// One stretch of generation: how tokens are chosen, and where it ends.
#[derive(Clone, PartialEq, Debug)]
pub struct Turn {
    /// At most this many tokens; at least 1.
    pub max_tokens: usize,
    /// How tokens are sampled.
    pub sampling: Sampling,
    /// Tokens that come first, whatever the model would choose: they are not drawn, and none of them ends the turn
    /// early. A turn that may write nothing else ends with the last one.
    pub given: Vec<Token>,
    /// Tokens that end the turn.
    pub stops: Vec<Token>,
    /// Whether the token that ended the turn is part of the sequence.
    pub keep_stop: bool,
    /// Stop texts: the turn ends with the token that completes one. A control token counts as its name.
    pub stop_texts: Vec<String>,
    /// Restricts the tokens. Where the constraint says that the text must end, the turn ends.
    pub constraint: TurnConstraint,
    /// What the node does when the turn has reached its own end.
    pub after: After,
}

/// What a node does at the end of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// It concludes: its parent need not wait for it any more.
    Conclude,
    /// It waits for orders.
    Hold,
}

/// What a node does next.
#[derive(Clone, PartialEq, Debug)]
pub enum Then {
    /// It generates.
    Generate(Turn),
    /// It waits for orders.
    Hold,
    /// It concludes.
    Conclude,
}

impl Turn {
    /// Greedy decoding of at most `max_tokens` tokens, with no other end.
    pub fn greedy(max_tokens: usize) -> Turn {
        Turn {
            max_tokens,
            sampling: Sampling::GREEDY,
            given: Vec::new(),
            stops: Vec::new(),
            keep_stop: false,
            stop_texts: Vec::new(),
            constraint: TurnConstraint::Free,
            after: After::Conclude,
        }
    }
}
