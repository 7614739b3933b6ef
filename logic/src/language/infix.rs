//! Statements in ordinary infix notation, `x + y = y + x`, parsed into MPL by a theory's notation.
//!
//! This is the inverse of [`notation`](super::notation): terms are flattened into atoms, `x + y` into a variable `v`
//! with `in3[x,y,v,+]` among the premises. As there, terms are assumed to have values: where `+` is not a function, the
//! statement is about all related `v`. Free variables are universally quantified.
//!
//! ```text
//! statement  ∀ x y : A        also without the first part, and with `forall` or `for all`
//! A, B       A → B   A ↔ B   A ∧ B   A ∨ B   ¬A   (A)     also ->, <->, and, or, not, `if A then B`
//!            t = t   t ≠ t   t ∈ S   x ≤ y                  relations by their notation, or by name: r(x, y)
//! t          x   0   12   s(t)   t + t   t⁻¹   (t)           numerals where there is a 0 with a successor
//! ```

mod flatten;
mod guide;
mod parse;
mod unread;
mod vocabulary;
mod words;
mod write;

use crate::calculus::theory::{Goal, Theory};

use super::mpl::{Report, parse_goal};
use flatten::flatten;
pub(crate) use parse::{Sentence, Term};
pub(crate) use vocabulary::{Sign, Vocabulary};

pub use unread::Unread;

/// Parses and renders statements of one theory.
pub struct Infix<'t> {
    theory: &'t Theory,
    vocabulary: Vocabulary,
}

impl<'t> Infix<'t> {
    /// The parser for a theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Infix<'t> {
        Infix { theory, vocabulary: Vocabulary::of(theory) }
    }

    /// The statement in MPL, over the parameters of the theory.
    ///
    /// # Errors
    /// If the text is not a statement. Sorts are checked when the MPL is read.
    pub fn mpl(&self, text: &str) -> Result<String, Unread> {
        flatten(&self.vocabulary, &parse::statement(&self.vocabulary, text)?)
    }

    /// Parses a statement: as MPL if it begins with an MPL bracket, otherwise as infix notation.
    ///
    /// # Errors
    /// A one-line message: what is wrong, where, and what may be written.
    pub fn goal(&self, text: &str) -> Result<Goal, String> {
        let text = text.trim();
        let is_mpl =
            ["(>", "(&", "(=", "(in", "(or ", "(iff ", "(exists", "!("].iter().any(|begin| text.starts_with(begin))
                || text.starts_with('(')
                    && self.theory.predicates.iter().any(|known| text[1..].starts_with(&format!("{}[", known.name)));
        let mpl = if is_mpl { text.to_owned() } else { self.mpl(text).map_err(|unread| unread.to_string())? };
        parse_goal(self.theory, &mpl).map_err(|report| said(&report))
    }

    /// A statement with the premises of another one: a step of a proof of `goal`. Variables of the same name are
    /// identified.
    ///
    /// # Errors
    /// A one-line message if one of the texts is not a statement.
    pub fn step(&self, goal: &str, step: &str) -> Result<Goal, String> {
        let (mut given, _) = parted(self.sentence(goal)?);
        let (own, conclusion) = parted(self.sentence(step)?);
        given.extend(own.into_iter().filter(|premise| !given.contains(premise)).collect::<Vec<_>>());
        self.parsed(&joined(given, conclusion))
    }

    /// `goal` under the additional premise `case`, and under its negation. Variables of the same name are identified.
    ///
    /// # Errors
    /// A one-line message if one of the texts is not a statement.
    pub fn split(&self, goal: &str, case: &str) -> Result<[Goal; 2], String> {
        let (given, conclusion) = parted(self.sentence(goal)?);
        let case = self.sentence(case)?;
        let denied = match &case {
            Sentence::Not(inner) => (**inner).clone(),
            other => Sentence::Not(Box::new(other.clone())),
        };
        let with = |case| self.parsed(&joined(given.iter().cloned().chain([case]).collect(), conclusion.clone()));
        Ok([with(case)?, with(denied)?])
    }

    /// The syntax tree of an infix statement.
    pub(crate) fn sentence(&self, text: &str) -> Result<Sentence, String> {
        parse::statement(&self.vocabulary, text).map_err(|unread| unread.to_string())
    }

    /// A syntax tree in infix notation.
    pub(crate) fn written(&self, sentence: &Sentence) -> String {
        write::sentence(&self.vocabulary, sentence)
    }

    /// The symbols of the theory.
    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn parsed(&self, sentence: &Sentence) -> Result<Goal, String> {
        let mpl = flatten(&self.vocabulary, sentence).map_err(|unread| unread.to_string())?;
        parse_goal(self.theory, &mpl).map_err(|report| said(&report))
    }

    /// A regular expression for statements: implications with up to two premises, over this many variables and terms of
    /// this depth. [`Infix::mpl`] accepts every match, unless it is ill-sorted.
    #[must_use]
    pub fn expression(&self, variables: usize, depth: usize) -> String {
        guide::expression(&self.vocabulary, variables, depth)
    }

    /// A statement in English words.
    ///
    /// # Errors
    /// If the text is not a statement.
    pub fn words(&self, text: &str) -> Result<String, Unread> {
        Ok(words::words(&self.vocabulary, &parse::statement(&self.vocabulary, text)?))
    }

    /// Example sentences in words with the statements they express: one for each symbol, none of them a law.
    #[must_use]
    pub fn examples(&self) -> Vec<(String, String)> {
        let texts = guide::examples(&self.vocabulary);
        let said = |text: String| Some((self.words(&text).ok()?, text));
        texts.into_iter().filter_map(said).collect()
    }

    /// A one-line summary of the syntax.
    #[must_use]
    pub fn help(&self) -> String {
        self.vocabulary.help()
    }
}

/// The premises and the conclusion of a statement.
fn parted(sentence: Sentence) -> (Vec<Sentence>, Sentence) {
    let (mut premises, mut conclusion) = (Vec::new(), sentence);
    while let Sentence::Implies(premise, rest) = conclusion {
        match *premise {
            Sentence::And(parts) => premises.extend(parts),
            other => premises.push(other),
        }
        conclusion = *rest;
    }
    (premises, conclusion)
}

/// An implication with these premises.
fn joined(mut premises: Vec<Sentence>, conclusion: Sentence) -> Sentence {
    let premise = match premises.len() {
        0 => return conclusion,
        1 => premises.remove(0),
        _ => Sentence::And(premises),
    };
    Sentence::Implies(Box::new(premise), Box::new(conclusion))
}

/// The first error of a report as one line.
fn said(report: &Report) -> String {
    let first = report.diagnostics.first();
    first.map_or_else(
        || "it is no statement".to_owned(),
        |wrong| {
            let help = wrong.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}{help}", wrong.message)
        },
    )
}

#[cfg(test)]
mod tests;
