//! Horn clauses over relations that are no functions: symmetry, transitivity, antisymmetry, what an
//! operation does to a relation.
//!
//! At most three atoms, of which one may be a function's row; and monotony, `x R y` concludes
//! `f(x) R f(y)`, with its four.

use super::conditional::{patterns, variables};
use super::limits::Limits;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// Every candidate; copies up to renaming are possible where a relation occurs twice.
pub(super) fn candidates(signature: &Signature, limits: &Limits) -> Vec<Clause> {
    let all = (1..signature.relations.len() as u16).map(RelationId).filter(|id| limits.offers(*id));
    let (functions, relations): (Vec<_>, Vec<_>) = all.partition(|id| signature.relations[id.index()].function);
    let mut found = Vec::new();
    let heads: Vec<RelationId> =
        std::iter::once(RelationId::EQUAL).chain(relations.iter().copied()).chain(functions.iter().copied()).collect();
    let is_function = |id: &RelationId| signature.relations[id.index()].function;
    for (place, first) in relations.iter().enumerate() {
        for head in &heads {
            offer(signature, limits, &[*first], *head, &mut found);
            for second in relations[place..].iter().chain(&functions) {
                if !(is_function(head) && is_function(second)) {
                    offer(signature, limits, &[*first, *second], *head, &mut found);
                }
            }
        }
    }
    for function in &functions {
        for head in &relations {
            offer(signature, limits, &[*function], *head, &mut found);
        }
        for relation in &relations {
            monotony(signature, limits, *function, *relation, &mut found);
        }
    }
    found
}

fn offer(signature: &Signature, limits: &Limits, premises: &[RelationId], head: RelationId, found: &mut Vec<Clause>) {
    let atoms = premises.len() + 1;
    if !limits.may_grow(premises.iter().copied().chain([head]), atoms) {
        return;
    }
    let arity = |relation: RelationId| signature.relations[relation.index()].arity;
    let constants = if atoms <= limits.atoms_with_constant { signature.constants.len() as u16 } else { 0 };
    let length = premises.iter().map(|premise| arity(*premise)).sum();
    for pattern in patterns(length, limits.variables + 1, constants) {
        let mut rest = &pattern[..];
        let premises: Vec<Literal> = premises
            .iter()
            .map(|relation| {
                let (arguments, after) = rest.split_at(arity(*relation));
                rest = after;
                Literal { positive: true, relation: *relation, arguments: arguments.to_vec() }
            })
            .collect();
        if !connected(&premises) || premises.windows(2).any(|two| two[0] == two[1]) {
            continue;
        }
        let variables = variables(&pattern);
        let leaves: Vec<Term> = (0..variables).map(Term::Variable).chain((0..constants).map(Term::Constant)).collect();
        let mut heads: Vec<Vec<Term>> = vec![Vec::new()];
        for _ in 0..arity(head) {
            heads = heads
                .iter()
                .flat_map(|start| leaves.iter().map(|leaf| start.iter().copied().chain([*leaf]).collect()))
                .collect();
        }
        for arguments in heads {
            let literal = Literal { positive: true, relation: head, arguments };
            let trivial = head == RelationId::EQUAL && literal.arguments[0] >= literal.arguments[1];
            if !trivial && !premises.contains(&literal) {
                found.push(Clause { variables, premises: premises.clone(), head: Head::Literal(literal) });
            }
        }
    }
}

/// Two premises must share a variable.
fn connected(premises: &[Literal]) -> bool {
    premises.windows(2).all(|two| {
        two[0].arguments.iter().any(|term| matches!(term, Term::Variable(_)) && two[1].arguments.contains(term))
    })
}

/// `x R y, f(…x…) = u, f(…y…) = v → u R v`, for each input of the function.
fn monotony(
    signature: &Signature,
    limits: &Limits,
    function: RelationId,
    relation: RelationId,
    found: &mut Vec<Clause>,
) {
    let binary = signature.relations[relation.index()].arity == 2;
    if !binary || !limits.may_grow([relation, relation, function, function].into_iter(), 4) {
        return;
    }
    let inputs = signature.relations[function.index()].arity as u16 - 1;
    let (left, right) = (Term::Variable(inputs + 1), Term::Variable(inputs + 2));
    for place in 0..inputs {
        // Variable `inputs` takes the place of the input that changes.
        let row = |changed: u16, output| Literal {
            positive: true,
            relation: function,
            arguments: (0..inputs)
                .map(|input| Term::Variable(if input == place { changed } else { input }))
                .chain([output])
                .collect(),
        };
        let related = |from, to| Literal { positive: true, relation, arguments: vec![from, to] };
        for (from, to) in [(left, right), (right, left)] {
            found.push(Clause {
                variables: inputs + 3,
                premises: vec![
                    related(Term::Variable(place), Term::Variable(inputs)),
                    row(place, left),
                    row(inputs, right),
                ],
                head: Head::Literal(related(from, to)),
            });
        }
    }
}
