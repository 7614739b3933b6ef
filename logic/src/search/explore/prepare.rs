//! The beginning of an exploration: goals, models, conjectures, and whether the axioms are consistent.

use std::collections::HashSet;

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::{Goal, Theory};
use crate::clauses::clause::{Clause, Head};
use crate::clauses::compile::{Compiled, Move};
use crate::conjecture::{Limits as Size, Shape, TermTree, generate_while};
use crate::models::limits::SearchLimits;
use crate::proofs::reconstruction::{from_axioms, project};
use crate::saturation::block::Limits;
use crate::search::attempt::{Effort, Verdict, solve};
use crate::search::ended::kept_apart;

use super::conjecture::{Conjecture, Fate, Origin};
use super::{Exploration, Stage};

impl Exploration {
    /// Makes the models, refutes goals, and generates conjectures if that is wanted. Looks for a
    /// contradiction in the axioms first.
    ///
    /// Asks `go_on` all the while; false if it was told to stop, and then the exploration can only be
    /// begun anew or restored.
    pub fn prepare(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        if self.stage == Stage::Closing {
            if !self.find_counter_models(&SearchLimits::default(), go_on) || !self.mark_essential(go_on) {
                return false;
            }
            self.join_parts();
            self.stage = Stage::Finished;
            return true;
        }
        if self.stage == Stage::Doubting {
            if !self.find_counter_models(&SearchLimits::QUICK, go_on) {
                return false;
            }
            self.join_parts();
            self.has_doubted = true;
            self.stage = Stage::Goals;
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

    /// A goal that is an axiom, or made of such, is a theorem, whatever its shape.
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

    /// Adds the statement that a constant differs from itself, or, where there is none, a set; gives its place.
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

    /// Adds the conjectures of the generator that are not known yet; false if `go_on` said stop.
    ///
    /// Their number grows fast with their size, and how fast depends on the theory. So it begins with small ones and
    /// takes one atom more each time, up to the bounds of the theory or until a size would take too much work; of an
    /// exploration the largest set is taken. When only goals are asked for, each call takes one size: most goals need no
    /// large lemma.
    pub(crate) fn generate(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let most = self.theory.bounds.atoms;
        let bounded = !self.options.all_sizes;
        let first = self.generations.last().map_or(FIRST_ATOMS, |(_, atoms)| atoms + 1).min(most);
        let last = if self.options.generate { most } else { first };
        let first = if self.options.generate && !bounded { most } else { first };
        let mut largest = None;
        let mut before = None;
        // Without a model nothing can be told from what is false.
        let sizes = if self.models.is_empty() { most..most } else { first..last + 1 };
        for atoms in sizes {
            let (mut asked, mut stopped) = (0, false);
            let mut ask = || {
                asked += 1;
                stopped = stopped || !go_on();
                !stopped && (asked <= MOST_WORK || !bounded)
            };
            let mut limits = Size::new(&self.compiled.signature, &self.theory.bounds);
            limits.atoms = atoms;
            limits.atoms_with_constant = limits.atoms_with_constant.min(atoms);
            if bounded {
                limits.candidates = limits.candidates.min(MOST_CANDIDATES);
            }
            let found = generate_while(&self.compiled.signature, &limits, &self.models, &mut ask);
            if stopped {
                return false;
            }
            match found {
                // Of the smallest ones some are better than none.
                Some(found) if found.counts.left_out == 0 || largest.is_none() || !bounded => largest = Some(found),
                _ => {
                    self.too_large = Some(atoms);
                    break;
                }
            }
            let growth = asked / before.unwrap_or(asked).max(1);
            before = Some(asked);
            if bounded && atoms < last && asked.saturating_mul(growth) > MOST_WORK {
                self.too_large = Some(atoms + 1);
                break;
            }
        }
        let until = if self.too_large.is_some() { most } else { last };
        self.generations.push((self.conjectures.len(), until));
        let Some(generated) = largest else { return true };
        // What this generation built the smaller ones had built as well.
        self.counts.built = generated.counts.built as u64;
        self.counts.instances = generated.counts.instances as u64;
        self.counts.vacuous = generated.counts.vacuous as u64;
        self.counts.idle = generated.counts.idle as u64;
        self.counts.left_out = generated.counts.left_out as u64;
        self.refuted = generated.refuted;
        let earlier: HashSet<Clause> = self
            .conjectures
            .iter()
            .filter(|conjecture| conjecture.origin == Origin::Generated)
            .filter_map(|conjecture| conjecture.clause.clone())
            .collect();
        let mut conjectures = generated.conjectures;
        // Of equally simple laws those come first that leave the variables where they are:
        // associativity before its mixtures with commutativity.
        conjectures.sort_by_key(|conjecture| {
            let rank = &conjecture.rank;
            (rank.atoms, rank.repeats, rank.constants, rank.inputs, permuted(&conjecture.shape))
        });
        for conjecture in conjectures {
            let place = self.conjectures.len();
            let in_earlier = earlier.contains(&conjecture.clause);
            self.add(conjecture.clause, Origin::Generated);
            match self.conjectures.get_mut(place) {
                Some(added) => added.by_congruence = conjecture.by_congruence,
                None if in_earlier => {}
                // A goal states it already.
                None => self.counts.instances += 1,
            }
        }
        true
    }

    /// Derives a contradiction from what is known if that is easy: in the root block, with some values worked out, and
    /// with one more individual of each set. If there is one, the exploration is finished.
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

/// The number of atoms up to which conjectures are generated first.
const FIRST_ATOMS: usize = 3;

/// How often the generator may ask whether to go on, for one size: a measure of its work that is the same everywhere.
const MOST_WORK: u64 = 200_000;

/// The most candidates of one size that are held; twice as many are looked at.
const MOST_CANDIDATES: usize = 4_000;

/// Enters a goal; one whose conclusion is a conjunction together with its parts.
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
