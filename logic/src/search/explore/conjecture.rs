//! Conjectures and their fates.

use serde::{Deserialize, Serialize};

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Goal;
use crate::clauses::clause::Clause;
use crate::clauses::compile::Move;
use crate::search::ended::Ended;
use crate::search::library::Source;

/// The number of effort levels: two regular ones, one with selected premises, one by cases, and the last.
pub(crate) const LEVELS: usize = 5;
/// The two regular levels.
pub(super) const QUICK: usize = 0;
pub(super) const USUAL: usize = 1;
/// The levels with selected premises, by cases, and last.
pub(super) const NARROW: usize = 2;
pub(super) const BY_CASES: usize = 3;
pub(super) const LAST: usize = 4;

/// The origin of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The user asked for it.
    Goal(Goal),
    /// It was generated.
    Generated,
    /// A lemma that would help a stuck proof of the conjecture with this number.
    Lemma(usize),
    /// A part of the conjunction stated by the conjecture with this number.
    Part(usize),
    /// An advisor proposed it in answer to the question with this number.
    Advised(u32),
    /// It was proved in a theory that this one uses.
    Brought(Source),
}

impl Origin {
    /// Whether it was added only to help with another conjecture.
    pub(crate) fn is_help(&self) -> bool {
        matches!(self, Origin::Lemma(_) | Origin::Advised(_))
    }
}

/// A conjecture and its fate.
#[derive(Clone, Debug)]
pub struct Conjecture {
    /// Where it came from.
    pub origin: Origin,
    /// Further goals with the same statement, which share its fate.
    pub also: Vec<Goal>,
    /// Its clause; `None` for a goal that is not a clause.
    pub clause: Option<Clause>,
    /// For a user's goal: the moves from the statement, below the anchor, to the clause.
    pub(super) moves: Vec<Move>,
    /// Its closed formula.
    pub statement: Formula,
    /// If its conclusion is a conjunction: the conjectures that state its conjuncts, in order.
    pub parts: Vec<usize>,
    /// Whether no assignment in the models satisfies its premises.
    pub vacuous: bool,
    /// Whether it states for larger terms what another conjecture states for smaller ones. It is left to follow from
    /// that conjecture, and no induction is tried.
    pub by_congruence: bool,
    /// Whether it was generated as a textbook law, by its form.
    pub textbook: bool,
    /// Its current status.
    pub fate: Fate,
    /// For each effort level: one more than the number of rules at the last attempt; 0 if there was none.
    pub(crate) tried: [u32; LEVELS],
    /// The number of failed attempts.
    pub(crate) failures: u32,
}

impl Conjecture {
    /// A conjecture that has not been attempted.
    pub(super) fn new(origin: Origin, clause: Option<Clause>, moves: Vec<Move>, statement: Formula) -> Conjecture {
        Conjecture {
            origin,
            also: Vec::new(),
            clause,
            moves,
            statement,
            parts: Vec::new(),
            vacuous: false,
            by_congruence: false,
            textbook: false,
            fate: Fate::Waiting,
            tried: [0; LEVELS],
            failures: 0,
        }
    }

    /// The goals that state it, in the order given.
    pub fn goals(&self) -> impl Iterator<Item = &Goal> {
        let first = match &self.origin {
            Origin::Goal(goal) => Some(goal),
            _ => None,
        };
        first.into_iter().chain(&self.also)
    }

    /// The number of the question that an advisor answered with it; `None` for other origins.
    #[must_use]
    pub fn question(&self) -> Option<usize> {
        match self.origin {
            Origin::Advised(question) => Some(question as usize),
            _ => None,
        }
    }

    /// Whether it can be attempted and is undecided.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.fate, Fate::Waiting | Fate::Open(_)) && self.clause.is_some()
    }

    /// The moves from the closed statement to the clause.
    pub(crate) fn theorem_moves(&self) -> Vec<Move> {
        let mut moves = vec![Move::Apply];
        moves.extend(&self.moves);
        moves
    }
}

/// The status of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Not decided yet.
    Waiting,
    /// It is a theorem.
    Proved(TheoremId),
    /// Refuted by a model: its index in [`Exploration::models`], and a value for each variable.
    Refuted(usize, Vec<u16>),
    /// Attempted and still open.
    Open(Open),
    /// Cannot be attempted, for this reason.
    Unsupported(&'static str),
}

/// Why a conjecture stays open.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Open {
    /// Why the attempt without induction ended.
    pub ended: Ended,
    /// The failed inductions.
    pub inductions: Vec<OpenInduction>,
    /// For goals and their parts: the lemmas that would have closed the stuck subgoals.
    pub wishes: Vec<Clause>,
}

/// A failed induction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenInduction {
    /// The number of the variable.
    pub variable: u16,
    /// The number of the open case, in the order of the constructors.
    pub case: usize,
    /// Why the case ended.
    pub ended: Ended,
    /// The subgoals, as clauses, that would have closed the case.
    pub subgoals: Vec<Clause>,
}

/// Whether a conjecture is a goal of the user, or a part of one.
pub(super) fn is_asked(origin: &Origin) -> bool {
    matches!(origin, Origin::Goal(_) | Origin::Part(_))
}
