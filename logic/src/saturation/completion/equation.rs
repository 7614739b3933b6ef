//! Equations, and the chains of rewrite steps between their sides.

use super::term::{TermId, Terms};

/// An equation, by order of discovery: the equations it is derived from have lower numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EquationId(pub u32);

impl EquationId {
    /// The index in a table of equations.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A rewrite step: replaces a subterm by the other side of an instance of an equation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rewrite {
    /// The equation.
    pub equation: EquationId,
    /// Whether it is used from left to right.
    pub forward: bool,
    /// The position of the subterm.
    pub path: Vec<u8>,
    /// The subterm: the instance of one side.
    pub from: TermId,
    /// Its replacement: the instance of the other side.
    pub to: TermId,
}

impl Rewrite {
    fn reversed(self) -> Rewrite {
        Rewrite { forward: !self.forward, from: self.to, to: self.from, ..self }
    }
}

/// The reversed chain: steps in the opposite order and direction.
#[must_use]
pub fn reversed(steps: Vec<Rewrite>) -> Vec<Rewrite> {
    steps.into_iter().rev().map(Rewrite::reversed).collect()
}

/// The justification of an equation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// It is the given equation with this number.
    Given(u32),
    /// A chain of rewrite steps from its left side to its right side.
    Chain(Vec<Rewrite>),
}

/// The state of an equation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Not yet activated.
    Waiting,
    /// Used for rewriting and critical pairs.
    Active,
    /// Redundant: neither the equation nor its critical pairs are needed.
    Dead,
}

/// An equation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equation {
    /// The left side.
    pub left: TermId,
    /// The right side.
    pub right: TermId,
    /// Whether the left side is greater under every substitution.
    pub oriented: bool,
    /// Its justification.
    pub source: Source,
    /// Its state.
    pub state: State,
}

impl Equation {
    /// The side to be rewritten, and its replacement.
    #[must_use]
    pub fn sides(&self, forward: bool) -> (TermId, TermId) {
        if forward { (self.left, self.right) } else { (self.right, self.left) }
    }
}

/// A derivation of a goal; each equation is derived from earlier ones.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The terms.
    pub terms: Terms,
    /// The equations used, in order; a [`Rewrite`] refers to indices of this list.
    pub equations: Vec<Equation>,
    /// The left side of the goal, a ground term.
    pub left: TermId,
    /// The right side.
    pub right: TermId,
    /// The rewrite steps from left to right.
    pub steps: Vec<Rewrite>,
}
