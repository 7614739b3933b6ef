//! Proofs: steps of natural deduction, each after its premises.
//!
//! A proof is a list of scopes and a list of steps. A scope introduces variables and assumptions; a step belongs to one
//! scope, and its formula mentions only variables of that scope and of enclosing ones. This one condition, checked for
//! every step, guarantees freshness.

use std::sync::Arc;

use super::formula::{Formula, Name};
use super::sort::Sort;

/// The number of a theorem, in order of acceptance. A proof cites lower numbers only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TheoremId(pub u32);

/// A step, by its index in [`Proof::steps`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepId(pub u32);

impl StepId {
    /// The index in [`Proof::steps`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A scope, by its index in [`Proof::scopes`]. Scope 0 is the outermost: no variables, no assumptions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ScopeId(pub u32);

impl ScopeId {
    /// The outermost scope.
    pub const OUTER: ScopeId = ScopeId(0);

    /// The index in [`Proof::scopes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Variables and assumptions that hold for the steps inside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// The enclosing scope; itself for the outermost.
    pub parent: ScopeId,
    /// Variables introduced here; [`Proof::sorts`] has their sorts. A proof introduces each variable once.
    pub variables: Vec<Name>,
    /// Formulas assumed here.
    pub assumptions: Vec<Formula>,
}

/// An inference rule. The premises are steps of the same scope or of an enclosing one, except where a rule discharges a
/// scope: those premises are steps of that scope, which is a direct child of the step's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The assumption with this number in the step's own scope. No premise.
    Assumption(u32),
    /// An earlier closed theorem, with any sorts for its base sorts. No premise.
    Theorem(TheoremId),
    /// ∀→ introduction: discharges a scope that has exactly one assumption `A` and contains the premise `B`; gives
    /// `∀ its variables (A → B)`.
    Generalise(ScopeId),
    /// ∀→ elimination along a chain. The first premise is `∀x (A → ∀y (B → … C))`, the others are `A`, `B`, … under the
    /// substitution, which lists images for x, y, … in order; gives `C` under it.
    Instantiate(Vec<Name>),
    /// `A`, `B` give `A ∧ B`.
    AndIntroduction,
    /// `A ∧ B` gives `A`.
    AndLeft,
    /// `A ∧ B` gives `B`.
    AndRight,
    /// `A(w)`, `B(w)` give `∃z (A ∧ B)`; the rule lists the witnesses `w`.
    ExistsIntroduction(Vec<Name>),
    /// ∃ elimination: the first premise is `∃z (A ∧ B)`; the scope has fresh variables for `z` and the assumptions `A`,
    /// `B` and contains the second premise `C`; gives `C` outside.
    ExistsElimination(ScopeId),
    /// Discharges a scope that has one assumption `A` and contains the premises `B` and `¬B`; gives `¬A`.
    NotIntroduction(ScopeId),
    /// `A` and `¬A` give anything.
    ExFalso,
    /// Gives `x = x`. No premise.
    Reflexivity,
    /// The first premise with some occurrences of a variable replaced by an equal one. Each replacement is justified by
    /// another premise `x = y`, used in either direction.
    Congruence,
    /// A defined atom gives the body of its definition, instantiated with the atom's arguments.
    Unfold,
    /// The converse of [`Rule::Unfold`].
    Fold,
    /// Induction with this principle of the theory. Premises: the atom stating that the set is generated, then one for
    /// each constructor, in order. For a constant `c`: `φ(c)`. For a function `f` with recursive argument `n` (others
    /// `a`): `∀n (n∈N → (φ(n) → ∀m (f(n)=m → φ(m))))`; [`crate::calculus::check`] has the exact form. Gives
    /// `∀n (n∈N → φ(n))`.
    Induction(u32),
    /// Classical: discharges a scope that has one assumption `¬A` and contains `B` and `¬B`; gives `A`.
    Reductio(ScopeId),
    /// Classical case split on `A` or `¬A`: two scopes, one assuming `A`, one `¬A`; both premises are `C`, one in each
    /// scope; gives `C`.
    Cases(ScopeId, ScopeId),
    /// The comprehension instance of an extensional definition `D[…,S]` (one that says of each `x` whether it is in
    /// `S`): gives `∃S (D ∧ D)`. No premise.
    Comprehension {
        /// The definition.
        predicate: crate::calculus::formula::PredicateId,
        /// All arguments of the atom; the one at `set` is ignored.
        arguments: Vec<Name>,
        /// The position of the defined set.
        set: u32,
    },
}

/// A step: a formula with its justification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The rule that justifies it.
    pub rule: Rule,
    /// The earlier steps that the rule is applied to, in its order.
    pub premises: Vec<StepId>,
    /// The derived formula.
    pub conclusion: Formula,
    /// The scope it belongs to.
    pub scope: ScopeId,
}

/// A proof of the conclusion of its last step, which is in the outermost scope.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proof {
    /// The scopes; a scope's parent stands before it. The first is [`ScopeId::OUTER`].
    pub scopes: Vec<Scope>,
    /// The steps, each after its premises.
    pub steps: Vec<Step>,
    /// The sort of each variable, by number.
    pub sorts: Vec<Sort>,
    /// The name of each variable, by number; for display only.
    pub names: Vec<Arc<str>>,
}

impl Proof {
    /// The proved statement: the conclusion of the last step.
    #[must_use]
    pub fn statement(&self) -> Option<&Formula> {
        self.steps.last().map(|step| &step.conclusion)
    }

    /// The proof without steps that its last one does not depend on, and without scopes that become empty.
    #[must_use]
    pub fn pruned(self) -> Proof {
        let mut needed = vec![false; self.steps.len()];
        let mut used = vec![false; self.scopes.len()];
        if let Some(last) = needed.last_mut() {
            *last = true;
        }
        for place in (0..self.steps.len()).rev() {
            if !needed[place] {
                continue;
            }
            let step = &self.steps[place];
            for premise in &step.premises {
                needed[premise.index()] = true;
            }
            for scope in [step.scope].into_iter().chain(step.rule.discharged()) {
                used[scope.index()] = true;
            }
        }
        for place in (0..self.scopes.len()).rev() {
            if used[place] {
                used[self.scopes[place].parent.index()] = true;
            }
        }
        let numbers = |kept: &[bool]| -> Vec<u32> {
            kept.iter()
                .scan(0, |next, keep| {
                    let number = *next;
                    *next += u32::from(*keep);
                    Some(number)
                })
                .collect()
        };
        let (steps, scopes) = (numbers(&needed), numbers(&used));
        let scope = |id: ScopeId| ScopeId(scopes[id.index()]);
        Proof {
            scopes: self
                .scopes
                .into_iter()
                .zip(&used)
                .filter(|(_, used)| **used)
                .map(|(old, _)| Scope { parent: scope(old.parent), ..old })
                .collect(),
            steps: self
                .steps
                .into_iter()
                .zip(&needed)
                .filter(|(_, needed)| **needed)
                .map(|(old, _)| Step {
                    rule: old.rule.with_scopes(scope),
                    premises: old.premises.iter().map(|premise| StepId(steps[premise.index()])).collect(),
                    conclusion: old.conclusion,
                    scope: scope(old.scope),
                })
                .collect(),
            sorts: self.sorts,
            names: self.names,
        }
    }
}

impl Rule {
    /// The scopes discharged by the rule.
    pub fn discharged(&self) -> impl Iterator<Item = ScopeId> + use<> {
        let (first, second) = match self {
            Rule::Generalise(scope)
            | Rule::ExistsElimination(scope)
            | Rule::NotIntroduction(scope)
            | Rule::Reductio(scope) => (Some(*scope), None),
            Rule::Cases(first, second) => (Some(*first), Some(*second)),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }

    fn with_scopes(self, scope: impl Fn(ScopeId) -> ScopeId) -> Rule {
        match self {
            Rule::Generalise(old) => Rule::Generalise(scope(old)),
            Rule::ExistsElimination(old) => Rule::ExistsElimination(scope(old)),
            Rule::NotIntroduction(old) => Rule::NotIntroduction(scope(old)),
            Rule::Reductio(old) => Rule::Reductio(scope(old)),
            Rule::Cases(first, second) => Rule::Cases(scope(first), scope(second)),
            other => other,
        }
    }
}
