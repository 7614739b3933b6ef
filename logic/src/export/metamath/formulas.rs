//! Formulas as nodes, and proofs by recursion on formulas.

use std::collections::HashMap;

use crate::calculus::formula::{self, Formula, Name};

use super::arena::{Arena, Label, NodeId, SortId, Variable};
use super::signs::{Signs, height};

impl Arena {
    pub(super) fn kernel(&mut self, rule: &'static str, arguments: &[NodeId]) -> NodeId {
        self.node(Label::Kernel(rule), arguments)
    }

    pub(super) fn sorted(&mut self, rule: &'static str, sort: SortId, arguments: &[NodeId]) -> NodeId {
        self.node(Label::Sorted(rule, sort), arguments)
    }

    /// The sort of a variable.
    ///
    /// # Panics
    /// If the node is not a variable.
    pub(super) fn sort(&self, variable: NodeId) -> SortId {
        let Label::Variable(variable) = self.label(variable) else { unreachable!("asked of variables only") };
        variable.sort()
    }

    pub(super) fn variable(&mut self, variable: Variable) -> NodeId {
        self.node(Label::Variable(variable), &[])
    }

    pub(super) fn not(&mut self, inner: NodeId) -> NodeId {
        self.kernel("w-not", &[inner])
    }

    pub(super) fn implies(&mut self, left: NodeId, right: NodeId) -> NodeId {
        self.kernel("w-imp", &[left, right])
    }

    pub(super) fn iff(&mut self, left: NodeId, right: NodeId) -> NodeId {
        self.kernel("w-iff", &[left, right])
    }

    pub(super) fn equal(&mut self, left: NodeId, right: NodeId) -> NodeId {
        self.sorted("w-equal", self.sort(left), &[left, right])
    }

    /// `E! x`: the variable denotes an existing thing.
    pub(super) fn is(&mut self, variable: NodeId) -> NodeId {
        self.sorted("w-is", self.sort(variable), &[variable])
    }

    pub(super) fn all(&mut self, body: NodeId, variable: NodeId) -> NodeId {
        self.sorted("w-all", self.sort(variable), &[body, variable])
    }

    /// The list `context` extended by one formula.
    pub(super) fn add(&mut self, context: NodeId, formula: NodeId) -> NodeId {
        self.kernel("c-add", &[context, formula])
    }

    pub(super) fn nothing(&mut self) -> NodeId {
        self.kernel("c-nil", &[])
    }

    /// The node of a formula; `free` maps its free variables.
    pub(super) fn formula(&mut self, signs: &Signs, formula: &Formula, free: &dyn Fn(Name) -> Variable) -> NodeId {
        self.formula_under(signs, formula, free, &mut Vec::new())
    }

    fn formula_under(
        &mut self,
        signs: &Signs,
        formula: &Formula,
        free: &dyn Fn(Name) -> Variable,
        bound: &mut Vec<Variable>,
    ) -> NodeId {
        match formula {
            Formula::Atom(predicate, arguments) => {
                let arguments: Vec<NodeId> = arguments
                    .iter()
                    .map(|argument| {
                        let variable = match argument {
                            formula::Variable::Free(name) => free(*name),
                            formula::Variable::Bound(index) => bound[bound.len() - 1 - *index as usize],
                        };
                        self.variable(variable)
                    })
                    .collect();
                self.atom(signs, *predicate, &arguments)
            }
            Formula::Not(inner) => {
                let inner = self.formula_under(signs, inner, free, bound);
                self.not(inner)
            }
            Formula::And(left, right) => {
                let left = self.formula_under(signs, left, free, bound);
                let right = self.formula_under(signs, right, free, bound);
                self.kernel("w-and", &[left, right])
            }
            Formula::Implies(binders, left, right) => {
                let inside = height(left).max(height(right));
                let before = bound.len();
                bound.extend(signs.bound(binders, inside));
                let left = self.formula_under(signs, left, free, bound);
                let right = self.formula_under(signs, right, free, bound);
                let mut whole = self.implies(left, right);
                for variable in bound.drain(before..).rev() {
                    let variable = self.variable(variable);
                    whole = self.all(whole, variable);
                }
                whole
            }
        }
    }

    fn atom(&mut self, signs: &Signs, predicate: formula::PredicateId, arguments: &[NodeId]) -> NodeId {
        if predicate == formula::PredicateId::EQUAL {
            return self.equal(arguments[0], arguments[1]);
        }
        let id = signs.atom_id(predicate, arguments.iter().map(|argument| self.sort(*argument)));
        self.node(Label::Atom(id), arguments)
    }

    /// The arguments of an application of `rule`.
    ///
    /// # Panics
    /// If the node is not one: the checker has established the shapes of steps.
    pub(super) fn parts<const COUNT: usize>(&self, rule: &'static str, id: NodeId) -> [NodeId; COUNT] {
        let (Label::Kernel(found) | Label::Sorted(found, _)) = self.label(id) else {
            unreachable!("a checked step has the shape of its rule")
        };
        assert_eq!(found, rule, "a checked step has the shape of its rule");
        self.arguments(id).try_into().expect("an assertion has a fixed number of arguments")
    }

    /// The formula with one variable replaced by another that is not bound in it.
    pub(super) fn replaced(&mut self, formula: NodeId, from: NodeId, to: NodeId) -> NodeId {
        self.replaced_below(formula, from, to, &mut HashMap::new())
    }

    fn replaced_below(&mut self, id: NodeId, from: NodeId, to: NodeId, done: &mut HashMap<NodeId, NodeId>) -> NodeId {
        if id == from {
            return to;
        }
        if self.arguments(id).is_empty() {
            return id;
        }
        if let Some(known) = done.get(&id) {
            return *known;
        }
        let arguments: Vec<NodeId> = self.arguments(id).to_vec();
        let replaced: Vec<NodeId> =
            arguments.iter().map(|argument| self.replaced_below(*argument, from, to, done)).collect();
        let result = if replaced == arguments { id } else { self.node(self.label(id), &replaced) };
        done.insert(id, result);
        result
    }

    /// A proof of `context => ( left <-> right )` for formulas of the same shape; `equal` gives a proof of
    /// `context => x = y` wherever they have different variables.
    pub(super) fn equivalent(
        &mut self,
        context: NodeId,
        left: NodeId,
        right: NodeId,
        equal: &mut dyn FnMut(&mut Arena, NodeId, NodeId) -> NodeId,
    ) -> NodeId {
        if left == right {
            return self.kernel("i-refl", &[context, left]);
        }
        let (from, to) = (self.arguments(left).to_vec(), self.arguments(right).to_vec());
        match self.label(left) {
            Label::Kernel("w-not") => {
                let inner = self.equivalent(context, from[0], to[0], equal);
                self.kernel("i-not", &[context, from[0], to[0], inner])
            }
            Label::Sorted("w-all", sort) => {
                let inner = self.equivalent(context, from[0], to[0], equal);
                self.sorted("i-all", sort, &[context, from[0], to[0], from[1], inner])
            }
            Label::Kernel(connective @ ("w-and" | "w-imp")) => {
                let first = self.equivalent(context, from[0], to[0], equal);
                let second = self.equivalent(context, from[1], to[1], equal);
                let rule = if connective == "w-and" { "i-and" } else { "i-imp" };
                self.kernel(rule, &[context, from[0], to[0], from[1], to[1], first, second])
            }
            atom => {
                let mut sides: Vec<NodeId> = vec![context];
                let mut proofs: Vec<NodeId> = Vec::new();
                for (x, y) in from.iter().zip(&to) {
                    proofs.push(if x == y { self.reflexive(context, *x) } else { equal(self, *x, *y) });
                }
                sides.extend(&from);
                sides.extend(&to);
                sides.extend(proofs);
                match atom {
                    Label::Atom(id) => self.node(Label::Equals(id), &sides),
                    _ => self.sorted("e-equal", self.sort(from[0]), &sides),
                }
            }
        }
    }

    /// `context => x = x`
    pub(super) fn reflexive(&mut self, context: NodeId, variable: NodeId) -> NodeId {
        self.sorted("r-refl", self.sort(variable), &[context, variable])
    }

    /// The formula with `from` replaced by `to`, and a proof of `{} , from = to => ( A <-> B )`.
    pub(super) fn renamed(&mut self, formula: NodeId, from: NodeId, to: NodeId) -> (NodeId, NodeId) {
        let result = self.replaced(formula, from, to);
        let nothing = self.nothing();
        let assumed = self.equal(from, to);
        let context = self.add(nothing, assumed);
        let same = self.kernel("r-hyp", &[nothing, assumed]);
        let proof = self.equivalent(context, formula, result, &mut |_, _, _| same);
        (result, proof)
    }
}
