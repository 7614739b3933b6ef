//! Statements about relations beyond Horn clauses: facts, negations, disjunctions, and how operations act on related
//! individuals.
//!
//! Facts and negations are about one relation, as `x ≤ x`, `¬ x < x` and `0 ≤ x`, or about two, as `x < y → ¬ y < x`.
//! Disjunctions have two alternatives, as `x ≤ y ∨ y ≤ x` or `x · y = 0 → x = 0 ∨ y = 0`, or three: trichotomy.
//! Operations may preserve a bound, as `z ≤ x, z ≤ y → z ≤ x ∧ y`, be monotone, or reflect a relation from values to
//! inputs. Each kind has few candidates.

use super::conditional::{each_tuple, variables};
use super::limits::{Limits, literals};
use super::pattern::{Take, each_pattern, is_well_sorted, places};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// Passes every candidate about these relations to `take`; copies up to renaming occur.
///
/// A variable whose domain no premise gives gets a premise of membership in one of `carriers`, the sets that hold all
/// individuals of their sorts.
pub(super) fn candidates(
    signature: &Signature,
    limits: &Limits,
    about: &[RelationId],
    carriers: &[RelationId],
    take: &mut Take<'_>,
) {
    let is_function = |id: &RelationId| signature.relations[id.index()].function;
    let (functions, relations): (Vec<RelationId>, Vec<RelationId>) = about.iter().copied().partition(is_function);
    if relations.is_empty() {
        return;
    }
    let mut family = Family { signature, limits, carriers, take, go_on: true };
    for relation in &relations {
        family.facts(*relation);
        for other in &relations {
            family.trichotomy(*relation, *other);
        }
        for function in &functions {
            family.bounds(*function, *relation);
            family.monotony(*function, *relation);
        }
    }
    let equal = [RelationId::EQUAL];
    let denied = || equal.iter().chain(&relations).copied();
    for first in relations.iter().chain(&functions).copied() {
        for second in denied() {
            family.denials(first, second);
            for third in denied().filter(|third| *third >= second) {
                family.alternatives(Some(first), second, third);
            }
        }
    }
    for third in relations.iter().chain(&functions).copied() {
        for second in denied().filter(|second| *second <= third) {
            if !is_function(&third) || second == RelationId::EQUAL {
                family.alternatives(None, second, third);
            }
        }
    }
}

/// The clause without premises that only state membership of a variable in a carrier.
pub(super) fn unguarded(clause: &Clause, carriers: &[RelationId]) -> Clause {
    let is_guard = |literal: &&Literal| literal.positive && carriers.contains(&literal.relation);
    let premises = clause.premises.iter().filter(|literal| !is_guard(literal)).cloned().collect();
    Clause { premises, ..clause.clone() }
}

struct Family<'f, 't> {
    signature: &'f Signature,
    limits: &'f Limits,
    carriers: &'f [RelationId],
    take: &'f mut Take<'t>,
    go_on: bool,
}

impl Family<'_, '_> {
    /// Adds membership premises for variables without a domain, and offers the clause. False if `take` stopped.
    fn offer(&mut self, premises: &[Literal], head: Literal) -> bool {
        let all: Vec<Term> = premises.iter().chain([&head]).flat_map(|literal| &literal.arguments).copied().collect();
        let clause = Clause { variables: variables(&all), premises: premises.to_vec(), head: Head::Literal(head) };
        let relations = literals(&clause).map(|literal| literal.relation);
        let is_own = |literal: &Literal| {
            clause
                .premises
                .iter()
                .any(|premise| premise.relation == literal.relation && premise.arguments == literal.arguments)
        };
        let Head::Literal(head) = &clause.head else { return true };
        if !self.limits.may_grow(relations, premises.len() + 1)
            || is_own(head)
            || !is_well_sorted(self.signature, &clause)
        {
            return true;
        }
        let sorts = self.signature.variable_sorts(&clause);
        let mut guarded = clause.clone();
        for variable in 0..clause.variables {
            let term = Term::Variable(variable);
            if clause.premises.iter().any(|premise| premise.positive && premise.arguments.contains(&term)) {
                continue;
            }
            let sort = &sorts[usize::from(variable)];
            let fits = |set: &&RelationId| self.signature.relations[set.index()].sorts[0] == *sort;
            // Where no set holds a whole sort, the statement is about the sort itself, if that can be expressed.
            if let Some(set) = self.carriers.iter().find(fits) {
                guarded.premises.push(Literal { positive: true, relation: *set, arguments: vec![term] });
            }
        }
        self.go_on = self.go_on && (self.take)(guarded);
        self.go_on
    }

    fn constants(&self, atoms: usize) -> u16 {
        if atoms <= self.limits.atoms_with_constant { self.signature.constants.len() as u16 } else { 0 }
    }

    fn arity(&self, relation: RelationId) -> usize {
        self.signature.relations[relation.index()].arity
    }

    fn each(&mut self, relation: RelationId, atoms: usize, visit: &mut dyn FnMut(&mut Self, &[Term]) -> bool) {
        let signature = self.signature;
        let places = places(signature, &[relation]);
        let with_constants = self.constants(atoms) > 0;
        each_pattern(signature, &places, self.limits.variables, with_constants, &mut |leaves| visit(self, leaves));
    }

    /// `R(x, x)`, `R(c, x)`, and their negations.
    fn facts(&mut self, relation: RelationId) {
        self.each(relation, 1, &mut |family, leaves| {
            family.offer(&[], literal(true, relation, leaves)) && family.offer(&[], literal(false, relation, leaves))
        });
    }

    /// `R(x, y) → ¬ S(y, x)`, `R(x, y) → x ≠ y`, and the same about the value of a function.
    fn denials(&mut self, first: RelationId, second: RelationId) {
        let is_function = self.signature.relations[first.index()].function;
        if second < first && second != RelationId::EQUAL && !is_function {
            return;
        }
        let arity = self.arity(second);
        self.each(first, 2, &mut |family, leaves| {
            if is_function && !is_computed(leaves) {
                return true;
            }
            let tuple = family.leaves(leaves, 2);
            let premise = [literal(true, first, leaves)];
            each_tuple(&tuple, arity, &mut |arguments| {
                !is_new(second, arguments) || family.offer(&premise, literal(false, second, arguments))
            })
        });
    }

    /// `¬ S(x, y) → T(y, x)`, optionally with a premise `R(x, y)`: a disjunction of two.
    fn alternatives(&mut self, first: Option<RelationId>, second: RelationId, third: RelationId) {
        let is_function = first.is_some_and(|first| self.signature.relations[first.index()].function);
        let atoms = 2 + usize::from(first.is_some());
        let arities = (self.arity(second), self.arity(third));
        let conclude = |family: &mut Self, premises: &[Literal], tuple: &[Term], denied: &[Term]| {
            let mut premises = premises.to_vec();
            premises.push(literal(false, second, denied));
            each_tuple(tuple, arities.1, &mut |arguments| {
                let is_repeated = second == third && arguments <= denied;
                is_repeated || !is_new(third, arguments) || family.offer(&premises, literal(true, third, arguments))
            })
        };
        let Some(first) = first else {
            return self.each(third, atoms, &mut |family, concluded| {
                each_tuple(&family.leaves(concluded, atoms), arities.0, &mut |denied| {
                    let is_repeated = second == third && denied <= concluded;
                    let premise = [literal(false, second, denied)];
                    is_repeated || !is_new(second, denied) || family.offer(&premise, literal(true, third, concluded))
                })
            });
        };
        self.each(first, atoms, &mut |family, leaves| {
            if is_function && !is_computed(leaves) {
                return true;
            }
            let tuple = family.leaves(leaves, atoms);
            let premise = [literal(true, first, leaves)];
            each_tuple(&tuple, arities.0, &mut |denied| {
                !is_new(second, denied) || conclude(family, &premise, &tuple, denied)
            })
        });
    }

    /// The variables of a literal, and the constants allowed in a statement of `atoms` atoms.
    fn leaves(&self, leaves: &[Term], atoms: usize) -> Vec<Term> {
        (0..variables(leaves)).map(Term::Variable).chain((0..self.constants(atoms)).map(Term::Constant)).collect()
    }

    /// `x ≠ y, ¬ R(x, y) → S(y, x)`.
    fn trichotomy(&mut self, relation: RelationId, other: RelationId) {
        if self.arity(relation) != 2 || self.arity(other) != 2 || other < relation {
            return;
        }
        let [x, y] = [Term::Variable(0), Term::Variable(1)];
        let premises = [literal(false, RelationId::EQUAL, &[x, y]), literal(false, relation, &[x, y])];
        self.offer(&premises, literal(true, other, &[y, x]));
        if relation != other {
            self.offer(&premises, literal(true, other, &[x, y]));
        }
    }

    /// `z R x, z R y → z R f(x, y)`, for either position of the relation, and with any of the three as the conclusion.
    fn bounds(&mut self, function: RelationId, relation: RelationId) {
        if self.arity(function) != 3 {
            return;
        }
        let arity = self.arity(relation) as u16;
        let [x, y, u] = [0, 1, 2].map(Term::Variable);
        let row = literal(true, function, &[x, y, u]);
        for place in 0..arity {
            let others = |at: u16| Term::Variable(if at < place { 3 + at } else { 2 + at });
            let at = |term: Term| {
                let arguments: Vec<Term> = (0..arity).map(|at| if at == place { term } else { others(at) }).collect();
                literal(true, relation, &arguments)
            };
            for (one, two, three) in [(x, y, u), (x, u, y), (y, u, x)] {
                if !self.offer(&[at(one), at(two), row.clone()], at(three)) {
                    return;
                }
            }
        }
    }

    /// `x R y → f(x, z) R f(y, z)` and `→ f(y, z) R f(x, z)`, and the converses from values to inputs, for each input
    /// of the function.
    fn monotony(&mut self, function: RelationId, relation: RelationId) {
        if self.arity(relation) != 2 {
            return;
        }
        let inputs = self.arity(function) as u16 - 1;
        for place in 0..inputs {
            // Variable `inputs` replaces the input that varies.
            let row = |by: u16, output: Term| {
                let changed = |input: u16| Term::Variable(if input == place { by } else { input });
                let arguments: Vec<Term> = (0..inputs).map(changed).chain([output]).collect();
                literal(true, function, &arguments)
            };
            let values = [inputs + 1, inputs + 2].map(Term::Variable);
            let changing = [place, inputs].map(Term::Variable);
            for (from, to) in [(changing, values), (values, changing)] {
                let premises = [literal(true, relation, &from), row(place, values[0]), row(inputs, values[1])];
                for related in [to, [to[1], to[0]]] {
                    if !self.offer(&premises, literal(true, relation, &related)) {
                        return;
                    }
                }
            }
        }
    }
}

fn literal(positive: bool, relation: RelationId, arguments: &[Term]) -> Literal {
    Literal { positive, relation, arguments: arguments.to_vec() }
}

/// Whether the last of a function's leaves is a variable of its own: the value, which the conclusion is about.
fn is_computed(leaves: &[Term]) -> bool {
    leaves.split_last().is_some_and(|(value, inputs)| matches!(value, Term::Variable(_)) && !inputs.contains(value))
}

/// Whether an equation is neither trivial nor the mirror image of another.
fn is_new(relation: RelationId, arguments: &[Term]) -> bool {
    relation != RelationId::EQUAL || arguments[0] < arguments[1]
}
