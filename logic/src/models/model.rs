//! A model of a theory. It has individuals, numbered from 0 on: first those of one sort, then those of the next. It may be partial: an infinite structure is known by a
//! finite piece of it, in which some values lie outside. What is unknown refutes nothing.

use std::collections::BTreeSet;

use crate::calculus::sort::Sort;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// A value that is not known, or lies outside of the piece that is known.
pub const UNKNOWN: u16 = u16::MAX;

/// The individuals of a sort.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// The sort; `None`: any base sort, of which there are the same individuals each.
    pub sort: Option<Sort>,
    /// The number of the first individual; the others follow.
    pub first: u16,
    /// How many individuals there are.
    pub size: u16,
    /// The simplest individuals, in groups, the simplest group first: how many there are up to the end of each group.
    /// Terms are tried there first, since in a piece of an infinite structure they soon have no value elsewhere.
    pub simplest: Vec<u16>,
}

impl Domain {
    /// So many individuals of a sort, about whose simplicity nothing is said.
    #[must_use]
    pub fn new(sort: Option<Sort>, first: u16, size: u16) -> Domain {
        Domain { sort, first, size, simplest: Vec::new() }
    }
}

/// A finite model, or a finite piece of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Model {
    /// How many individuals there are, of all sorts together. Different individuals are different things.
    pub size: u16,
    /// The sorts whose individuals they are: all numbers up to `size`, each in one domain.
    pub domains: Vec<Domain>,
    /// The individual that each constant of the signature names, or [`UNKNOWN`].
    pub constants: Vec<u16>,
    /// One for each relation of the signature; that of equality is empty and not used.
    pub tables: Vec<Table>,
    /// How readers write each individual, for example `0`, `1`, `2`.
    pub names: Vec<String>,
    /// How the model came about, for readers: `ground facts up to 64`, `model of size 6`.
    pub origin: String,
    /// Whether it is known to be a piece of a larger structure.
    pub is_piece: bool,
    /// The generated sets of which it has the simplest elements, each a term of free constructors that no other term
    /// equals: values outside of the piece can be computed. Empty where only some individuals are there.
    pub free: Vec<RelationId>,
    /// For each relation where a tuple stands in its table.
    layouts: Vec<Layout>,
    /// For each constant its domain.
    constant_domains: Vec<usize>,
}

/// Where the tuples of a relation stand in its table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Layout {
    /// The domain of each argument; none if the relation is not between individuals.
    pub(super) domains: Vec<usize>,
    /// How far apart two tuples stand whose arguments at this place are neighbours; for a function, inputs alone.
    pub(super) strides: Vec<u32>,
    /// What is taken off, since individuals of most domains do not begin with 0. The sum is right modulo 2^32, and so
    /// is the difference.
    pub(super) offset: u32,
    tuples: usize,
}

/// What a model knows of one relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Table {
    /// A function: the value for each tuple of inputs, first input slowest, at [`Model::place`]; [`UNKNOWN`] where it
    /// is not known or not defined.
    Function(Vec<u16>),
    /// Any other relation: what is known of each tuple, first argument slowest.
    Relation(Vec<Truth>),
    /// Nothing is known of the relation: it is about sets or relations, of which a model has none, or has too many
    /// tuples to be written down.
    Unknown,
}

/// The most tuples of a relation that a model knows of.
pub const MOST_TUPLES: usize = 1 << 24;

/// What is known of one tuple of a relation.
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
    /// The place of a tuple in the table of a relation, first argument slowest; of a function's inputs for a function.
    #[must_use]
    pub fn place(&self, relation: RelationId, tuple: &[u16]) -> usize {
        let layout = &self.layouts[relation.index()];
        let sum = tuple
            .iter()
            .zip(&layout.strides)
            .fold(0u32, |sum, (individual, stride)| sum.wrapping_add(u32::from(*individual).wrapping_mul(*stride)));
        sum.wrapping_sub(layout.offset) as usize
    }

    /// A model with so many individuals of each base sort about which nothing is known.
    #[must_use]
    pub fn unknown(signature: &Signature, size: u16, origin: String) -> Model {
        Model::over(signature, vec![Domain::new(None, 0, size)], origin)
    }

    /// A model with these domains about which nothing is known.
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
            layouts,
            constant_domains,
            domains,
        }
    }

    pub(super) fn constant_domains(&self) -> &[usize] {
        &self.constant_domains
    }

    /// Takes further constants, of these domains, which name nothing yet.
    pub(super) fn add_constants(&mut self, domains: &[usize]) {
        self.constant_domains.extend(domains);
    }

    pub(super) fn layout(&self, relation: RelationId) -> &Layout {
        &self.layouts[relation.index()]
    }

    /// The domain over which each variable of a clause ranges, and then each witness of its head.
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
        // Each round tells at least one more variable its domain.
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

    /// Whether every variable and constant of a clause stands at places of one domain.
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

    /// The piece with what nothing says to hold taken not to hold, of relations that are known to hold somewhere: what a
    /// reader of the axioms expects of relations that are given by definitions, such as x ≤ y if x + z = y for some z.
    /// Nobody has proved it, so it refutes nothing; it tells which statements are worth a proof. `None` if nothing
    /// changes.
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

    /// The individuals of a sort; `None` if it says nothing of them.
    #[must_use]
    pub fn domain(&self, sort: &Sort) -> Option<&Domain> {
        domain_of(&self.domains, sort).map(|number| &self.domains[number])
    }

    /// The tuples of the table of a relation, in order: for a function those of its inputs.
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

    /// What is known of a relation, in order: the rows of a function, and of other relations what holds of a tuple and
    /// what does not.
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
    /// The first argument slowest; the first `stored` are those that count.
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
    /// Whether nothing is unknown of its individuals: every constant has a value and no table has a gap. Only such a
    /// model is the whole structure, so only there the lack of a witness refutes an existence.
    ///
    /// A piece of an infinite structure has a gap at its edge as soon as one function leaves it. One without functions
    /// cannot be told from a finite structure, so whoever makes a piece says so.
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
