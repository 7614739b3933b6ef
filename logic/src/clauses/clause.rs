//! The first-order view of a theory: relations over individuals, and flat clauses over them.
//!
//! Under its anchor a theory speaks about individuals only: `in3[x,y,z,+]` with the anchor's `+` is a
//! relation of three individuals. Statements here are flat: no nesting, one atom a fact. Conjectures,
//! models and the rules of logic blocks are made of these.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::language::text::variable_name;

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

/// A predicate with some places filled by parameters of the anchor, or a compound formula that stands where a clause
/// has literals.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Relation {
    /// The predicate; [`Relation::COMPOUND`] for a compound formula.
    pub predicate: PredicateId,
    /// The compound formula: parameter `i` of the anchor is `Name(i)`, argument `i` is `Name(Relation::ARGUMENTS + i)`.
    /// It is named as Tseitin's transformation does; the clauses that say what it means are among the axioms, in both
    /// directions.
    pub inner: Option<Arc<Formula>>,
    /// One for each argument place of the predicate; none for a compound formula.
    pub slots: Vec<Slot>,
    /// The number of arguments.
    pub arity: usize,
    /// The sort of each argument. Equality has one relation for all sorts: there the sorts are not asked for.
    pub sorts: Vec<Sort>,
    /// Whether the theory proves that the last argument is determined by the others, and exists for
    /// all others that lie in the function's domain: then the relation is the graph of a function.
    pub function: bool,
}

impl Relation {
    /// Stands for the predicate of a compound formula; no theory has it.
    pub const COMPOUND: PredicateId = PredicateId(u32::MAX);
    /// Where the names of the arguments of a compound formula begin.
    pub const ARGUMENTS: u32 = 1 << 16;

    /// What the relation says of `arguments`, with the anchor's parameters as `parameter` names them.
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
    /// Its place among the parameters of the anchor.
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
    /// As many as the relation's arity.
    pub arguments: Vec<Term>,
}

/// What stands at an argument place of an atom, as far as sorts are concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Side {
    /// A variable.
    Variable(u16),
    /// Something of this sort.
    Of(Sort),
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

impl Clause {
    /// Whether a literal mentions the variable.
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

    /// The sorts of a clause's variables, and then of the witnesses of its head: those of the places at which they
    /// stand, and what they are equal to. A variable that stands in equations among such variables only is of the
    /// base sort.
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

    /// As [`Signature::variable_sorts`], for atoms over `count` variables, with other sorts in the place of the
    /// theory's base sorts.
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
        // Each round tells at least one more variable its sort.
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
