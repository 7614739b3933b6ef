//! The first-order view of a theory: relations over individuals, and flat clauses over them.
//!
//! Under its anchor a theory speaks about individuals only: `in3[x,y,z,+]` with the anchor's `+` is a
//! relation of three individuals. Statements here are flat: no nesting, one atom a fact. Conjectures,
//! models and the rules of logic blocks are made of these.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::theory::Theory;

/// A relation, by its place in [`Signature::relations`]. Place 0 is equality.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RelationId(pub u16);

impl RelationId {
    /// Equality.
    pub const EQUAL: RelationId = RelationId(0);

    /// The position in a table of relations.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What stands at an argument place of a relation's predicate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// This parameter of the anchor, always.
    Fixed(u16),
    /// The relation's argument with this number.
    Argument(u16),
}

/// A predicate with some places filled by parameters of the anchor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Relation {
    /// The predicate.
    pub predicate: PredicateId,
    /// One for each argument place of the predicate.
    pub slots: Vec<Slot>,
    /// The number of arguments.
    pub arity: usize,
    /// Whether the theory proves that the last argument is determined by the others, and exists for
    /// all others that lie in the function's domain: then the relation is the graph of a function.
    pub function: bool,
}

/// A constant: an individual among the parameters of the anchor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Constant {
    /// Its place among the parameters of the anchor.
    pub parameter: usize,
    /// Its name.
    pub name: Arc<str>,
}

/// Relations and constants of a theory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Signature {
    /// The relations; the first is equality.
    pub relations: Vec<Relation>,
    /// The constants.
    pub constants: Vec<Constant>,
}

/// An argument of a literal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Term {
    /// A constant of the signature.
    Constant(u16),
    /// A variable of the clause.
    Variable(u16),
}

/// An atom or its negation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Literal {
    /// False for `¬ atom`.
    pub positive: bool,
    /// The relation; [`RelationId::EQUAL`] for an equation.
    pub relation: RelationId,
    /// As many as the relation's arity.
    pub arguments: Vec<Term>,
}

/// What a clause concludes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Head {
    /// A contradiction.
    False,
    /// A literal.
    Literal(Literal),
    /// There are so many individuals, numbered on from the clause's variables, for which all of
    /// these hold.
    Exists(u16, Vec<Literal>),
}

/// `∀ variables (premises → head)`, under the anchor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Clause {
    /// How many variables are quantified: `Variable(0)` up to this.
    pub variables: u16,
    /// What must hold; the order has no meaning.
    pub premises: Vec<Literal>,
    /// What then holds.
    pub head: Head,
}

impl Signature {
    /// The formula of a literal. `parameter` names the anchor's parameters, `variable` the variables.
    pub fn formula(
        &self,
        literal: &Literal,
        parameter: &dyn Fn(usize) -> Name,
        variable: &dyn Fn(u16) -> Name,
    ) -> Formula {
        let name = |term: Term| match term {
            Term::Constant(constant) => parameter(self.constants[constant as usize].parameter),
            Term::Variable(number) => variable(number),
        };
        let relation = &self.relations[literal.relation.index()];
        let atom = Formula::atom(
            relation.predicate,
            relation.slots.iter().map(|slot| match slot {
                Slot::Fixed(place) => parameter(*place as usize),
                Slot::Argument(place) => name(literal.arguments[*place as usize]),
            }),
        );
        if literal.positive { atom } else { Formula::negate(atom) }
    }

    /// The closed formula of a clause: `∀ anchor parameters (anchor → ∀x (premise → … head))`, each
    /// variable bound at the first premise that mentions it. A clause without premises whose head
    /// has variables is not expressible in MPL and gives `None`, as does the head `False` without
    /// premises.
    #[must_use]
    pub fn statement(&self, theory: &Theory, clause: &Clause) -> Option<Formula> {
        let anchor = theory.anchor_definition();
        let parameters = anchor.parameters.len() as u32;
        let parameter = |place: usize| Name(place as u32);
        let variable = |number: u16| Name(parameters + u32::from(number));
        let mut premises =
            clause.premises.iter().map(|literal| self.formula(literal, &parameter, &variable)).collect::<Vec<_>>();
        let head = match &clause.head {
            Head::Literal(literal) => self.formula(literal, &parameter, &variable),
            Head::False => Formula::negate(premises.pop()?),
            Head::Exists(count, literals) => {
                let mut formulas = literals.iter().map(|literal| self.formula(literal, &parameter, &variable)).rev();
                let mut right = formulas.next()?;
                let mut rest: Vec<_> = formulas.collect();
                let left = if rest.is_empty() { right.clone() } else { rest.remove(rest.len() - 1) };
                for formula in rest {
                    right = Formula::and(formula, right);
                }
                let names: Vec<_> = (0..*count)
                    .map(|number| (variable(clause.variables + number), variable_name(clause.variables + number)))
                    .collect();
                Formula::exists(&names, &left, &right)
            }
        };
        let mut bound = vec![false; clause.variables as usize];
        let mut binders: Vec<Vec<(Name, Arc<str>)>> = Vec::new();
        for premise in &premises {
            let mut names = Vec::new();
            premise.for_each_free(&mut |name| {
                if let Some(number) = name.0.checked_sub(parameters)
                    && !std::mem::replace(&mut bound[number as usize], true)
                {
                    names.push((name, variable_name(number as u16)));
                }
            });
            binders.push(names);
        }
        let mut unbound = false;
        head.for_each_free(&mut |name| {
            unbound |= name
                .0
                .checked_sub(parameters)
                .is_some_and(|number| !bound.get(number as usize).copied().unwrap_or(true));
        });
        if unbound {
            return None;
        }
        let mut formula = head;
        for (premise, names) in premises.iter().zip(&binders).rev() {
            formula = Formula::forall(names, premise, &formula);
        }
        let names: Vec<_> =
            anchor.parameters.iter().enumerate().map(|(place, shown)| (parameter(place), shown.clone())).collect();
        let premise = Formula::atom(theory.anchor, names.iter().map(|(name, _)| *name));
        Some(Formula::forall(&names, &premise, &formula))
    }
}

/// The name of a clause's variable for readers: `a`, `b`, …, `z`, `a1`, ….
#[must_use]
pub fn variable_name(number: u16) -> Arc<str> {
    let letter = char::from(b'a' + (number % 26) as u8);
    match number / 26 {
        0 => letter.to_string().into(),
        round => format!("{letter}{round}").into(),
    }
}
