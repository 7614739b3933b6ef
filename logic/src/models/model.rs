//! A model of a theory. Individuals are numbered consecutively, sort by sort, from 0. A model may be partial: of an
//! infinite structure only a finite piece is known, and some function values lie outside it. Unknown values refute
//! nothing.

use std::collections::BTreeSet;

use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// A value that is not known, or lies outside the known piece.
pub const UNKNOWN: u16 = u16::MAX;

/// The individuals of a sort.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// The sort; `None`: all base sorts, which then share these individuals.
    pub sort: Option<Sort>,
    /// The number of the first individual; the others follow consecutively.
    pub first: u16,
    /// The number of individuals.
    pub size: u16,
    /// Cumulative sizes of groups of individuals, the simplest group first. Terms are evaluated at these first, since
    /// elsewhere in a piece of an infinite structure their values are soon unknown.
    pub simplest: Vec<u16>,
}

impl Domain {
    /// A domain of this size, without groups.
    #[must_use]
    pub fn new(sort: Option<Sort>, first: u16, size: u16) -> Domain {
        Domain { sort, first, size, simplest: Vec::new() }
    }
}

/// A finite model, or a finite piece of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Model {
    /// The number of individuals of all sorts together. Different numbers are different individuals.
    pub size: u16,
    /// The domains, which partition the numbers up to `size`.
    pub domains: Vec<Domain>,
    /// The individual that each constant of the signature denotes, or [`UNKNOWN`].
    pub constants: Vec<u16>,
    /// One for each relation of the signature; that of equality is empty and unused.
    pub tables: Vec<Table>,
    /// The display name of each individual, for example `0`, `1`, `2`.
    pub names: Vec<String>,
    /// Where the model comes from, for display: `ground facts up to 64`, `model of size 6`.
    pub origin: String,
    /// Whether it is known to be a piece of a larger structure.
    pub is_piece: bool,
    /// The generated sets whose simplest elements it has, as terms of free constructors: distinct terms are distinct
    /// elements, so values outside the piece can be computed. Empty if the piece has only some individuals.
    pub free: Vec<RelationId>,
    /// Whether it is assumed, and not proved, that the constructors of these sets are free: the theory then has other
    /// structures, which may be finite.
    pub assumed_free: bool,
    /// The table layout of each relation.
    layouts: Vec<Layout>,
    /// The domain of each constant.
    constant_domains: Vec<usize>,
}

/// The layout of tuples in a relation's table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Layout {
    /// The domain of each argument; empty if the relation is not between individuals.
    pub(super) domains: Vec<usize>,
    /// The stride of each argument; for a function, of inputs only.
    pub(super) strides: Vec<u32>,
    /// Subtracted from the index, since the individuals of most domains do not start at 0. Sum and difference are
    /// modulo 2^32.
    pub(super) offset: u32,
    tuples: usize,
}

/// The known part of a relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Table {
    /// A function: the value for each tuple of inputs, first input slowest, at [`Model::place`]; [`UNKNOWN`] where it
    /// is not known or not defined.
    Function(Vec<u16>),
    /// Any other relation: the truth value of each tuple, first argument slowest.
    Relation(Vec<Truth>),
    /// Nothing is known: the relation is about sets or relations, which are not individuals of a model, or has more
    /// than [`MOST_TUPLES`] tuples.
    Unknown,
}

/// The largest number of tuples in a table.
pub const MOST_TUPLES: usize = 1 << 24;

/// The truth value of a tuple.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It holds.
    True,
    /// Not known.
    Unknown,
}

impl Model {
    /// The table index of a tuple, first argument slowest; for a function, of its inputs.
    #[must_use]
    pub fn place(&self, relation: RelationId, tuple: &[u16]) -> usize {
        let layout = &self.layouts[relation.index()];
        let sum = tuple
            .iter()
            .zip(&layout.strides)
            .fold(0u32, |sum, (individual, stride)| sum.wrapping_add(u32::from(*individual).wrapping_mul(*stride)));
        sum.wrapping_sub(layout.offset) as usize
    }

    /// A model with this many individuals of each base sort and everything unknown.
    #[must_use]
    pub fn unknown(signature: &Signature, size: u16, origin: String) -> Model {
        Model::over(signature, vec![Domain::new(None, 0, size)], origin)
    }

    /// A model with these domains and everything unknown.
    #[must_use]
    pub fn over(signature: &Signature, domains: Vec<Domain>, origin: String) -> Model {
        let size = domains.iter().map(|domain| domain.size).sum();
        let of = |sort: &Sort| domain_of(&domains, sort);
        let layouts: Vec<Layout> = signature
            .relations
            .iter()
            .map(|relation| {
                let places: Option<Vec<usize>> = relation.sorts.iter().map(of).collect();
                let Some(places) = places.filter(|places| places.len() == relation.arity) else {
                    return Layout::default();
                };
                let stored = relation.arity - usize::from(relation.function);
                Layout::new(&domains, places, stored)
            })
            .collect();
        let tables = signature
            .relations
            .iter()
            .zip(&layouts)
            .enumerate()
            .map(|(number, (relation, layout))| {
                if number == RelationId::EQUAL.index() {
                    Table::Relation(Vec::new())
                } else if layout.domains.len() != relation.arity || layout.tuples > MOST_TUPLES {
                    Table::Unknown
                } else if relation.function {
                    Table::Function(vec![UNKNOWN; layout.tuples])
                } else {
                    Table::Relation(vec![Truth::Unknown; layout.tuples])
                }
            })
            .collect();
        let constant_domains = signature.constants.iter().map(|constant| of(&constant.sort).unwrap_or(0)).collect();
        Model {
            size,
            constants: vec![UNKNOWN; signature.constants.len()],
            tables,
            names: (0..size).map(|individual| individual.to_string()).collect(),
            origin,
            is_piece: false,
            free: Vec::new(),
            assumed_free: false,
            layouts,
            constant_domains,
            domains,
        }
    }

    pub(super) fn constant_domains(&self) -> &[usize] {
        &self.constant_domains
    }

    /// Adds constants of these domains, with unknown values.
    pub(super) fn add_constants(&mut self, domains: &[usize]) {
        self.constant_domains.extend(domains);
    }

    pub(super) fn layout(&self, relation: RelationId) -> &Layout {
        &self.layouts[relation.index()]
    }

    /// The domain of each variable of a clause, then of each witness of its head.
    #[must_use]
    pub fn domains_of(&self, clause: &Clause) -> Vec<&Domain> {
        self.domain_numbers_of(clause).into_iter().map(|number| &self.domains[number]).collect()
    }

    pub(super) fn domain_numbers_of(&self, clause: &Clause) -> Vec<usize> {
        let (witnesses, heads): (u16, &[Literal]) = match &clause.head {
            Head::False => (0, &[]),
            Head::Literal(literal) => (0, std::slice::from_ref(literal)),
            Head::Exists(count, literals) => (*count, literals),
        };
        let count = usize::from(clause.variables + witnesses);
        if self.domains.len() == 1 {
            return vec![0; count];
        }
        let mut found = vec![None; count];
        let literals = || clause.premises.iter().chain(heads);
        for literal in literals().filter(|literal| literal.relation != RelationId::EQUAL) {
            for (argument, domain) in literal.arguments.iter().zip(&self.layout(literal.relation).domains) {
                if let Term::Variable(variable) = argument {
                    found[usize::from(*variable)] = Some(*domain);
                }
            }
        }
        // Each iteration determines the domain of at least one more variable.
        loop {
            let mut told = None;
            for literal in literals().filter(|literal| literal.relation == RelationId::EQUAL) {
                let [left, right] = [literal.arguments[0], literal.arguments[1]];
                for (one, other) in [(left, right), (right, left)] {
                    let known = match one {
                        Term::Constant(constant) => Some(self.constant_domains[usize::from(constant)]),
                        Term::Variable(variable) => found[usize::from(variable)],
                    };
                    if let (Some(domain), Term::Variable(variable)) = (known, other)
                        && found[usize::from(variable)].is_none()
                    {
                        told = Some((variable, domain));
                    }
                }
            }
            let Some((variable, domain)) = told else { break };
            found[usize::from(variable)] = Some(domain);
        }
        let other = domain_of(&self.domains, &Sort::BASE).unwrap_or(0);
        found.into_iter().map(|domain| domain.unwrap_or(other)).collect()
    }

    /// Whether every variable and constant of a clause occurs at positions of one domain only.
    pub(super) fn fits(&self, clause: &Clause) -> bool {
        if self.domains.len() == 1 {
            return true;
        }
        let found = self.domain_numbers_of(clause);
        let of = |term: &Term| match term {
            Term::Variable(variable) => found[usize::from(*variable)],
            Term::Constant(constant) => self.constant_domains[usize::from(*constant)],
        };
        let heads: &[Literal] = match &clause.head {
            Head::False => &[],
            Head::Literal(literal) => std::slice::from_ref(literal),
            Head::Exists(_, literals) => literals,
        };
        clause.premises.iter().chain(heads).all(|literal| {
            let mut domains = literal.arguments.iter().map(of);
            if literal.relation == RelationId::EQUAL {
                return domains.next() == domains.next();
            }
            self.layout(literal.relation).domains.iter().zip(domains).all(|(own, domain)| *own == domain)
        })
    }

    /// The piece under the closed-world assumption (unknown tuples taken to be false), for relations known to hold
    /// somewhere: the usual reading of a relation given by its definition, such as x ≤ y if x + z = y for some z. It is
    /// not proved, so it refutes nothing; it tells which statements are worth a proof. `None` if nothing changes.
    #[must_use]
    pub fn presumed(&self) -> Option<Model> {
        let lacks = |table: &Table| matches!(table, Table::Relation(truths) if truths.contains(&Truth::True) && truths.contains(&Truth::Unknown));
        if !self.is_piece || !self.tables.iter().any(lacks) {
            return None;
        }
        let mut presumed = self.clone();
        for table in presumed.tables.iter_mut().filter(|table| lacks(table)) {
            if let Table::Relation(truths) = table {
                truths.iter_mut().filter(|truth| **truth == Truth::Unknown).for_each(|truth| *truth = Truth::False);
            }
        }
        Some(presumed)
    }

    /// The individuals of a sort; `None` if the model has no domain for it.
    #[must_use]
    pub fn domain(&self, sort: &Sort) -> Option<&Domain> {
        domain_of(&self.domains, sort).map(|number| &self.domains[number])
    }

    /// The tuples of a relation's table, in order; for a function, those of its inputs.
    #[must_use]
    pub fn tuples(&self, relation: RelationId) -> Vec<Vec<u16>> {
        let layout = self.layout(relation);
        let mut tuples = vec![Vec::new()];
        for number in layout.domains.iter().take(layout.strides.len()) {
            let Domain { first, size, .. } = self.domains[*number];
            let longer = tuples.into_iter().flat_map(|tuple: Vec<u16>| {
                (first..first + size).map(move |value| tuple.iter().copied().chain([value]).collect())
            });
            tuples = longer.collect();
        }
        tuples
    }

    /// The known facts of a relation, in order: the rows of a function; for other relations, the tuples known to hold
    /// or not to hold.
    #[must_use]
    pub fn facts(&self, relation: RelationId) -> Vec<(bool, Vec<u16>)> {
        let tuples = self.tuples(relation).into_iter();
        match &self.tables[relation.index()] {
            Table::Unknown => Vec::new(),
            Table::Function(values) => tuples
                .zip(values)
                .filter(|(_, value)| **value != UNKNOWN)
                .map(|(inputs, value)| (true, inputs.into_iter().chain([*value]).collect()))
                .collect(),
            Table::Relation(truths) => tuples
                .zip(truths)
                .filter(|(_, truth)| **truth != Truth::Unknown)
                .map(|(tuple, truth)| (*truth == Truth::True, tuple))
                .collect(),
        }
    }
}

/// The base sorts of a signature's relations and constants, in order.
#[must_use]
pub fn base_sorts(signature: &Signature) -> Vec<Sort> {
    let relations = signature.relations.iter().flat_map(|relation| &relation.sorts);
    let all = relations.chain(signature.constants.iter().map(|constant| &constant.sort));
    let sorts: BTreeSet<&Sort> = all.filter(|sort| sort.is_individual()).collect();
    sorts.into_iter().cloned().collect()
}

/// The domain of a sort.
fn domain_of(domains: &[Domain], sort: &Sort) -> Option<usize> {
    domains.iter().position(|domain| domain.sort.as_ref().map_or(sort.is_individual(), |own| own == sort))
}

impl Layout {
    /// First argument slowest; only the first `stored` arguments are indexed.
    fn new(domains: &[Domain], places: Vec<usize>, stored: usize) -> Layout {
        let mut strides = vec![0u32; stored];
        let (mut tuples, mut offset) = (1usize, 0u32);
        for (stride, place) in strides.iter_mut().zip(&places).rev() {
            let domain = &domains[*place];
            *stride = tuples as u32;
            offset = offset.wrapping_add(u32::from(domain.first).wrapping_mul(*stride));
            tuples = tuples.saturating_mul(usize::from(domain.size));
        }
        Layout { domains: places, strides, offset, tuples }
    }
}

impl Model {
    /// Whether everything about its individuals is known: every constant has a value and no table has a gap. Only such
    /// a model is the whole structure, so only in it does the lack of a witness refute an existential statement.
    ///
    /// A piece of an infinite structure has gaps at its edge as soon as a function leaves it. A piece without functions
    /// looks like a finite structure, so the code that builds it must set [`Model::is_piece`].
    #[must_use]
    pub fn is_total(&self) -> bool {
        !self.is_piece
            && !self.constants.contains(&UNKNOWN)
            && self.tables.iter().all(|table| match table {
                Table::Function(values) => !values.contains(&UNKNOWN),
                Table::Relation(truths) => !truths.contains(&Truth::Unknown),
                Table::Unknown => true,
            })
    }
}
