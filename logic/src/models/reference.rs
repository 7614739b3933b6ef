//! The definition of refutation by a model, in its simplest form and slow. The compiled [`evaluate`](super::evaluate)
//! must agree with it, and it checks the models that are found.

use std::ops::Range;

use super::model::{Domain, Model, Table, Truth, UNKNOWN};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{ConstructorInstance, InductionInstance};

/// The truth value of a literal in the model, under `assignment`.
///
/// `f(x) = z` is true if `z` is the known value, false if another value is known, unknown otherwise. An unknown
/// argument makes every literal unknown.
#[must_use]
pub fn truth(model: &Model, literal: &Literal, assignment: &[u16]) -> Truth {
    let tuple: Vec<u16> = literal
        .arguments
        .iter()
        .map(|argument| match argument {
            Term::Constant(constant) => model.constants[*constant as usize],
            Term::Variable(variable) => assignment[*variable as usize],
        })
        .collect();
    if tuple.contains(&UNKNOWN) {
        return Truth::Unknown;
    }
    let atom = if literal.relation == RelationId::EQUAL {
        known(tuple[0] == tuple[1])
    } else {
        match &model.tables[literal.relation.index()] {
            Table::Unknown => return Truth::Unknown,
            Table::Relation(truths) => truths[model.place(literal.relation, &tuple)],
            Table::Function(values) => {
                let (output, inputs) = tuple.split_last().expect("a function has an output");
                match values[model.place(literal.relation, inputs)] {
                    UNKNOWN => Truth::Unknown,
                    value => known(value == *output),
                }
            }
        }
    };
    match (atom, literal.positive) {
        (Truth::Unknown, _) => Truth::Unknown,
        (atom, true) => atom,
        (atom, false) => known(atom == Truth::False),
    }
}

fn known(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

/// Whether the head is known to fail: its literal is false, or the model is total and has no witness.
#[must_use]
pub fn head_fails(model: &Model, clause: &Clause, assignment: &[u16]) -> bool {
    match &clause.head {
        Head::False => true,
        Head::Literal(literal) => truth(model, literal, assignment) == Truth::False,
        Head::Exists(_, literals) => {
            model.is_total()
                && !witnesses(model, clause).any(|witness| {
                    let extended: Vec<u16> = assignment.iter().chain(&witness).copied().collect();
                    literals.iter().all(|literal| truth(model, literal, &extended) == Truth::True)
                })
        }
    }
}

/// Whether all premises are known to hold.
#[must_use]
pub fn premises_hold(model: &Model, clause: &Clause, assignment: &[u16]) -> bool {
    clause.premises.iter().all(|premise| truth(model, premise, assignment) == Truth::True)
}

/// The first counterexample, in the order of [`evaluate::refute`](super::evaluate::refute), found by trying every
/// assignment of every variable.
#[must_use]
pub fn refute(model: &Model, clause: &Clause) -> Option<Vec<u16>> {
    let inputs = super::evaluate::inputs(model, clause);
    let domains = model.domains_of(clause);
    values(model, clause)
        .filter(|values| premises_hold(model, clause, values) && head_fails(model, clause, values))
        .min_by_key(|values| {
            let within = |input: &u16| values[*input as usize] - domains[*input as usize].first;
            let chosen: Vec<u16> = inputs.iter().map(within).collect();
            (chosen.iter().copied().max(), chosen)
        })
}

/// Whether some assignment satisfies all premises.
#[must_use]
pub fn satisfiable_premises(model: &Model, clause: &Clause) -> bool {
    values(model, clause).any(|values| premises_hold(model, clause, &values))
}

/// Whether `values` are a counterexample if functions without a known value count as undefined: the premises hold and
/// the head does not.
#[must_use]
pub fn fails(model: &Model, clause: &Clause, values: &[u16]) -> bool {
    let holds = |literal: &Literal, values: &[u16]| {
        let atom = Literal { positive: true, ..literal.clone() };
        (truth(model, &atom, values) == Truth::True) == literal.positive
    };
    clause.premises.iter().all(|premise| holds(premise, values))
        && match &clause.head {
            Head::False => true,
            Head::Literal(literal) => !holds(literal, values),
            Head::Exists(_, literals) => !witnesses(model, clause).any(|witness| {
                let extended: Vec<u16> = values.iter().chain(&witness).copied().collect();
                literals.iter().all(|literal| holds(literal, &extended))
            }),
        }
}

/// Whether the clause holds if functions without a known value count as undefined.
#[must_use]
pub fn satisfies(model: &Model, clause: &Clause) -> bool {
    values(model, clause).all(|values| !fails(model, clause, &values))
}

/// Whether every element of a generated set is reached: computes the set of reached elements as a fixpoint.
#[must_use]
pub fn is_reached(model: &Model, induction: &InductionInstance) -> bool {
    let mut reached = vec![false; usize::from(model.size)];
    loop {
        let before = reached.clone();
        for constructor in &induction.constructors {
            match constructor {
                ConstructorInstance::Constant(constant) => {
                    reached[usize::from(model.constants[usize::from(*constant)])] = true;
                }
                ConstructorInstance::Function(relation, inputs) => {
                    let arguments = (0..=inputs.len() as u16).map(Term::Variable).collect();
                    let row = Literal { positive: true, relation: *relation, arguments };
                    let clause = Clause { variables: inputs.len() as u16 + 1, premises: vec![row], head: Head::False };
                    for values in values(model, &clause).filter(|values| premises_hold(model, &clause, values)) {
                        let known = |(input, (_, recursive)): (&u16, &(RelationId, bool))| {
                            !recursive || before[usize::from(*input)]
                        };
                        if values.iter().zip(inputs).all(known) {
                            reached[usize::from(values[inputs.len()])] = true;
                        }
                    }
                }
            }
        }
        if reached == before {
            let member = Literal { positive: true, relation: induction.set, arguments: vec![Term::Variable(0)] };
            let members = Clause { variables: 1, premises: vec![member], head: Head::False };
            return values(model, &members)
                .filter(|values| premises_hold(model, &members, values))
                .all(|values| reached[usize::from(values[0])]);
        }
    }
}

/// The assignments for which all premises are known to hold, with [`inputs`](super::evaluate::inputs) among the first
/// `count` individuals of their domains; small individuals first.
#[must_use]
pub fn small_assignments(model: &Model, clause: &Clause, count: u16) -> Vec<Vec<u16>> {
    let domains = model.domains_of(clause);
    let inputs = super::evaluate::inputs(model, clause);
    let few = |input: &u16| {
        let domain = domains[usize::from(*input)];
        domain.first..domain.first + domain.size.min(count)
    };
    let ranges: Vec<Range<u16>> = inputs.iter().map(few).collect();
    let mut found: Vec<(u16, Vec<u16>)> = Vec::new();
    for chosen in assignments(&ranges).take(1 << 16) {
        let mut values = vec![UNKNOWN; usize::from(clause.variables)];
        inputs.iter().zip(&chosen).for_each(|(input, value)| values[usize::from(*input)] = *value);
        compute(model, clause, &mut values);
        if premises_hold(model, clause, &values) && !values.contains(&UNKNOWN) {
            let largest = chosen.iter().zip(&ranges).map(|(value, range)| value - range.start).max();
            found.push((largest.unwrap_or(0), values));
        }
    }
    found.sort_by_key(|(largest, _)| *largest);
    found.into_iter().map(|(_, values)| values).collect()
}

/// Computes the variables that function rows among the premises determine, until nothing changes.
fn compute(model: &Model, clause: &Clause, values: &mut [u16]) {
    let mut before = None;
    while before != Some(values.iter().filter(|value| **value == UNKNOWN).count()) {
        before = Some(values.iter().filter(|value| **value == UNKNOWN).count());
        for premise in clause.premises.iter().filter(|premise| premise.positive) {
            let Table::Function(_) = &model.tables[premise.relation.index()] else { continue };
            let Some((Term::Variable(output), inputs)) = premise.arguments.split_last() else { continue };
            let value = |term: &Term| match term {
                Term::Constant(constant) => model.constants[usize::from(*constant)],
                Term::Variable(variable) => values[usize::from(*variable)],
            };
            let inputs: Vec<u16> = inputs.iter().map(value).collect();
            if values[usize::from(*output)] == UNKNOWN && !inputs.contains(&UNKNOWN) {
                values[usize::from(*output)] = super::evaluate::function_value(model, premise.relation, &inputs);
            }
        }
    }
}

/// All assignments of the clause's variables.
fn values(model: &Model, clause: &Clause) -> impl Iterator<Item = Vec<u16>> {
    assignments(&ranges(&model.domains_of(clause)[..usize::from(clause.variables)]))
}

/// All assignments of the witnesses of the clause's head.
fn witnesses(model: &Model, clause: &Clause) -> impl Iterator<Item = Vec<u16>> {
    assignments(&ranges(&model.domains_of(clause)[usize::from(clause.variables)..]))
}

pub(crate) fn ranges(domains: &[&Domain]) -> Vec<Range<u16>> {
    domains.iter().map(|domain| domain.first..domain.first + domain.size).collect()
}

/// All tuples of individuals from these ranges, first position slowest.
pub(crate) fn assignments(ranges: &[Range<u16>]) -> impl Iterator<Item = Vec<u16>> + use<> {
    let ranges = ranges.to_vec();
    let mut next =
        ranges.iter().all(|range| !range.is_empty()).then(|| ranges.iter().map(|range| range.start).collect());
    std::iter::from_fn(move || {
        let current: Vec<u16> = next.take()?;
        let mut following = current.clone();
        for place in (0..following.len()).rev() {
            following[place] += 1;
            if following[place] < ranges[place].end {
                next = Some(following);
                break;
            }
            following[place] = ranges[place].start;
        }
        Some(current)
    })
}
