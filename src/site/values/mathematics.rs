//! A proof as mathematicians write it: with terms where the calculus has relations, chains of equations where it puts
//! equals for equals, and without what is a matter of typing.
//!
//! This is a view. It is derived from a proof that the checker has accepted, and what it shows follows from it: a
//! variable gives way to a term only where the axioms make the relation a function, and a chain uses only equations
//! that hold where it stands, each for the reason that the proof has for it. The view itself is checked by nobody. The
//! proof is always there beside it.

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

/// A proof longer than this, in steps, is told step by step only.
const LONGEST_PROOF: usize = 3_000;

/// A proof as mathematicians write it.
pub(crate) struct Mathematics {
    pub(crate) lines: Vec<Line>,
    /// What it shows by induction: the principles by number, and what is claimed.
    pub(crate) inductions: Vec<(usize, Math)>,
    /// The theorems that it uses, ascending.
    pub(crate) theorems: BTreeSet<usize>,
}

/// A line, or the beginning or end of a block.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Line {
    /// A block begins.
    Open(Opening),
    /// A block ends.
    Close,
    /// Something is introduced.
    Let(Heading),
    /// What follows shows this by induction.
    Induction {
        /// By which others call it.
        number: Option<usize>,
        /// What is claimed.
        claim: Math,
        /// The principle's number.
        principle: usize,
    },
    /// A chain of equations, at least one.
    Chain {
        /// By which others call it.
        number: Option<usize>,
        /// Where it begins.
        first: Math,
        /// The terms that are equal to it, each with the reason for the equality with the one before it.
        links: Vec<(Math, Vec<Reason>)>,
    },
    /// Anything else.
    Fact {
        /// By which others call it.
        number: Option<usize>,
        /// What holds.
        math: Math,
        /// Why.
        reason: Reason,
    },
    /// What was assumed leads to this and its contrary.
    Contradiction {
        /// What cannot hold.
        math: Math,
        /// The lines that say so.
        from: Vec<usize>,
    },
}

/// What a block is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Opening {
    /// The case of a constructor.
    Constructor {
        /// The constructor.
        symbol: Symbol,
        /// Whether it is a constant.
        constant: bool,
    },
    /// A block with something introduced.
    Heading(Heading),
}

/// What is introduced or assumed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Heading {
    pub(crate) role: Role,
    pub(crate) variables: Vec<Symbol>,
    /// What is assumed of them.
    pub(crate) assumptions: Vec<Math>,
    /// For what exists the lines that say so.
    pub(crate) from: Vec<usize>,
}

/// What something is introduced for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Anything of its kind.
    Any,
    /// The hypothesis of an induction.
    Hypothesis,
    /// Something that exists.
    Some,
    /// To be refuted.
    Suppose,
    /// The contrary of what is to be shown.
    Contrary,
    /// One of two cases, from 1.
    Case(usize),
}

/// Why something holds.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reason {
    pub(crate) why: Why,
    /// The lines that it uses.
    pub(crate) from: Vec<usize>,
}

/// What a reason rests on.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Why {
    /// The axiom with this number, from 0.
    Axiom(usize),
    /// Several axioms together.
    Axioms,
    /// The theorem with this number, from 0.
    Theorem(usize),
    /// The hypothesis of the induction.
    Hypothesis,
    /// What was assumed.
    Assumption,
    /// Other lines, and nothing else.
    Lines,
    /// A definition.
    Definition(PredicateId),
    /// A set that a definition describes.
    Comprehension(PredicateId),
    /// It was shown for anything.
    Generalised,
    /// These are such things.
    Witnesses(Vec<Math>),
    /// It holds in both cases.
    Cases,
    /// The contrary is impossible.
    Impossible,
    /// From what is impossible everything follows.
    Absurd,
    /// Equals for equals.
    Equals,
    /// Both sides are the same.
    Same,
}

impl Mathematics {
    /// Reads a proof; `None` if it is too long for that.
    pub(crate) fn of(catalogue: &Catalogue<'_>, proof: &Proof) -> Option<Mathematics> {
        (proof.steps.len() <= LONGEST_PROOF).then(|| telling::tell(catalogue, proof))
    }
}
