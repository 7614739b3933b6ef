//! Sequents: the statement to prove below a block, in flat form.

use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::sort::{Sort, SortInstance};
use crate::clauses::clause::{Clause, Head, RelationId, Side, Signature};
use crate::language::text::variable_name;
use crate::saturation::pattern::{Argument, Individual, Pattern};
use crate::saturation::sorts::{SortId, Typing};

/// Names the variables.
pub type Naming<'n> = &'n dyn Fn(u16) -> Name;

/// `∀ variables (premises → head)`, over the individuals of a block.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Sequent {
    /// The number of variables.
    pub variables: u16,
    /// The assumptions.
    pub premises: Vec<Pattern>,
    /// The goal.
    pub head: SequentHead,
}

/// The goal of a sequent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SequentHead {
    /// A contradiction.
    False,
    /// A literal.
    Literal(Pattern),
    /// This many witnesses of these literals, numbered after the variables.
    Exists(u16, Vec<Pattern>),
}

impl SequentHead {
    /// The literal, if it is one.
    #[must_use]
    pub fn literal(&self) -> Option<&Pattern> {
        match self {
            SequentHead::Literal(literal) => Some(literal),
            SequentHead::False | SequentHead::Exists(..) => None,
        }
    }
}

impl Sequent {
    /// The sequent of a clause; constant `c` is individual `c`. If the head is a contradiction, the goal is the
    /// negation of the last premise.
    #[must_use]
    pub fn of(clause: &Clause) -> Sequent {
        let mut premises: Vec<Pattern> = clause.premises.iter().map(Pattern::of).collect();
        let head = match &clause.head {
            Head::False => match premises.pop() {
                Some(mut denied) => {
                    denied.code = denied.code.opposite();
                    SequentHead::Literal(denied)
                }
                None => SequentHead::False,
            },
            Head::Literal(literal) => SequentHead::Literal(Pattern::of(literal)),
            Head::Exists(count, literals) => SequentHead::Exists(*count, literals.iter().map(Pattern::of).collect()),
        };
        Sequent { variables: clause.variables, premises, head }
    }

    /// The sequent with `variable` instantiated by an individual and the others renumbered by first occurrence in the
    /// premises; also the old numbers in the new order.
    #[must_use]
    pub fn fix(&self, variable: u16, individual: Individual) -> (Sequent, Vec<u16>) {
        let mut order: Vec<u16> = Vec::new();
        for argument in self.premises.iter().flat_map(|premise| &premise.arguments) {
            if let Argument::Variable(number) = argument
                && *number != variable
                && !order.contains(number)
            {
                order.push(*number);
            }
        }
        let count = order.len() as u16;
        let replace = |number: u16| {
            if number == variable {
                Argument::Individual(individual)
            } else if number >= self.variables {
                Argument::Variable(number - self.variables + count)
            } else {
                let place = order.iter().position(|old| *old == number).unwrap_or(order.len());
                Argument::Variable(place as u16)
            }
        };
        let map = |pattern: &Pattern| pattern.map(&replace);
        let head = match &self.head {
            SequentHead::False => SequentHead::False,
            SequentHead::Literal(literal) => SequentHead::Literal(map(literal)),
            SequentHead::Exists(new, facts) => SequentHead::Exists(*new, facts.iter().map(map).collect()),
        };
        (Sequent { variables: count, premises: self.premises.iter().map(map).collect(), head }, order)
    }

    /// The sorts of the variables.
    #[must_use]
    pub fn variable_sorts(&self, typing: Typing<'_>) -> Vec<SortId> {
        let (witnesses, patterns): (u16, &[Pattern]) = match &self.head {
            SequentHead::False => (0, &[]),
            SequentHead::Literal(literal) => (0, std::slice::from_ref(literal)),
            SequentHead::Exists(count, patterns) => (*count, patterns),
        };
        let mut sorts = typing.of_variables(self.variables + witnesses, self.premises.iter().chain(patterns));
        sorts.truncate(usize::from(self.variables));
        sorts
    }

    /// Whether sets or relations occur as terms; `sorts` are those of its variables.
    #[must_use]
    pub fn speaks_of_sets(&self, typing: Typing<'_>, sorts: &[SortId]) -> bool {
        let patterns: &[Pattern] = match &self.head {
            SequentHead::False => &[],
            SequentHead::Literal(literal) => std::slice::from_ref(literal),
            SequentHead::Exists(_, patterns) => patterns,
        };
        let is_set = |sort: &SortId| !typing.sorts.sort(*sort).is_individual();
        let speaks = |pattern: &Pattern| {
            let individual = |argument: &Argument| match argument {
                Argument::Individual(individual) => is_set(&typing.individuals[individual.0 as usize]),
                Argument::Variable(_) => false,
            };
            typing.sorts.of_relation(pattern.code.relation()).iter().any(is_set)
                || pattern.arguments.iter().any(individual)
        };
        sorts.iter().any(is_set) || self.premises.iter().chain(patterns).any(speaks)
    }

    /// The sorts of the variables, then of the witnesses of the head. `sort` gives the sorts of individuals; `instance`
    /// is applied to the theory's base sorts.
    pub fn sorts(
        &self,
        signature: &Signature,
        sort: &dyn Fn(Individual) -> Sort,
        instance: &SortInstance,
    ) -> Vec<Sort> {
        let (witnesses, patterns): (u16, &[Pattern]) = match &self.head {
            SequentHead::False => (0, &[]),
            SequentHead::Literal(literal) => (0, std::slice::from_ref(literal)),
            SequentHead::Exists(count, patterns) => (*count, patterns),
        };
        let side = |argument: &Argument| match argument {
            Argument::Individual(individual) => Side::Of(sort(*individual)),
            Argument::Variable(number) => Side::Variable(*number),
        };
        let atoms: Vec<(RelationId, Vec<Side>)> = self
            .premises
            .iter()
            .chain(patterns)
            .map(|pattern| (pattern.code.relation(), pattern.arguments.iter().map(side).collect()))
            .collect();
        signature.sorts_of(self.variables + witnesses, &atoms, instance)
    }

    /// The formula `∀x (premise → ∀y (premise → … head))`, each variable bound at the first premise in which it occurs.
    ///
    /// `formula` converts a pattern, given the names of variables; `scratch` gives fresh temporary names, which do not
    /// remain in the formula; `sorts` are those of the variables and witnesses.
    #[must_use]
    pub fn formula(
        &self,
        formula: &dyn Fn(&Pattern, Naming<'_>) -> Formula,
        scratch: Naming<'_>,
        sorts: &[Sort],
    ) -> Formula {
        let shown =
            |number: u16| (scratch(number), Binder::new(variable_name(number), sorts[usize::from(number)].clone()));
        let mut bound = vec![false; self.variables as usize];
        let mut chain = Vec::new();
        for premise in &self.premises {
            let mut names = Vec::new();
            for argument in &premise.arguments {
                if let Argument::Variable(number) = argument
                    && !std::mem::replace(&mut bound[*number as usize], true)
                {
                    names.push(shown(*number));
                }
            }
            chain.push((names, formula(premise, scratch)));
        }
        let mut result = match &self.head {
            SequentHead::False => unreachable!("a contradiction is wanted without variables, and so without induction"),
            SequentHead::Literal(literal) => formula(literal, scratch),
            SequentHead::Exists(count, facts) => {
                let names: Vec<_> = (self.variables..self.variables + count).map(shown).collect();
                let (left, rest) = facts.split_first().expect("something exists");
                let mut parts = rest.iter().rev().map(|fact| formula(fact, scratch));
                let mut right = parts.next().unwrap_or_else(|| formula(left, scratch));
                for part in parts {
                    right = Formula::and(part, right);
                }
                Formula::exists(&names, &formula(left, scratch), &right)
            }
        };
        for (names, premise) in chain.into_iter().rev() {
            result = Formula::forall(&names, &premise, &result);
        }
        result
    }
}
