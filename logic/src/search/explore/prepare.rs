//! The beginning of an exploration: goals, models, conjectures, and whether the axioms are consistent.

use std::collections::HashSet;

use crate::calculus::proof::TheoremId;
use crate::calculus::theory::{Goal, Theory};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, Move};
use crate::conjecture::{Limits as Size, Shape, TermTree, generate_while};
use crate::models::evaluate::Evaluator;
use crate::models::finite::{SearchLimits, counter_model, find_models};
use crate::models::model::Model;
use crate::proofs::reconstruction::project;
use crate::saturation::block::Limits;
use crate::search::attempt::{Effort, Verdict, solve};
use crate::search::standard::ground_model;

use super::conjecture::{Conjecture, Fate, Origin, is_asked};
use super::{Exploration, Stage};

impl Exploration {
    /// Makes the models, refutes goals, and generates conjectures if that is wanted. Looks for a
    /// contradiction in the axioms first.
    ///
    /// Asks `go_on` all the while; false if it was told to stop, and then the exploration can only be
    /// begun anew or restored.
    pub fn prepare(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        if self.stage == Stage::Fresh {
            let inconsistent = self.find_inconsistency();
            self.make_models(inconsistent);
            if inconsistent {
                self.stage = Stage::Finished;
                return true;
            }
            self.join_parts();
            self.stage = Stage::Goals;
        }
        if self.options.generate || self.stage == Stage::Wanting {
            if !self.generate(go_on) {
                return false;
            }
            self.stage = Stage::Generated;
        }
        true
    }

    /// Makes the models and refutes goals in them. An inconsistent theory has none.
    pub(crate) fn make_models(&mut self, inconsistent: bool) {
        if inconsistent {
            if self.conjectures.iter().all(|conjecture| conjecture.origin != Origin::Generated) {
                self.add_falsity();
            }
            return;
        }
        let mut steps = 0;
        self.models.extend(ground_model(&self.compiled, &self.root, self.options.ground, &mut steps));
        self.counts.steps += steps;
        if self.models.is_empty() && self.has_finite_models() {
            self.models = finite_models(&self.compiled);
        }
        let evaluators: Vec<Evaluator> = self.models.iter().map(Evaluator::new).collect();
        for conjecture in &mut self.conjectures {
            let Some(clause) = &conjecture.clause else { continue };
            let refuted = evaluators.iter().enumerate().find_map(|(model, evaluator)| {
                evaluator.refute_up_to(clause, 8).map(|assignment| Fate::Refuted(model, assignment))
            });
            if let Some(fate) = refuted {
                conjecture.fate = fate;
            }
            conjecture.vacuous =
                !evaluators.is_empty() && !evaluators.iter().any(|evaluator| evaluator.satisfiable_premises(clause));
        }
    }

    /// The statement that a constant differs from itself; `None` without constants.
    pub(super) fn add_falsity(&mut self) -> Option<usize> {
        let term = (!self.compiled.signature.constants.is_empty()).then_some(Term::Constant(0))?;
        let denial = Literal { positive: false, relation: RelationId::EQUAL, arguments: vec![term, term] };
        let place = self.conjectures.len();
        self.add(Clause { variables: 0, premises: Vec::new(), head: Head::Literal(denial) }, Origin::Generated);
        (self.conjectures.len() > place).then_some(place)
    }

    /// Adds the conjectures of the generator that are not known yet; false if `go_on` said stop.
    pub(crate) fn generate(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        self.generated_at = Some(self.conjectures.len());
        let limits = Size::new(&self.compiled.signature, &self.theory.bounds);
        let Some(generated) = generate_while(&self.compiled.signature, &limits, &self.models, go_on) else {
            return false;
        };
        self.counts.built += generated.counts.built as u64;
        self.counts.instances += generated.counts.instances as u64;
        self.counts.vacuous += generated.counts.vacuous as u64;
        self.refuted = generated.refuted;
        let mut conjectures = generated.conjectures;
        // Of equally simple laws those come first that leave the variables where they are:
        // associativity before its mixtures with commutativity.
        conjectures.sort_by_key(|conjecture| {
            let rank = &conjecture.rank;
            (rank.atoms, rank.repeats, rank.constants, rank.inputs, permuted(&conjecture.shape))
        });
        for conjecture in conjectures {
            let place = self.conjectures.len();
            self.add(conjecture.clause, Origin::Generated);
            if let Some(added) = self.conjectures.get_mut(place) {
                added.by_congruence = conjecture.by_congruence;
            }
        }
        true
    }

    /// Derives a contradiction from the axioms if that is easy: in the root block, with some values
    /// worked out, and with one more individual of each set.
    pub(super) fn find_inconsistency(&mut self) -> bool {
        let Some(place) = self.add_falsity() else { return false };
        let effort = Effort { direct: Limits { steps: 60_000, creations: 40 }, ..Effort::GLANCE };
        let (verdict, steps) = solve(self.block(place, effort));
        self.counts.steps += steps;
        if let Verdict::Proved(tree) = verdict
            && self.accept(place, &tree, true)
        {
            self.inconsistency = Some(TheoremId(self.theorems.len() as u32 - 1));
            return true;
        }
        let false_one = self.conjectures.pop().and_then(|conjecture| conjecture.clause);
        if let Some(clause) = false_one {
            self.known.remove(&clause);
        }
        false
    }

    /// Whether finite models are models of the whole theory: there is no induction, whose instances are
    /// not among the clauses, and no axiom was left out of them.
    pub(super) fn has_finite_models(&self) -> bool {
        self.compiled.inductions.is_empty() && self.compiled.skipped.is_empty()
    }

    /// Goals that stay open may fail in a finite model that nobody has looked at yet.
    pub(super) fn find_counter_models(&mut self) {
        if !self.has_finite_models() {
            return;
        }
        for place in 0..self.conjectures.len() {
            let conjecture = &self.conjectures[place];
            let is_goal = is_asked(&conjecture.origin);
            let Some(clause) = &conjecture.clause else { continue };
            if !is_goal || !matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting) {
                continue;
            }
            if let Some((model, assignment)) = finite_counter_model(&self.compiled, clause) {
                self.late_models.push(place);
                self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                self.models.push(model);
            }
        }
    }

    /// Finds the models again that refuted goals at the end.
    pub(crate) fn refute_late(&mut self) {
        for place in self.late_models.clone() {
            let Some(clause) = self.conjectures.get(place).and_then(|conjecture| conjecture.clause.clone()) else {
                continue;
            };
            if let Some((model, assignment)) = finite_counter_model(&self.compiled, &clause) {
                self.conjectures[place].fate = Fate::Refuted(self.models.len(), assignment);
                self.models.push(model);
            }
        }
    }
}

/// Enters a goal; one whose conclusion is a conjunction together with its parts.
pub(super) fn read_goal(
    theory: &Theory,
    compiled: &mut Compiled,
    goal: &Goal,
    conjectures: &mut Vec<Conjecture>,
    known: &mut HashSet<Clause>,
) {
    let mut conjecture = Conjecture {
        origin: Origin::Goal(goal.clone()),
        also: Vec::new(),
        clause: None,
        moves: Vec::new(),
        statement: goal.statement.clone(),
        parts: Vec::new(),
        vacuous: false,
        by_congruence: false,
        fate: Fate::Waiting,
        tried: [0; 3],
        failures: 0,
    };
    let mut axioms = match compiled.read_statement(theory, &goal.statement) {
        None => {
            conjecture.fate = Fate::Unsupported("it does not begin with the theory's anchor");
            return conjectures.push(conjecture);
        }
        Some((_, Err(reason))) => {
            conjecture.fate = Fate::Unsupported(reason);
            return conjectures.push(conjecture);
        }
        Some((_, Ok(axioms))) => axioms,
    };
    if axioms.len() == 1 {
        let axiom = axioms.remove(0);
        known.insert(axiom.clause.clone());
        conjecture.clause = Some(axiom.clause);
        conjecture.moves = axiom.justification.moves;
        return conjectures.push(conjecture);
    }
    let whole = conjectures.len();
    conjecture.parts = (whole + 1..=whole + axioms.len()).collect();
    conjectures.push(conjecture);
    for axiom in axioms {
        let mut moves = vec![Move::Apply];
        moves.extend(&axiom.justification.moves);
        let statement = project(&goal.statement, &moves);
        known.insert(axiom.clause.clone());
        conjectures.push(Conjecture {
            origin: Origin::Part(whole),
            also: Vec::new(),
            clause: Some(axiom.clause),
            moves: moves[1..].iter().copied().filter(|action| *action == Move::Apply).collect(),
            statement,
            parts: Vec::new(),
            vacuous: false,
            by_congruence: false,
            fate: Fate::Waiting,
            tried: [0; 3],
            failures: 0,
        });
    }
}

/// Whether the two sides of an equation have their variables in different orders.
pub(super) fn permuted(shape: &Shape) -> bool {
    let Shape::Equation(left, right) = shape else { return false };
    let leaves = |tree: &TermTree| {
        let mut leaves = Vec::new();
        tree.for_each_leaf(&mut |leaf| leaves.push(leaf));
        leaves.dedup();
        leaves
    };
    leaves(left) != leaves(right)
}

/// Finite models of the axioms, for theories that have some.
pub(super) fn finite_models(compiled: &Compiled) -> Vec<Model> {
    find_models(&compiled.signature, &axioms_of(compiled), &SearchLimits::default()).models
}

/// A finite model of the axioms in which a clause fails, with values of its variables.
pub(super) fn finite_counter_model(compiled: &Compiled, clause: &Clause) -> Option<(Model, Vec<u16>)> {
    counter_model(&compiled.signature, &axioms_of(compiled), clause, &SearchLimits::default()).ok().flatten()
}

/// All clauses that hold under the anchor. Models are asked of a theory only if no part of it was left
/// out when it was compiled: else there would be too many.
pub(super) fn axioms_of(compiled: &Compiled) -> Vec<Clause> {
    compiled.axioms.iter().map(|axiom| axiom.clause.clone()).collect()
}
