//! A turn: one stretch of generation, and what follows it.

use theoremata_kernels::Sampling;

use crate::constrain::constraint::TurnConstraint;
use crate::text::token::Token;

/// One stretch of generation: how tokens are chosen, and where it ends.
#[derive(Clone, PartialEq, Debug)]
pub struct Turn {
    /// At most so many tokens; at least 1.
    pub max_tokens: usize,
    /// What is chosen among.
    pub sampling: Sampling,
    /// Tokens that come first, whatever the model would choose: nothing is drawn for them, and none of them
    /// ends the turn before its time. A turn that may write nothing else ends by itself with the last one.
    pub given: Vec<Token>,
    /// Tokens that end the turn.
    pub stops: Vec<Token>,
    /// Whether the token that ended the turn is part of the sequence.
    pub keep_stop: bool,
    /// Texts that end the turn: it ends with the token that completes one. A token that steers counts as its
    /// name.
    pub stop_texts: Vec<String>,
    /// What the tokens are restricted to. Where it says that a text must end, the turn ends.
    pub constraint: TurnConstraint,
    /// What the node does when the turn has come to its end by itself.
    pub after: After,
}

/// What a node does at the end of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// It is done, and its parent need not wait for it any more.
    Conclude,
    /// It waits for orders.
    Hold,
}

/// How a node goes on.
#[derive(Clone, PartialEq, Debug)]
pub enum Then {
    /// It generates.
    Generate(Turn),
    /// It waits for orders.
    Hold,
    /// It is done.
    Conclude,
}

impl Turn {
    /// The most likely tokens, at most so many, with no other end.
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
