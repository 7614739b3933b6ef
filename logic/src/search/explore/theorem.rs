//! Theorems, and the counts of a run.

use crate::calculus::checked::Checked;
use crate::clauses::clause::Clause;
use crate::clauses::compile::Move;
use crate::search::library::Source;

/// A theorem, and how it was found.
#[derive(Clone, Debug)]
pub struct Theorem {
    /// The statement and the proof, as accepted by the checker.
    pub checked: Checked,
    /// Its clause; `None` if it has none.
    pub clause: Option<Clause>,
    /// The variable of the outermost induction; `None` for a proof without one.
    pub induction: Option<u16>,
    /// Whether it follows directly, without induction, from earlier theorems, or is a textbook law above the size limit
    /// proved without induction. A corollary does not become a rule.
    pub corollary: bool,
    /// Whether it belongs to the set from which, with the axioms, the other theorems are reproved; decided at the end.
    pub essential: bool,
    /// The index of its conjecture.
    pub conjecture: usize,
    /// The round in which it was accepted.
    pub round: u32,
    /// Its original proof, if it comes from a used theory.
    pub source: Option<Source>,
    pub(crate) moves: Vec<Move>,
}

/// The counts of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Conjectures built by the generator, before any test.
    pub built: u64,
    /// Conjectures refuted by a model, including those refuted in the generator.
    pub refuted: u64,
    /// Generated conjectures dropped as instances of others.
    pub instances: u64,
    /// Generated conjectures dropped because their premises hold in no model.
    pub vacuous: u64,
    /// Generated conjectures dropped because a premise or the head holds everywhere.
    pub idle: u64,
    /// Generated conjectures dropped because they fail under the closed-world assumption.
    pub unlikely: u64,
    /// Candidates not built because of the generator's limit.
    pub left_out: u64,
    /// Conjectures that no model refutes.
    pub candidates: usize,
    /// Theorems proved without induction, except corollaries.
    pub direct: usize,
    /// Theorems proved by induction.
    pub induction: usize,
    /// Corollaries.
    pub corollaries: usize,
    /// Theorems of used theories; not included in the three counts above.
    pub brought: usize,
    /// Essential theorems.
    pub essential: usize,
    /// Open conjectures.
    pub open: usize,
    /// Lemmas from stuck subgoals.
    pub lemmas: usize,
    /// Index look-ups and comparisons of all blocks.
    pub steps: u64,
    /// Blocks opened.
    pub blocks: u64,
}
