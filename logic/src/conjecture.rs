//! Conjectures: statements that are true in all known models of a theory and worth proving.
//!
//! Each candidate is built once, not built and then normalised: equations by [pairing terms](equation) whose values
//! agree, conditional and Horn clauses from patterns with variables numbered in order. A candidate is refuted by a
//! model, dropped because its premises never hold or because it is an instance of a kept one, or kept. The result is
//! sorted, most interesting first.

pub mod canonical;
mod conditional;
mod equation;
mod horn;
pub mod limits;
mod pattern;
mod relational;
mod schemes;
pub mod subsume;
pub mod term;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

pub use canonical::canonical;
pub use limits::Limits;
pub use term::{Shape, TermTree, equation};

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};
use crate::models::evaluate::Evaluator;
use crate::models::model::Model;
use limits::{atoms, literals};
use pattern::is_well_sorted;
use subsume::{Instance, instance};

/// Assignments in the first test of a candidate: with three inputs, values up to 3.
const FEW: u64 = 100;

/// Assignments in the last test: with three inputs, values up to 39; with four, up to 15.
const MANY: u64 = 1 << 16;

/// The most candidates about relations that are tested.
const MOST_OF_FEW: usize = 200_000;

/// Once this many candidates are held, those that fail the first test are only counted.
const HELD: usize = 20_000;

/// A statement to be proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conjecture {
    /// The statement, in canonical form.
    pub clause: Clause,
    /// Its kind.
    pub shape: Shape,
    /// Its rank.
    pub rank: Rank,
    /// Whether it is `C[l] = C[r]` where `l = r` is an instance of another conjecture: true, but of little interest.
    pub by_congruence: bool,
    /// Whether it has the form of a textbook law.
    pub textbook: bool,
}

/// The order of interest, smaller first. A total order by content: equal ranks mean equal clauses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rank {
    /// The number of atoms: smaller statements first.
    pub atoms: usize,
    /// Arguments that are a repeated variable or a constant: fewer first.
    pub repeats: usize,
    /// Arguments that are constants: more general statements first.
    pub constants: usize,
    /// The number of inputs, i.e. variables that no premise computes: more general statements first.
    pub inputs: Reverse<usize>,
    /// The statement itself.
    pub clause: Clause,
}

/// A candidate that a model refutes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refuted {
    /// The candidate, in canonical form.
    pub clause: Clause,
    /// The index of the model.
    pub model: usize,
    /// The individual for each variable of the clause.
    pub assignment: Vec<u16>,
}

/// Statistics of a generation.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Terms evaluated to find equations.
    pub terms: usize,
    /// Distinct value vectors among these terms.
    pub classes: usize,
    /// Pairs of terms not compared because too few columns have known values for both.
    pub incomparable: usize,
    /// Candidates built one by one, including equations that agree in all columns.
    pub built: usize,
    /// Built candidates that a model refutes.
    pub refuted: usize,
    /// Built candidates whose premises hold in no model.
    pub vacuous: usize,
    /// Built candidates with a premise or head that is trivial in all models.
    pub idle: usize,
    /// Built candidates that are presumably false, though no model refutes them: see [`Model::presumed`].
    pub unlikely: usize,
    /// Built candidates that are instances of kept ones.
    pub instances: usize,
    /// Remaining conjectures.
    pub kept: usize,
    /// Whether terms were dropped because of [`Limits::terms`].
    pub truncated: bool,
    /// Candidates dropped because of [`Limits::candidates`].
    pub left_out: usize,
}

/// The result of [`generate`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conjectures {
    /// The conjectures, most interesting first.
    pub conjectures: Vec<Conjecture>,
    /// All built candidates that were refuted, in the same order.
    pub refuted: Vec<Refuted>,
    /// Statistics.
    pub counts: Counts,
}

/// All statements within the limits that no model refutes, except vacuous ones and instances of others. Deterministic.
/// The models matter only through what they refute and, for statements that no model decides, through what they leave
/// unknown.
///
/// Instances by renaming or identifying variables, or by substituting compound terms, are dropped. Instances that
/// substitute a constant and conclude a function's value are kept: they are few, and a theory may prove them without
/// the general law.
/// few and a theory may prove them without the general law.
#[must_use]
pub fn generate(signature: &Signature, limits: &Limits, models: &[Model]) -> Conjectures {
    generate_while(signature, limits, models, &[], &mut || true).expect("nobody stops it")
}

/// [`generate`], which also drops statements that fail in a model of `presumed` (these refute nothing), and calls
/// `go_on` before every candidate; `None` if it returned false.
pub fn generate_while(
    signature: &Signature,
    limits: &Limits,
    models: &[Model],
    presumed: &[Model],
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Conjectures> {
    let all: Vec<&Model> = models.iter().chain(presumed).collect();
    let (pairs, met) = equation::agreeing(signature, limits, &all, go_on)?;
    let presumed: Vec<Cow<'_, Model>> =
        all.iter().map(|model| model.presumed().map_or(Cow::Borrowed(*model), Cow::Owned)).collect();
    let mut sieve = Sieve::new(signature, limits, models, &presumed);
    sieve.counts.terms = met.terms;
    sieve.counts.classes = met.classes;
    sieve.counts.incomparable = met.incomparable;
    sieve.counts.truncated = met.truncated;
    sieve.counts.left_out = met.left_out;
    let mut go = true;
    for (left, right) in pairs {
        go = go && go_on();
        if let Some(clause) = equation(signature, &left, &right).filter(|_| go) {
            sieve.offer(clause, Shape::Equation(left, right));
        }
    }
    let models_allow =
        |clause: &Clause| all.iter().all(|model| Evaluator::new(model).refute_within(clause, MANY).is_none());
    let few = limits.of_few();
    // Relations that always hold, such as membership in a carrier, are neither premises nor conclusions.
    let relations: Vec<RelationId> =
        horn::relations(signature, limits).into_iter().filter(|relation| !sieve.is_idle(*relation)).collect();
    let all_relations = horn::relations(signature, &few);
    let carriers = sieve.carriers.clone();
    // Candidates that are not tested cannot be counted either.
    let (mut looked, most) = (0, 2 * limits.candidates);
    conditional::candidates(signature, limits, &models_allow, &mut |clause| {
        sieve.offer(canonical(&clause), Shape::Conditional);
        looked += 1;
        go = go && go_on();
        go && looked < most
    });
    sieve.counts.left_out += usize::from(looked >= most);
    // The number of statements about relations does not grow with the size of equations, so it is no reason to stop at
    // smaller ones.
    let mut looked = 0;
    let mut take = |clause: Clause| {
        sieve.offer_few(canonical(&clause), Shape::Horn);
        looked += 1;
        looked < MOST_OF_FEW
    };
    horn::candidates(signature, &few, &relations, &mut take);
    relational::candidates(signature, &few, &relations, &carriers, &mut take);
    schemes::candidates(signature, &few, &all_relations, &mut |clause, shape| {
        sieve.offer_scheme(clause, shape);
        looked += 1;
        looked < 2 * MOST_OF_FEW
    });
    sieve.counts.left_out += usize::from(looked >= MOST_OF_FEW);
    if !go {
        return None;
    }
    sieve.finish(go_on)
}

/// The clause with its head and a premise that has the same output exchanged: the same equation `l = r` read in the
/// other direction. One for each such premise.
#[must_use]
pub fn mirrors(signature: &Signature, clause: &Clause) -> Vec<Clause> {
    let Head::Literal(head) = &clause.head else { return Vec::new() };
    let is_row = |literal: &Literal| literal.positive && signature.relations[literal.relation.index()].function;
    if !is_row(head) {
        return Vec::new();
    }
    let same = |premise: &Literal| is_row(premise) && premise.arguments.last() == head.arguments.last();
    let places = clause.premises.iter().enumerate().filter(|(_, premise)| same(premise));
    places
        .map(|(place, premise)| {
            let mut turned = clause.clone();
            turned.premises[place] = head.clone();
            turned.head = Head::Literal(premise.clone());
            canonical(&turned)
        })
        .collect()
}

/// The rank of a clause in canonical form.
#[must_use]
pub fn rank(signature: &Signature, clause: &Clause) -> Rank {
    let arguments = || literals(clause).flat_map(|literal| &literal.arguments);
    let constants = arguments().filter(|argument| matches!(argument, Term::Constant(_))).count();
    let outputs: HashSet<Term> = clause
        .premises
        .iter()
        .filter(|premise| premise.positive && signature.relations[premise.relation.index()].function)
        .filter_map(|premise| {
            let (output, inputs) = premise.arguments.split_last()?;
            (!inputs.contains(output)).then_some(*output)
        })
        .collect();
    let variables = usize::from(clause.variables);
    let computed = outputs.iter().filter(|output| matches!(output, Term::Variable(_))).count();
    Rank {
        atoms: atoms(clause),
        repeats: arguments().count() - variables,
        constants,
        inputs: Reverse(variables - computed),
        clause: clause.clone(),
    }
}

/// Turns candidates into conjectures.
struct Sieve<'a> {
    signature: &'a Signature,
    limits: &'a Limits,
    /// Limits of schemes.
    schemes: Limits,
    models: Vec<Evaluator<'a>>,
    /// The models completed by what is presumed.
    presumed: Vec<Evaluator<'a>>,
    /// The sets that hold all individuals of their sorts; membership in them does not count as an atom.
    carriers: Vec<RelationId>,
    candidates: BTreeMap<Rank, Shape>,
    /// Candidates that have the form of a textbook law, in both readings.
    textbook: HashSet<Clause>,
    /// The number of candidates that failed the first test and were not held, with repetitions.
    early: usize,
    /// The number of those that are presumably false.
    unlikely: usize,
    counts: Counts,
}

impl<'a> Sieve<'a> {
    fn new(signature: &'a Signature, limits: &'a Limits, models: &'a [Model], presumed: &'a [Cow<'a, Model>]) -> Self {
        let mut sieve = Sieve {
            signature,
            limits,
            schemes: limits.of_schemes(),
            models: models.iter().map(Evaluator::new).collect(),
            presumed: presumed.iter().map(|model| Evaluator::new(model)).collect(),
            carriers: Vec::new(),
            candidates: BTreeMap::new(),
            textbook: HashSet::new(),
            early: 0,
            unlikely: 0,
            counts: Counts::default(),
        };
        let sets = (1..signature.relations.len() as u16).map(RelationId).filter(|id| {
            let relation = &signature.relations[id.index()];
            relation.inner.is_none() && relation.sorts.len() == 1 && relation.sorts[0].is_individual()
        });
        sieve.carriers = sets.filter(|set| sieve.is_idle(*set)).collect();
        sieve
    }

    /// Adds a candidate in canonical form, if it is within the limits and new.
    fn offer(&mut self, clause: Clause, shape: Shape) {
        let rank = rank(self.signature, &clause);
        if !self.limits.admits(&clause)
            || rank.inputs.0 > self.limits.variables
            || !is_well_sorted(self.signature, &clause)
        {
            return;
        }
        // The largest model refutes most candidates.
        let fails = |evaluator: &Evaluator<'_>| evaluator.refute_within(&clause, FEW).is_some();
        if self.candidates.len() >= HELD && self.models.last().is_some_and(fails) {
            self.early += 1;
            return;
        }
        if self.candidates.len() >= self.limits.candidates && !self.candidates.contains_key(&rank) {
            self.counts.left_out += 1;
            return;
        }
        self.candidates.entry(rank).or_insert(shape);
    }

    /// Adds an instance of a scheme.
    fn offer_scheme(&mut self, clause: Clause, shape: Shape) {
        self.textbook.extend(mirrors(self.signature, &clause));
        self.textbook.insert(clause.clone());
        self.offer_few(clause, shape);
    }

    /// Adds a candidate of a shape with few candidates, unless it fails the first test.
    fn offer_few(&mut self, clause: Clause, shape: Shape) {
        let rank = rank(self.signature, &clause);
        let bare = relational::unguarded(&clause, &self.carriers);
        let fits = self.schemes.admits(&bare) && rank.inputs.0 <= self.schemes.variables;
        if !fits || !is_well_sorted(self.signature, &clause) || self.candidates.contains_key(&rank) {
            return;
        }
        let fails = |evaluator: &Evaluator<'_>| evaluator.refute_within(&clause, FEW).is_some();
        if self.models.iter().any(fails) {
            self.early += 1;
        } else if self.presumed.iter().any(fails) {
            self.unlikely += 1;
        } else {
            self.candidates.insert(rank, shape);
        }
    }

    /// Whether a relation presumably always holds.
    fn is_idle(&self, relation: RelationId) -> bool {
        let of = &self.signature.relations[relation.index()];
        let arguments: Vec<Term> = (0..of.arity as u16).map(Term::Variable).collect();
        let head = Head::Literal(Literal { positive: true, relation, arguments });
        !of.function && self.is_likely(&Clause { variables: of.arity as u16, premises: Vec::new(), head }, MANY)
    }

    /// Whether a clause holds in the presumed models.
    fn is_likely(&self, clause: &Clause, assignments: u64) -> bool {
        self.presumed.iter().all(|evaluator| evaluator.refute_within(clause, assignments).is_none())
    }

    fn refute(&self, clause: &Clause, assignments: u64) -> Option<Refuted> {
        self.models.iter().enumerate().find_map(|(model, evaluator)| {
            let assignment = evaluator.refute_within(clause, assignments)?;
            Some(Refuted { clause: clause.clone(), model, assignment })
        })
    }

    fn finish(mut self, go_on: &mut dyn FnMut() -> bool) -> Option<Conjectures> {
        let mut kept = Kept { signature: self.signature, by_head: BTreeMap::new() };
        let mut conjectures = Vec::new();
        let mut refuted = Vec::new();
        let mut idle = IdleLiterals::default();
        for (rank, shape) in std::mem::take(&mut self.candidates) {
            if !go_on() {
                return None;
            }
            self.counts.built += 1;
            let clause = &rank.clause;
            // Most false candidates fail at small values. Most true ones are instances, which is cheaper to detect than
            // a sweep over the whole model.
            if let Some(found) = self.refute(clause, FEW) {
                refuted.push(found);
            } else if kept.instance(clause) {
                self.counts.instances += 1;
            } else if shape == Shape::Horn && idle.any(&self, clause) {
                self.counts.idle += 1;
            } else if let Some(found) = self.refute(clause, MANY) {
                refuted.push(found);
            } else if !self.is_likely(clause, MANY) {
                self.counts.unlikely += 1;
            } else if !self.presumed.iter().any(|evaluator| evaluator.satisfiable_premises_within(clause, MANY)) {
                self.counts.vacuous += 1;
            } else {
                let by_congruence = kept.by_congruence(&shape);
                kept.add(clause, &shape);
                let textbook = self.textbook.contains(clause);
                conjectures.push(Conjecture { clause: clause.clone(), shape, rank, by_congruence, textbook });
            }
        }
        let built = conjectures.len();
        let conjectures = without_instances(conjectures);
        self.counts.instances += built - conjectures.len();
        self.counts.built += self.early + self.unlikely;
        self.counts.unlikely += self.unlikely;
        self.counts.refuted = refuted.len() + self.early;
        self.counts.kept = conjectures.len();
        Some(Conjectures { conjectures, refuted, counts: self.counts })
    }
}

/// Drops equations that are instances of others as pairs of terms. Flat clauses reveal most instances, but
/// `e·(a·b) = a·b` has fewer rows than applications and so comes before `e·a = a`.
fn without_instances(conjectures: Vec<Conjecture>) -> Vec<Conjecture> {
    let sides = |conjecture: &Conjecture| match &conjecture.shape {
        Shape::Equation(left, right) => Some((left.clone(), right.clone())),
        Shape::Conditional | Shape::Horn => None,
    };
    let sized = |(left, right): (TermTree, TermTree)| (left.size() + right.size(), left, right);
    let equations: Vec<_> = conjectures.iter().filter_map(sides).map(sized).collect();
    let special = |conjecture: &Conjecture| {
        let Some((left, right)) = sides(conjecture) else { return false };
        let value = right.size() > 0 && left.size() > 0;
        let size = left.size() + right.size();
        equations.iter().any(|(general, first, second)| {
            let smaller = *general < size;
            let found = smaller.then_some([(first, second), (second, first)]).into_iter().flatten();
            found.into_iter().any(|(first, second)| match term::instance(&[(first, &left), (second, &right)]) {
                None => false,
                Some(Instance::OfVariables) => true,
                Some(Instance::OfConstants) => !value,
            })
        })
    };
    let dropped: Vec<bool> = conjectures.iter().map(special).collect();
    conjectures.into_iter().zip(dropped).filter(|(_, dropped)| !dropped).map(|(conjecture, _)| conjecture).collect()
}

/// Literals of relations that always hold, such as membership in the only carrier; they make a clause weaker than it
/// looks.
#[derive(Default)]
struct IdleLiterals {
    known: BTreeMap<Literal, bool>,
}

impl IdleLiterals {
    fn any(&mut self, sieve: &Sieve<'_>, clause: &Clause) -> bool {
        let bare = relational::unguarded(clause, &sieve.carriers);
        let is_plain = |literal: &&Literal| !sieve.signature.relations[literal.relation.index()].function;
        // A clause of one literal may consist of such a literal.
        !bare.premises.is_empty()
            && literals(&bare).filter(is_plain).any(|literal| {
                let alone =
                    Clause { variables: clause.variables, premises: Vec::new(), head: Head::Literal(literal.clone()) };
                let alone = canonical(&alone);
                let Head::Literal(form) = &alone.head else { unreachable!("made of a literal") };
                let form = form.clone();
                *self.known.entry(form).or_insert_with(|| sieve.is_likely(&alone, MANY))
            })
    }
}

/// The conjectures so far, indexed for subsumption.
struct Kept<'a> {
    signature: &'a Signature,
    /// By the relation of the head; each with the [`relations`] of its premises.
    by_head: BTreeMap<Option<RelationId>, Vec<(u64, Clause)>>,
}

impl Kept<'_> {
    fn add(&mut self, clause: &Clause, shape: &Shape) {
        let mut forms = vec![clause.clone()];
        // Functions are single-valued, so an equation may be read in either direction.
        if matches!(shape, Shape::Equation(..)) {
            forms.extend(mirrors(self.signature, clause));
        }
        for form in forms {
            self.by_head.entry(head_relation(&form)).or_default().push((relations(&form), form));
        }
    }

    /// The kept clauses that may subsume this one, judging by relations.
    fn candidates(&self, clause: &Clause) -> impl Iterator<Item = &Clause> {
        let known = self.by_head.get(&head_relation(clause)).into_iter().flatten();
        let own = relations(clause);
        known.filter(move |(general, _)| general & !own == 0).map(|(_, general)| general)
    }

    fn instance(&self, clause: &Clause) -> bool {
        let value =
            matches!(&clause.head, Head::Literal(head) if self.signature.relations[head.relation.index()].function);
        self.candidates(clause).any(|general| match instance(general, clause) {
            None => false,
            Some(Instance::OfVariables) => true,
            Some(Instance::OfConstants) => !value,
        })
    }

    /// Whether the two sides differ in one position only, by a known equation.
    fn by_congruence(&self, shape: &Shape) -> bool {
        let Shape::Equation(left, right) = shape else { return false };
        let (TermTree::Apply(function, inputs), TermTree::Apply(other, others)) = (left, right) else { return false };
        if function != other {
            return false;
        }
        let mut different = inputs.iter().zip(others).filter(|(input, other)| input != other);
        let (Some((input, other)), None) = (different.next(), different.next()) else { return false };
        let inner = Shape::Equation(input.clone(), other.clone());
        self.by_congruence(&inner)
            || equation(self.signature, input, other)
                .is_some_and(|clause| self.candidates(&clause).any(|general| instance(general, &clause).is_some()))
    }
}

/// A bitmask of the relations of the premises, by number modulo 64.
fn relations(clause: &Clause) -> u64 {
    clause.premises.iter().fold(0, |bits, premise| bits | 1 << (premise.relation.index() % 64))
}

fn head_relation(clause: &Clause) -> Option<RelationId> {
    match &clause.head {
        Head::Literal(literal) => Some(literal.relation),
        Head::False | Head::Exists(..) => None,
    }
}
