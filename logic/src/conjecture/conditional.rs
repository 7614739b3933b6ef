//! Conditional conjectures about functions: what an equation between small terms, or a known value,
//! says about its inputs.
//!
//! Three shapes, all flat: two rows with one output conclude an equation between leaves (injectivity,
//! cancellation); one row with a leaf for output does so too (`a + b = 0 → a = 0`, uniqueness of the
//! identity); one row with a leaf for output concludes another such row (`a + b = 1 → b + a = 1`,
//! uniqueness of inverses, `a ∧ b = a → a ∨ b = b`).

use super::limits::Limits;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// Every candidate; copies up to renaming are possible where both premises have one function.
///
/// `holds` says whether no model refutes a clause. Where a row fixes one of its inputs, as `a + b = 0`
/// does, other rows are mere calculation with that value and are not proposed.
pub(super) fn candidates(signature: &Signature, limits: &Limits, holds: &dyn Fn(&Clause) -> bool) -> Vec<Clause> {
    let offered: Vec<RelationId> = (0..signature.relations.len() as u16)
        .map(RelationId)
        .filter(|id| signature.relations[id.index()].function && limits.offers(*id))
        .collect();
    let inputs = |function: RelationId| signature.relations[function.index()].arity - 1;
    let constants =
        |atoms: usize| if atoms <= limits.atoms_with_constant { signature.constants.len() as u16 } else { 0 };
    let mut found = Vec::new();
    for (place, first) in offered.iter().enumerate() {
        let count = inputs(*first);
        for leaves in patterns(count, limits.variables, constants(2)) {
            one_row(signature, limits, &offered, *first, &leaves, holds, &mut found);
        }
        for second in &offered[place..] {
            if !limits.may_grow([*first, *second, RelationId::EQUAL].into_iter(), 3) {
                continue;
            }
            for leaves in patterns(count + inputs(*second), limits.variables, constants(3)) {
                if first == second && leaves[..count] >= leaves[count..] {
                    continue;
                }
                let variables = variables(&leaves);
                let premises =
                    vec![row(*first, &leaves[..count], variables), row(*second, &leaves[count..], variables)];
                for head in leaf_equations(variables, constants(3)) {
                    found.push(Clause { variables: variables + 1, premises: premises.clone(), head });
                }
            }
        }
    }
    found
}

/// Conclusions from one row whose output is a leaf.
fn one_row(
    signature: &Signature,
    limits: &Limits,
    offered: &[RelationId],
    function: RelationId,
    leaves: &[Term],
    holds: &dyn Fn(&Clause) -> bool,
    found: &mut Vec<Clause>,
) {
    let constants = if limits.atoms_with_constant >= 2 { signature.constants.len() as u16 } else { 0 };
    let variables = variables(leaves);
    let values: Vec<Term> = (0..variables).map(Term::Variable).chain((0..constants).map(Term::Constant)).collect();
    for value in &values {
        let premise = literal(function, leaves, *value);
        let conclusion = |head: Head| Clause { variables, premises: vec![premise.clone()], head };
        let equations: Vec<Clause> = leaf_equations(variables, constants).into_iter().map(conclusion).collect();
        let fixed = equations.iter().any(holds);
        if limits.may_grow([function, RelationId::EQUAL].into_iter(), 2) {
            found.extend(equations);
        }
        for other in offered {
            if !limits.may_grow([function, *other].into_iter(), 2) {
                continue;
            }
            let count = signature.relations[other.index()].arity - 1;
            for inputs in tuples(&values, count) {
                for output in &values {
                    let permuted = output == value && other == &function && sorted(&inputs) == sorted(leaves);
                    let whole = !fixed
                        && matches!(output, Term::Variable(_))
                        && inputs.iter().all(|input| matches!(input, Term::Variable(_)))
                        && (0..variables).map(Term::Variable).all(|one| one == *output || inputs.contains(&one));
                    if (permuted || whole) && (inputs != leaves || other != &function) {
                        found.push(conclusion(Head::Literal(literal(*other, &inputs, *output))));
                    }
                }
            }
        }
    }
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

/// The number of variables, which are numbered without gaps.
pub(super) fn variables(terms: &[Term]) -> u16 {
    terms.iter().map(|term| if let Term::Variable(variable) = term { variable + 1 } else { 0 }).max().unwrap_or(0)
}

/// All sequences of so many leaves in which variables are numbered by first occurrence.
pub(super) fn patterns(length: usize, variables: usize, constants: u16) -> Vec<Vec<Term>> {
    let mut patterns: Vec<Vec<Term>> = vec![Vec::new()];
    for _ in 0..length {
        patterns = patterns
            .into_iter()
            .flat_map(|pattern| {
                let next = self::variables(&pattern);
                let last = (next + 1).min(variables as u16);
                let leaves = (0..last).map(Term::Variable).chain((0..constants).map(Term::Constant));
                leaves.map(move |leaf| pattern.iter().copied().chain([leaf]).collect()).collect::<Vec<_>>()
            })
            .collect();
    }
    patterns
}

fn tuples(values: &[Term], length: usize) -> Vec<Vec<Term>> {
    (0..length).fold(vec![Vec::new()], |tuples: Vec<Vec<Term>>, _| {
        let longer = tuples.iter().flat_map(|tuple| {
            values.iter().map(move |value| tuple.iter().copied().chain([*value]).collect::<Vec<Term>>())
        });
        longer.collect()
    })
}
