//! Instances of induction for a goal.
//!
//! First-order logic has no schemas, so a first-order prover can use induction only through explicit instances. This
//! module writes one for the property "the goal holds for this value of that variable", for each variable of the goal
//! that ranges over a generated set. The goal's other variables are universally quantified in the property; instances
//! with these as parameters are weaker, and Z3, which proves the first laws of arithmetic from the former, does not
//! from the latter.

use std::sync::Arc;

use super::translate::Translator;
use crate::calculus::formula::{Binder, Formula, Name, PredicateId, Variable};
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Induction, Theory};
use crate::clauses::clause::Slot;
use crate::clauses::compile::Compiled;

/// An instance over the anchor's parameters.
pub(super) struct Instance {
    pub(super) principle: Arc<str>,
    /// The name of the goal's variable.
    pub(super) variable: Arc<str>,
    pub(super) formula: Formula,
}

/// The instances for the part of a goal after the anchor. `functional` knows which atoms are rows of functions, and so
/// which variables range over which sets.
pub(super) fn instances(theory: &Theory, functional: &Translator<'_>, body: &Formula) -> Vec<Instance> {
    let compiled = Compiled::new(theory, &[]);
    let first = theory.anchor_definition().parameters.len() as u32;
    let mut instances = Vec::new();
    for principle in &theory.inductions {
        let structure = compiled.nodes.iter().find_map(|node| match &node.formula {
            Formula::Atom(predicate, arguments) if *predicate == principle.predicate => free(arguments),
            _ => None,
        });
        let Some(arguments) = structure else { continue };
        let chain = Chain::new(body, first);
        let set = arguments[Induction::SET];
        for (variable, shown) in &chain.variables_in(functional, set) {
            let property = chain.about(*variable);
            let of = |value: Name| property.substitute(&mut |name| if name == *variable { value } else { name });
            let formula = instance(principle, &arguments, &of, chain.next);
            instances.push(Instance { principle: principle.name.clone(), variable: shown.name.clone(), formula });
        }
    }
    instances
}

fn free(arguments: &[Variable]) -> Option<Vec<Name>> {
    arguments.iter().map(|argument| if let Variable::Free(name) = argument { Some(*name) } else { None }).collect()
}

/// Free variables with their display names.
type Named = Vec<(Name, Binder)>;

/// `∀ x (A → ∀ y (B → … C))`, opened: all its variables are free.
struct Chain {
    links: Vec<(Named, Formula)>,
    conclusion: Formula,
    /// The first unused name.
    next: u32,
}

impl Chain {
    fn new(body: &Formula, mut next: u32) -> Chain {
        let mut links = Vec::new();
        let mut conclusion = body.clone();
        while let Formula::Implies(binders, premise, rest) = &conclusion {
            let names: Vec<Name> = (next..).map(Name).take(binders.len()).collect();
            next += names.len() as u32;
            links.push((names.iter().copied().zip(binders.iter().cloned()).collect(), premise.open(&names)));
            conclusion = rest.open(&names);
        }
        Chain { links, conclusion, next }
    }

    /// The variables that a premise puts in the set and that are not function values.
    fn variables_in(&self, functional: &Translator<'_>, set: Name) -> Named {
        let (mut members, mut values) = (Vec::new(), Vec::new());
        let mut open: Vec<Formula> = self.links.iter().map(|(_, premise)| premise.clone()).collect();
        while let Some(part) = open.pop() {
            match part {
                Formula::And(left, right) => open.extend([(*left).clone(), (*right).clone()]),
                Formula::Atom(PredicateId::IN, arguments) if arguments[1] == Variable::Free(set) => {
                    members.push(arguments[0]);
                }
                Formula::Atom(predicate, arguments) => {
                    let Some(row) = functional.operation_of(predicate, &arguments) else { continue };
                    values.push(arguments[row.value]);
                    for (input, domain) in row.inputs.iter().zip(&row.domain) {
                        let fixed = Slot::Fixed(set.0 as u16);
                        let here = domain.as_ref().is_some_and(|domain| {
                            domain.predicate == PredicateId::IN && domain.slots.get(1) == Some(&fixed)
                        });
                        if here {
                            members.push(arguments[*input]);
                        }
                    }
                }
                _ => {}
            }
        }
        let variables = self.links.iter().flat_map(|(names, _)| names);
        let fits = |name: Name| members.contains(&Variable::Free(name)) && !values.contains(&Variable::Free(name));
        variables.filter(|(name, _)| fits(*name)).cloned().collect()
    }

    /// The chain as a property of one of its variables, free in the result: the chain states that all its values have
    /// the property.
    fn about(&self, variable: Name) -> Formula {
        let mut formula = self.conclusion.clone();
        for (names, premise) in self.links.iter().rev() {
            let kept: Vec<_> = names.iter().filter(|(name, _)| *name != variable).cloned().collect();
            formula = Formula::forall(&kept, premise, &formula);
        }
        formula
    }
}

/// `cases → ∀n (n∈N → φ(n))`, with the cases in the form of the calculus.
fn instance(principle: &Induction, arguments: &[Name], property: &dyn Fn(Name) -> Formula, next: u32) -> Formula {
    let member = |name: Name, set: usize| Formula::atom(PredicateId::IN, [name, arguments[set]]);
    let bind = |name: Name, shown: &'static str| [(name, Binder::new(shown, Sort::BASE))];
    let mut cases = Vec::new();
    for constructor in &principle.constructors {
        let constructed = arguments[constructor.parameter];
        let count = constructor.arguments.len() as u32;
        if count == 0 {
            cases.push(property(constructed));
            continue;
        }
        let mut graph: Vec<Name> = (next..=next + count).map(Name).collect();
        let value = Name(next + count);
        graph.push(constructed);
        let predicate = PredicateId::membership(graph.len() - 1).expect("the checker has seen the constructor");
        let row = Formula::atom(predicate, graph);
        let mut case = Formula::forall(&bind(value, "m"), &row, &property(value));
        for (number, set) in constructor.arguments.iter().enumerate().rev() {
            let argument = Name(next + number as u32);
            if *set == Induction::SET {
                case = Formula::forall(&[], &property(argument), &case);
            }
            case = Formula::forall(&bind(argument, "n"), &member(argument, *set), &case);
        }
        cases.push(case);
    }
    let variable = Name(next);
    let all = Formula::forall(&bind(variable, "n"), &member(variable, Induction::SET), &property(variable));
    match cases.into_iter().reduce(Formula::and) {
        Some(cases) => Formula::forall(&[], &cases, &all),
        None => all,
    }
}
