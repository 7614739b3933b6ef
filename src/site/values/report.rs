//! What a run found, as plain values: the input of the site.
//!
//! Nothing here depends on time or on the number of threads, so that the pages of two runs are equal
//! byte for byte. How long a run took is told on the terminal, not in the pages.

use std::sync::Arc;

use theoremata_actors::run::Provenance;
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::models::model::Model;

use crate::exchange::checkers::Acceptance;

/// A run over one theory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The files that the theory was read from, the main one first.
    pub(crate) sources: Vec<Source>,
    /// The theorems in the order of acceptance: `TheoremId(i)` of a proof is the theorem at place `i`.
    /// Readers see `i + 1`.
    pub(crate) theorems: Vec<Theorem>,
    /// Conjectures that were neither proved nor refuted.
    pub(crate) open: Vec<Open>,
    /// Conjectures that are false in a model, the most interesting first: only the first
    /// [`SHOWN_REFUTED`] get a place on a page, all of them a line in the file to download.
    pub(crate) refuted: Vec<Refuted>,
    /// The models in which conjectures were refuted.
    pub(crate) models: Vec<Model>,
    /// Further lines of the summary, in the order in which they are shown, such as
    /// `conjectures generated`, 1234.
    pub(crate) counts: Vec<Count>,
    /// What was not done, in sentences.
    pub(crate) remarks: Vec<String>,
    /// Whether the theorems are offered in the languages of other checkers.
    pub(crate) exports: bool,
    /// The theorems by which the axioms contradict each other, by their places.
    pub(crate) contradiction: Vec<usize>,
    /// The programs of others that have accepted all these theorems.
    pub(crate) acceptances: Vec<Acceptance>,
    /// The nodes of reasoning jobs that asked for this run, in words.
    pub(crate) askers: Vec<String>,
    /// What was asked of an advisor and what came of it, in words.
    pub(crate) advice: Vec<String>,
}

/// How many refuted conjectures are shown on pages.
pub(crate) const SHOWN_REFUTED: usize = 1_000;

/// A file of the theory.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its name for readers. No part of a path of the site.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

/// A theorem with its proof, which the checker has accepted.
#[derive(Clone, Debug)]
pub(crate) struct Theorem {
    /// The statement and the proof, as the checker accepted them.
    pub(crate) checked: Checked,
    /// How it was found.
    pub(crate) kind: Kind,
    /// Whether it is among the theorems from which the others follow.
    pub(crate) essential: bool,
    /// The cycle of the run in which it was accepted.
    pub(crate) cycle: u64,
    /// The name that the user gave it as a goal, if so.
    pub(crate) label: Option<String>,
    /// The advisor that proposed it, and why, in words.
    pub(crate) proposed: Option<String>,
    /// Where it was proved first, if it was brought in from a theory that this one uses.
    pub(crate) from: Option<Provenance>,
}

/// How a theorem was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Derived from its premises.
    Direct,
    /// By induction on the variable with this name.
    Induction(String),
    /// A consequence of theorems, found without a search of its own.
    Corollary,
}

/// A conjecture that stayed open.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// The closed statement.
    pub(crate) statement: Formula,
    /// What was tried, a sentence each, such as `induction on a`.
    pub(crate) tried: Vec<String>,
    /// The closed statements of the subgoals on which the attempts got stuck.
    pub(crate) stuck: Vec<Formula>,
    /// Which bound ended it, or that nothing more could be derived.
    pub(crate) bound: String,
}

/// A conjecture with a counterexample.
#[derive(Clone, Debug)]
pub(crate) struct Refuted {
    /// The closed statement.
    pub(crate) statement: Formula,
    /// The model, by its place in [`Report::models`].
    pub(crate) model: usize,
    /// For each variable, by the name that its binder in the statement gives, the name of the value.
    pub(crate) assignment: Vec<(Arc<str>, Arc<str>)>,
}

/// A line of the summary.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    /// What was counted.
    pub(crate) label: String,
    /// How many.
    pub(crate) number: u64,
}
