//! A model of a theory. It has the individuals `0..size`. It may be partial: an infinite structure is known by a
//! finite piece of it, in which some values lie outside. What is unknown refutes nothing.

use crate::calculus::sort::Sort;
use crate::clauses::clause::{RelationId, Signature};

/// A value that is not known, or lies outside of the piece that is known.
pub const UNKNOWN: u16 = u16::MAX;

/// A finite model, or a finite piece of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Model {
    /// How many individuals there are. Different individuals are different things.
    pub size: u16,
    /// The sort of the individuals; `None`: there are so many of each base sort.
    pub sort: Option<Sort>,
    /// The individual that each constant of the signature names, or [`UNKNOWN`].
    pub constants: Vec<u16>,
    /// One for each relation of the signature; that of equality is empty and not used.
    pub tables: Vec<Table>,
    /// How readers write each individual, for example `0`, `1`, `2`.
    pub names: Vec<String>,
    /// How the model came about, for readers: `ground facts up to 64`, `model of size 6`.
    pub origin: String,
}

/// What a model knows of one relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Table {
    /// A function: the value for each tuple of inputs, first input slowest:
    /// `values[(x·size + y)]` for `f(x, y)`; [`UNKNOWN`] where it is not known or not defined.
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
    /// The place of a tuple in a table, first argument slowest.
    #[must_use]
    pub fn place(&self, tuple: &[u16]) -> usize {
        tuple.iter().fold(0, |place, individual| place * self.size as usize + *individual as usize)
    }

    /// A model of this size about which nothing is known.
    #[must_use]
    pub fn unknown(signature: &Signature, size: u16, origin: String) -> Model {
        let tables = signature
            .relations
            .iter()
            .enumerate()
            .map(|(number, relation)| {
                if number == RelationId::EQUAL.index() {
                    Table::Relation(Vec::new())
                } else if relation.sorts.iter().any(|sort| !sort.is_individual())
                    || (size as usize)
                        .checked_pow((relation.arity - usize::from(relation.function)) as u32)
                        .is_none_or(|tuples| tuples > MOST_TUPLES)
                {
                    Table::Unknown
                } else if relation.function {
                    Table::Function(vec![UNKNOWN; (size as usize).pow(relation.arity as u32 - 1)])
                } else {
                    Table::Relation(vec![Truth::Unknown; (size as usize).pow(relation.arity as u32)])
                }
            })
            .collect();
        Model {
            size,
            sort: None,
            constants: vec![UNKNOWN; signature.constants.len()],
            tables,
            names: (0..size).map(|individual| individual.to_string()).collect(),
            origin,
        }
    }
}

impl Model {
    /// Whether nothing is unknown of its individuals: every constant has a value and no table has a gap. Only such a
    /// model is the whole structure, so only there the lack of a witness refutes an existence.
    ///
    /// A piece of an infinite structure has a gap at its edge as soon as one function leaves it. A
    /// piece without functions cannot be told from a finite structure; whoever makes one must leave
    /// something unknown.
    #[must_use]
    pub fn is_total(&self) -> bool {
        !self.constants.contains(&UNKNOWN)
            && self.tables.iter().all(|table| match table {
                Table::Function(values) => !values.contains(&UNKNOWN),
                Table::Relation(truths) => !truths.contains(&Truth::Unknown),
                Table::Unknown => true,
            })
    }
}
