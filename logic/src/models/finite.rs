//! A finite model finder: models of axioms, and finite counterexamples to a goal. Axioms and the negated goal are
//! grounded over 1, 2, 3, … individuals and passed to a SAT solver.
//!
//! The search is bounded by counts of conflicts and clauses, never by time, so it is the same on every machine. Its
//! models have been checked by the reference evaluator.

use std::collections::BTreeSet;

use thiserror::Error;

use super::instances::{Answer, Carrier, Ground};
use super::limits::{Reason, SearchLimits};
use super::model::{Domain, Model, base_sorts};
use super::reference;
use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Signature};
use crate::clauses::compile::InductionInstance;

/// With several sorts, the search ends after this many undecided sizes.
const PATIENCE: usize = 4;

/// With several sorts, at most this many models are kept.
const MOST_OF_SEVERAL: usize = 6;

/// With several sorts, and so many sizes, each size may use this fraction of the conflicts.
const SHARE: u64 = 10;

/// Where and why a search stopped; all smaller sizes were searched completely.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("no answer for {size} individuals: {reason}")]
pub struct Stop {
    /// The size at which it stopped.
    pub size: u16,
    /// Why.
    pub reason: Reason,
}

/// The result of [`find_models`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Models of the axioms, small ones first. Up to six individuals they are pairwise non-isomorphic, beyond that
    /// pairwise different.
    pub models: Vec<Model>,
    /// Why some sizes were not searched, if so.
    pub stopped: Option<Stop>,
}

/// The problem whose models are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Relations and constants.
    pub signature: &'a Signature,
    /// The axioms; they are about individuals only.
    pub axioms: &'a [Clause],
    /// The generated sets: every element must be reachable by constructors.
    pub generated: &'a [InductionInstance],
    /// Whether all base sorts share their individuals. Otherwise every base sort has its own size.
    pub merged: bool,
}

impl Problem<'_> {
    /// The base sorts of the signature, in order; a single `None` if there is only one or they are merged.
    fn sorts(&self) -> Vec<Option<Sort>> {
        let sorts = base_sorts(self.signature);
        if self.merged || sorts.len() < 2 { vec![None] } else { sorts.into_iter().map(Some).collect() }
    }

    fn domains(&self, sizes: &[u16]) -> Vec<Domain> {
        let mut first = 0;
        let mut domains = Vec::new();
        for (sort, size) in self.sorts().into_iter().zip(sizes) {
            domains.push(Domain::new(sort, first, *size));
            first += size;
        }
        domains
    }

    /// The sizes to search, small ones first. With several sorts their sum is bounded; if the minimal sizes reach that
    /// bound, one sort may have one individual more than its minimum.
    fn sizes(&self, smallest: &[u16], limits: &SearchLimits) -> Vec<Vec<u16>> {
        let least: u16 = smallest.iter().sum();
        let together = match smallest.len() {
            1 => limits.largest,
            // Points, sets and sets of sets: two points give four of each. More sorts would have too many sizes.
            3 => (limits.together + 2).max(least + 1),
            _ => limits.together.max(least + 1),
        };
        let mut sizes: Vec<Vec<u16>> = vec![Vec::new()];
        for (place, from) in smallest.iter().enumerate() {
            let later: u16 = smallest[place + 1..].iter().sum();
            let longer = sizes.iter().flat_map(|known| {
                let spare = together.saturating_sub(known.iter().sum::<u16>() + later);
                (*from..=limits.largest.min(spare)).map(|size| known.iter().copied().chain([size]).collect())
            });
            sizes = longer.collect();
        }
        sizes.sort_by_key(|sizes| sizes.iter().sum::<u16>());
        sizes
    }
}

/// Searches for models of the axioms with 1 up to [`SearchLimits::largest`] individuals of each sort.
///
/// If the signature has one set of a sort (a relation `in` of one argument), or none, that set is the whole carrier and
/// functions are total, unless there is no such model. If it has several, they are unary relations, and a function may
/// be undefined where the axioms do not require a value.
#[must_use]
pub fn find_models(problem: &Problem<'_>, limits: &SearchLimits) -> Found {
    find_models_while(problem, limits, &mut || true)
}

/// [`find_models`], which calls `go_on` before each size and ends when that returns false.
#[must_use]
pub fn find_models_while(problem: &Problem<'_>, limits: &SearchLimits, go_on: &mut dyn FnMut() -> bool) -> Found {
    let mut found = Found { models: Vec::new(), stopped: None };
    let smallest = vec![1; problem.sorts().len()];
    let mut patience = PATIENCE;
    for carrier in Carrier::of(problem.signature, &problem.domains(&smallest)) {
        for sizes in problem.sizes(&smallest, limits) {
            let outcome = if go_on() {
                models_of_size(problem, limits, problem.domains(&sizes), *carrier, &mut found.models)
            } else {
                Err(Reason::Told)
            };
            if let Err(reason) = outcome {
                found.stopped = Some(Stop { size: sizes.iter().sum(), reason });
                // With several sorts, a larger size need not be harder.
                patience -= 1;
                if sizes.len() == 1 || patience == 0 || reason == Reason::Told {
                    break;
                }
            }
        }
        if !found.models.is_empty() || found.stopped.is_some() {
            break;
        }
    }
    // What fails in a small model of several sorts usually fails in a larger one too.
    let surplus = if smallest.len() > 1 { found.models.len().saturating_sub(MOST_OF_SEVERAL) } else { 0 };
    found.models.drain(..surplus);
    found
}

/// A model with these domains, if one is found within the limits.
#[must_use]
pub fn model_over(problem: &Problem<'_>, domains: Vec<Domain>, limits: &SearchLimits) -> Option<Model> {
    let limits = SearchLimits { per_size: 1, ..*limits };
    let mut models = Vec::new();
    for carrier in Carrier::of(problem.signature, &domains) {
        // If the size cannot be decided, no model is known.
        let _ = models_of_size(problem, &limits, domains.clone(), *carrier, &mut models);
        if let Some(model) = models.pop() {
            return Some(model);
        }
    }
    None
}

fn models_of_size(
    problem: &Problem<'_>,
    limits: &SearchLimits,
    domains: Vec<Domain>,
    carrier: Carrier,
    models: &mut Vec<Model>,
) -> Result<(), Reason> {
    let orders = orders(&domains);
    let per_size = if domains.len() > 1 { 1 } else { limits.per_size };
    let limits = &limits_of(&domains, limits);
    let mut ground = Ground::new(problem.signature, domains.clone(), &[], limits, carrier)?;
    for axiom in problem.axioms {
        ground.require(axiom)?;
    }
    for induction in problem.generated {
        ground.require_reached(induction)?;
    }
    for _ in 0..per_size {
        match ground.solve() {
            Answer::Impossible => return Ok(()),
            Answer::OutOfConflicts => return Err(Reason::OutOfConflicts(limits.conflicts)),
            Answer::Found(model, _) => {
                assert!(is_model(&model, problem), "the naive evaluator refuses a model that the solver found");
                if models.iter().filter(|other| other.domains == domains).count() + 1 < per_size {
                    for order in &orders {
                        ground.forbid(&model, order)?;
                    }
                }
                models.push(*model);
            }
        }
    }
    Ok(())
}

fn limits_of(domains: &[Domain], limits: &SearchLimits) -> SearchLimits {
    let share = if domains.len() > 1 { SHARE } else { 1 };
    SearchLimits { conflicts: limits.conflicts / share, ..*limits }
}

/// Searches for a finite model of the axioms in which `clause` fails, possibly one without individuals, and for the
/// values of its variables. `Ok(None)`: there is none up to [`SearchLimits::largest`] individuals of each sort.
///
/// # Errors
/// If a size could not be decided within the limits.
pub fn counter_model(
    problem: &Problem<'_>,
    clause: &Clause,
    limits: &SearchLimits,
) -> Result<Option<(Model, Vec<u16>)>, Stop> {
    counter_model_while(problem, clause, limits, &mut || true)
}

/// [`counter_model`], which calls `go_on` before each size.
///
/// # Errors
/// Those of [`counter_model`], and if `go_on` returns false.
pub fn counter_model_while(
    problem: &Problem<'_>,
    clause: &Clause,
    limits: &SearchLimits,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<(Model, Vec<u16>)>, Stop> {
    let mut smallest = vec![0; problem.sorts().len()];
    let empty = Model::over(problem.signature, problem.domains(&smallest), String::new());
    let variables = empty.domain_numbers_of(clause);
    for domain in &variables[..usize::from(clause.variables)] {
        smallest[*domain] = 1;
    }
    // Sorts may be empty unless something implies that they are not.
    for (constant, domain) in problem.signature.constants.iter().zip(empty.constant_domains()) {
        if constant.sort.is_individual() {
            smallest[*domain] = 1;
        }
    }
    let mut patience = PATIENCE;
    let mut stopped = None;
    for carrier in Carrier::of(problem.signature, &empty.domains) {
        for sizes in problem.sizes(&smallest, limits) {
            let outcome = if go_on() {
                counter_model_of_size(problem, clause, limits, problem.domains(&sizes), *carrier)
            } else {
                Err(Reason::Told)
            };
            match outcome {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(reason) => {
                    let stop = Stop { size: sizes.iter().sum(), reason };
                    patience -= 1;
                    if sizes.len() == 1 || patience == 0 || reason == Reason::Told {
                        return Err(stop);
                    }
                    stopped = Some(stop);
                }
            }
        }
    }
    stopped.map_or(Ok(None), Err)
}

fn counter_model_of_size(
    problem: &Problem<'_>,
    clause: &Clause,
    limits: &SearchLimits,
    domains: Vec<Domain>,
    carrier: Carrier,
) -> Result<Option<(Model, Vec<u16>)>, Reason> {
    let empty = Model::over(problem.signature, domains.clone(), String::new());
    let variables = empty.domain_numbers_of(clause);
    let variables = &variables[..usize::from(clause.variables)];
    let limits = &limits_of(&domains, limits);
    let mut ground = Ground::new(problem.signature, domains, variables, limits, carrier)?;
    ground.deny(clause)?;
    for axiom in problem.axioms {
        ground.require(axiom)?;
    }
    for induction in problem.generated {
        ground.require_reached(induction)?;
    }
    match ground.solve() {
        Answer::Impossible => Ok(None),
        Answer::OutOfConflicts => Err(Reason::OutOfConflicts(limits.conflicts)),
        Answer::Found(model, values) => {
            assert!(
                is_model(&model, problem) && reference::fails(&model, clause, &values),
                "the naive evaluator refuses a counterexample that the solver found"
            );
            Ok(Some((*model, values)))
        }
    }
}

/// Whether every axiom holds and every element of a generated set is reached; a function whose value is unknown counts
/// as undefined.
#[must_use]
pub fn is_model(model: &Model, problem: &Problem<'_>) -> bool {
    problem.axioms.iter().all(|axiom| reference::satisfies(model, axiom))
        && problem.generated.iter().all(|induction| reference::is_reached(model, induction))
}

/// The permutations of individuals within their domains: all, if there are at most 720 (those of six individuals),
/// otherwise only the identity.
fn orders(domains: &[Domain]) -> BTreeSet<Vec<u16>> {
    let count = domains.iter().flat_map(|domain| 1..=u64::from(domain.size)).fold(1u64, u64::saturating_mul);
    let size = domains.iter().map(|domain| domain.size).sum();
    if count > 720 {
        return BTreeSet::from([(0..size).collect()]);
    }
    let mut orders = vec![Vec::new()];
    for domain in domains {
        for next in domain.first..domain.first + domain.size {
            let longer = orders.iter().flat_map(|order: &Vec<u16>| {
                (usize::from(domain.first)..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, next);
                    longer
                })
            });
            orders = longer.collect();
        }
    }
    orders.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::formula::PredicateId;
    use crate::clauses::clause::{Constant, Head, Literal, Relation, RelationId, Slot, Term};
    use crate::models::evaluate::refute;

    const INVERSE: RelationId = RelationId(1);
    const TIMES: RelationId = RelationId(2);

    fn relation(predicate: PredicateId, arity: u16, function: bool) -> Relation {
        let slots = (0..arity).map(Slot::Argument).collect();
        Relation { predicate, inner: None, slots, arity: arity.into(), sorts: vec![Sort::BASE; arity.into()], function }
    }

    fn problem<'a>(signature: &'a Signature, axioms: &'a [Clause]) -> Problem<'a> {
        Problem { signature, axioms, generated: &[], merged: true }
    }

    fn groups() -> Signature {
        Signature {
            relations: vec![
                relation(PredicateId::EQUAL, 2, false),
                relation(PredicateId::IN2, 2, true),
                relation(PredicateId::IN3, 3, true),
            ],
            constants: vec![Constant { parameter: 1, name: "e".into(), sort: Sort::BASE }],
        }
    }

    fn literal(relation: RelationId, arguments: &[Term]) -> Literal {
        Literal { positive: true, relation, arguments: arguments.to_vec() }
    }

    fn clause(variables: u16, premises: Vec<Literal>, head: Literal) -> Clause {
        Clause { variables, premises, head: Head::Literal(head) }
    }

    const E: Term = Term::Constant(0);

    fn v(number: u16) -> Term {
        Term::Variable(number)
    }

    /// Associativity, left identity, left inverse.
    fn group_axioms() -> Vec<Clause> {
        vec![
            clause(
                6,
                vec![
                    literal(TIMES, &[v(0), v(1), v(3)]),
                    literal(TIMES, &[v(3), v(2), v(4)]),
                    literal(TIMES, &[v(1), v(2), v(5)]),
                ],
                literal(TIMES, &[v(0), v(5), v(4)]),
            ),
            clause(1, Vec::new(), literal(TIMES, &[E, v(0), v(0)])),
            clause(2, vec![literal(INVERSE, &[v(0), v(1)])], literal(TIMES, &[v(1), v(0), E])),
        ]
    }

    fn commutativity() -> Clause {
        clause(3, vec![literal(TIMES, &[v(0), v(1), v(2)])], literal(TIMES, &[v(1), v(0), v(2)]))
    }

    #[test]
    fn the_groups_of_each_small_order_are_found_once() {
        let limits = SearchLimits { per_size: 5, ..SearchLimits::default() };
        let found = find_models(&problem(&groups(), &group_axioms()), &limits);
        assert_eq!(found.stopped, None);
        let count = |size| found.models.iter().filter(|model| model.size == size).count();
        assert_eq!([1, 2, 3, 4, 5, 6].map(count), [1, 1, 1, 2, 1, 2]);
        let different = found.models.iter().filter(|model| refute(model, &commutativity()).is_some());
        assert_eq!(different.map(|model| model.size).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn right_identity_holds_in_every_group_found() {
        let right = clause(2, vec![literal(TIMES, &[v(0), E, v(1)])], literal(RelationId::EQUAL, &[v(0), v(1)]));
        let limits = SearchLimits { largest: 5, ..SearchLimits::default() };
        assert_eq!(counter_model(&problem(&groups(), &group_axioms()), &right, &limits), Ok(None));
    }

    #[test]
    fn commutativity_fails_in_a_group_of_order_six() {
        let found = counter_model(&problem(&groups(), &group_axioms()), &commutativity(), &SearchLimits::default());
        let (model, values) = found.unwrap().unwrap();
        assert_eq!(model.size, 6);
        assert!(reference::premises_hold(&model, &commutativity(), &values));
        assert!(reference::head_fails(&model, &commutativity(), &values));
    }

    #[test]
    fn contradictory_axioms_have_no_model() {
        let mut axioms = group_axioms();
        axioms.push(Clause { variables: 1, premises: vec![literal(TIMES, &[v(0), v(0), v(0)])], head: Head::False });
        assert_eq!(
            find_models(&problem(&groups(), &axioms), &SearchLimits::default()),
            Found { models: vec![], stopped: None }
        );
    }

    /// A strict order; if `dense`, with an individual below every other.
    fn order_axioms() -> (Signature, Vec<Clause>) {
        let less = RelationId(1);
        let signature = Signature {
            relations: vec![relation(PredicateId::EQUAL, 2, false), relation(PredicateId::IN2, 2, false)],
            constants: Vec::new(),
        };
        let axioms = vec![
            Clause { variables: 1, premises: vec![literal(less, &[v(0), v(0)])], head: Head::False },
            clause(3, vec![literal(less, &[v(0), v(1)]), literal(less, &[v(1), v(2)])], literal(less, &[v(0), v(2)])),
        ];
        (signature, axioms)
    }

    #[test]
    fn the_strict_orders_of_each_size_are_counted() {
        let (signature, axioms) = order_axioms();
        let limits = SearchLimits { largest: 4, per_size: 100, ..SearchLimits::default() };
        let found = find_models(&problem(&signature, &axioms), &limits);
        let count = |size| found.models.iter().filter(|model| model.size == size).count();
        // The number of partial orders up to isomorphism.
        assert_eq!([1, 2, 3, 4].map(count), [1, 2, 5, 16]);
    }

    #[test]
    fn an_order_without_end_has_no_finite_model() {
        let (signature, mut axioms) = order_axioms();
        let larger = Head::Exists(1, vec![literal(RelationId(1), &[v(0), v(1)])]);
        axioms.push(Clause { variables: 1, premises: Vec::new(), head: larger.clone() });
        let limits = SearchLimits { largest: 5, ..SearchLimits::default() };
        assert!(find_models(&problem(&signature, &axioms), &limits).models.is_empty());
        axioms.pop();
        let goal = Clause { variables: 1, premises: Vec::new(), head: larger };
        let (model, values) = counter_model(&problem(&signature, &axioms), &goal, &limits).unwrap().unwrap();
        assert_eq!((model.size, values), (1, vec![0]));
    }

    #[test]
    fn clauses_with_too_many_instances_are_refused_with_a_reason() {
        let limits = SearchLimits { clauses: 20_000, ..SearchLimits::default() };
        let found = find_models(&problem(&groups(), &group_axioms()), &limits);
        assert_eq!(found.models.last().map(|model| model.size), Some(5));
        let stop = found.stopped.unwrap();
        assert_eq!(stop.size, 6);
        assert!(stop.to_string().starts_with("no answer for 6 individuals: the axioms need at least"), "{stop}");
    }

    #[test]
    fn a_search_out_of_conflicts_says_so() {
        let limits = SearchLimits { conflicts: 1, ..SearchLimits::default() };
        let found = counter_model(&problem(&groups(), &group_axioms()), &commutativity(), &limits);
        assert!(matches!(found, Err(Stop { reason: Reason::OutOfConflicts(1), .. })), "{found:?}");
    }
}
