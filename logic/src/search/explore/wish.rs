//! Why an attempt failed: no model, a limit, or a missing lemma.

use crate::calculus::formula::Formula;
use crate::clauses::clause::{Clause, Term};
use crate::conjecture::canonical;
use crate::conjecture::limits::literals;
use crate::language::notation::{Fit, Literals, Matcher};
use crate::search::attempt::Stuck;
use crate::search::ended::Ended;

use super::Exploration;
use super::commit::clause_of;
use super::conjecture::{Conjecture, Fate};

/// The most lemma candidates recorded for an attempt, and the most that are shown.
const KEPT: usize = 24;
const SHOWN: usize = 5;

/// Why a conjecture stays open.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Failure {
    /// There is no model that could refute it.
    pub no_model: bool,
    /// The limit reached: on `steps`, or on new `values`.
    pub bound: Option<&'static str>,
    /// Lemmas that would help, the simplest first. No model refutes them, and none is a theorem yet.
    pub wishes: Vec<Formula>,
}

impl Exploration {
    /// Why the attempts at an open conjecture failed; empty for a conjecture that is not open.
    #[must_use]
    pub fn failure(&self, conjecture: &Conjecture) -> Failure {
        let Fate::Open(open) = &conjecture.fate else { return Failure::default() };
        let mut ended = std::iter::once(&open.ended).chain(open.inductions.iter().map(|induction| &induction.ended));
        let bound = ended.find_map(|ended| match ended {
            Ended::OutOfSteps => Some("steps"),
            Ended::OutOfValues => Some("values"),
            _ => None,
        });
        let decided = |clause: &Clause| {
            let known = self.conjectures.iter().find(|known| known.clause.as_ref() == Some(clause));
            known.is_some_and(|known| matches!(known.fate, Fate::Proved(_) | Fate::Refuted(..)))
        };
        let useful = |clause: &&Clause| {
            conjecture.clause.as_ref().map(canonical).as_ref() != Some(*clause)
                && !decided(clause)
                && !self.fails_at_small_values(clause)
        };
        // An instance of the statement is no easier to prove than the statement.
        let reading = self.reading();
        let goal = Literals::of(&reading.statement(&conjecture.statement));
        let matcher = Matcher { fit: Fit::Instance, commutative: &|_| false };
        let is_instance = |wish: &Formula| {
            let wish = Literals::of(&reading.statement(wish));
            goal.as_ref().zip(wish).is_some_and(|(goal, wish)| matcher.fits(goal, &wish).is_some())
        };
        let wishes = open.wishes.iter().filter(useful).filter_map(|clause| self.statement_of(clause));
        let wishes = wishes.filter(|wish| !is_instance(wish));
        Failure { no_model: self.models.is_empty(), bound, wishes: wishes.take(SHOWN).collect() }
    }

    /// The lemma candidates of a stuck attempt and of its child blocks.
    pub(super) fn lemmas_of(&self, stuck: &Stuck) -> Vec<Clause> {
        let constants = self.compiled.signature.constants.len();
        let mut queue: Vec<&Stuck> = vec![stuck];
        let mut found = Vec::new();
        while let Some(stuck) = queue.pop() {
            found.extend(stuck.lemmas.iter().filter_map(|lemma| clause_of(lemma, constants)));
            queue.extend(stuck.inductions.iter().map(|open| &*open.stuck));
        }
        found
    }

    /// The same without duplicates, small and general ones first.
    pub(super) fn wishes(&self, stuck: &Stuck) -> Vec<Clause> {
        let mut wishes: Vec<Clause> = Vec::new();
        for clause in self.lemmas_of(stuck) {
            let clause = canonical(&clause);
            if !wishes.contains(&clause) {
                wishes.push(clause);
            }
        }
        let constants = |clause: &Clause| {
            let arguments = literals(clause).flat_map(|literal| &literal.arguments);
            arguments.filter(|argument| matches!(argument, Term::Constant(_))).count()
        };
        wishes.sort_by_key(|clause| (clause.premises.len(), constants(clause), clause.variables));
        wishes.truncate(KEPT);
        wishes
    }
}
