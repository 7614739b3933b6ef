//! Names bound variables in reading order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::reading::Reading;
use crate::calculus::formula::{Binder, Binders, Formula, PredicateId};
use crate::calculus::proof::{Proof, Rule};
use crate::language::text::variable_name;

/// A renaming of bound variables; injective.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Renaming {
    names: HashMap<Arc<str>, Arc<str>>,
    /// The parameters of the anchor keep their names.
    anchor: Option<PredicateId>,
}

impl Reading<'_> {
    /// The names a, b, c … for the variables of a statement with pairwise distinct binders, in the order in which they
    /// occur in the rendered statement; names used by the theory are skipped.
    #[must_use]
    pub fn renaming(&self, statement: &Formula) -> Renaming {
        let Formula::Implies(_, _, behind_the_anchor) = statement else { return Renaming::default() };
        let mut binders = Vec::new();
        bound(behind_the_anchor, &mut binders);
        let shown: HashMap<Arc<str>, Arc<str>> =
            self.variables(statement).into_iter().map(|(old, shown)| (shown, old)).collect();
        let mut order: Vec<Arc<str>> = Vec::new();
        let mut put = |old: &Arc<str>| {
            if binders.contains(old) && !order.contains(old) {
                order.push(old.clone());
            }
        };
        self.statement(statement).for_each_variable(&mut |symbol| {
            if let Some(old) = shown.get(&symbol.text) {
                put(old);
            }
        });
        binders.iter().for_each(put);
        // Variables of inner quantifiers come after those of leading ones.
        let mut inside = Vec::new();
        bound_inside(behind_the_anchor, false, &mut inside);
        order.sort_by_key(|name| inside.contains(name));
        let parameters = &self.theory.anchor_definition().parameters;
        let taken = |name: &Arc<str>| {
            parameters.contains(name) || parameters.iter().any(|known| self.symbol(known).text == *name)
        };
        let mut free = (0..=u16::MAX).map(variable_name).filter(|name| !taken(name));
        let mut renaming: HashMap<Arc<str>, Arc<str>> = HashMap::new();
        for old in order {
            if let Some(new) = free.next() {
                renaming.insert(old, new);
            }
        }
        // A non-variable whose name was assigned gets one that became free.
        let mut left: Vec<Arc<str>> =
            renaming.keys().filter(|old| !renaming.values().any(|new| new == *old)).cloned().collect();
        left.sort();
        let mut given: Vec<Arc<str>> = renaming.values().filter(|new| !renaming.contains_key(*new)).cloned().collect();
        given.sort();
        renaming.extend(given.into_iter().zip(left));
        renaming.retain(|old, new| old != new);
        Renaming { names: renaming, anchor: Some(self.theory.anchor) }
    }

    /// Applies [`Reading::renaming`] to its own statement.
    #[must_use]
    pub fn named(&self, statement: &Formula) -> Formula {
        match statement {
            Formula::Implies(binders, premise, conclusion) => {
                let conclusion = self.renaming(statement).formula(conclusion);
                Formula::Implies(binders.clone(), premise.clone(), Arc::new(conclusion))
            }
            other => other.clone(),
        }
    }
}

impl Renaming {
    /// Whether it is the identity.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn name(&self, old: &Arc<str>) -> Arc<str> {
        self.names.get(old).unwrap_or(old).clone()
    }

    /// Renames the binders of a formula.
    #[must_use]
    pub fn formula(&self, formula: &Formula) -> Formula {
        match formula {
            Formula::Atom(..) => formula.clone(),
            Formula::Not(inner) => Formula::Not(Arc::new(self.formula(inner))),
            Formula::And(left, right) => Formula::And(Arc::new(self.formula(left)), Arc::new(self.formula(right))),
            Formula::Implies(binders, premise, conclusion) if self.is_anchor(premise) => {
                Formula::Implies(binders.clone(), premise.clone(), Arc::new(self.formula(conclusion)))
            }
            Formula::Implies(binders, premise, conclusion) => {
                let renamed = binders.iter().map(|binder| Binder::new(self.name(&binder.name), binder.sort.clone()));
                let binders = Binders::new(renamed);
                Formula::Implies(binders, Arc::new(self.formula(premise)), Arc::new(self.formula(conclusion)))
            }
        }
    }

    fn is_anchor(&self, formula: &Formula) -> bool {
        matches!(formula, Formula::Atom(predicate, _) if Some(*predicate) == self.anchor)
    }

    /// Renames the variables of a proof, for display only; nothing else changes. Cited theorems and parts of the axioms
    /// keep their names.
    #[must_use]
    pub fn proof(&self, mut proof: Proof) -> Proof {
        if self.is_empty() {
            return proof;
        }
        for scope in &mut proof.scopes {
            for assumption in &mut scope.assumptions {
                *assumption = self.formula(assumption);
            }
        }
        for step in &mut proof.steps {
            if !matches!(step.rule, Rule::Theorem(_) | Rule::AndLeft | Rule::AndRight) {
                step.conclusion = self.formula(&step.conclusion);
            }
        }
        let under_anchor =
            proof.scopes.iter().filter(|scope| scope.assumptions.iter().any(|said| self.is_anchor(said)));
        let parameters: HashSet<usize> =
            under_anchor.flat_map(|scope| scope.variables.iter().map(|name| name.0 as usize)).collect();
        for (number, name) in proof.names.iter_mut().enumerate() {
            if !parameters.contains(&number) {
                *name = self.name(name);
            }
        }
        proof
    }
}

/// The variables bound in premises or under a negation.
fn bound_inside(formula: &Formula, is_inside: bool, names: &mut Vec<Arc<str>>) {
    match formula {
        Formula::Atom(..) => {}
        Formula::Not(inner) => bound_inside(inner, true, names),
        Formula::And(left, right) => {
            bound_inside(left, is_inside, names);
            bound_inside(right, is_inside, names);
        }
        Formula::Implies(binders, left, right) => {
            if is_inside {
                names.extend(binders.names().cloned());
            }
            bound_inside(left, true, names);
            bound_inside(right, is_inside, names);
        }
    }
}

fn bound(formula: &Formula, names: &mut Vec<Arc<str>>) {
    match formula {
        Formula::Atom(..) => {}
        Formula::Not(inner) => bound(inner, names),
        Formula::And(left, right) => {
            bound(left, names);
            bound(right, names);
        }
        Formula::Implies(binders, left, right) => {
            names.extend(binders.names().cloned());
            bound(left, names);
            bound(right, names);
        }
    }
}
