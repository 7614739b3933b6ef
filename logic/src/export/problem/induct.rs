//! Instances of induction for a goal.
//!
//! First-order logic has no schema, so a prover of it can use induction only where an instance is
//! written down for it. Here that is done for the property "the goal holds for this value of that
//! variable", once for each variable of the goal that ranges over a generated set.

use std::sync::Arc;

use super::translate::Translator;
use crate::clause::Slot;
use crate::compile::Compiled;
use crate::formula::{Formula, Name, PredicateId, Variable};
use crate::theory::{Induction, Theory};

/// An instance over the anchor's parameters: if all `cases` hold, then `all` does.
pub(super) struct Instance {
    pub(super) principle: Arc<str>,
    /// The name of the goal's variable.
    pub(super) variable: Arc<str>,
    pub(super) cases: Vec<Formula>,
    pub(super) all: Formula,
}

/// The instances for the part of a goal behind the anchor. `functional` knows which atoms are rows of
/// functions, and so which variables range over which sets.
pub(super) fn instances(theory: &Theory, functional: &Translator<'_>, body: &Formula) -> Vec<Instance> {
    let compiled = Compiled::new(theory, &[]);
    let mut instances = Vec::new();
    for principle in &theory.inductions {
        let structure = compiled.nodes.iter().find_map(|node| match &node.formula {
            Formula::Atom(predicate, arguments) if *predicate == principle.predicate => free(arguments),
            _ => None,
        });
        let Some(arguments) = structure else { continue };
        let set = arguments[principle.set];
        for (depth, place, shown) in variables_in(theory, functional, body, set) {
            let mut next = theory.anchor_definition().parameters.len() as u32;
            let Some((property, variable)) = single_out(body, depth, place, &mut next) else { continue };
            let of = |value: Name| property.substitute(&mut |name| if name == variable { value } else { name });
            let (cases, all) = instance(principle, &arguments, &of, next);
            instances.push(Instance { principle: principle.name.clone(), variable: shown, cases, all });
        }
    }
    instances
}

fn free(arguments: &[Variable]) -> Option<Vec<Name>> {
    arguments.iter().map(|argument| if let Variable::Free(name) = argument { Some(*name) } else { None }).collect()
}

/// The variables of the goal's chain of ∀→ that a premise puts into the set, and that are not the value
/// of a function: as the number of their binder, their place in it, and their name.
fn variables_in(
    theory: &Theory,
    functional: &Translator<'_>,
    body: &Formula,
    set: Name,
) -> Vec<(usize, usize, Arc<str>)> {
    let mut bound: Vec<(usize, usize, Arc<str>, Name)> = Vec::new();
    let (mut members, mut values) = (Vec::new(), Vec::new());
    let mut next = theory.anchor_definition().parameters.len() as u32;
    let mut rest = body.clone();
    let mut depth = 0;
    while let Formula::Implies(binders, premise, conclusion) = &rest {
        let names: Vec<Name> = (next..).map(Name).take(binders.len()).collect();
        next += names.len() as u32;
        for (place, (shown, name)) in binders.names().iter().zip(&names).enumerate() {
            bound.push((depth, place, shown.clone(), *name));
        }
        let mut open = vec![premise.open(&names)];
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
        depth += 1;
        rest = conclusion.open(&names);
    }
    bound
        .retain(|(_, _, _, name)| members.contains(&Variable::Free(*name)) && !values.contains(&Variable::Free(*name)));
    bound.into_iter().map(|(depth, place, shown, _)| (depth, place, shown)).collect()
}

/// The chain without the quantifier for one variable, which is free in what remains: `body` says
/// exactly that this holds for all its values.
fn single_out(body: &Formula, depth: usize, place: usize, next: &mut u32) -> Option<(Formula, Name)> {
    let Formula::Implies(binders, premise, conclusion) = body else { return None };
    let names: Vec<Name> = (*next..).map(Name).take(binders.len()).collect();
    *next += names.len() as u32;
    let mut pairs: Vec<(Name, Arc<str>)> = names.iter().copied().zip(binders.names().iter().cloned()).collect();
    let (premise, conclusion) = (premise.open(&names), conclusion.open(&names));
    if depth > 0 {
        let (inner, variable) = single_out(&conclusion, depth - 1, place, next)?;
        return Some((Formula::forall(&pairs, &premise, &inner), variable));
    }
    let (variable, _) = pairs.remove(place);
    Some((Formula::forall(&pairs, &premise, &conclusion), variable))
}

/// The cases, in the form that the calculus gives to them, and `∀n (n∈N → φ(n))`.
fn instance(
    principle: &Induction,
    arguments: &[Name],
    property: &dyn Fn(Name) -> Formula,
    next: u32,
) -> (Vec<Formula>, Formula) {
    let member = |name: Name, set: usize| Formula::atom(PredicateId::IN, [name, arguments[set]]);
    let bind = |name: Name, shown: &str| [(name, shown.into())];
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
        let predicate = if count == 1 { PredicateId::IN2 } else { PredicateId::IN3 };
        let row = Formula::atom(predicate, graph);
        let mut case = Formula::forall(&bind(value, "m"), &row, &property(value));
        for (number, set) in constructor.arguments.iter().enumerate().rev() {
            let argument = Name(next + number as u32);
            if *set == principle.set {
                case = Formula::forall(&[], &property(argument), &case);
            }
            case = Formula::forall(&bind(argument, "n"), &member(argument, *set), &case);
        }
        cases.push(case);
    }
    let variable = Name(next);
    let all = Formula::forall(&bind(variable, "n"), &member(variable, principle.set), &property(variable));
    (cases, all)
}
