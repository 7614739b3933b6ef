//! Models of the theory, and the statements that they refute: goals at the start, open statements at the end.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::calculus::formula::Formula;
use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Literal};
use crate::clauses::compile::{Axiom, Compiled, Node, Start};
use crate::conjecture::limits::literals;
use crate::models::evaluate::Evaluator;
use crate::models::finite::{Problem, counter_model_while, find_models_while};
use crate::models::limits::SearchLimits;
use crate::models::model::{Model, base_sorts};
use crate::search::computation::Computation;
use crate::search::computation::counterexample::{Counterexample, Failures};
use crate::search::ended::kept_apart;
use crate::search::standard::ground_models;

use super::Exploration;
use super::conjecture::{Conjecture, Fate, is_asked};

/// The values at which candidates for lemmas are tested.
const SMALL: u16 = 6;

/// The most assignments of a goal's variables tested in one model.
const GOAL_ASSIGNMENTS: u64 = 1 << 22;

/// When an open goal is tested in further models.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum When {
    /// After it survived a first attempt: small models are searched.
    Early,
    /// After all attempts: larger models are searched, and all theorems are known.
    Late,
}

impl When {
    fn limits(self) -> SearchLimits {
        match self {
            When::Early => SearchLimits::QUICK,
            When::Late => SearchLimits::default(),
        }
    }
}

impl Exploration {
    /// Builds the models and refutes goals in them. Returns false if `go_on` said stop.
    pub(crate) fn make_models(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let (mut steps, mut presumed) = (0, Vec::new());
        let made = kept_apart(|| {
            let size = self.options.ground;
            let root = &self.root;
            let mut models = ground_models(&self.theory, &self.compiled, root, size, &mut presumed, &mut steps, go_on);
            if !are_infinite(&models) && self.has_finite_models() {
                let axioms = axioms_of(&self.compiled);
                let found = find_models_while(&self.finite(&axioms, false), &SearchLimits::default(), go_on);
                models.extend(found.models);
            }
            models
        });
        self.counts.steps += steps;
        match made {
            Ok(models) => (self.models, self.presumed) = (models, presumed),
            Err(said) => self.lost.push(said),
        }
        for place in 0..self.conjectures.len() {
            if !go_on() {
                return false;
            }
            let conjecture = &self.conjectures[place];
            let Some(clause) = &conjecture.clause else { continue };
            if matches!(conjecture.fate, Fate::Proved(_)) {
                continue;
            }
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
        self.refute_by_computation(0..self.conjectures.len());
        go_on()
    }

    /// Whether a candidate for a lemma fails in one of the models, at values up to [`SMALL`].
    pub(super) fn fails_at_small_values(&self, clause: &Clause) -> bool {
        self.models.iter().any(|model| Evaluator::new(model).refute_up_to(clause, SMALL).is_some())
    }

    /// Refutes waiting conjectures that fail at small individuals even if the values of their terms lie outside the
    /// pieces. The individuals of the counterexamples form additional models.
    pub(super) fn refute_by_computation(&mut self, places: Range<usize>) {
        let pieces = self.models.iter().filter(|model| !model.free.is_empty()).count();
        for number in 0..pieces {
            match kept_apart(|| self.computed_counterexamples(number, places.clone())) {
                Ok(found) => {
                    for (model, counterexamples) in found {
                        for (place, values) in counterexamples {
                            self.conjectures[place].fate = Fate::Refuted(self.models.len(), values);
                        }
                        self.models.push(model);
                    }
                }
                Err(said) => self.lost.push(said),
            }
        }
    }

    /// Models of computed values, each with the conjectures that fail in it.
    fn computed_counterexamples(&self, number: usize, places: Range<usize>) -> Vec<(Model, Failures)> {
        let piece = &self.models[number];
        let mut computation = Computation::new(&self.compiled, piece);
        let mut counterexamples: VecDeque<Counterexample<'_>> = VecDeque::new();
        for place in places {
            let conjecture = &self.conjectures[place];
            if let (Fate::Waiting, Some(clause)) = (&conjecture.fate, &conjecture.clause)
                && self.judges(piece, conjecture)
                && let Some(found) = computation.refute(clause)
            {
                counterexamples.push_back(Counterexample { conjecture: place, clause, found });
            }
        }
        let mut models = Vec::new();
        while !counterexamples.is_empty() {
            models.push(computation.model(&self.theory, &mut counterexamples));
        }
        models
    }

    /// Whether a counterexample in the model is one in a structure of the theory: every variable of the statement
    /// ranges over individuals that the model has. A model does not decide statements about sets and relations of them.
    pub(super) fn judges(&self, model: &Model, conjecture: &Conjecture) -> bool {
        let sorts = &self.theory.predicate(self.theory.anchor).sorts;
        let Formula::Implies(binders, _, body) = &conjecture.statement else { return false };
        // If all base sorts have equally many individuals, it does not matter whether sorts coincide.
        let fits = |(own, general): (&Sort, &Sort)| own == general || (is_merged(model) && same_shape(own, general));
        let mut judges = binders.len() == sorts.len() && binders.sorts().zip(sorts).all(fits);
        body.for_each_sort(&mut |sort| {
            judges &= model.domain(sort).is_some_and(|domain| domain.size > 0 || !model.is_piece)
        });
        let generated = |literal: &Literal| {
            let relation = &self.compiled.signature.relations[literal.relation.index()];
            self.theory.generation(relation.predicate).is_some()
        };
        let about_individuals =
            |clause: &Clause| !self.compiled.speaks_of_sets(clause) && !literals(clause).any(generated);
        judges && conjecture.clause.as_ref().is_none_or(about_individuals)
    }

    /// Whether every finite structure that satisfies all clauses, and whose generated sets are generated, is a
    /// structure of the theory: the clauses cover all axioms, and no axiom quantifies over sets or relations.
    pub(super) fn has_finite_models(&self) -> bool {
        let compiled = &self.compiled;
        let first_order = |axiom: &Axiom| match axiom.justification.start {
            // Definitions of relations between sets do not matter for statements about individuals.
            Start::Premise(relation) | Start::Fold(relation)
                if compiled.signature.relations[relation.index()].sorts.iter().any(|sort| !sort.is_individual()) =>
            {
                true
            }
            _ => !compiled.speaks_of_sets(&axiom.clause),
        };
        let generated = |node: &&Node| matches!(&node.formula, Formula::Atom(predicate, _) if self.theory.generation(*predicate).is_some());
        compiled.skipped.is_empty()
            && compiled.nodes.iter().filter(generated).count() == compiled.inductions.len()
            && compiled.axioms.iter().all(first_order)
    }

    /// The problem that finite structures of the theory solve.
    fn finite<'a>(&'a self, axioms: &'a [Clause], merged: bool) -> Problem<'a> {
        let Compiled { signature, inductions, .. } = &*self.compiled;
        Problem { signature, axioms, generated: inductions, merged }
    }

    /// A finite structure of the theory in which a conjecture fails, with the values of its variables.
    pub(super) fn finite_counter_model(
        &self,
        place: usize,
        limits: &SearchLimits,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<(Model, Vec<u16>)> {
        let conjecture = &self.conjectures[place];
        let clause = conjecture.clause.as_ref()?;
        let axioms = axioms_of(&self.compiled);
        let mut find =
            |merged| counter_model_while(&self.finite(&axioms, merged), clause, limits, go_on).ok().flatten();
        // Sorts that coincide in the statement also coincide in the structure; then larger sizes are tried for all
        // sorts alike.
        let several = base_sorts(&self.compiled.signature).len() > 1;
        let apart = (several && self.compiled.is_general(&conjecture.statement)).then(|| find(false)).flatten();
        apart.or_else(|| find(true))
    }

    /// Tests open goals in new finite models, and at values for which they may be disproved. Returns false if `go_on`
    /// said stop.
    pub(super) fn find_counter_models(&mut self, when: When, go_on: &mut dyn FnMut() -> bool) -> bool {
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
            let mut steps = 0;
            match kept_apart(|| self.late_counter_model(place, when, &mut steps, go_on)) {
                Ok(Some(found)) => {
                    self.late_models.push((place, when));
                    self.refuted_by(place, found);
                }
                Ok(None) => {}
                Err(said) => self.lost.push(said),
            }
            self.counts.steps += steps;
        }
        true
    }

    /// A model in which an open goal fails, with the values of its variables: `Ok` for a new model, `Err` for one of
    /// the existing ones.
    fn late_counter_model(
        &self,
        place: usize,
        when: When,
        steps: &mut u64,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<(Result<Model, usize>, Vec<u16>)> {
        if !are_infinite(&self.models)
            && self.has_finite_models()
            && let Some((model, values)) = self.finite_counter_model(place, &when.limits(), go_on)
            && self.judges(&model, &self.conjectures[place])
        {
            return Some((Ok(model), values));
        }
        let is_piece = self.models.iter().any(|model| model.is_piece);
        let disproved = if is_piece { self.disproved(place, when, steps, go_on) } else { None };
        disproved.map(|(number, values)| (Err(number), values))
    }

    fn refuted_by(&mut self, place: usize, (model, values): (Result<Model, usize>, Vec<u16>)) {
        let number = match model {
            Ok(model) => {
                self.models.push(model);
                self.models.len() - 1
            }
            Err(number) => number,
        };
        self.conjectures[place].fate = Fate::Refuted(number, values);
    }

    /// Rebuilds the models that refuted goals late, when a run is resumed.
    pub(crate) fn refute_late(&mut self) {
        for (place, when) in self.late_models.clone() {
            if place < self.conjectures.len()
                && let Some(found) = self.late_counter_model(place, when, &mut 0, &mut || true)
            {
                self.refuted_by(place, found);
            }
        }
    }
}

/// Whether all base sorts share their individuals.
fn is_merged(model: &Model) -> bool {
    model.domains.iter().all(|domain| domain.sort.is_none())
}

/// Whether two sorts differ only in their base sorts.
fn same_shape(one: &Sort, other: &Sort) -> bool {
    match (one, other) {
        (Sort::Individual(_), Sort::Individual(_)) => true,
        (Sort::Power(one), Sort::Power(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_shape(one, other))
        }
        _ => false,
    }
}

/// All clauses about individuals that hold under the anchor. Only used for theories compiled without omissions:
/// otherwise there would be too many models.
pub(super) fn axioms_of(compiled: &Compiled) -> Vec<Clause> {
    let clauses = compiled.axioms.iter().map(|axiom| &axiom.clause);
    clauses.filter(|clause| !compiled.speaks_of_sets(clause)).cloned().collect()
}

/// Whether models show that all structures of the theory are infinite: the constructors of a generated set are free.
fn are_infinite(models: &[Model]) -> bool {
    models.iter().any(|model| !model.free.is_empty() && !model.assumed_free)
}
