//! Exports theorems to other checkers, so that ours need not be trusted.
//!
//! Only a [`Checked`] theorem can be exported, and only the checker constructs one. Each language is a [`Format`]: it
//! surveys all theorems to learn what they need, and then writes them one by one, each after those it cites, so an
//! export is never in memory as a whole.

pub mod dedukti;
pub mod lean;
pub mod metamath;
pub mod names;
pub mod problem;
pub mod rocq;
pub mod steps;
pub mod tstp;
pub(crate) mod typed;

use std::fmt::Write as _;

use crate::calculus::checked::Checked;
use crate::calculus::formula::{Formula, Name};
use crate::calculus::theory::Theory;
use crate::language::notation::Reading;
use crate::language::text::{MplWriter, SortsShown};

/// A target language.
///
/// Calls come in this order: [`survey`](Format::survey) for each theorem, [`begin`](Format::begin),
/// [`theorem`](Format::theorem) for each theorem in the same order, [`end`](Format::end). A theorem comes after all
/// that it cites. Text appended to `out` may be flushed between calls.
pub trait Format {
    /// Collects the declarations that a theorem needs.
    fn survey(&mut self, theorem: &Checked);
    /// Appends the text before the theorems: logic, theory, assumptions.
    fn begin(&mut self, out: &mut String);
    /// Appends a theorem with its proof.
    fn theorem(&mut self, theorem: &Checked, out: &mut String);
    /// Appends the text after the theorems.
    fn end(&mut self, out: &mut String);
}

/// Renders statements for comments, as mathematics and in MPL.
pub(crate) struct Comments<'t> {
    theory: &'t Theory,
    reading: Reading<'t>,
}

impl<'t> Comments<'t> {
    pub(crate) fn new(theory: &'t Theory) -> Self {
        Comments { theory, reading: Reading::new(theory) }
    }

    /// A closed formula in mathematical notation, on one line.
    pub(crate) fn mathematics(&self, statement: &Formula) -> String {
        self.reading.statement(statement).to_string()
    }

    /// A formula over the anchor's parameters in mathematical notation, on one line.
    pub(crate) fn under_anchor(&self, formula: &Formula) -> String {
        self.reading.under_anchor(formula).to_string()
    }

    /// A formula in MPL, on one line; `name` gives the text of a free variable.
    pub(crate) fn mpl(&self, formula: &Formula, name: &dyn Fn(Name) -> std::sync::Arc<str>) -> String {
        let predicate = |id| self.theory.predicate(id).name.clone();
        MplWriter { predicate: &predicate, name, sorts: SortsShown::No }.write(formula)
    }

    /// What a theorem's own proof depends on, besides the axioms, in words:
    /// `induction on the natural numbers; theorems 3, 7`.
    pub(crate) fn rests_on(&self, theorem: &Checked) -> String {
        let basis = theorem.basis();
        let mut parts: Vec<String> = Vec::new();
        for number in &basis.inductions {
            if let Some(principle) = self.theory.inductions.get(*number as usize) {
                parts.push(principle.name.to_string());
            }
        }
        for predicate in &basis.comprehensions {
            parts.push(format!("comprehension of {}", self.theory.predicate(*predicate).name));
        }
        if basis.classical {
            parts.push("classical logic".to_owned());
        }
        if !basis.theorems.is_empty() {
            let mut cited: Vec<u32> = basis.theorems.iter().map(|cited| cited.0 + 1).collect();
            cited.sort_unstable();
            let mut text = if cited.len() == 1 { "theorem".to_owned() } else { "theorems".to_owned() };
            for (place, number) in cited.iter().enumerate() {
                let _ = write!(text, "{} {number}", if place == 0 { "" } else { "," });
            }
            parts.push(text);
        }
        if parts.is_empty() { "the axioms alone".to_owned() } else { parts.join("; ") }
    }
}
