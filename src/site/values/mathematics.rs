//! A proof in mathematical style: with terms where the calculus has relations, chains of equations where it applies
//! congruence, and without typing steps.
//!
//! This is a view, derived from a proof that the checker has accepted, and everything it shows follows from that proof:
//! a variable is replaced by a term only where the axioms make the relation a function, and a chain only uses equations
//! that hold at that point, each with the justification from the proof. The view itself is not checked; the proof is
//! always shown beside it.

mod equality;
mod instance;
mod plan;
mod substitution;
mod telling;
pub(crate) mod term;
#[cfg(test)]
mod tests;
mod values;
mod view;

use std::collections::BTreeSet;

use theoremata_logic::calculus::formula::PredicateId;
use theoremata_logic::calculus::proof::Proof;
use theoremata_logic::language::notation::{Math, Symbol};

use super::catalogue::Catalogue;

/// Proofs with more steps are only presented step by step.
const LONGEST_PROOF: usize = 3_000;

/// A proof in mathematical style.
pub(crate) struct Mathematics {
    pub(crate) lines: Vec<Line>,
    /// Its inductions: principles by number, and claims.
    pub(crate) inductions: Vec<(usize, Math)>,
    /// The theorems that it uses, ascending.
    pub(crate) theorems: BTreeSet<usize>,
}

/// A line, or the beginning or end of a block.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Line {
    /// The beginning of a block.
    Open(Opening),
    /// The end of a block.
    Close,
    /// Variables are introduced.
    Let(Heading),
    /// The following lines prove this by induction.
    Induction {
        /// Its number, if other lines refer to it.
        number: Option<usize>,
        /// The claim.
        claim: Math,
        /// The principle's number.
        principle: usize,
    },
    /// A chain of one or more equations.
    Chain {
        /// Its number, if other lines refer to it.
        number: Option<usize>,
        /// The first term.
        first: Math,
        /// The following terms, each with the justifications of its equality with the previous one.
        links: Vec<(Math, Vec<Reason>)>,
    },
    /// Any other fact.
    Fact {
        /// Its number, if other lines refer to it.
        number: Option<usize>,
        /// The formula.
        math: Math,
        /// Why.
        reason: Reason,
    },
    /// The assumptions lead to a contradiction.
    Contradiction {
        /// The contradictory formula.
        math: Math,
        /// The lines it follows from.
        from: Vec<usize>,
    },
}

/// The kind of a block.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Opening {
    /// The case of a constructor.
    Constructor {
        /// The constructor.
        symbol: Symbol,
        /// Whether it is a constant.
        constant: bool,
    },
    /// A block that introduces variables or assumptions.
    Heading(Heading),
}

/// Variables and assumptions that are introduced.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Heading {
    pub(crate) role: Role,
    pub(crate) variables: Vec<Symbol>,
    /// The assumptions about them.
    pub(crate) assumptions: Vec<Math>,
    /// For witnesses, the lines that state their existence.
    pub(crate) from: Vec<usize>,
}

/// The purpose of an introduction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Arbitrary elements.
    Any,
    /// An induction hypothesis.
    Hypothesis,
    /// A witness of an existential statement.
    Some,
    /// An assumption to be refuted.
    Suppose,
    /// The negation of the claim.
    Contrary,
    /// One of two cases, from 1.
    Case(usize),
}

/// The justification of a fact.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reason {
    pub(crate) why: Why,
    /// The lines that it uses.
    pub(crate) from: Vec<usize>,
}

/// The kind of a justification.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Why {
    /// The axiom with this number, from 0.
    Axiom(usize),
    /// Several axioms together.
    Axioms,
    /// The theorem with this number, from 0.
    Theorem(usize),
    /// The induction hypothesis.
    Hypothesis,
    /// An assumption.
    Assumption,
    /// Only other lines.
    Lines,
    /// A definition.
    Definition(PredicateId),
    /// A set that a definition describes.
    Comprehension(PredicateId),
    /// Generalisation over arbitrary elements.
    Generalised,
    /// These witnesses.
    Witnesses(Vec<Math>),
    /// It holds in both cases.
    Cases,
    /// The negation is impossible.
    Impossible,
    /// Ex falso.
    Absurd,
    /// Congruence.
    Equals,
    /// Reflexivity.
    Same,
}

impl Mathematics {
    /// The view of a proof; `None` if it is too long.
    pub(crate) fn of(catalogue: &Catalogue<'_>, proof: &Proof) -> Option<Mathematics> {
        (proof.steps.len() <= LONGEST_PROOF).then(|| telling::tell(catalogue, proof))
    }
}
