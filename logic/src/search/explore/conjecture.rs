//! A conjecture and its fate.

use serde::{Deserialize, Serialize};

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Goal;
use crate::clauses::clause::Clause;
use crate::clauses::compile::Move;
use crate::search::ended::Ended;
use crate::search::library::Source;

/// How many efforts there are: two usual ones, one with few theorems, one by cases, and the last.
pub(crate) const LEVELS: usize = 5;
/// Little effort, and the usual one.
pub(super) const QUICK: usize = 0;
pub(super) const USUAL: usize = 1;
/// The effort with the theorems that seem to matter alone, the effort by cases, and the last.
pub(super) const NARROW: usize = 2;
pub(super) const BY_CASES: usize = 3;
pub(super) const LAST: usize = 4;

/// Where a conjecture came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The user asked for it.
    Goal(Goal),
    /// It was generated.
    Generated,
    /// A proof of the conjecture with this number got stuck on it.
    Lemma(usize),
    /// It is a part of the conjunction that the conjecture with this number states.
    Part(usize),
    /// An advisor proposed it in answer to the question with this number.
    Advised(u32),
    /// It was proved in a theory that this one uses.
    Brought(Source),
}

impl Origin {
    /// Whether it was made to help with something else.
    pub(crate) fn is_help(&self) -> bool {
        matches!(self, Origin::Lemma(_) | Origin::Advised(_))
    }
}

/// A conjecture and its fate.
#[derive(Clone, Debug)]
pub struct Conjecture {
    /// Where it came from.
    pub origin: Origin,
    /// Further goals that state the same: what becomes of it becomes of them.
    pub also: Vec<Goal>,
    /// Its flat form; `None` for a goal that is no clause.
    pub clause: Option<Clause>,
    /// The way from the part behind the anchor to the clause, for a user's goal.
    pub(super) moves: Vec<Move>,
    /// Its closed formula.
    pub statement: Formula,
    /// If its conclusion is a conjunction: the conjectures that state the parts, in order.
    pub parts: Vec<usize>,
    /// Whether no assignment in the models satisfies its premises.
    pub vacuous: bool,
    /// Whether it says of larger terms what another conjecture says of smaller ones: then it is left
    /// to follow from that one, and no induction is tried.
    pub by_congruence: bool,
    /// Whether it was generated as a law that has a place in textbooks, by its form.
    pub textbook: bool,
    /// What became of it.
    pub fate: Fate,
    /// For each effort how many rules were known when it was last tried, plus one; 0: not yet.
    pub(crate) tried: [u32; LEVELS],
    /// How often it was tried in vain.
    pub(crate) failures: u32,
}

impl Conjecture {
    /// A conjecture that nobody has tried.
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

    /// The goals that state it, in the order in which they were asked.
    pub fn goals(&self) -> impl Iterator<Item = &Goal> {
        let first = match &self.origin {
            Origin::Goal(goal) => Some(goal),
            _ => None,
        };
        first.into_iter().chain(&self.also)
    }

    /// The question that an advisor answered with it, if one did.
    #[must_use]
    pub fn question(&self) -> Option<usize> {
        match self.origin {
            Origin::Advised(question) => Some(question as usize),
            _ => None,
        }
    }

    /// Whether it can be tried and is not decided.
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

/// What became of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Not decided yet.
    Waiting,
    /// It is a theorem.
    Proved(TheoremId),
    /// A model refutes it: the model's place in [`Exploration::models`], and a value for each variable.
    Refuted(usize, Vec<u16>),
    /// It was tried and stays open.
    Open(Open),
    /// It cannot be tried, and why.
    Unsupported(&'static str),
}

/// Why a conjecture stays open.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Open {
    /// Why the direct attempt ended.
    pub ended: Ended,
    /// The inductions tried: the variable's number, the case that stayed open, and its subgoal in MPL
    /// form as a list of premises and a head over the block's individuals.
    pub inductions: Vec<OpenInduction>,
    /// For what somebody asked: the lemmas that would have closed what the attempt got stuck on.
    pub wishes: Vec<Clause>,
}

/// An induction that did not go through.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenInduction {
    /// The number of the variable.
    pub variable: u16,
    /// The number of the case, in the order of the constructors.
    pub case: usize,
    /// Why the case ended.
    pub ended: Ended,
    /// The subgoals, as statements of their own, that would have closed the case.
    pub subgoals: Vec<Clause>,
}

/// Whether the user asked for a conjecture, or for a statement of which it is a part.
pub(super) fn is_asked(origin: &Origin) -> bool {
    matches!(origin, Origin::Goal(_) | Origin::Part(_))
}
