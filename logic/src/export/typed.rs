//! Proofs as terms, for the languages in which a proof is one: Rocq, Lean and Dedukti.
//!
//! In all three a formula is a proposition of the language itself, a step is an application, a scope is a
//! λ, and definitions are unfolded by the language. So they share everything but their spelling: what is
//! to be declared ([`book`]) and in which order ([`declare`]), which steps are written and which only fetch what is given ([`plan`]), the
//! term of a proof ([`walk`], giving a [`Term`]) and the names ([`writer`]).
//!
//! **Existence.** `!(>[z] A !B)` is written `∃ z, A ∧ B`, so that most proofs are constructive. The price
//! is paid where such a formula meets the one that it denies, `∀ z (A → ¬ B)`, for it is no longer the
//! denial literally: [`walk`] bridges that, and where it needs classical logic, there is one assumption
//! that says so ([`Assumed::Classical`]).
//!
//! **Sorts.** A base sort is a type; the sets and relations over sorts have a type of their own, `Power I`,
//! `Power2 I J`, … with membership as a relation of which nothing else is known: two sets may have the same elements.
//! Definitions and theorems are about any types in the place of their base sorts. No type is said to have an element.
//!
//! **Generated** is not primitive here but defined by its meaning, which these languages can say: every property that
//! the constructors keep holds of the whole set. Induction is a lemma then.
//!
//! **Anchors.** A theorem `∀ N 0 s … (Peano[N,0,s,…] → C)` is written as `C`, after the axioms have been
//! declared one by one about fixed `N`, `0`, `s`, …: then a checker that lists what a theorem rests on lists
//! what its page lists. If any theorem of an export does not have this shape, or cites another about other
//! parameters than its own, all are written as closed statements ([`Shape`]).

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

/// How the theorems of an export are stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// About parameters that are declared once, with the axioms.
    Anchored,
    /// As they stand, with their anchor.
    Closed,
}

/// What is declared and not proved. The order is that in which it is declared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Assumed {
    /// An axiom of the theory, by its number.
    Axiom(usize),
    /// The sets that a definition describes in the parameter with this number.
    Comprehension(PredicateId, u32),
    /// That what cannot be denied holds.
    Classical,
}

/// A hypothesis of a λ or a step that has a name, by a number that is its own within the proof.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Local(pub(crate) u32);

/// What a hypothesis says.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// This.
    Holds(Formula),
    /// The denial of how this formula is written, which for `∀ z (A → ¬ B)` differs from how its denial is.
    Fails(Formula),
}

/// A proof as a term.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// A hypothesis or a step by its name.
    Local(Local),
    /// An earlier theorem.
    Theorem(TheoremId),
    /// Something that was declared.
    Assumed(Assumed),
    /// The lemma that what is generated allows induction, by the number of the principle.
    Induction(u32),
    /// A proof of `∀ …`, `… → …` or `¬ …` with what it is about.
    Apply(Box<Term>, Vec<Argument>),
    /// Variables, then hypotheses.
    Lambda(Vec<Name>, Vec<(Local, Claim)>, Box<Term>),
    /// Steps with their names, each for those after it, then what follows from them.
    Steps(Vec<(Local, Formula, Term)>, Box<Term>),
    /// `A ∧ B`, from the proofs of both.
    Pair(Formula, Formula, Box<Term>, Box<Term>),
    /// `A`, from `A ∧ B`.
    Left(Formula, Formula, Box<Term>),
    /// `B`, from `A ∧ B`.
    Right(Formula, Formula, Box<Term>),
    /// An existence statement, by its witnesses and the proofs of its two parts.
    Witness { exists: Formula, witnesses: Vec<Name>, left: Box<Term>, right: Box<Term> },
    /// What follows from an existence statement with names for the witnesses and both parts; `goal` is
    /// what that is, `None` for falsity.
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
    /// The formula, from a proof that its denial is absurd.
    Classical(Formula, Box<Term>),
    /// `x = x`.
    Reflexive(Name),
    /// The property of `to`, from that of `from`.
    Replace { from: Name, to: Name, property: Property, equation: Equation, proof: Box<Term> },
    /// The same proof, of a formula that the language finds equal by unfolding definitions.
    Typed(Box<Term>, Formula),
}

/// An equation between `from` and `to`, in that order or the other way round.
#[derive(Clone, Debug)]
pub(crate) struct Equation {
    /// Its proof.
    pub(crate) proof: Box<Term>,
    /// Whether it says `to = from`.
    pub(crate) reversed: bool,
}

/// A formula as a property of one of its free variables.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    /// The variable.
    pub(crate) variable: Name,
    /// What is said of it.
    pub(crate) formula: Formula,
}

/// What a proof is applied to.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// A sort, in the place of a base sort.
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

    /// Under one hypothesis.
    pub(crate) fn under(self, local: Local, claim: Claim) -> Term {
        Term::Lambda(Vec::new(), vec![(local, claim)], Box::new(self))
    }
}
