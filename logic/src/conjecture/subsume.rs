//! Subsumption: is a clause an instance of another, possibly with additional premises?

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};

/// How a clause follows from a more general one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instance {
    /// Variables were renamed or identified, or replaced by outputs of further rows.
    OfVariables,
    /// A variable had to be replaced by a constant.
    OfConstants,
}

/// Whether `general` subsumes `special`: some substitution maps its head to that of `special` and its premises to some
/// of those of `special`. Since clauses are flat, a compound term is substituted as the variable that is its output.
///
/// Existential heads are compared for equality only.
#[must_use]
pub fn instance(general: &Clause, special: &Clause) -> Option<Instance> {
    if general.premises.len() > special.premises.len() {
        return None;
    }
    let mut binding = Binding { terms: vec![None; usize::from(general.variables)], bound: Vec::new() };
    match (&general.head, &special.head) {
        (Head::Literal(head), Head::Literal(target)) => {
            for turned in [false, true] {
                if turned && head.relation != RelationId::EQUAL {
                    continue;
                }
                binding.undo(0);
                if unify(head, target, turned, &mut binding) && cover(&general.premises, special, &mut binding) {
                    return Some(kind(&binding));
                }
            }
            None
        }
        (Head::False, Head::False) if cover(&general.premises, special, &mut binding) => Some(kind(&binding)),
        (Head::Exists(..), Head::Exists(..)) if general == special => Some(Instance::OfVariables),
        _ => None,
    }
}

/// The substitution for the variables of the general clause, with a trail of bound variables.
struct Binding {
    terms: Vec<Option<Term>>,
    bound: Vec<u16>,
}

impl Binding {
    /// Undoes all bindings but the first `count`.
    fn undo(&mut self, count: usize) {
        for variable in self.bound.drain(count..) {
            self.terms[usize::from(variable)] = None;
        }
    }
}

fn kind(binding: &Binding) -> Instance {
    if binding.terms.iter().any(|term| matches!(term, Some(Term::Constant(_)))) {
        Instance::OfConstants
    } else {
        Instance::OfVariables
    }
}

/// Extends `binding` so that `literal` becomes `target`, with swapped arguments if `turned`.
fn unify(literal: &Literal, target: &Literal, turned: bool, binding: &mut Binding) -> bool {
    if literal.relation != target.relation || literal.positive != target.positive {
        return false;
    }
    let count = literal.arguments.len();
    (0..count).all(|place| {
        let wanted = target.arguments[if turned { count - 1 - place } else { place }];
        match literal.arguments[place] {
            Term::Constant(_) => literal.arguments[place] == wanted,
            Term::Variable(variable) => match &mut binding.terms[usize::from(variable)] {
                Some(known) => *known == wanted,
                free => {
                    *free = Some(wanted);
                    binding.bound.push(variable);
                    true
                }
            },
        }
    })
}

fn cover(premises: &[Literal], special: &Clause, binding: &mut Binding) -> bool {
    let Some((first, rest)) = premises.split_first() else { return true };
    let same = |target: &&Literal| target.relation == first.relation && target.positive == first.positive;
    special.premises.iter().filter(same).any(|target| {
        let turns = if first.relation == RelationId::EQUAL { 2 } else { 1 };
        (0..turns).any(|turn| {
            let before = binding.bound.len();
            if unify(first, target, turn == 1, binding) && cover(rest, special, binding) {
                return true;
            }
            binding.undo(before);
            false
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(relation: u16, arguments: &[i32]) -> Literal {
        let term = |number: &i32| {
            if *number < 0 { Term::Constant((-number - 1) as u16) } else { Term::Variable(*number as u16) }
        };
        Literal { positive: true, relation: RelationId(relation), arguments: arguments.iter().map(term).collect() }
    }

    fn clause(premises: &[Literal], head: Literal) -> Clause {
        Clause { variables: 9, premises: premises.to_vec(), head: Head::Literal(head) }
    }

    #[test]
    fn a_commuted_product_of_a_product_is_an_instance_of_commutativity() {
        let general = clause(&[literal(2, &[0, 1, 2])], literal(2, &[1, 0, 2]));
        let special = clause(&[literal(2, &[0, 1, 3]), literal(2, &[3, 2, 4])], literal(2, &[2, 3, 4]));
        assert_eq!(instance(&general, &special), Some(Instance::OfVariables));
        assert_eq!(instance(&special, &general), None);
        let elsewhere = clause(&[literal(2, &[0, 1, 3]), literal(2, &[3, 2, 4])], literal(2, &[2, 4, 4]));
        assert_eq!(instance(&general, &elsewhere), None);
    }

    #[test]
    fn a_constant_for_a_variable_is_told_apart() {
        let general = clause(&[literal(2, &[0, 1, 2])], literal(2, &[1, 0, 2]));
        let special = clause(&[literal(2, &[0, 1, -1])], literal(2, &[1, 0, -1]));
        assert_eq!(instance(&general, &special), Some(Instance::OfConstants));
    }

    #[test]
    fn an_equation_may_be_turned() {
        let general = clause(&[literal(1, &[0, 2]), literal(1, &[1, 2])], literal(0, &[0, 1]));
        let special = clause(&[literal(1, &[5, 6]), literal(1, &[4, 6]), literal(3, &[4])], literal(0, &[4, 5]));
        assert_eq!(instance(&general, &special), Some(Instance::OfVariables));
    }

    #[test]
    fn what_one_variable_stands_for_is_one_thing() {
        let general = clause(&[literal(2, &[0, 0, 1])], literal(1, &[0, 1]));
        let special = clause(&[literal(2, &[0, 1, 2])], literal(1, &[0, 2]));
        assert_eq!(instance(&general, &special), None);
    }
}
