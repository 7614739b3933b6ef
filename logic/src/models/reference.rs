//! What it means that a model refutes a clause, said as plainly as possible. Slow on purpose: the
//! compiled [`evaluate`](super::evaluate) must agree with it, and found models are checked by it.

use super::model::{Model, Table, Truth, UNKNOWN};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};

/// What the model knows of a literal, its variables standing for the individuals of `assignment`.
///
/// `f(x) = z` is true if `z` is the known value, false if another value is known, else unknown. An
/// unknown argument makes every literal unknown.
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
            Table::Relation(truths) => truths[model.place(&tuple)],
            Table::Function(values) => {
                let (output, inputs) = tuple.split_last().expect("a function has an output");
                match values[model.place(inputs)] {
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

/// Whether the head is known to fail: its literal is false, or the model is total and has no
/// witness for its existence.
#[must_use]
pub fn head_fails(model: &Model, clause: &Clause, assignment: &[u16]) -> bool {
    match &clause.head {
        Head::False => true,
        Head::Literal(literal) => truth(model, literal, assignment) == Truth::False,
        Head::Exists(count, literals) => {
            model.is_total()
                && !assignments(model.size, *count).any(|witness| {
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

/// The smallest counterexample, in the order of [`evaluate::refute`](super::evaluate::refute), found
/// by looking at every assignment of every variable.
#[must_use]
pub fn refute(model: &Model, clause: &Clause) -> Option<Vec<u16>> {
    let inputs = super::evaluate::inputs(model, clause);
    assignments(model.size, clause.variables)
        .filter(|values| premises_hold(model, clause, values) && head_fails(model, clause, values))
        .min_by_key(|values| {
            let chosen: Vec<u16> = inputs.iter().map(|input| values[*input as usize]).collect();
            (chosen.iter().copied().max(), chosen)
        })
}

/// Whether some assignment makes all premises hold.
#[must_use]
pub fn satisfiable_premises(model: &Model, clause: &Clause) -> bool {
    assignments(model.size, clause.variables).any(|values| premises_hold(model, clause, &values))
}

/// Whether `values` are a counterexample in a structure where a function without known value has no
/// value: the premises hold and the head does not.
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
            Head::Exists(count, literals) => !assignments(model.size, *count).any(|witness| {
                let extended: Vec<u16> = values.iter().chain(&witness).copied().collect();
                literals.iter().all(|literal| holds(literal, &extended))
            }),
        }
}

/// Whether the clause holds in such a structure.
#[must_use]
pub fn satisfies(model: &Model, clause: &Clause) -> bool {
    assignments(model.size, clause.variables).all(|values| !fails(model, clause, &values))
}

/// All tuples of `length` individuals below `size`, first place slowest.
pub(crate) fn assignments(size: u16, length: u16) -> impl Iterator<Item = Vec<u16>> {
    let mut next = (size > 0 || length == 0).then(|| vec![0; length as usize]);
    std::iter::from_fn(move || {
        let current = next.take()?;
        let mut following = current.clone();
        for place in (0..following.len()).rev() {
            following[place] += 1;
            if following[place] < size {
                next = Some(following);
                break;
            }
            following[place] = 0;
        }
        Some(current)
    })
}
