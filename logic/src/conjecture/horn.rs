//! Horn clauses over relations that are not functions: symmetry, transitivity, antisymmetry, and how operations act on
//! relations.
//!
//! At most three atoms, of which one may be a function's row.

use super::conditional::{each_tuple, variables};
use super::limits::Limits;
use super::pattern::{Take, each_pattern, is_first_order, is_well_sorted, places};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// The relations allowed in conjectures, including functions.
pub(super) fn relations(signature: &Signature, limits: &Limits) -> Vec<RelationId> {
    let all = (1..signature.relations.len() as u16).map(RelationId);
    let plain = |id: &RelationId| signature.relations[id.index()].inner.is_none();
    all.filter(|id| plain(id) && limits.offers(*id) && is_first_order(signature, *id)).collect()
}

/// Passes every candidate about these relations to `take`; copies up to renaming occur where a relation occurs twice.
pub(super) fn candidates(signature: &Signature, limits: &Limits, about: &[RelationId], take: &mut Take<'_>) {
    let (functions, relations): (Vec<RelationId>, Vec<_>) =
        about.iter().partition(|id| signature.relations[id.index()].function);
    let heads: Vec<RelationId> =
        std::iter::once(RelationId::EQUAL).chain(relations.iter().copied()).chain(functions.iter().copied()).collect();
    let is_function = |id: &RelationId| signature.relations[id.index()].function;
    for (place, first) in relations.iter().enumerate() {
        for head in &heads {
            if !offer(signature, limits, &[*first], *head, take) {
                return;
            }
            for second in relations[place..].iter().chain(&functions) {
                let both = is_function(head) && is_function(second);
                if !both && !offer(signature, limits, &[*first, *second], *head, take) {
                    return;
                }
            }
        }
    }
    for function in &functions {
        for head in &relations {
            if !offer(signature, limits, &[*function], *head, take) {
                return;
            }
        }
    }
}

/// False if `take` stopped.
fn offer(
    signature: &Signature,
    limits: &Limits,
    premises: &[RelationId],
    head: RelationId,
    take: &mut Take<'_>,
) -> bool {
    let atoms = premises.len() + 1;
    if !limits.may_grow(premises.iter().copied().chain([head]), atoms) {
        return true;
    }
    let arity = |relation: RelationId| signature.relations[relation.index()].arity;
    let with_constants = atoms <= limits.atoms_with_constant;
    let constants = if with_constants { signature.constants.len() as u16 } else { 0 };
    let places = places(signature, premises);
    each_pattern(signature, &places, limits.variables + 1, with_constants, &mut |pattern| {
        let mut rest = pattern;
        let premises: Vec<Literal> = premises
            .iter()
            .map(|relation| {
                let (arguments, after) = rest.split_at(arity(*relation));
                rest = after;
                Literal { positive: true, relation: *relation, arguments: arguments.to_vec() }
            })
            .collect();
        if !connected(&premises) || premises.windows(2).any(|two| two[0] == two[1]) {
            return true;
        }
        let variables = variables(pattern);
        let leaves: Vec<Term> = (0..variables).map(Term::Variable).chain((0..constants).map(Term::Constant)).collect();
        each_tuple(&leaves, arity(head), &mut |arguments| {
            let literal = Literal { positive: true, relation: head, arguments: arguments.to_vec() };
            let trivial = head == RelationId::EQUAL && literal.arguments[0] >= literal.arguments[1];
            if trivial || premises.contains(&literal) {
                return true;
            }
            let clause = Clause { variables, premises: premises.clone(), head: Head::Literal(literal) };
            !is_well_sorted(signature, &clause) || take(clause)
        })
    })
}

/// Whether two premises share a variable.
fn connected(premises: &[Literal]) -> bool {
    premises.windows(2).all(|two| {
        two[0].arguments.iter().any(|term| matches!(term, Term::Variable(_)) && two[1].arguments.contains(term))
    })
}
