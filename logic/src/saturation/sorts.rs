//! The sorts of relations, constants and individuals, by number.

use std::collections::BTreeSet;

use crate::calculus::sort::Sort;
use crate::clauses::clause::{RelationId, Signature};
use crate::saturation::pattern::{Argument, Code, Pattern};

/// A sort, by its index in [`Sorts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct SortId(pub u16);

/// The sorts of a theory's relations and constants.
///
/// Each sort has a *domain*: a pseudo-relation whose facts state of every individual of the sort that it is equal to
/// itself. Rules match it for variables that no premise binds, which thus range over the individuals of their sort.
#[derive(Clone, Debug, Default)]
pub struct Sorts {
    table: Vec<Sort>,
    /// The sorts of the arguments of each relation; empty for equality.
    relations: Vec<Vec<SortId>>,
    constants: Vec<SortId>,
    /// The sort of a variable that is not connected to any relation or constant.
    open: SortId,
}

impl Sorts {
    /// The sorts of a signature.
    #[must_use]
    pub fn new(signature: &Signature) -> Sorts {
        let mut sorts = Sorts { table: vec![Sort::BASE], ..Sorts::default() };
        for relation in &signature.relations {
            let places = relation.sorts.iter().map(|sort| sorts.enter(sort)).collect();
            sorts.relations.push(places);
        }
        sorts.constants = signature.constants.iter().map(|constant| sorts.enter(&constant.sort)).collect();
        // As in the parser: the only base sort, or a separate one, about which there are no rules.
        let mut bases = BTreeSet::new();
        for sort in &sorts.table {
            sort.for_each_base(&mut |number| {
                bases.insert(number);
            });
        }
        if bases.len() > 1 {
            let own = (0..).find(|number| !bases.contains(number)).expect("fewer than 2^32 sorts");
            sorts.open = sorts.enter(&Sort::Individual(own));
        }
        sorts
    }

    fn enter(&mut self, sort: &Sort) -> SortId {
        let place = self.table.iter().position(|known| known == sort).unwrap_or_else(|| {
            self.table.push(sort.clone());
            self.table.len() - 1
        });
        SortId(place as u16)
    }

    /// The number of sorts.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.len()
    }

    /// The number of codes: of relations, then of domains.
    #[must_use]
    pub fn codes(&self) -> usize {
        2 * (self.relations.len() + self.table.len())
    }

    /// The code of the domain of a sort.
    #[must_use]
    pub fn domain(&self, sort: SortId) -> Code {
        Code(2 * (self.relations.len() as u32 + u32::from(sort.0)))
    }

    /// The sort whose domain has this code, if any.
    #[must_use]
    pub fn of_domain(&self, code: Code) -> Option<SortId> {
        (code.0 / 2).checked_sub(self.relations.len() as u32).map(|sort| SortId(sort as u16))
    }

    /// The sort with this number.
    #[must_use]
    pub fn sort(&self, sort: SortId) -> &Sort {
        &self.table[usize::from(sort.0)]
    }

    /// The sorts of a relation's arguments; empty for equality.
    #[must_use]
    pub fn of_relation(&self, relation: RelationId) -> &[SortId] {
        &self.relations[relation.index()]
    }

    /// The sort of an argument of a relation.
    #[must_use]
    pub fn at(&self, relation: RelationId, place: usize) -> SortId {
        self.relations[relation.index()][place]
    }
}

/// The sorts of a theory, and of the individuals of a block.
#[derive(Clone, Copy, Debug)]
pub struct Typing<'s> {
    /// The sorts of the theory.
    pub sorts: &'s Sorts,
    /// The sort of each individual.
    pub individuals: &'s [SortId],
}

impl<'s> Typing<'s> {
    /// A typing in which the constants are the only individuals.
    #[must_use]
    pub fn constants(sorts: &'s Sorts) -> Typing<'s> {
        Typing { sorts, individuals: &sorts.constants }
    }

    /// Infers the sorts of `count` variables from their positions and from equations. A variable that is equal only to
    /// such variables gets the only base sort or, where there are several, a separate one.
    pub fn of_variables<'p>(&self, count: u16, patterns: impl Iterator<Item = &'p Pattern>) -> Vec<SortId> {
        let mut sorts: Vec<Option<SortId>> = vec![None; usize::from(count)];
        let mut equations = Vec::new();
        for pattern in patterns {
            if pattern.code.relation() == RelationId::EQUAL {
                equations.push((pattern.arguments[0], pattern.arguments[1]));
                continue;
            }
            for (place, argument) in pattern.arguments.iter().enumerate() {
                if let Argument::Variable(number) = argument {
                    sorts[usize::from(*number)] = Some(self.sorts.at(pattern.code.relation(), place));
                }
            }
        }
        // Each iteration determines the sort of at least one more variable.
        loop {
            let known = |argument: Argument| match argument {
                Argument::Individual(individual) => Some(self.individuals[individual.0 as usize]),
                Argument::Variable(number) => sorts[usize::from(number)],
            };
            let told =
                equations.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]).find_map(|(from, to)| {
                    match to {
                        Argument::Variable(number) if sorts[usize::from(number)].is_none() => {
                            known(from).map(|sort| (number, sort))
                        }
                        _ => None,
                    }
                });
            let Some((number, sort)) = told else { break };
            sorts[usize::from(number)] = Some(sort);
        }
        sorts.into_iter().map(|sort| sort.unwrap_or(self.sorts.open)).collect()
    }
}
