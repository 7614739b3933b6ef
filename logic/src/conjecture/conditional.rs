//! Conditional conjectures about functions: what an equation between small terms, or a known value, implies for the
//! inputs.
//!
//! Three shapes, all flat: two rows with the same output imply an equation between leaves (injectivity, cancellation);
//! one row whose output is a leaf implies such an equation (`a + b = 0 → a = 0`, uniqueness of the identity); one row
//! whose output is a leaf implies another such row (`a + b = 1 → b + a = 1`, uniqueness of inverses,
//! `a ∧ b = a → a ∨ b = b`).

use super::limits::Limits;
use super::pattern::{Take, each_pattern, is_first_order, is_well_sorted};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// Passes every candidate to `take`; copies up to renaming occur where both premises have the same function.
///
/// `holds` returns whether no model refutes a clause. Where a row determines one of its inputs, as `a + b = 0` does,
/// further rows are mere computation with that value and are not proposed.
pub(super) fn candidates(signature: &Signature, limits: &Limits, holds: &dyn Fn(&Clause) -> bool, take: &mut Take<'_>) {
    let offered: Vec<RelationId> = (0..signature.relations.len() as u16)
        .map(RelationId)
        .filter(|id| signature.relations[id.index()].function && limits.offers(*id) && is_first_order(signature, *id))
        .collect();
    let places = |function: RelationId| {
        let sorts = &signature.relations[function.index()].sorts;
        sorts[..sorts.len() - 1].iter().collect::<Vec<_>>()
    };
    let with_constants = |atoms: usize| atoms <= limits.atoms_with_constant;
    let constants = |atoms: usize| if with_constants(atoms) { signature.constants.len() as u16 } else { 0 };
    let mut take = |clause: Clause| !is_well_sorted(signature, &clause) || take(clause);
    for (place, first) in offered.iter().enumerate() {
        let inputs = places(*first);
        let go_on = each_pattern(signature, &inputs, limits.variables, with_constants(2), &mut |leaves| {
            one_row(signature, limits, &offered, *first, leaves, holds, &mut take)
        });
        if !go_on {
            return;
        }
        for second in &offered[place..] {
            if !limits.may_grow([*first, *second, RelationId::EQUAL].into_iter(), 3) {
                continue;
            }
            let both: Vec<_> = inputs.iter().copied().chain(places(*second)).collect();
            let count = inputs.len();
            let go_on = each_pattern(signature, &both, limits.variables, with_constants(3), &mut |leaves| {
                if first == second && leaves[..count] >= leaves[count..] {
                    return true;
                }
                let variables = variables(leaves);
                let premises =
                    vec![row(*first, &leaves[..count], variables), row(*second, &leaves[count..], variables)];
                leaf_equations(variables, constants(3))
                    .into_iter()
                    .all(|head| take(Clause { variables: variables + 1, premises: premises.clone(), head }))
            });
            if !go_on {
                return;
            }
        }
    }
}

/// Conclusions from one row whose output is a leaf; false if `take` stopped.
fn one_row(
    signature: &Signature,
    limits: &Limits,
    offered: &[RelationId],
    function: RelationId,
    leaves: &[Term],
    holds: &dyn Fn(&Clause) -> bool,
    take: &mut Take<'_>,
) -> bool {
    let constants = if limits.atoms_with_constant >= 2 { signature.constants.len() as u16 } else { 0 };
    let variables = variables(leaves);
    let values: Vec<Term> = (0..variables).map(Term::Variable).chain((0..constants).map(Term::Constant)).collect();
    for value in &values {
        let premise = literal(function, leaves, *value);
        let conclusion = |head: Head| Clause { variables, premises: vec![premise.clone()], head };
        let equations: Vec<Clause> = leaf_equations(variables, constants)
            .into_iter()
            .map(conclusion)
            .filter(|clause| is_well_sorted(signature, clause))
            .collect();
        let fixed = equations.iter().any(holds);
        if limits.may_grow([function, RelationId::EQUAL].into_iter(), 2) && !equations.into_iter().all(&mut *take) {
            return false;
        }
        for other in offered {
            if !limits.may_grow([function, *other].into_iter(), 2) {
                continue;
            }
            let count = signature.relations[other.index()].arity - 1;
            let go_on = each_tuple(&values, count, &mut |inputs| {
                for output in &values {
                    let permuted = output == value && other == &function && sorted(inputs) == sorted(leaves);
                    let whole = !fixed
                        && matches!(output, Term::Variable(_))
                        && inputs.iter().all(|input| matches!(input, Term::Variable(_)))
                        && (0..variables).map(Term::Variable).all(|one| one == *output || inputs.contains(&one));
                    let own = inputs == leaves && other == &function;
                    if (permuted || whole) && !own && !take(conclusion(Head::Literal(literal(*other, inputs, *output))))
                    {
                        return false;
                    }
                }
                true
            });
            if !go_on {
                return false;
            }
        }
    }
    true
}

fn sorted(terms: &[Term]) -> Vec<Term> {
    let mut terms = terms.to_vec();
    terms.sort();
    terms
}

fn literal(relation: RelationId, inputs: &[Term], output: Term) -> Literal {
    Literal { positive: true, relation, arguments: inputs.iter().copied().chain([output]).collect() }
}

fn row(function: RelationId, inputs: &[Term], output: u16) -> Literal {
    literal(function, inputs, Term::Variable(output))
}

/// `x = y` for all pairs of variables, and `x = c` for all constants.
fn leaf_equations(variables: u16, constants: u16) -> Vec<Head> {
    let equal = |left, right| {
        Head::Literal(Literal {
            positive: true,
            relation: RelationId::EQUAL,
            arguments: vec![left, Term::Variable(right)],
        })
    };
    (0..variables)
        .flat_map(|right| {
            let others = (0..right).map(Term::Variable).chain((0..constants).map(Term::Constant));
            others.map(move |left| equal(left, right))
        })
        .collect()
}

/// The number of variables, which are numbered consecutively.
pub(super) fn variables(terms: &[Term]) -> u16 {
    terms.iter().map(|term| if let Term::Variable(variable) = term { variable + 1 } else { 0 }).max().unwrap_or(0)
}

/// Calls `visit` with all tuples of this length, last position fastest, until it returns false; false if it did.
pub(super) fn each_tuple(values: &[Term], length: usize, visit: &mut dyn FnMut(&[Term]) -> bool) -> bool {
    fn extend(values: &[Term], length: usize, chosen: &mut Vec<Term>, visit: &mut dyn FnMut(&[Term]) -> bool) -> bool {
        if chosen.len() == length {
            return visit(chosen);
        }
        values.iter().all(|value| {
            chosen.push(*value);
            let go_on = extend(values, length, chosen, visit);
            chosen.pop();
            go_on
        })
    }
    extend(values, length, &mut Vec::new(), visit)
}
