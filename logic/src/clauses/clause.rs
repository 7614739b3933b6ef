//! The clausal view of a theory: relations over individuals, and flat clauses over them.
//!
//! Under its anchor a theory is about individuals only: `in3[x,y,z,+]` with the anchor's `+` is a ternary relation.
//! Literals are flat, without nested terms. Conjectures, models and the rules of logic blocks all consist of such
//! clauses.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::language::text::variable_name;

/// A relation, by its index in [`Signature::relations`]. Index 0 is equality.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RelationId(pub u16);

impl RelationId {
    /// Equality.
    pub const EQUAL: RelationId = RelationId(0);

    /// The index in [`Signature::relations`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What fills an argument position of a relation's predicate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// This parameter of the anchor.
    Fixed(u16),
    /// The relation's argument with this number.
    Argument(u16),
}

/// A predicate with some positions fixed to parameters of the anchor, or a compound formula in the place of a literal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Relation {
    /// The predicate; [`Relation::COMPOUND`] for a compound formula.
    pub predicate: PredicateId,
    /// The compound formula: parameter `i` of the anchor is `Name(i)`, argument `i` is `Name(Relation::ARGUMENTS + i)`.
    /// The relation names it as in Tseitin's transformation; the axioms contain its defining clauses, in both
    /// directions.
    pub inner: Option<Arc<Formula>>,
    /// One for each position of the predicate; empty for a compound formula.
    pub slots: Vec<Slot>,
    /// The number of arguments.
    pub arity: usize,
    /// The sort of each argument. Equality is one relation for all sorts; its sorts are not read.
    pub sorts: Vec<Sort>,
    /// Whether the theory proves that the last argument exists for all inputs in the function's domain and is
    /// determined by them: the relation is then the graph of a function.
    pub function: bool,
}

impl Relation {
    /// The predicate of compound formulas; not a predicate of any theory.
    pub const COMPOUND: PredicateId = PredicateId(u32::MAX);
    /// The first name of the arguments of a compound formula.
    pub const ARGUMENTS: u32 = 1 << 16;

    /// The formula of an atom of the relation. `parameter` names the anchor's parameters.
    pub fn formula(&self, parameter: &dyn Fn(usize) -> Name, arguments: &[Name]) -> Formula {
        match &self.inner {
            None => Formula::atom(
                self.predicate,
                self.slots.iter().map(|slot| match slot {
                    Slot::Fixed(place) => parameter(usize::from(*place)),
                    Slot::Argument(place) => arguments[usize::from(*place)],
                }),
            ),
            Some(formula) => formula.substitute(&mut |name| match name.0.checked_sub(Relation::ARGUMENTS) {
                Some(place) => arguments[place as usize],
                None => parameter(name.0 as usize),
            }),
        }
    }
}

/// A constant: an individual among the parameters of the anchor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Constant {
    /// Its index among the parameters of the anchor.
    pub parameter: usize,
    /// Its name.
    pub name: Arc<str>,
    /// Its sort.
    pub sort: Sort,
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
    /// One for each argument of the relation.
    pub arguments: Vec<Term>,
}

/// An argument of an atom, as far as sort inference is concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Side {
    /// A variable.
    Variable(u16),
    /// A term of this sort.
    Of(Sort),
}

/// The conclusion of a clause.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Head {
    /// A contradiction.
    False,
    /// A literal.
    Literal(Literal),
    /// There are this many individuals, numbered after the clause's variables, that satisfy all of these literals.
    Exists(u16, Vec<Literal>),
}

/// `∀ variables (premises → head)`, under the anchor.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Clause {
    /// The number of quantified variables: `Variable(0)` up to this.
    pub variables: u16,
    /// The premises; their order has no meaning.
    pub premises: Vec<Literal>,
    /// The conclusion.
    pub head: Head,
}

impl Clause {
    /// Whether the variable occurs in a literal.
    #[must_use]
    pub fn mentions(&self, variable: u16) -> bool {
        let heads: &[Literal] = match &self.head {
            Head::False => &[],
            Head::Literal(literal) => std::slice::from_ref(literal),
            Head::Exists(_, literals) => literals,
        };
        self.premises.iter().chain(heads).any(|literal| literal.arguments.contains(&Term::Variable(variable)))
    }
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
        let arguments: Vec<Name> = literal.arguments.iter().map(|term| name(*term)).collect();
        let formula = self.relations[literal.relation.index()].formula(parameter, &arguments);
        if literal.positive { formula } else { Formula::negate(formula) }
    }

    /// Infers the sorts of a clause's variables, then of the witnesses of its head, from their positions and from
    /// equations. A variable that occurs only in equations among such variables gets the base sort.
    #[must_use]
    pub fn variable_sorts(&self, clause: &Clause) -> Vec<Sort> {
        let (witnesses, literals): (u16, &[Literal]) = match &clause.head {
            Head::False => (0, &[]),
            Head::Literal(literal) => (0, std::slice::from_ref(literal)),
            Head::Exists(count, literals) => (*count, literals),
        };
        let side = |term: &Term| match term {
            Term::Constant(constant) => Side::Of(self.constants[usize::from(*constant)].sort.clone()),
            Term::Variable(number) => Side::Variable(*number),
        };
        let atoms: Vec<(RelationId, Vec<Side>)> = clause
            .premises
            .iter()
            .chain(literals)
            .map(|literal| (literal.relation, literal.arguments.iter().map(side).collect()))
            .collect();
        self.sorts_of(clause.variables + witnesses, &atoms, &SortInstance::default())
    }

    /// [`Signature::variable_sorts`] for atoms over `count` variables, with `instance` applied to the theory's sorts.
    #[must_use]
    pub fn sorts_of(&self, count: u16, atoms: &[(RelationId, Vec<Side>)], instance: &SortInstance) -> Vec<Sort> {
        let mut sorts: Vec<Option<Sort>> = vec![None; usize::from(count)];
        let (equations, others): (Vec<_>, Vec<_>) =
            atoms.iter().partition(|(relation, _)| *relation == RelationId::EQUAL);
        for (relation, arguments) in others {
            for (argument, sort) in arguments.iter().zip(&self.relations[relation.index()].sorts) {
                if let Side::Variable(number) = argument {
                    sorts[usize::from(*number)] = Some(instance.apply(sort));
                }
            }
        }
        // Each iteration determines the sort of at least one more variable.
        loop {
            let mut told = None;
            for (_, sides) in &equations {
                for (one, other) in [(0, 1), (1, 0)] {
                    let known = match &sides[one] {
                        Side::Of(sort) => Some(sort.clone()),
                        Side::Variable(number) => sorts[usize::from(*number)].clone(),
                    };
                    if let (Some(sort), Side::Variable(number)) = (known, &sides[other])
                        && sorts[usize::from(*number)].is_none()
                    {
                        told = Some((*number, sort));
                    }
                }
            }
            let Some((number, sort)) = told else { break };
            sorts[usize::from(number)] = Some(sort);
        }
        sorts.into_iter().map(|sort| sort.unwrap_or_else(|| instance.apply(&Sort::BASE))).collect()
    }

    /// The closed formula of a clause: `∀ anchor parameters (anchor → ∀x (premise → … head))`, each variable bound at
    /// the first premise in which it occurs. `None` where MPL cannot express it: a clause without premises whose head
    /// has variables or is `False`.
    #[must_use]
    pub fn statement(&self, theory: &Theory, clause: &Clause) -> Option<Formula> {
        let anchor = theory.anchor_definition();
        let parameters = anchor.parameters.len() as u32;
        let parameter = |place: usize| Name(place as u32);
        let variable = |number: u16| Name(parameters + u32::from(number));
        let sorts = self.variable_sorts(clause);
        let binder =
            |number: u16| (variable(number), Binder::new(variable_name(number), sorts[usize::from(number)].clone()));
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
                let names: Vec<_> = (0..*count).map(|number| binder(clause.variables + number)).collect();
                Formula::exists(&names, &left, &right)
            }
        };
        let mut bound = vec![false; clause.variables as usize];
        let mut binders: Vec<Vec<(Name, Binder)>> = Vec::new();
        for premise in &premises {
            let mut names = Vec::new();
            premise.for_each_free(&mut |name| {
                if let Some(number) = name.0.checked_sub(parameters)
                    && !std::mem::replace(&mut bound[number as usize], true)
                {
                    names.push(binder(number as u16));
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
        let sorts = &theory.predicate(theory.anchor).sorts;
        let names: Vec<_> = anchor
            .parameters
            .iter()
            .enumerate()
            .map(|(place, shown)| (parameter(place), Binder::new(shown.clone(), sorts[place].clone())))
            .collect();
        let premise = Formula::atom(theory.anchor, names.iter().map(|(name, _)| *name));
        Some(Formula::forall(&names, &premise, &formula))
    }
}
