//! A constraint to a list of names: the text is one of them.
//!
//! Source: decoding under a prefix tree, as in *ZeroGR* (arXiv 2510.10419). Here the names are ids of items in a
//! prompt, so a model can cite only what it was given.

use std::sync::Arc;

use crate::constrain::constraint::{Constraint, ConstraintError, Ending, TokenSet};
use crate::text::token::Token;

/// The text is one of these names.
#[derive(Clone, Debug)]
pub struct Names {
    /// Sorted and without duplicates, so that names with a common prefix are adjacent.
    names: Arc<[Vec<Token>]>,
    /// The text so far.
    text: Vec<Token>,
}

impl Names {
    /// A constraint to these names, given by their tokens. Empty names and duplicates are dropped.
    pub fn new(names: impl IntoIterator<Item = Vec<Token>>) -> Names {
        let mut names: Vec<Vec<Token>> = names.into_iter().filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        Names { names: names.into(), text: Vec::new() }
    }

    /// The names that begin with the text.
    fn possible(&self) -> &[Vec<Token>] {
        let first = self.names.partition_point(|name| name.as_slice() < self.text.as_slice());
        let rest = &self.names[first..];
        &rest[..rest.partition_point(|name| name.starts_with(&self.text))]
    }
}

impl Constraint for Names {
    fn allowed(&mut self) -> Result<TokenSet, ConstraintError> {
        let mut allowed = TokenSet::default();
        let next = self.possible().iter().filter_map(|name| name.get(self.text.len()));
        next.for_each(|token| allowed.insert(*token));
        Ok(allowed)
    }

    fn accept(&mut self, token: Token) -> Result<(), ConstraintError> {
        self.text.push(token);
        if self.possible().is_empty() { Err(ConstraintError::Refused(token)) } else { Ok(()) }
    }

    fn ending(&mut self) -> Result<Ending, ConstraintError> {
        let possible = self.possible();
        // The shortest comes first.
        Ok(match possible.first() {
            Some(first) if *first != self.text => Ending::Not,
            Some(_) if possible.len() > 1 => Ending::May,
            _ => Ending::Must,
        })
    }

    fn forced(&mut self) -> Result<Vec<Token>, ConstraintError> {
        let possible = self.possible();
        let (Some(first), Some(last)) = (possible.first(), possible.last()) else { return Ok(Vec::new()) };
        let rest = first[self.text.len()..].iter().zip(&last[self.text.len()..]);
        Ok(rest.take_while(|(one, other)| one == other).map(|(token, _)| *token).collect())
    }

    fn fork(&self) -> Box<dyn Constraint> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_can_be_said_and_what_leaves_no_choice_is_forced() {
        let mut names = Names::new([vec![5, 6, 7], vec![5, 6], vec![2, 9], vec![], vec![2, 9]]);
        assert_eq!(names.allowed().expect("tokens").iter().collect::<Vec<_>>(), [2, 5]);
        assert_eq!((names.ending(), names.forced()), (Ok(Ending::Not), Ok(vec![])));
        let mut other = names.fork();
        assert_eq!(other.accept(2).and_then(|()| other.forced()), Ok(vec![9]));
        assert_eq!(other.accept(9).and_then(|()| other.ending()), Ok(Ending::Must));
        names.accept(5).expect("a name");
        assert_eq!(names.forced(), Ok(vec![6]));
        names.accept(6).expect("a name");
        assert_eq!(names.ending(), Ok(Ending::May));
        names.accept(7).expect("a name");
        assert_eq!((names.ending(), names.accept(7)), (Ok(Ending::Must), Err(ConstraintError::Refused(7))));
        assert_eq!(Names::new([]).ending(), Ok(Ending::Must), "where there is no name the text is over");
    }
}
