//! Equations, and the chains of rewriting that lead from one side to the other.

use super::term::{TermId, Terms};

/// An equation, by the order in which it was found: what it rests on has lower numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EquationId(pub u32);

impl EquationId {
    /// The position in a table of equations.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A part of a term replaced by the other side of an instance of an equation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rewrite {
    /// The equation.
    pub equation: EquationId,
    /// Whether it is used from left to right.
    pub forward: bool,
    /// Where the part stands.
    pub path: Vec<u8>,
    /// The part: the instance of one side.
    pub from: TermId,
    /// What it becomes: the instance of the other.
    pub to: TermId,
}

impl Rewrite {
    fn reversed(self) -> Rewrite {
        Rewrite { forward: !self.forward, from: self.to, to: self.from, ..self }
    }
}

/// The steps in the opposite order and direction.
#[must_use]
pub fn reversed(steps: Vec<Rewrite>) -> Vec<Rewrite> {
    steps.into_iter().rev().map(Rewrite::reversed).collect()
}

/// Why an equation holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// It was given, with this number.
    Given(u32),
    /// A chain from its left side to its right one.
    Chain(Vec<Rewrite>),
}

/// What an equation is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Given, and not taken in yet.
    Waiting,
    /// For rewriting, and for overlaps.
    Active,
    /// Another one stands for it: neither it nor its overlaps are needed.
    Dead,
}

/// An equation that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equation {
    /// The left side.
    pub left: TermId,
    /// The right side.
    pub right: TermId,
    /// Whether the left side is greater, whatever the variables stand for.
    pub oriented: bool,
    /// Why it holds.
    pub source: Source,
    /// What it is used for.
    pub state: State,
}

impl Equation {
    /// The side where it is used from, and the other.
    #[must_use]
    pub fn sides(&self, forward: bool) -> (TermId, TermId) {
        if forward { (self.left, self.right) } else { (self.right, self.left) }
    }
}

/// How a goal follows: what is needed for it, each by what stands before it.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The terms.
    pub terms: Terms,
    /// The equations that are needed, in order; a [`Rewrite`] names places in this list.
    pub equations: Vec<Equation>,
    /// The left side of the goal, without variables.
    pub left: TermId,
    /// The right side.
    pub right: TermId,
    /// The way from one to the other.
    pub steps: Vec<Rewrite>,
}
