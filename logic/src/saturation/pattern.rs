//! The parts of facts and rules: relation codes, individuals, patterns.

use crate::clauses::clause::{Literal, RelationId, Term};

/// An individual of a block or of its ancestors. The first ones are the signature's constants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Individual(pub u32);

/// An argument of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Argument {
    /// A given individual.
    Individual(Individual),
    /// A variable of the rule.
    Variable(u16),
}

/// A relation or its negation, as one number: positive and negative facts are stored separately.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(pub u32);

impl Code {
    /// Equations.
    pub const EQUAL: Code = Code(0);
    /// Inequations.
    pub const APART: Code = Code(1);
    /// The contradiction; it has no arguments.
    pub const FALSE: Code = Code(u32::MAX);

    /// The code of a literal.
    #[must_use]
    pub fn new(relation: RelationId, positive: bool) -> Code {
        Code(u32::from(relation.0) * 2 + u32::from(!positive))
    }

    /// The relation.
    #[must_use]
    pub fn relation(self) -> RelationId {
        RelationId((self.0 / 2) as u16)
    }

    /// Whether the sign is positive.
    #[must_use]
    pub fn positive(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// The negation.
    #[must_use]
    pub fn opposite(self) -> Code {
        Code(self.0 ^ 1)
    }

    /// The index in a table of codes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A literal over individuals and variables.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pattern {
    /// The relation and its sign.
    pub code: Code,
    /// One for each argument of the relation.
    pub arguments: Vec<Argument>,
}

impl Pattern {
    /// The pattern of a clause literal; constant `c` is individual `c`.
    #[must_use]
    pub fn of(literal: &Literal) -> Pattern {
        let argument = |term: &Term| match term {
            Term::Constant(number) => Argument::Individual(Individual(u32::from(*number))),
            Term::Variable(number) => Argument::Variable(*number),
        };
        Pattern {
            code: Code::new(literal.relation, literal.positive),
            arguments: literal.arguments.iter().map(argument).collect(),
        }
    }

    /// The pattern under a substitution of its variables.
    #[must_use]
    pub fn map(&self, replace: &dyn Fn(u16) -> Argument) -> Pattern {
        let argument = |argument: &Argument| match argument {
            Argument::Variable(number) => replace(*number),
            individual => *individual,
        };
        Pattern { code: self.code, arguments: self.arguments.iter().map(argument).collect() }
    }
}
