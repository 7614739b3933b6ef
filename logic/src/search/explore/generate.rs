//! Conjectures for an exploration: which part of the theory they are about, and how large they are.

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::clauses::clause::Clause;
use crate::conjecture::{Conjectures, Limits as Size, Shape, TermTree, generate_while};

use super::Exploration;
use super::conjecture::{Fate, Origin, is_asked};
use super::scope::Scope;

/// The number of atoms up to which conjectures are generated first.
const FIRST_ATOMS: usize = 3;

/// The number of atoms up to which conjectures of a small part of the theory come before those of a larger part.
const SMALL_ATOMS: usize = 4;

/// How often the generator may ask whether to go on, for one size: a measure of its work that is the same everywhere.
const MOST_WORK: u64 = 200_000;

/// The most candidates of one size that are held; twice as many are looked at.
const MOST_CANDIDATES: usize = 4_000;

/// A generation of conjectures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Generation {
    /// Where its conjectures begin among all.
    pub(crate) begin: usize,
    /// The part of the theory that they are about.
    scope: Scope,
    /// The number of atoms that they have at most.
    atoms: usize,
    /// Whether larger ones of this scope are too many to be generated.
    last: bool,
}

/// A generation that is to come; smaller ones come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    /// 0 for what takes little work.
    phase: usize,
    scope: Scope,
    atoms: usize,
}

impl Exploration {
    /// Adds the conjectures of the next generation that are not known yet; false if `go_on` said stop.
    ///
    /// Their number grows fast with their size, and how fast depends on the theory. So it begins with small ones and
    /// takes one atom more each time, up to the bounds of the theory or until a size would take too much work; of an
    /// exploration the largest set is taken. When only goals are asked for, each call takes one size of one scope: most
    /// goals need small lemmas about what they themselves are about.
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

    /// Repeats a generation.
    pub(crate) fn generate_again(&mut self, generation: &Generation) {
        if self.options.generate {
            self.generate(&mut || true);
        } else {
            self.generate_in(generation.scope.clone(), generation.atoms..=generation.atoms, &mut || true);
        }
    }

    /// Whether conjectures may be generated that are not there yet; if `small`, with little work.
    pub(super) fn may_grow(&self, small: bool) -> bool {
        let next = || self.next_generation().filter(|next| !small || next.phase == 0);
        !self.models.is_empty() && next().is_some()
    }

    /// What conjectures come next when goals are open: small ones of all scopes, from the smallest scope to the whole
    /// theory, and then larger ones.
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
            // Where the axioms have cases themselves, those come before lemmas about everything.
            let (small, first) =
                if scope == whole { (FIRST_ATOMS, usize::from(!self.book.is_horn())) } else { (SMALL_ATOMS, 0) };
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
        // Without a model nothing can be told from what is false.
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
                // Of the smallest ones some are better than none.
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

    /// Enters generated conjectures that are not known.
    fn take(&mut self, generated: Conjectures) {
        let earlier: HashSet<Clause> = self
            .conjectures
            .iter()
            .filter(|conjecture| conjecture.origin == Origin::Generated)
            .filter_map(|conjecture| conjecture.clause.clone())
            .collect();
        // What a generation built smaller ones of the same scope had built as well; those of smaller scopes are counted
        // with theirs.
        let counts = generated.counts;
        self.counts.built = self.counts.built.max(counts.built as u64);
        self.counts.instances = self.counts.instances.max(counts.instances as u64);
        self.counts.vacuous = self.counts.vacuous.max(counts.vacuous as u64);
        self.counts.idle = self.counts.idle.max(counts.idle as u64);
        // Most of those that fail at once are not kept.
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
                Some(added) => {
                    added.by_congruence = conjecture.by_congruence;
                    added.textbook = conjecture.textbook;
                }
                None if in_earlier => {}
                // A goal states it already.
                None => self.counts.instances += 1,
            }
        }
    }
}

impl Exploration {
    /// After a sifting all is generated once more, with more models: its counts are those of all conjectures. What was
    /// a conjecture before and is refuted now is `known` as such, and what would be left out now stays.
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
