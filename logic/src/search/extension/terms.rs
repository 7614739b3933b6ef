//! Unification of terms of free constructors.

use crate::clauses::clause::{RelationId, Term};

/// A constructor term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Tree {
    Leaf(Term),
    Node(RelationId, Vec<Tree>),
}

/// Bindings of variables to constructor terms.
pub(super) struct Terms {
    bindings: Vec<Option<Tree>>,
}

impl Terms {
    pub(super) fn of(variables: u16) -> Terms {
        Terms { bindings: vec![None; usize::from(variables)] }
    }

    pub(super) fn resolve(&self, tree: &Tree) -> Tree {
        match tree {
            Tree::Leaf(Term::Variable(variable)) => match &self.bindings[usize::from(*variable)] {
                Some(bound) => self.resolve(bound),
                None => tree.clone(),
            },
            Tree::Leaf(_) => tree.clone(),
            Tree::Node(constructor, inputs) => {
                Tree::Node(*constructor, inputs.iter().map(|input| self.resolve(input)).collect())
            }
        }
    }

    /// Unifies two terms; false if they are never equal.
    pub(super) fn unify(&mut self, left: &Tree, right: &Tree, is_constructed: &dyn Fn(u16) -> bool) -> bool {
        let (left, right) = (self.resolve(left), self.resolve(right));
        match (&left, &right) {
            _ if left == right => true,
            (Tree::Leaf(Term::Variable(variable)), other) | (other, Tree::Leaf(Term::Variable(variable))) => {
                let inside = contains(other, *variable);
                self.bindings[usize::from(*variable)] = (!inside).then(|| other.clone());
                !inside
            }
            (Tree::Node(one, inputs), Tree::Node(other, others)) => {
                one == other && inputs.iter().zip(others).all(|(input, other)| self.unify(input, other, is_constructed))
            }
            // The value of a constant is unknown, unless the constant is a constructor.
            (Tree::Leaf(Term::Constant(one)), Tree::Leaf(Term::Constant(other))) => {
                !(is_constructed(*one) && is_constructed(*other))
            }
            (Tree::Leaf(Term::Constant(one)), Tree::Node(..)) | (Tree::Node(..), Tree::Leaf(Term::Constant(one))) => {
                !is_constructed(*one)
            }
        }
    }
}

fn contains(tree: &Tree, variable: u16) -> bool {
    match tree {
        Tree::Leaf(term) => *term == Term::Variable(variable),
        Tree::Node(_, inputs) => inputs.iter().any(|input| contains(input, variable)),
    }
}
