//! Models of the theory, and what they refute: goals at the beginning, and what is open in the end.

use crate::calculus::formula::Formula;
use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Literal};
use crate::clauses::compile::{Axiom, Compiled, Node, Start};
use crate::conjecture::limits::literals;
use crate::models::evaluate::Evaluator;
use crate::models::finite::{counter_model_while, find_models_while};
use crate::models::limits::SearchLimits;
use crate::models::model::Model;
use crate::search::ended::kept_apart;
use crate::search::standard::ground_model;

use super::Exploration;
use super::conjecture::{Conjecture, Fate, is_asked};

/// The most assignments of a goal's variables that are looked at in one model.
const GOAL_ASSIGNMENTS: u64 = 1 << 22;

impl Exploration {
    /// Makes the models and refutes goals in them; false if `go_on` said stop.
    pub(crate) fn make_models(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let mut steps = 0;
        let made = kept_apart(|| {
            let ground = ground_model(&self.compiled, &self.root, self.options.ground, &mut steps, go_on);
            match ground {
                Some(model) => vec![model],
                None if self.has_finite_models() => finite_models(&self.compiled, go_on),
                None => Vec::new(),
            }
        });
        self.counts.steps += steps;
        match made {
            Ok(models) => self.models = models,
            Err(said) => self.lost.push(said),
        }
        for place in 0..self.conjectures.len() {
            if !go_on() {
                return false;
            }
            let conjecture = &self.conjectures[place];
            let Some(clause) = &conjecture.clause else { continue };
            let judged = kept_apart(|| {
                let able = || self.models.iter().enumerate().filter(|(_, model)| self.judges(model, conjecture));
                let refuted = able().find_map(|(number, model)| {
                    let assignment = Evaluator::new(model).refute_bounded(clause, 8, GOAL_ASSIGNMENTS)?;
                    Some(Fate::Refuted(number, assignment))
                });
                let satisfiable =
                    |model: &Model| Evaluator::new(model).satisfiable_premises_within(clause, GOAL_ASSIGNMENTS);
                let vacuous = able().next().is_some() && !able().any(|(_, model)| satisfiable(model));
                (refuted, vacuous)
            });
            match judged {
                Ok((refuted, vacuous)) => {
                    let conjecture = &mut self.conjectures[place];
                    conjecture.vacuous = vacuous;
                    if let Some(fate) = refuted {
                        conjecture.fate = fate;
                    }
                }
                Err(said) => self.lost.push(said),
            }
        }
        go_on()
    }

    /// Whether what fails in the model fails in a structure of the theory: every variable of the statement ranges over
    /// individuals that the model has. Of the sets and relations over them it says nothing.
    pub(super) fn judges(&self, model: &Model, conjecture: &Conjecture) -> bool {
        let sorts = &self.theory.predicate(self.theory.anchor).sorts;
        let Formula::Implies(binders, _, body) = &conjecture.statement else { return false };
        // Where there are as many individuals of each base sort, it does not matter whether sorts coincide.
        let fits =
            |(own, general): (&Sort, &Sort)| own == general || (model.sort.is_none() && same_shape(own, general));
        let mut judges = binders.len() == sorts.len() && binders.sorts().zip(sorts).all(fits);
        for_each_sort(body, &mut |sort| judges &= model.sort.as_ref().map_or(sort.is_individual(), |own| own == sort));
        let generated = |literal: &Literal| {
            let relation = &self.compiled.signature.relations[literal.relation.index()];
            self.theory.generation(relation.predicate).is_some()
        };
        let about_individuals =
            |clause: &Clause| !self.compiled.speaks_of_sets(clause) && !literals(clause).any(generated);
        judges && conjecture.clause.as_ref().is_none_or(about_individuals)
    }

    /// Whether finite structures in which all clauses hold are structures of the theory: nothing is said to be
    /// generated, no axiom was left out of the clauses, and none speaks of all sets or relations.
    pub(super) fn has_finite_models(&self) -> bool {
        let compiled = &self.compiled;
        let first_order = |axiom: &Axiom| match axiom.justification.start {
            // What defines a relation between sets is of no interest to statements about individuals.
            Start::Premise(relation) | Start::Fold(relation)
                if compiled.signature.relations[relation.index()].sorts.iter().any(|sort| !sort.is_individual()) =>
            {
                true
            }
            _ => !compiled.speaks_of_sets(&axiom.clause),
        };
        let generated = |node: &Node| matches!(&node.formula, Formula::Atom(predicate, _) if self.theory.generation(*predicate).is_some());
        compiled.skipped.is_empty() && !compiled.nodes.iter().any(generated) && compiled.axioms.iter().all(first_order)
    }

    /// Goals that stay open may fail in a finite model that nobody has looked at yet; false if `go_on` said stop.
    pub(super) fn find_counter_models(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        if !self.has_finite_models() {
            return true;
        }
        for place in 0..self.conjectures.len() {
            let conjecture = &self.conjectures[place];
            let is_goal = is_asked(&conjecture.origin);
            let Some(clause) = &conjecture.clause else { continue };
            let open = matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting);
            if !is_goal || !open || self.compiled.speaks_of_sets(clause) {
                continue;
            }
            if !go_on() {
                return false;
            }
            match kept_apart(|| finite_counter_model(&self.compiled, clause, go_on)) {
                Ok(Some((model, assignment))) if self.judges(&model, conjecture) => {
                    self.late_models.push(place);
                    self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                    self.models.push(model);
                }
                Ok(_) => {}
                Err(said) => self.lost.push(said),
            }
        }
        true
    }

    /// Finds the models again that refuted goals at the end.
    pub(crate) fn refute_late(&mut self) {
        for place in self.late_models.clone() {
            let Some(clause) = self.conjectures.get(place).and_then(|conjecture| conjecture.clause.clone()) else {
                continue;
            };
            if let Some((model, assignment)) = finite_counter_model(&self.compiled, &clause, &mut || true) {
                self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                self.models.push(model);
            }
        }
    }
}

/// Finite models of the axioms, for theories that have some.
pub(super) fn finite_models(compiled: &Compiled, go_on: &mut dyn FnMut() -> bool) -> Vec<Model> {
    find_models_while(&compiled.signature, &axioms_of(compiled), &SearchLimits::default(), go_on).models
}

/// A finite model of the axioms in which a clause fails, with values of its variables.
pub(super) fn finite_counter_model(
    compiled: &Compiled,
    clause: &Clause,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<(Model, Vec<u16>)> {
    let limits = SearchLimits::default();
    counter_model_while(&compiled.signature, &axioms_of(compiled), clause, &limits, go_on).ok().flatten()
}

/// Whether two sorts differ in their base sorts only.
fn same_shape(one: &Sort, other: &Sort) -> bool {
    match (one, other) {
        (Sort::Individual(_), Sort::Individual(_)) => true,
        (Sort::Power(one), Sort::Power(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_shape(one, other))
        }
        _ => false,
    }
}

/// Calls `visit` with the sort of every binder.
fn for_each_sort(formula: &Formula, visit: &mut dyn FnMut(&Sort)) {
    match formula {
        Formula::Atom(..) => {}
        Formula::Not(inner) => for_each_sort(inner, visit),
        Formula::And(left, right) => {
            for_each_sort(left, visit);
            for_each_sort(right, visit);
        }
        Formula::Implies(binders, left, right) => {
            binders.sorts().for_each(&mut *visit);
            for_each_sort(left, visit);
            for_each_sort(right, visit);
        }
    }
}

/// All clauses about individuals that hold under the anchor. Models are asked of a theory only if no part of it was left
/// out when it was compiled: else there would be too many.
pub(super) fn axioms_of(compiled: &Compiled) -> Vec<Clause> {
    let clauses = compiled.axioms.iter().map(|axiom| &axiom.clause);
    clauses.filter(|clause| !compiled.speaks_of_sets(clause)).cloned().collect()
}
