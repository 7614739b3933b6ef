//! Preparation of an exploration: goals, models, conjectures, and a consistency test of the axioms.

use std::collections::HashSet;

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::{Goal, Theory};
use crate::clauses::clause::{Clause, Head};
use crate::clauses::compile::{Compiled, Move};
use crate::proofs::reconstruction::{from_axioms, project};
use crate::saturation::block::Limits;
use crate::search::attempt::{Effort, Verdict, solve};
use crate::search::ended::kept_apart;

use super::conjecture::{Conjecture, Fate, Origin};
use super::{Exploration, Stage, When};

impl Exploration {
    /// Builds the models, refutes goals in them, and generates conjectures if the options say so. First searches for a
    /// contradiction in the axioms.
    ///
    /// Calls `go_on` throughout. Returns false if it said stop; the exploration must then be started anew or restored.
    pub fn prepare(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        if self.stage == Stage::Quantifying {
            if !self.prove_quantified(go_on) {
                return false;
            }
            self.stage = Stage::Closing;
            return true;
        }
        if self.stage == Stage::Closing {
            if !self.find_counter_models(When::Late, go_on) {
                return false;
            }
            // The theorems of a run for goals are what the goals needed.
            if self.options.generate && !self.mark_essential(go_on) {
                return false;
            }
            self.join_parts();
            self.stage = Stage::Finished;
            return true;
        }
        if self.stage == Stage::Doubting {
            if !self.find_counter_models(When::Early, go_on) {
                return false;
            }
            self.join_parts();
            self.has_doubted = true;
            self.stage = Stage::Goals;
            return true;
        }
        if self.stage == Stage::Sifting {
            if !self.sift(go_on) {
                return false;
            }
            self.stage = Stage::Generated;
            return true;
        }
        if self.stage == Stage::Fresh {
            if self.find_inconsistency() {
                return true;
            }
            if !self.make_models(go_on) {
                return false;
            }
            self.recognise_axioms();
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

    /// A goal that is an axiom, or a combination of axioms, is a theorem, whatever its form.
    fn recognise_axioms(&mut self) {
        for place in 0..self.conjectures.len() {
            let conjecture = &self.conjectures[place];
            let open = matches!(conjecture.fate, Fate::Waiting | Fate::Unsupported(_));
            if !open || conjecture.clause.is_some() || !matches!(conjecture.origin, Origin::Goal(_)) {
                continue;
            }
            let statement = &conjecture.statement;
            let proof = kept_apart(|| from_axioms(&self.theory, &self.compiled, &self.statements, statement));
            match proof {
                Ok(None) => {}
                Ok(Some(proof)) => {
                    self.register(place, Ok(proof), None, true);
                }
                Err(said) => {
                    self.register(place, Err(said), None, true);
                }
            }
        }
    }

    /// Adds the statement that a constant, or if there is none a set, differs from itself. Returns its index.
    pub(crate) fn add_falsity(&mut self) -> usize {
        let anchor = self.theory.anchor_definition();
        let sorts = &self.theory.predicate(self.theory.anchor).sorts;
        let parameters: Vec<(Name, Binder)> = anchor
            .parameters
            .iter()
            .zip(sorts)
            .zip(0..)
            .map(|((shown, sort), place)| (Name(place), Binder::new(shown.clone(), sort.clone())))
            .collect();
        let premise = Formula::atom(self.theory.anchor, parameters.iter().map(|(name, _)| *name));
        let constant = self.compiled.signature.constants.first().map(|constant| Name(constant.parameter as u32));
        let false_one = match constant.or(parameters.first().map(|(name, _)| *name)) {
            Some(name) => Formula::negate(Formula::equal(name, name)),
            None => Formula::negate(premise.clone()),
        };
        let falsity = Clause { variables: 0, premises: Vec::new(), head: Head::False };
        let statement = Formula::forall(&parameters, &premise, &false_one);
        self.conjectures.push(Conjecture::new(Origin::Generated, Some(falsity), Vec::new(), statement));
        self.conjectures.len() - 1
    }

    /// Searches with little effort for a contradiction: in the root block, with some values computed, and with one more
    /// individual of each set. If one is found, the exploration is finished.
    pub(super) fn find_inconsistency(&mut self) -> bool {
        let place = self.add_falsity();
        let effort = Effort { direct: Limits { steps: 60_000, creations: 40 }, ..Effort::GLANCE };
        let (verdict, steps) = solve(self.block(place, effort));
        self.counts.steps += steps;
        if let Verdict::Proved(tree) = verdict
            && self.accept(place, &tree, true)
        {
            self.inconsistency = Some(TheoremId(self.theorems.len() as u32 - 1));
            self.falsity_at = Some(place);
            self.stage = Stage::Finished;
            return true;
        }
        self.conjectures.truncate(place);
        false
    }
}

/// Adds a goal; if its conclusion is a conjunction, also its parts.
pub(super) fn read_goal(
    theory: &Theory,
    compiled: &mut Compiled,
    goal: &Goal,
    conjectures: &mut Vec<Conjecture>,
    known: &mut HashSet<Clause>,
) {
    let mut conjecture = Conjecture::new(Origin::Goal(goal.clone()), None, Vec::new(), goal.statement.clone());
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
        let passed = moves[1..].iter().copied().filter(|action| *action == Move::Apply).collect();
        conjectures.push(Conjecture::new(Origin::Part(whole), Some(axiom.clause), passed, statement));
    }
}
