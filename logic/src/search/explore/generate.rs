//! Generation of conjectures for an exploration: their scope and size.

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::clauses::clause::Clause;
use crate::conjecture::{Conjectures, Limits as Size, Shape, TermTree, generate_while};

use super::Exploration;
use super::conjecture::{Fate, Origin, is_asked};
use super::scope::Scope;

/// The size, in atoms, with which generation starts.
const FIRST_ATOMS: usize = 3;

/// The size, in atoms, up to which conjectures of small scopes come before those of larger scopes.
const SMALL_ATOMS: usize = 4;

/// The work limit for one size, counted in the generator's calls of its stop check, which no machine affects.
const MOST_WORK: u64 = 200_000;

/// The most candidates of one size that are kept; twice as many are examined.
const MOST_CANDIDATES: usize = 4_000;

/// A generation of conjectures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Generation {
    /// The index of its first conjecture.
    pub(crate) begin: usize,
    /// The part of the theory that its conjectures are about.
    scope: Scope,
    /// The largest size of its conjectures, in atoms.
    atoms: usize,
    /// Whether larger conjectures of this scope are too many to generate.
    last: bool,
}

/// A possible next generation; the least comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    /// 0 for generations that take little work.
    phase: usize,
    scope: Scope,
    atoms: usize,
}

impl Exploration {
    /// Adds the conjectures of the next generation that are not known yet. Returns false if `go_on` said stop.
    ///
    /// The number of conjectures grows fast with their size, at a rate that depends on the theory. Generation therefore
    /// starts small and adds one atom at a time, up to the bounds of the theory or the work limit; an exploration takes
    /// the largest set. If only goals are asked for, each call generates one size of one scope: most goals need small
    /// lemmas about their own concepts.
    pub(super) fn generate(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let most = self.theory.bounds.atoms;
        match self.next_generation() {
            _ if self.options.generate => {
                let first = if self.options.all_sizes { most } else { FIRST_ATOMS.min(most) };
                self.generate_in(Scope::whole(&self.compiled.signature), first..=most, go_on)
            }
            Some(Next { scope, atoms, .. }) => self.generate_in(scope, atoms..=atoms, go_on),
            None => true,
        }
    }

    /// Repeats a generation, when a run is resumed.
    pub(crate) fn generate_again(&mut self, generation: &Generation) {
        if self.options.generate {
            self.generate(&mut || true);
        } else {
            self.generate_in(generation.scope.clone(), generation.atoms..=generation.atoms, &mut || true);
        }
    }

    /// Whether a further generation is possible; if `small`, one that takes little work.
    pub(super) fn may_grow(&self, small: bool) -> bool {
        let next = || self.next_generation().filter(|next| !small || next.phase == 0);
        !self.models.is_empty() && next().is_some()
    }

    /// The next generation for open goals: small sizes of all scopes first, from the smallest scope to the whole
    /// theory, then larger sizes.
    fn next_generation(&self) -> Option<Next> {
        let most = self.theory.bounds.atoms;
        let open = |fate: &Fate| matches!(fate, Fate::Waiting | Fate::Open(_));
        let goals = self.conjectures.iter().filter(|one| is_asked(&one.origin) && open(&one.fate));
        let mut scopes: BTreeSet<Scope> =
            goals.filter_map(|goal| Some(self.dependencies.scope(goal.clause.as_ref()?))).collect();
        let whole = Scope::whole(&self.compiled.signature);
        scopes.insert(whole.clone());
        let next = |scope: Scope| {
            let before = self.generations.iter().rev().find(|generation| generation.scope == scope);
            let atoms = match before {
                None => Some(FIRST_ATOMS.min(most)),
                Some(before) => (!before.last && before.atoms < most).then_some(before.atoms + 1),
            };
            // Lemmas about the whole theory are many: the next size of each scope comes first and, if the axioms are
            // not Horn, attempts by cases.
            let (small, first) = if scope == whole { (FIRST_ATOMS, 1) } else { (SMALL_ATOMS, 0) };
            let phase = |atoms: usize| if atoms <= small { first } else { 1 + atoms - small };
            atoms.map(|atoms| Next { phase: phase(atoms), scope, atoms })
        };
        scopes.into_iter().filter_map(next).min()
    }

    fn generate_in(&mut self, scope: Scope, sizes: RangeInclusive<usize>, go_on: &mut dyn FnMut() -> bool) -> bool {
        let bounded = !self.options.all_sizes;
        let last = *sizes.end();
        let mut largest: Option<Conjectures> = None;
        let mut before = None;
        let mut too_large = None;
        // Without a model, false candidates cannot be filtered out.
        let sizes = if self.models.is_empty() { last..last } else { *sizes.start()..last + 1 };
        for atoms in sizes {
            let (mut asked, mut stopped) = (0, false);
            let mut ask = || {
                asked += 1;
                stopped = stopped || !go_on();
                !stopped && (asked <= MOST_WORK || !bounded)
            };
            let limits = self.limits(&scope, atoms);
            // Models of computed values have too few individuals to tell terms apart.
            let models = self.models.iter().take_while(|model| !model.is_piece || !model.free.is_empty()).count();
            let models = &self.models[..models];
            let found = generate_while(&self.compiled.signature, &limits, models, &self.presumed, &mut ask);
            if stopped {
                return false;
            }
            match found {
                // Even an incomplete set of the smallest size is better than none.
                Some(found) if found.counts.left_out == 0 || largest.is_none() || !bounded => largest = Some(found),
                _ => {
                    too_large = Some(atoms);
                    break;
                }
            }
            let growth = asked / before.unwrap_or(asked).max(1);
            before = Some(asked);
            if bounded && atoms < last && asked.saturating_mul(growth) > MOST_WORK {
                too_large = Some(atoms + 1);
                break;
            }
        }
        let begin = self.conjectures.len();
        let left_out = largest.as_ref().is_none_or(|found| found.counts.left_out > 0);
        self.too_large = too_large.or(self.too_large);
        self.generations.push(Generation { begin, scope, atoms: last, last: too_large.is_some() || left_out });
        if let Some(generated) = largest {
            self.take(generated);
        }
        self.refute_by_computation(begin..self.conjectures.len());
        true
    }

    pub(super) fn limits(&self, scope: &Scope, atoms: usize) -> Size {
        let signature = &self.compiled.signature;
        let mut limits = Size::new(signature, &self.theory.bounds);
        limits.keep(signature, &|relation| scope.has_relation(relation), &|constant| scope.has_constant(constant));
        limits.atoms = atoms;
        limits.atoms_with_constant = limits.atoms_with_constant.min(atoms);
        if !self.options.all_sizes {
            limits.candidates = limits.candidates.min(MOST_CANDIDATES);
        }
        limits
    }

    /// Adds generated conjectures that are not known.
    fn take(&mut self, generated: Conjectures) {
        let earlier: HashSet<Clause> = self
            .conjectures
            .iter()
            .filter(|conjecture| conjecture.origin == Origin::Generated)
            .filter_map(|conjecture| conjecture.clause.clone())
            .collect();
        // A generation includes all that smaller ones of its scope built; smaller scopes are included in the same way.
        let counts = generated.counts;
        self.counts.built = self.counts.built.max(counts.built as u64);
        self.counts.instances = self.counts.instances.max(counts.instances as u64);
        self.counts.vacuous = self.counts.vacuous.max(counts.vacuous as u64);
        self.counts.idle = self.counts.idle.max(counts.idle as u64);
        // Most candidates that fail early are not kept.
        let early = counts.refuted.saturating_sub(generated.refuted.len());
        self.counts.refuted = self.counts.refuted.max(early as u64);
        self.counts.unlikely = self.counts.unlikely.max(counts.unlikely as u64);
        self.counts.left_out = counts.left_out as u64;
        let mut known: HashSet<Clause> = self.refuted.iter().map(|refuted| refuted.clause.clone()).collect();
        if !self.siftings.is_empty() {
            self.count_again(&generated, &earlier, &mut known);
        }
        self.refuted.extend(generated.refuted.into_iter().filter(|refuted| !known.contains(&refuted.clause)));
        let mut conjectures = generated.conjectures;
        // Among equally simple laws, those that keep the order of the variables come first: associativity before its
        // combinations with commutativity.
        conjectures.sort_by_key(|conjecture| {
            let rank = &conjecture.rank;
            (rank.atoms, rank.repeats, rank.constants, rank.inputs, permuted(&conjecture.shape))
        });
        for conjecture in conjectures {
            let place = self.conjectures.len();
            let in_earlier = earlier.contains(&conjecture.clause);
            self.add(conjecture.clause, Origin::Generated);
            match self.conjectures.get_mut(place) {
                Some(added) => {
                    added.by_congruence = conjecture.by_congruence;
                    added.textbook = conjecture.textbook;
                }
                None if in_earlier => {}
                // A goal already states it.
                None => self.counts.instances += 1,
            }
        }
    }
}

impl Exploration {
    /// After a sifting, everything is generated again with more models, and the new counts cover all conjectures.
    /// Conjectures that the new models refute go to `known`; those that would now be left out stay.
    fn count_again(&mut self, generated: &Conjectures, earlier: &HashSet<Clause>, known: &mut HashSet<Clause>) {
        let before: HashSet<Clause> = self
            .conjectures
            .iter()
            .filter(|one| one.origin == Origin::Generated && matches!(one.fate, Fate::Refuted(..)))
            .filter_map(|one| one.clause.clone())
            .collect();
        let held = generated.refuted.iter().filter(|refuted| before.contains(&refuted.clause)).count();
        let kept: HashSet<&Clause> = generated.conjectures.iter().map(|one| &one.clause).collect();
        let stay = earlier.iter().filter(|clause| !kept.contains(clause) && !before.contains(*clause)).count();
        let counts = generated.counts;
        let early = counts.refuted.saturating_sub(generated.refuted.len() + before.len() - held);
        self.counts.built = counts.built as u64;
        self.counts.instances = counts.instances.saturating_sub(stay) as u64;
        self.counts.vacuous = counts.vacuous as u64;
        self.counts.idle = counts.idle as u64;
        self.counts.unlikely = counts.unlikely as u64;
        self.counts.refuted = early as u64;
        self.refuted.clear();
        known.clear();
        known.extend(before);
    }
}

/// Whether the two sides of an equation have their variables in different orders.
fn permuted(shape: &Shape) -> bool {
    let Shape::Equation(left, right) = shape else { return false };
    let leaves = |tree: &TermTree| {
        let mut leaves = Vec::new();
        tree.for_each_leaf(&mut |leaf| leaves.push(leaf));
        leaves.dedup();
        leaves
    };
    leaves(left) != leaves(right)
}
