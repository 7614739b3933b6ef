//! Theorems, and how many of what there are.

use crate::calculus::checked::Checked;
use crate::clauses::clause::Clause;
use crate::clauses::compile::Move;
use crate::search::library::Source;

/// A theorem, and how it was found.
#[derive(Clone, Debug)]
pub struct Theorem {
    /// The statement and the proof, as the checker accepted them.
    pub checked: Checked,
    /// Its flat form; `None` if it has none.
    pub clause: Option<Clause>,
    /// The number of the variable on which the outermost induction is, if there is one.
    pub induction: Option<u16>,
    /// Whether it follows at once, without induction, from what was known, or is a large law of textbooks that needs no
    /// induction: then it is no rule.
    pub corollary: bool,
    /// Whether it is among those from which, with the axioms, the others are found again; known at the end.
    pub essential: bool,
    /// The conjecture.
    pub conjecture: usize,
    /// The round in which it was accepted.
    pub round: u32,
    /// Where it was proved first, if it was brought in from a theory that this one uses.
    pub source: Option<Source>,
    pub(crate) moves: Vec<Move>,
}

/// How many of what there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Conjectures built before any test, by the generator's account.
    pub built: u64,
    /// Conjectures refuted by a model, those of the generator included.
    pub refuted: u64,
    /// Generated conjectures that were dropped as instances of others.
    pub instances: u64,
    /// Generated conjectures that were dropped since their premises hold in no model.
    pub vacuous: u64,
    /// Generated conjectures that were dropped since a premise or the head holds of everything.
    pub idle: u64,
    /// Generated conjectures that were dropped since they fail where what nothing says to hold is taken not to hold.
    pub unlikely: u64,
    /// Candidates that were not built, since there were more than the generator may hold.
    pub left_out: u64,
    /// Conjectures that no model refutes.
    pub candidates: usize,
    /// Theorems that are no corollaries and were proved without induction.
    pub direct: usize,
    /// Theorems proved by induction.
    pub induction: usize,
    /// Corollaries.
    pub corollaries: usize,
    /// Theorems that were brought in from used theories; the three counts above leave them out.
    pub brought: usize,
    /// Essential theorems.
    pub essential: usize,
    /// Open conjectures.
    pub open: usize,
    /// Lemmas that came from stuck subgoals.
    pub lemmas: usize,
    /// Look-ups and comparisons of all blocks.
    pub steps: u64,
    /// Blocks opened.
    pub blocks: u64,
}
