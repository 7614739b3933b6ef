//! The state of a constraint along with the sequence that it constrains.

use std::fmt;

use super::constraint::{Constraint, Ending, TokenSet, TurnConstraint};
use crate::text::token::Token;

/// The constraint of a node, if something constrains it. A constraint that cannot follow what its node reads is lost.
#[derive(Default)]
pub(crate) struct ConstraintState {
    constraint: Option<Box<dyn Constraint>>,
    /// What it said of the next token of this turn, if it was asked.
    said: Option<Allowed>,
}

/// What a constraint says of the next token.
#[derive(Clone)]
pub(crate) enum Allowed {
    /// Nothing: any token may come.
    Any,
    /// The text is complete, and nothing may follow.
    End,
    /// This token comes, whatever is chosen.
    This(Token),
    /// One of these tokens.
    Among(TokenSet),
    /// No token may come, or the constraint is lost.
    Nothing,
}

impl ConstraintState {
    /// Lets a turn begin.
    pub(crate) fn begin(&mut self, turn_constraint: &TurnConstraint) {
        self.said = None;
        match turn_constraint {
            TurnConstraint::Free => self.constraint = None,
            TurnConstraint::By(start) => self.constraint = Some(start.constraint()),
            TurnConstraint::Continued => {}
        }
    }

    /// The same state for a branch, or for a draft.
    pub(crate) fn fork(&self) -> ConstraintState {
        ConstraintState { constraint: self.constraint.as_ref().map(|constraint| constraint.fork()), said: None }
    }

    /// The present state, for a turn to begin with.
    pub(crate) fn turn_constraint(&self) -> TurnConstraint {
        self.constraint.as_ref().map_or(TurnConstraint::Free, |constraint| constraint.fork().into())
    }

    /// Takes tokens that the node reads now.
    pub(crate) fn follow(&mut self, tokens: impl IntoIterator<Item = Token>) {
        self.said = None;
        if let Some(constraint) = &mut self.constraint
            && tokens.into_iter().any(|token| constraint.accept(token).is_err())
        {
            self.constraint = None;
        }
    }

    /// Whether nothing may follow what the node reads.
    pub(crate) fn is_complete(&mut self) -> bool {
        self.constraint.as_mut().is_some_and(|constraint| constraint.ending() == Ok(Ending::Must))
    }

    /// Tokens that come next whatever is chosen.
    pub(crate) fn forced(&mut self) -> Vec<Token> {
        self.constraint.as_mut().and_then(|constraint| constraint.forced().ok()).unwrap_or_default()
    }

    /// What may come next. A token that ends the turn may come where the text may end, and only there. Asked
    /// again before anything else came, in the same turn, it says the same without asking the constraint.
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
