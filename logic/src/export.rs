//! Theorems in the languages of other checkers, so that nobody has to believe ours.
//!
//! Only a [`Checked`] theorem can be exported, and only the checker makes one. Every format is a
//! [`Format`]: it sees all theorems once to learn what they need, and then writes them one by one, each
//! with what it cites before it, so that an export never has to be in memory as a whole.

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

/// A language that theorems can be written in.
///
/// Calls come in this order: [`survey`](Format::survey) for each theorem, [`begin`](Format::begin),
/// [`theorem`](Format::theorem) for each theorem in the same order, [`end`](Format::end). A theorem
/// comes after all that it cites. What is appended to `out` may be written away between calls.
pub trait Format {
    /// Learns what a theorem needs to have been declared.
    fn survey(&mut self, theorem: &Checked);
    /// Appends what stands before the theorems: the logic, the theory, what is assumed.
    fn begin(&mut self, out: &mut String);
    /// Appends a theorem with its proof.
    fn theorem(&mut self, theorem: &Checked, out: &mut String);
    /// Appends what stands after the theorems.
    fn end(&mut self, out: &mut String);
}

/// The statement for people, in mathematics and in MPL: what formats put into comments.
pub(crate) struct Comments<'t> {
    theory: &'t Theory,
    reading: Reading<'t>,
}

impl<'t> Comments<'t> {
    pub(crate) fn new(theory: &'t Theory) -> Self {
        Comments { theory, reading: Reading::new(theory) }
    }

    /// A closed formula as mathematics, on one line.
    pub(crate) fn mathematics(&self, statement: &Formula) -> String {
        self.reading.statement(statement).to_string()
    }

    /// A formula over the anchor's parameters as mathematics, on one line.
    pub(crate) fn under_anchor(&self, formula: &Formula) -> String {
        self.reading.under_anchor(formula).to_string()
    }

    /// A formula as MPL, on one line; `name` gives the text of a free variable.
    pub(crate) fn mpl(&self, formula: &Formula, name: &dyn Fn(Name) -> std::sync::Arc<str>) -> String {
        let predicate = |id| self.theory.predicate(id).name.clone();
        MplWriter { predicate: &predicate, name, sorts: SortsShown::No }.write(formula)
    }

    /// What a theorem rests on by its own proof, besides the axioms, in words: `induction on the natural
    /// numbers; theorems 3, 7`.
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
