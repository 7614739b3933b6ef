//! The results of a run as plain values: the input of the site.
//!
//! Nothing here depends on time or the number of threads, so that the pages of two runs are identical. Durations are
//! printed on the terminal only.

use std::sync::Arc;

use theoremata_actors::run::Provenance;
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::models::model::Model;

use crate::exchange::checkers::Acceptance;

/// The results of a run over one theory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The files that the theory was read from, the main one first.
    pub(crate) sources: Vec<Source>,
    /// The theorems in order of acceptance: `TheoremId(i)` in a proof is the theorem at index `i`, displayed with
    /// number `i + 1`.
    pub(crate) theorems: Vec<Theorem>,
    /// Conjectures that were neither proved nor refuted.
    pub(crate) open: Vec<Open>,
    /// Refuted conjectures, the most interesting first: only the first [`SHOWN_REFUTED`] appear on pages, all of them
    /// in the file to download.
    pub(crate) refuted: Vec<Refuted>,
    /// The models that refuted them.
    pub(crate) models: Vec<Model>,
    /// Additional lines of the summary, in order, such as `conjectures generated`, 1234.
    pub(crate) counts: Vec<Count>,
    /// Remarks on what was left out.
    pub(crate) remarks: Vec<String>,
    /// Whether the site offers exports of the theorems.
    pub(crate) exports: bool,
    /// The indices of the theorems that show the axioms to be inconsistent.
    pub(crate) contradiction: Vec<usize>,
    /// Acceptances of all these theorems by external checkers.
    pub(crate) acceptances: Vec<Acceptance>,
    /// The nodes of reasoning jobs that requested this run, in words.
    pub(crate) askers: Vec<String>,
    /// The queries to an advisor and the fate of its proposals, in words.
    pub(crate) advice: Vec<String>,
}

/// Maximal number of refuted conjectures on pages.
pub(crate) const SHOWN_REFUTED: usize = 1_000;

/// A file of the theory.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its display name. Never part of a path of the site.
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
    /// Whether it belongs to a set of theorems from which the others follow.
    pub(crate) essential: bool,
    /// The cycle of the run in which it was accepted.
    pub(crate) cycle: u64,
    /// The user's name for it, if it was a named goal.
    pub(crate) label: Option<String>,
    /// The advisor that proposed it, and why, in words.
    pub(crate) proposed: Option<String>,
    /// Where it was first proved, if it comes from a used theory.
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

/// An open conjecture.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// The closed statement.
    pub(crate) statement: Formula,
    /// The attempts, a sentence each, such as `induction on a`.
    pub(crate) tried: Vec<String>,
    /// The closed statements of the subgoals on which the attempts were stuck.
    pub(crate) stuck: Vec<Formula>,
    /// The bound that was hit, or that nothing more could be derived.
    pub(crate) bound: String,
}

/// A conjecture with a counterexample.
#[derive(Clone, Debug)]
pub(crate) struct Refuted {
    /// The closed statement.
    pub(crate) statement: Formula,
    /// The index of the model in [`Report::models`].
    pub(crate) model: usize,
    /// The assignment: names of variables, as in the statement's binders, with the names of their values.
    pub(crate) assignment: Vec<(Arc<str>, Arc<str>)>,
}

/// A line of the summary.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    /// The label.
    pub(crate) label: String,
    /// The count.
    pub(crate) number: u64,
}
