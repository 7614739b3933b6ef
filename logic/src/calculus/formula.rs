//! Formulas of the calculus: relational MPL with `∀→`, `∧` and `¬`.
//!
//! There are no function terms: every argument is a variable, and a function value is the argument before the function
//! itself: `in3[a,b,c,+]` says `a + b = c`. The search works on terms; proofs are written in this smaller language.
//!
//! Bound variables are de Bruijn indices, so alpha-equivalent formulas are equal (`==`) and have the same hash. A
//! binder carries the [`Sort`] of its variable, which takes part in comparison, and the author's name for it, which is
//! for display only.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::sort::Sort;

/// A predicate of a theory: its index in [`Theory::predicates`](crate::calculus::theory::Theory::predicates).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PredicateId(pub u32);

impl PredicateId {
    /// `=`, equality of individuals.
    pub const EQUAL: PredicateId = PredicateId(0);
    /// `in[x,S]`: `x` is an element of `S`.
    pub const IN: PredicateId = PredicateId(1);
    /// `in2[x,y,f]`: the pair is in a binary relation.
    pub const IN2: PredicateId = PredicateId(2);
    /// `in3[x,y,z,f]`: the triple is in a ternary relation.
    pub const IN3: PredicateId = PredicateId(3);
    /// The largest arity of a membership predicate: `in8`.
    pub const MOST_PLACES: usize = 8;
    /// The number of primitive predicates of every theory: `=`, and one membership predicate per arity.
    pub const PRIMITIVES: usize = 1 + Self::MOST_PLACES;

    /// The membership predicate for relations of this arity: `in`, `in2`, … `in8`.
    #[must_use]
    pub fn membership(places: usize) -> Option<PredicateId> {
        (1..=Self::MOST_PLACES).contains(&places).then_some(PredicateId(places as u32))
    }

    /// The arity of the relations whose membership predicate this is; `None` for any other predicate.
    #[must_use]
    pub fn places(self) -> Option<usize> {
        (1..=Self::MOST_PLACES).contains(&self.index()).then_some(self.index())
    }

    /// Whether this predicate is primitive, and so part of every theory.
    #[must_use]
    pub fn is_primitive(self) -> bool {
        self.index() < Self::PRIMITIVES
    }

    /// The index in [`Theory::predicates`](crate::calculus::theory::Theory::predicates).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A free variable, by number. Its owner gives the number a meaning: a parameter of a definition, or a variable
/// introduced by a scope of a proof.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub u32);

/// An argument of an atom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Variable {
    /// A free variable.
    Free(Name),
    /// A variable bound by an enclosing binder; 0 is the last variable of the innermost binder.
    Bound(u32),
}

/// A bound variable at its binder. The sort takes part in comparison; the name is for display only.
#[derive(Clone)]
pub struct Binder {
    /// The author's name for it.
    pub name: Arc<str>,
    /// The sort.
    pub sort: Sort,
}

impl Binder {
    /// A binder of a variable of this sort.
    pub fn new(name: impl Into<Arc<str>>, sort: Sort) -> Self {
        Binder { name: name.into(), sort }
    }
}

impl PartialEq for Binder {
    fn eq(&self, other: &Self) -> bool {
        self.sort == other.sort
    }
}
impl Eq for Binder {}
impl Hash for Binder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sort.hash(state);
    }
}
impl fmt::Debug for Binder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.name, self.sort)
    }
}

/// The variables of one `>[…]`. Number and sorts take part in comparison; names do not.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Binders(Arc<[Binder]>);

impl Binders {
    /// The binders of these variables.
    pub fn new(binders: impl IntoIterator<Item = Binder>) -> Self {
        Binders(binders.into_iter().collect())
    }

    /// The number of bound variables.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the empty binder `>[]` of a plain implication.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The binders, from left to right.
    pub fn iter(&self) -> std::slice::Iter<'_, Binder> {
        self.0.iter()
    }

    /// The author's names.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.iter().map(|binder| &binder.name)
    }

    /// The sorts of the variables.
    pub fn sorts(&self) -> impl ExactSizeIterator<Item = &Sort> {
        self.0.iter().map(|binder| &binder.sort)
    }
}

/// A formula. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Formula {
    /// `(p[x,y])`
    Atom(PredicateId, Arc<[Variable]>),
    /// `(& A B)`
    And(Arc<Formula>, Arc<Formula>),
    /// `!A`
    Not(Arc<Formula>),
    /// `(>[x,y] A B)`: for all x, y: if A then B. The binder's scope is both A and B.
    Implies(Binders, Arc<Formula>, Arc<Formula>),
}

impl Formula {
    /// The atom `predicate[arguments]` over free variables.
    pub fn atom(predicate: PredicateId, arguments: impl IntoIterator<Item = Name>) -> Formula {
        Formula::Atom(predicate, arguments.into_iter().map(Variable::Free).collect())
    }

    /// `left = right`.
    #[must_use]
    pub fn equal(left: Name, right: Name) -> Formula {
        Formula::atom(PredicateId::EQUAL, [left, right])
    }

    /// `left ∧ right`.
    #[must_use]
    pub fn and(left: Formula, right: Formula) -> Formula {
        Formula::And(Arc::new(left), Arc::new(right))
    }

    /// `¬ formula`. Double negations are kept; they are distinct formulas.
    #[must_use]
    pub fn negate(formula: Formula) -> Formula {
        Formula::Not(Arc::new(formula))
    }

    /// `∀ names (premise → conclusion)`: binds `names`, which are free in `premise` and `conclusion`.
    #[must_use]
    pub fn forall(names: &[(Name, Binder)], premise: &Formula, conclusion: &Formula) -> Formula {
        let plain: Vec<Name> = names.iter().map(|(name, _)| *name).collect();
        Formula::Implies(
            Binders::new(names.iter().map(|(_, binder)| binder.clone())),
            Arc::new(premise.close(&plain)),
            Arc::new(conclusion.close(&plain)),
        )
    }

    /// `∃ names (left ∧ right)`, which MPL writes `!(>[names] left !right)`.
    #[must_use]
    pub fn exists(names: &[(Name, Binder)], left: &Formula, right: &Formula) -> Formula {
        Formula::negate(Formula::forall(names, left, &Formula::negate(right.clone())))
    }

    /// The parts of a formula of the form `∃ z (A ∧ B)`: binders, `A`, `B`, the last two under the binders. `None` for
    /// any other formula.
    #[must_use]
    pub fn as_exists(&self) -> Option<(&Binders, &Formula, &Formula)> {
        let Formula::Not(inner) = self else { return None };
        let Formula::Implies(binders, left, right) = &**inner else { return None };
        let Formula::Not(right) = &**right else { return None };
        (!binders.is_empty()).then_some((binders, &**left, &**right))
    }

    /// Instantiates a body: replaces the variables of its outermost binder by `arguments`, one for each. Call it on the
    /// premise and on the conclusion of a [`Formula::Implies`].
    #[must_use]
    pub fn open(&self, arguments: &[Name]) -> Formula {
        if arguments.is_empty() {
            return self.clone();
        }
        let count = arguments.len() as u32;
        self.map(0, &mut |variable, depth| match variable {
            Variable::Bound(index) if index >= depth && index < depth + count => {
                Variable::Free(arguments[(count - 1 - (index - depth)) as usize])
            }
            Variable::Bound(index) if index >= depth + count => Variable::Bound(index - count),
            other => other,
        })
    }

    /// The inverse of [`Formula::open`]: binds the free variables `names`.
    #[must_use]
    pub fn close(&self, names: &[Name]) -> Formula {
        if names.is_empty() {
            return self.clone();
        }
        let count = names.len() as u32;
        self.map(0, &mut |variable, depth| match variable {
            Variable::Free(name) => match names.iter().rposition(|known| *known == name) {
                Some(place) => Variable::Bound(depth + count - 1 - place as u32),
                None => variable,
            },
            Variable::Bound(index) if index >= depth => Variable::Bound(index + count),
            other => other,
        })
    }

    /// Applies a renaming to the free variables.
    #[must_use]
    pub fn substitute(&self, replace: &mut dyn FnMut(Name) -> Name) -> Formula {
        self.map(0, &mut |variable, _| match variable {
            Variable::Free(name) => Variable::Free(replace(name)),
            bound => bound,
        })
    }

    /// Calls `visit` for the sort of every binder, left to right.
    pub fn for_each_sort(&self, visit: &mut dyn FnMut(&Sort)) {
        match self {
            Formula::Atom(..) => {}
            Formula::Not(inner) => inner.for_each_sort(visit),
            Formula::And(left, right) => {
                left.for_each_sort(visit);
                right.for_each_sort(visit);
            }
            Formula::Implies(binders, left, right) => {
                binders.sorts().for_each(&mut *visit);
                left.for_each_sort(visit);
                right.for_each_sort(visit);
            }
        }
    }

    /// Replaces the sorts of the binders.
    #[must_use]
    pub fn with_sorts(&self, sort: &mut dyn FnMut(&Sort) -> Sort) -> Formula {
        match self {
            Formula::Atom(..) => self.clone(),
            Formula::And(left, right) => Formula::and(left.with_sorts(sort), right.with_sorts(sort)),
            Formula::Not(inner) => Formula::negate(inner.with_sorts(sort)),
            Formula::Implies(binders, premise, conclusion) => Formula::Implies(
                Binders::new(binders.iter().map(|old| Binder { name: old.name.clone(), sort: sort(&old.sort) })),
                Arc::new(premise.with_sorts(sort)),
                Arc::new(conclusion.with_sorts(sort)),
            ),
        }
    }

    /// Calls `visit` for every occurrence of a free variable, left to right.
    pub fn for_each_free(&self, visit: &mut dyn FnMut(Name)) {
        match self {
            Formula::Atom(_, arguments) => {
                for argument in &**arguments {
                    if let Variable::Free(name) = argument {
                        visit(*name);
                    }
                }
            }
            Formula::And(left, right) | Formula::Implies(_, left, right) => {
                left.for_each_free(visit);
                right.for_each_free(visit);
            }
            Formula::Not(inner) => inner.for_each_free(visit),
        }
    }

    /// The distinct free variables, in order of first occurrence.
    #[must_use]
    pub fn free_variables(&self) -> Vec<Name> {
        let mut names = Vec::new();
        self.for_each_free(&mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        names
    }

    /// The nesting depth of connectives; 0 for an atom.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Formula::Atom(..) => 0,
            Formula::And(left, right) | Formula::Implies(_, left, right) => 1 + left.depth().max(right.depth()),
            Formula::Not(inner) => 1 + inner.depth(),
        }
    }

    fn map(&self, depth: u32, change: &mut dyn FnMut(Variable, u32) -> Variable) -> Formula {
        match self {
            Formula::Atom(predicate, arguments) => {
                Formula::Atom(*predicate, arguments.iter().map(|argument| change(*argument, depth)).collect())
            }
            Formula::And(left, right) => {
                Formula::And(Arc::new(left.map(depth, change)), Arc::new(right.map(depth, change)))
            }
            Formula::Not(inner) => Formula::Not(Arc::new(inner.map(depth, change))),
            Formula::Implies(binders, premise, conclusion) => {
                let inner = depth + binders.len() as u32;
                Formula::Implies(
                    binders.clone(),
                    Arc::new(premise.map(inner, change)),
                    Arc::new(conclusion.map(inner, change)),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: u32, text: &str) -> (Name, Binder) {
        (Name(number), Binder::new(text, Sort::BASE))
    }

    #[test]
    fn opening_undoes_closing() {
        let premise = Formula::atom(PredicateId::IN, [Name(1), Name(9)]);
        let conclusion = Formula::forall(
            &[named(3, "z")],
            &Formula::atom(PredicateId::IN2, [Name(1), Name(3), Name(2)]),
            &Formula::equal(Name(2), Name(3)),
        );
        let closed = Formula::forall(&[named(1, "x"), named(2, "y")], &premise, &conclusion);
        let Formula::Implies(_, left, right) = &closed else { panic!("an implication") };
        assert_eq!(left.open(&[Name(1), Name(2)]), premise);
        assert_eq!(right.open(&[Name(1), Name(2)]), conclusion);
        assert_eq!(closed.free_variables(), [Name(9)]);
    }

    #[test]
    fn names_of_bound_variables_do_not_count() {
        let make = |text: &str| {
            Formula::forall(
                &[named(1, text)],
                &Formula::atom(PredicateId::IN, [Name(1), Name(0)]),
                &Formula::equal(Name(1), Name(1)),
            )
        };
        assert_eq!(make("x"), make("y"));
    }
}
