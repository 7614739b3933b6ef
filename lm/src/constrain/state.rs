//! The constraint state of a sequence.

use std::fmt;

use super::constraint::{Constraint, Ending, TokenSet, TurnConstraint};
use crate::text::token::Token;

/// The constraint of a node, if it has one. A constraint that cannot read the text of its node is dropped.
#[derive(Default)]
pub(crate) struct ConstraintState {
    constraint: Option<Box<dyn Constraint>>,
    /// Its cached answer for the next token of this turn.
    said: Option<Allowed>,
}

/// What a constraint allows as the next token.
#[derive(Clone)]
pub(crate) enum Allowed {
    /// Any token.
    Any,
    /// None: the text is complete and must end.
    End,
    /// Exactly this token.
    This(Token),
    /// One of these tokens.
    Among(TokenSet),
    /// No token, or the constraint was dropped.
    Nothing,
}

impl ConstraintState {
    /// Starts a turn.
    pub(crate) fn begin(&mut self, turn_constraint: &TurnConstraint) {
        self.said = None;
        match turn_constraint {
            TurnConstraint::Free => self.constraint = None,
            TurnConstraint::By(start) => self.constraint = Some(start.constraint()),
            TurnConstraint::Continued => {}
        }
    }

    /// A copy for a branch or for a draft.
    pub(crate) fn fork(&self) -> ConstraintState {
        ConstraintState { constraint: self.constraint.as_ref().map(|constraint| constraint.fork()), said: None }
    }

    /// The present state as the initial constraint of a turn.
    pub(crate) fn turn_constraint(&self) -> TurnConstraint {
        self.constraint.as_ref().map_or(TurnConstraint::Free, |constraint| constraint.fork().into())
    }

    /// Reads tokens that were appended to the node.
    pub(crate) fn follow(&mut self, tokens: impl IntoIterator<Item = Token>) {
        self.said = None;
        if let Some(constraint) = &mut self.constraint
            && tokens.into_iter().any(|token| constraint.accept(token).is_err())
        {
            self.constraint = None;
        }
    }

    /// Whether the text of the node must end.
    pub(crate) fn is_complete(&mut self) -> bool {
        self.constraint.as_mut().is_some_and(|constraint| constraint.ending() == Ok(Ending::Must))
    }

    /// The tokens that must come next.
    pub(crate) fn forced(&mut self) -> Vec<Token> {
        self.constraint.as_mut().and_then(|constraint| constraint.forced().ok()).unwrap_or_default()
    }

    /// What may come next. A stop token is allowed exactly where the text may end. The answer is cached until a token
    /// comes or a turn begins.
    pub(crate) fn allowed_next(&mut self, turn_constraint: &TurnConstraint, stops: &[Token]) -> Allowed {
        if matches!(turn_constraint, TurnConstraint::Free) {
            return Allowed::Any;
        }
        if let Some(said) = &self.said {
            return said.clone();
        }
        let say = self.constraint.as_mut().map_or(Allowed::Nothing, |constraint| asked(constraint.as_mut(), stops));
        self.said = Some(say.clone());
        say
    }
}

fn asked(constraint: &mut dyn Constraint, stops: &[Token]) -> Allowed {
    let ending = match constraint.ending() {
        Ok(Ending::Must) => return Allowed::End,
        Ok(ending) => ending,
        Err(_) => return Allowed::Nothing,
    };
    if let Some(token) = constraint.forced().ok().and_then(|tokens| tokens.first().copied()) {
        return Allowed::This(token);
    }
    let Ok(mut allowed) = constraint.allowed() else { return Allowed::Nothing };
    for stop in stops {
        match ending {
            Ending::May => allowed.insert(*stop),
            _ => allowed.remove(*stop),
        }
    }
    if allowed.is_empty() { Allowed::Nothing } else { Allowed::Among(allowed) }
}

impl fmt::Debug for ConstraintState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.constraint.is_some() { "ConstraintState(..)" } else { "ConstraintState(none)" })
    }
}
