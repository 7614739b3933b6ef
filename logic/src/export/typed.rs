//! Proofs as terms, for Rocq, Lean and Dedukti.
//!
//! In all three languages a formula is a proposition of the language itself, a step is an application, a scope is a λ,
//! and definitions are unfolded by the language. So the exports share everything but syntax: the declarations
//! ([`book`]) and their order ([`declare`]), which steps are written and which only fetch axioms ([`plan`]), the term
//! of a proof ([`walk`], which builds a [`Term`]) and the names ([`writer`]).
//!
//! **Existence.** `!(>[z] A !B)` is written `∃ z, A ∧ B`, so that most proofs are constructive. As a consequence, such
//! a formula is no longer literally the negation of `∀ z (A → ¬ B)`: [`walk`] converts between them, and where that
//! needs classical logic, there is a single assumption ([`Assumed::Classical`]).
//!
//! **Sorts.** A base sort is a type; sets and relations over sorts have types of their own, `Power I`, `Power2 I J`, …
//! with membership as an uninterpreted relation: two sets may have the same elements. Definitions and theorems are
//! polymorphic in their base sorts. No type is assumed to be inhabited.
//!
//! **Generated** is not primitive here but defined by its meaning, which these languages can express: every property
//! closed under the constructors holds of the whole set. Induction is then a lemma.
//!
//! **Anchors.** A theorem `∀ N 0 s … (Peano[N,0,s,…] → C)` is written as `C`, after the axioms have been declared one
//! by one about fixed `N`, `0`, `s`, …: a checker that lists a theorem's dependencies then lists what its page lists.
//! If any theorem of an export does not have this form, or cites another about parameters other than its own, all are
//! written as closed statements ([`Shape`]).

pub(crate) mod book;
pub(crate) mod declare;
pub(crate) mod infix;
pub(crate) mod plan;
pub(crate) mod sorts;
pub(crate) mod walk;
pub(crate) mod writer;

use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::proof::TheoremId;
use crate::calculus::sort::Sort;

/// The form in which the theorems of an export are stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// About parameters declared once, with the axioms.
    Anchored,
    /// Closed, with their anchor.
    Closed,
}

/// An unproved declaration. Declared in this order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Assumed {
    /// An axiom of the theory, by its number.
    Axiom(usize),
    /// Existence of the sets that a definition describes in the parameter with this number.
    Comprehension(PredicateId, u32),
    /// Double negation elimination.
    Classical,
}

/// A named hypothesis or step, by a number unique within the proof.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Local(pub(crate) u32);

/// The statement of a hypothesis.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// The formula.
    Holds(Formula),
    /// The negation of the formula as written, which for `∀ z (A → ¬ B)` differs from how its negation is written.
    Fails(Formula),
}

/// A proof as a term.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// A hypothesis or a step by its name.
    Local(Local),
    /// An earlier theorem.
    Theorem(TheoremId),
    /// A declared assumption.
    Assumed(Assumed),
    /// The induction lemma of a generated set, by the number of the principle.
    Induction(u32),
    /// A proof of `∀ …`, `… → …` or `¬ …`, applied to arguments.
    Apply(Box<Term>, Vec<Argument>),
    /// Variables, then hypotheses.
    Lambda(Vec<Name>, Vec<(Local, Claim)>, Box<Term>),
    /// Named steps, each visible in later ones, then their result.
    Steps(Vec<(Local, Formula, Term)>, Box<Term>),
    /// `A ∧ B`, from proofs of both.
    Pair(Formula, Formula, Box<Term>, Box<Term>),
    /// `A`, from `A ∧ B`.
    Left(Formula, Formula, Box<Term>),
    /// `B`, from `A ∧ B`.
    Right(Formula, Formula, Box<Term>),
    /// An existential statement, from its witnesses and the proofs of both conjuncts.
    Witness { exists: Formula, witnesses: Vec<Name>, left: Box<Term>, right: Box<Term> },
    /// Elimination of an existential statement, with names for the witnesses and both conjuncts; `goal` is the
    /// conclusion, `None` for falsity.
    Unpack {
        exists: Formula,
        from: Box<Term>,
        variables: Vec<Name>,
        parts: [Local; 2],
        goal: Option<Formula>,
        body: Box<Term>,
    },
    /// Anything, from falsity.
    Absurd(Formula, Box<Term>),
    /// The formula, from a proof that its negation is absurd.
    Classical(Formula, Box<Term>),
    /// `x = x`.
    Reflexive(Name),
    /// The property of `to`, from the property of `from`.
    Replace { from: Name, to: Name, property: Property, equation: Equation, proof: Box<Term> },
    /// The same proof, for a formula convertible by unfolding definitions.
    Typed(Box<Term>, Formula),
}

/// An equation between `from` and `to`, in either direction.
#[derive(Clone, Debug)]
pub(crate) struct Equation {
    /// Its proof.
    pub(crate) proof: Box<Term>,
    /// Whether it states `to = from`.
    pub(crate) reversed: bool,
}

/// A formula as a property of one of its free variables.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    /// The variable.
    pub(crate) variable: Name,
    /// The formula.
    pub(crate) formula: Formula,
}

/// An argument of a proof.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// A sort, for a base sort.
    Sort(Sort),
    /// An individual, a set or a relation.
    Individual(Name),
    /// A property of individuals.
    Property(Property),
    /// A proof.
    Proof(Term),
}

impl Term {
    /// The term applied to proofs.
    pub(crate) fn on(self, proofs: impl IntoIterator<Item = Term>) -> Term {
        self.with(proofs.into_iter().map(Argument::Proof).collect())
    }

    /// The term applied to arguments; itself if there are none.
    pub(crate) fn with(self, arguments: Vec<Argument>) -> Term {
        if arguments.is_empty() { self } else { Term::Apply(Box::new(self), arguments) }
    }

    /// Abstracts one hypothesis.
    pub(crate) fn under(self, local: Local, claim: Claim) -> Term {
        Term::Lambda(Vec::new(), vec![(local, claim)], Box::new(self))
    }
}
