//! Finite models of axioms, and finite counterexamples to a goal: axioms and the denied goal are
//! grounded over 1, 2, 3, … individuals and given to a SAT solver.
//!
//! The search ends by counted conflicts and counted clauses, never by a clock, so it is the same on
//! every machine. What it returns has been checked by the naive evaluator.

use std::collections::BTreeSet;

use thiserror::Error;

use super::instances::{Answer, Carrier, Ground};
use super::limits::{Reason, SearchLimits};
use super::model::Model;
use super::reference;
use crate::clauses::clause::{Clause, Signature};

/// Where and why a search stopped; all smaller sizes were looked at completely.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("no answer for {size} individuals: {reason}")]
pub struct Stop {
    /// The size at which it stopped.
    pub size: u16,
    /// Why.
    pub reason: Reason,
}

/// What [`find_models`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Models of the axioms, small ones first. Up to six individuals no two are isomorphic; beyond,
    /// no two are equal.
    pub models: Vec<Model>,
    /// Why not all sizes were looked at, if so.
    pub stopped: Option<Stop>,
}

/// Looks for models of the axioms, which must be about individuals alone, with 1 up to [`SearchLimits::largest`]
/// individuals.
///
/// If one set occurs in the signature as domain (a relation `in` of one argument), or none, it is the
/// whole carrier and functions are total, unless there is no such model. If several do, they are unary
/// relations, and a function may be undefined where the axioms do not demand a value.
#[must_use]
pub fn find_models(signature: &Signature, axioms: &[Clause], limits: &SearchLimits) -> Found {
    find_models_while(signature, axioms, limits, &mut || true)
}

/// As [`find_models`], but asks `go_on` before each size and ends when that says stop.
#[must_use]
pub fn find_models_while(
    signature: &Signature,
    axioms: &[Clause],
    limits: &SearchLimits,
    go_on: &mut dyn FnMut() -> bool,
) -> Found {
    let mut found = Found { models: Vec::new(), stopped: None };
    for carrier in Carrier::of(signature) {
        for size in 1..=limits.largest {
            let outcome = if go_on() {
                models_of_size(signature, axioms, limits, (size, *carrier), &mut found.models)
            } else {
                Err(Reason::Told)
            };
            if let Err(reason) = outcome {
                found.stopped = Some(Stop { size, reason });
                break;
            }
        }
        if !found.models.is_empty() || found.stopped.is_some() {
            break;
        }
    }
    found
}

fn models_of_size(
    signature: &Signature,
    axioms: &[Clause],
    limits: &SearchLimits,
    (size, carrier): (u16, Carrier),
    models: &mut Vec<Model>,
) -> Result<(), Reason> {
    let mut ground = Ground::new(signature, size, 0, limits, carrier)?;
    for axiom in axioms {
        ground.require(axiom)?;
    }
    for _ in 0..limits.per_size {
        match ground.solve() {
            Answer::Impossible => return Ok(()),
            Answer::OutOfConflicts => return Err(Reason::OutOfConflicts(limits.conflicts)),
            Answer::Found(model, _) => {
                assert!(is_model(&model, axioms), "the naive evaluator refuses a model that the solver found");
                if models.iter().filter(|other| other.size == size).count() + 1 < limits.per_size {
                    for order in orders(size) {
                        ground.forbid(&model, &order)?;
                    }
                }
                models.push(model);
            }
        }
    }
    Ok(())
}

/// Looks for a finite model of the axioms in which `clause` fails, and for what values of its
/// variables. It may have no individuals at all. `Ok(None)` says that there is none up to
/// [`SearchLimits::largest`] individuals.
///
/// # Errors
/// If a size could not be decided within the limits.
pub fn counter_model(
    signature: &Signature,
    axioms: &[Clause],
    clause: &Clause,
    limits: &SearchLimits,
) -> Result<Option<(Model, Vec<u16>)>, Stop> {
    counter_model_while(signature, axioms, clause, limits, &mut || true)
}

/// As [`counter_model`], but asks `go_on` before each size.
///
/// # Errors
/// As [`counter_model`], and if `go_on` says stop.
pub fn counter_model_while(
    signature: &Signature,
    axioms: &[Clause],
    clause: &Clause,
    limits: &SearchLimits,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<(Model, Vec<u16>)>, Stop> {
    // Sorts may be empty where nothing says that they are not.
    let smallest =
        u16::from(clause.variables > 0 || signature.constants.iter().any(|constant| constant.sort.is_individual()));
    for carrier in Carrier::of(signature) {
        for size in smallest..=limits.largest {
            let outcome = if go_on() {
                counter_model_of_size(signature, axioms, clause, limits, (size, *carrier))
            } else {
                Err(Reason::Told)
            };
            match outcome {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(reason) => return Err(Stop { size, reason }),
            }
        }
    }
    Ok(None)
}

fn counter_model_of_size(
    signature: &Signature,
    axioms: &[Clause],
    clause: &Clause,
    limits: &SearchLimits,
    (size, carrier): (u16, Carrier),
) -> Result<Option<(Model, Vec<u16>)>, Reason> {
    let mut ground = Ground::new(signature, size, clause.variables, limits, carrier)?;
    ground.deny(clause)?;
    for axiom in axioms {
        ground.require(axiom)?;
    }
    match ground.solve() {
        Answer::Impossible => Ok(None),
        Answer::OutOfConflicts => Err(Reason::OutOfConflicts(limits.conflicts)),
        Answer::Found(model, values) => {
            assert!(
                is_model(&model, axioms) && reference::fails(&model, clause, &values),
                "the naive evaluator refuses a counterexample that the solver found"
            );
            Ok(Some((model, values)))
        }
    }
}

/// Whether every axiom holds; a function is taken to have no value where it is undefined.
#[must_use]
pub fn is_model(model: &Model, axioms: &[Clause]) -> bool {
    axioms.iter().all(|axiom| reference::satisfies(model, axiom))
}

/// The ways to rename so many individuals: all up to six, only the identity beyond.
fn orders(size: u16) -> BTreeSet<Vec<u16>> {
    if size > 6 {
        return BTreeSet::from([(0..size).collect()]);
    }
    let mut orders = vec![Vec::new()];
    for next in 0..size {
        let longer = orders.iter().flat_map(|order: &Vec<u16>| {
            (0..=order.len()).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, next);
                longer
            })
        });
        orders = longer.collect();
    }
    orders.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::formula::PredicateId;
    use crate::calculus::sort::Sort;
    use crate::clauses::clause::{Constant, Head, Literal, Relation, RelationId, Slot, Term};
    use crate::models::evaluate::refute;

    const INVERSE: RelationId = RelationId(1);
    const TIMES: RelationId = RelationId(2);

    fn relation(predicate: PredicateId, arity: u16, function: bool) -> Relation {
        let slots = (0..arity).map(Slot::Argument).collect();
        Relation { predicate, inner: None, slots, arity: arity.into(), sorts: vec![Sort::BASE; arity.into()], function }
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
        let found = find_models(&groups(), &group_axioms(), &limits);
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
        assert_eq!(counter_model(&groups(), &group_axioms(), &right, &limits), Ok(None));
    }

    #[test]
    fn commutativity_fails_in_a_group_of_order_six() {
        let found = counter_model(&groups(), &group_axioms(), &commutativity(), &SearchLimits::default());
        let (model, values) = found.unwrap().unwrap();
        assert_eq!(model.size, 6);
        assert!(reference::premises_hold(&model, &commutativity(), &values));
        assert!(reference::head_fails(&model, &commutativity(), &values));
    }

    #[test]
    fn contradictory_axioms_have_no_model() {
        let mut axioms = group_axioms();
        axioms.push(Clause { variables: 1, premises: vec![literal(TIMES, &[v(0), v(0), v(0)])], head: Head::False });
        assert_eq!(find_models(&groups(), &axioms, &SearchLimits::default()), Found { models: vec![], stopped: None });
    }

    /// A strict order, with an individual below every other where `dense` asks for one.
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
        let found = find_models(&signature, &axioms, &limits);
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
        assert!(find_models(&signature, &axioms, &limits).models.is_empty());
        axioms.pop();
        let goal = Clause { variables: 1, premises: Vec::new(), head: larger };
        let (model, values) = counter_model(&signature, &axioms, &goal, &limits).unwrap().unwrap();
        assert_eq!((model.size, values), (1, vec![0]));
    }

    #[test]
    fn clauses_with_too_many_instances_are_refused_with_a_reason() {
        let limits = SearchLimits { clauses: 20_000, ..SearchLimits::default() };
        let found = find_models(&groups(), &group_axioms(), &limits);
        assert_eq!(found.models.last().map(|model| model.size), Some(5));
        let stop = found.stopped.unwrap();
        assert_eq!(stop.size, 6);
        assert!(stop.to_string().starts_with("no answer for 6 individuals: the axioms need at least"), "{stop}");
    }

    #[test]
    fn a_search_out_of_conflicts_says_so() {
        let limits = SearchLimits { conflicts: 1, ..SearchLimits::default() };
        let found = counter_model(&groups(), &group_axioms(), &commutativity(), &limits);
        assert!(matches!(found, Err(Stop { reason: Reason::OutOfConflicts(1), .. })), "{found:?}");
    }
}
