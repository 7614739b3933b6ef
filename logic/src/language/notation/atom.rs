//! How atoms are written: by the user's notation, as the value of a function, or as membership.

use std::sync::Arc;

use super::reader::{Reader, infix};
use super::reading::free_names;
use super::{Math, Role};
use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::theory::{NotationForm, Sort};

/// An atom that states the value of a function: which variable is the value, and the function with
/// its inputs.
pub(super) struct Graph {
    pub(super) value: Name,
    pub(super) inputs: Vec<Name>,
    pub(super) head: Head,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Head {
    Infix(Arc<str>, u8),
    Prefix(Arc<str>),
    Postfix(Arc<str>),
}

impl Reader<'_, '_> {
    pub(super) fn atom(&mut self, predicate: PredicateId, arguments: &[Variable]) -> Math {
        if let [left, right] = arguments
            && (predicate == PredicateId::EQUAL || predicate == PredicateId::IN)
        {
            let symbol = if predicate == PredicateId::EQUAL { "=" } else { "∈" };
            return infix(symbol, 1, self.argument(*left), self.argument(*right));
        }
        let formula = Formula::Atom(predicate, arguments.into());
        if let Some(graph) = self.graph(&formula) {
            let term = self.term(&graph);
            return match self.values.get(&graph.value) {
                Some(value) => infix("=", 1, value.clone(), term),
                None => infix("=", 1, term, self.argument(Variable::Free(graph.value))),
            };
        }
        if let Some((form, inputs)) = self.relation_notation(predicate, arguments) {
            let mut inputs: Vec<Math> = inputs.into_iter().map(|input| self.argument(input)).collect();
            return match form {
                NotationForm::Infix { symbol, strength } if inputs.len() == 2 => {
                    let right = inputs.remove(1);
                    infix(&symbol, strength, inputs.remove(0), right)
                }
                NotationForm::Postfix { symbol } if inputs.len() == 1 => {
                    Math::Postfix(symbol, Box::new(inputs.remove(0)))
                }
                NotationForm::Infix { symbol, .. }
                | NotationForm::Prefix { symbol }
                | NotationForm::Postfix { symbol } => Math::Apply(symbol, inputs),
            };
        }
        let mut parts: Vec<Math> = arguments.iter().map(|argument| self.argument(*argument)).collect();
        if matches!(predicate, PredicateId::IN2 | PredicateId::IN3)
            && let Some(set) = parts.pop()
        {
            return infix("∈", 1, Math::Tuple(parts), set);
        }
        let known = self.reading.theory.predicate(predicate);
        if let Some(definition) = &known.definition {
            // A set or function of the theory that is passed through under its own name says nothing.
            let mut place = 0;
            let passed: Vec<bool> = arguments
                .iter()
                .map(|argument| {
                    place += 1;
                    let formal = &definition.parameters[place - 1];
                    matches!(known.sorts.get(place - 1), Some(Sort::Power(_)))
                        && matches!(argument, Variable::Free(name) if self.names.get(name) == Some(formal))
                        && self.reading.symbol(formal).role == Role::Parameter
                })
                .collect();
            if !self.reading.literal && passed.iter().any(|passed| !passed) {
                let mut place = 0;
                parts.retain(|_| {
                    place += 1;
                    !passed[place - 1]
                });
            }
        }
        Math::Apply(self.reading.signs.predicate(predicate).clone(), parts)
    }

    /// The user's notation for an atom that states no value, and its inputs.
    fn relation_notation(
        &self,
        predicate: PredicateId,
        arguments: &[Variable],
    ) -> Option<(NotationForm, Vec<Variable>)> {
        if self.reading.literal {
            return None;
        }
        self.reading.theory.notations.iter().enumerate().find_map(|(number, notation)| {
            let inputs = self.matches(notation.predicate, &notation.arguments, predicate, arguments)?;
            let form = || notation.form.with_symbol(self.reading.signs.notation(number).clone());
            (notation.value.is_none()).then(|| (form(), inputs.iter().map(|place| arguments[*place]).collect()))
        })
    }

    /// The places of a pattern that are not parameters of the anchor, if the atom fits it.
    fn matches(
        &self,
        pattern: PredicateId,
        texts: &[Arc<str>],
        predicate: PredicateId,
        arguments: &[Variable],
    ) -> Option<Vec<usize>> {
        if pattern != predicate || texts.len() != arguments.len() {
            return None;
        }
        let parameters = &self.reading.theory.anchor_definition().parameters;
        let mut places = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            if !parameters.contains(text) {
                places.push(place);
            } else if !matches!(arguments[place], Variable::Free(name) if self.names.get(&name) == Some(text)) {
                return None;
            }
        }
        Some(places)
    }

    /// The atom as `f(inputs) = value`, by the user's notation or because the theory says that it is
    /// a function.
    pub(super) fn graph(&self, formula: &Formula) -> Option<Graph> {
        let Formula::Atom(predicate, arguments) = formula else { return None };
        let names = free_names(arguments)?;
        if self.reading.literal {
            return None;
        }
        for (number, notation) in self.reading.theory.notations.iter().enumerate() {
            let Some(value) = notation.value else { continue };
            let Some(places) = self.matches(notation.predicate, &notation.arguments, *predicate, arguments) else {
                continue;
            };
            let inputs: Vec<Name> = places.iter().filter(|place| **place != value).map(|place| names[*place]).collect();
            let symbol = self.reading.signs.notation(number).clone();
            let head = match (&notation.form, inputs.len()) {
                (NotationForm::Infix { strength, .. }, 2) => Head::Infix(symbol, *strength),
                (NotationForm::Postfix { .. }, 1) => Head::Postfix(symbol),
                _ => Head::Prefix(symbol),
            };
            return names.get(value).map(|value| Graph { value: *value, inputs, head });
        }
        if !matches!(*predicate, PredicateId::IN2 | PredicateId::IN3) || names.len() < 3 {
            return None;
        }
        let function = self.names.get(names.last()?)?;
        if !self.reading.functions.contains(function) {
            return None;
        }
        let count = names.len() - 2;
        let symbolic = !function.chars().any(|c| c.is_alphanumeric());
        let symbol = self.reading.symbol(function).text;
        let head = match (count, symbolic) {
            (2, true) => Head::Infix(symbol, usual_strength(function)),
            _ => Head::Prefix(symbol),
        };
        Some(Graph { value: names[count], inputs: names[..count].to_vec(), head })
    }

    pub(super) fn term(&mut self, graph: &Graph) -> Math {
        let mut inputs: Vec<Math> = graph.inputs.iter().map(|input| self.argument(Variable::Free(*input))).collect();
        match &graph.head {
            Head::Infix(symbol, strength) => {
                // The strength of a relation would make `a ∘ b = c` need parentheses.
                let right = inputs.remove(1);
                infix(symbol, (*strength).max(2), inputs.remove(0), right)
            }
            Head::Prefix(symbol) => Math::Apply(symbol.clone(), inputs),
            Head::Postfix(symbol) => Math::Postfix(symbol.clone(), Box::new(inputs.remove(0))),
        }
    }
}

fn usual_strength(symbol: &str) -> u8 {
    match symbol {
        "*" | "·" | "/" | "×" => 6,
        "^" => 7,
        _ => 5,
    }
}
