//! The state of a proof by rewriting: names and steps so far.

use std::collections::HashMap;

use crate::calculus::formula::Name;
use crate::calculus::proof::StepId;
use crate::saturation::block::Line;
use crate::saturation::completion::equation::{Derivation, Equation};
use crate::saturation::completion::problem::{Meaning, Problem};
use crate::saturation::completion::term::{TermId, Top};

/// A function value by name: its row, and the step that states it.
pub(super) type Row = (Vec<Name>, StepId);

/// The state of a reconstruction from a derivation.
pub(super) struct Page<'p> {
    pub(super) line: &'p Line<'p>,
    pub(super) problem: &'p Problem,
    pub(super) derivation: Derivation,
    /// The depth of the block.
    pub(super) depth: usize,
    /// The name of each named term.
    pub(super) names: HashMap<TermId, Name>,
    /// The row of each named function value.
    pub(super) rows: HashMap<TermId, Row>,
    /// The step that states the domain membership of a named term.
    pub(super) members: HashMap<TermId, StepId>,
    /// The steps of derived equations.
    pub(super) lemmas: Vec<Option<StepId>>,
}

impl Page<'_> {
    pub(super) fn place(&self, term: TermId) -> usize {
        let Top::Symbol(symbol) = self.derivation.terms.top(term) else { unreachable!("a function's value") };
        match self.problem.meanings[usize::from(symbol.0)] {
            Meaning::Function(place) => place,
            Meaning::Individual(_) => unreachable!("a function's value"),
        }
    }

    pub(super) fn is_value(&self, term: TermId) -> bool {
        self.derivation.terms.arity(term) > 0
    }

    /// The substitution that maps the sides of an equation to these two terms.
    pub(super) fn images(&self, equation: &Equation, left: TermId, right: TermId) -> HashMap<TermId, TermId> {
        let terms = &self.derivation.terms;
        let mut images = HashMap::new();
        let mut pairs = vec![(equation.left, left), (equation.right, right)];
        while let Some((pattern, term)) = pairs.pop() {
            match terms.top(pattern) {
                Top::Variable(_) => {
                    images.insert(pattern, term);
                }
                Top::Symbol(_) => {
                    pairs.extend(terms.arguments(pattern).iter().copied().zip(terms.arguments(term).iter().copied()))
                }
            }
        }
        images
    }

    pub(super) fn put(&mut self, term: TermId, images: &HashMap<TermId, TermId>) -> TermId {
        let numbers: Vec<(Top, TermId)> =
            images.iter().map(|(variable, image)| (self.derivation.terms.top(*variable), *image)).collect();
        let image = |number| numbers.iter().find(|(top, _)| *top == Top::Variable(number)).map(|(_, image)| *image);
        self.derivation.terms.substituted(term, &image)
    }

    /// The function values in a term, innermost first; without the term itself if `proper`.
    pub(super) fn values(&self, term: TermId, proper: bool, found: &mut Vec<TermId>) {
        for argument in self.derivation.terms.arguments(term) {
            self.values(*argument, false, found);
        }
        if !proper && self.is_value(term) && !found.contains(&term) {
            found.push(term);
        }
    }

    /// The form in which an equation is stated: its variables, the function values that its premises introduce, and its
    /// two sides, with a function value as the second if there is one.
    pub(super) fn shape(&self, equation: &Equation) -> Shape {
        let (mut left, mut right) = (equation.left, equation.right);
        if self.is_value(left) && !self.is_value(right) {
            (left, right) = (right, left);
        }
        let mut variables = Vec::new();
        self.derivation.terms.collect_variables(equation.left, &mut variables);
        self.derivation.terms.collect_variables(equation.right, &mut variables);
        let mut values = Vec::new();
        self.values(left, false, &mut values);
        self.values(right, true, &mut values);
        // Values named by the sequent's premises keep those names.
        values.retain(|value| !self.problem.defined.iter().any(|(known, ..)| known == value));
        Shape { variables, values, left, right }
    }
}

/// See [`Page::shape`].
pub(super) struct Shape {
    pub(super) variables: Vec<TermId>,
    pub(super) values: Vec<TermId>,
    pub(super) left: TermId,
    pub(super) right: TermId,
}
