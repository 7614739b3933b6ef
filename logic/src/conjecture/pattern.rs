//! Arguments of literals: well-sorted sequences of leaves, enumerated one at a time.

use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, RelationId, Signature, Term};

use super::limits::literals;

/// A consumer of candidates; it returns false to stop.
pub(super) type Take<'t> = dyn FnMut(Clause) -> bool + 't;

/// The sorts of the arguments of these relations, concatenated.
pub(super) fn places<'s>(signature: &'s Signature, relations: &[RelationId]) -> Vec<&'s Sort> {
    relations.iter().flat_map(|relation| &signature.relations[relation.index()].sorts).collect()
}

/// Whether a relation is allowed in conjectures: only relations between individuals are.
pub(super) fn is_first_order(signature: &Signature, relation: RelationId) -> bool {
    signature.relations[relation.index()].sorts.iter().all(Sort::is_individual)
}

/// Calls `visit` with every well-sorted sequence of leaves for these positions in which variables are numbered by first
/// occurrence, until it returns false. False if it did.
pub(super) fn each_pattern(
    signature: &Signature,
    places: &[&Sort],
    variables: usize,
    with_constants: bool,
    visit: &mut dyn FnMut(&[Term]) -> bool,
) -> bool {
    let mut search =
        Patterns { signature, places, variables, with_constants, visit, chosen: Vec::new(), sorts: Vec::new() };
    search.extend()
}

struct Patterns<'p, 's> {
    signature: &'s Signature,
    places: &'p [&'s Sort],
    variables: usize,
    with_constants: bool,
    visit: &'p mut dyn FnMut(&[Term]) -> bool,
    chosen: Vec<Term>,
    /// The sort of each variable.
    sorts: Vec<&'s Sort>,
}

impl Patterns<'_, '_> {
    fn extend(&mut self) -> bool {
        let Some(place) = self.places.get(self.chosen.len()).copied() else { return (self.visit)(&self.chosen) };
        for variable in 0..(self.sorts.len() + 1).min(self.variables) {
            let is_new = variable == self.sorts.len();
            if !is_new && self.sorts[variable] != place {
                continue;
            }
            if is_new {
                self.sorts.push(place);
            }
            self.chosen.push(Term::Variable(variable as u16));
            let go_on = self.extend();
            self.chosen.pop();
            if is_new {
                self.sorts.pop();
            }
            if !go_on {
                return false;
            }
        }
        let constants = if self.with_constants { self.signature.constants.len() } else { 0 };
        for constant in (0..constants).filter(|constant| self.signature.constants[*constant].sort == *place) {
            self.chosen.push(Term::Constant(constant as u16));
            let go_on = self.extend();
            self.chosen.pop();
            if !go_on {
                return false;
            }
        }
        true
    }
}

/// Whether every variable and constant of a clause occurs at positions of one sort only, including equations.
pub(super) fn is_well_sorted(signature: &Signature, clause: &Clause) -> bool {
    let sorts = signature.variable_sorts(clause);
    let sort = |term: &Term| match term {
        Term::Variable(number) => &sorts[usize::from(*number)],
        Term::Constant(number) => &signature.constants[usize::from(*number)].sort,
    };
    literals(clause).all(|literal| {
        if literal.relation == RelationId::EQUAL {
            return sort(&literal.arguments[0]) == sort(&literal.arguments[1]);
        }
        literal.arguments.iter().map(sort).eq(&signature.relations[literal.relation.index()].sorts)
    })
}
