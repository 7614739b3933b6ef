//! Instances of rules in terms: `s(a) + b = s(a + b)` instead of relations and their values.

use theoremata_logic::calculus::formula::{Formula, Name};
use theoremata_logic::calculus::proof::{Rule, Step, StepId};

use super::term::Term;
use super::values::Values;
use super::view::View;

/// An instance of a rule.
pub(crate) struct Instance {
    /// The equation that the rule yields for these terms.
    pub(crate) equation: Option<(Term, Term)>,
    /// The equations that it requires.
    pub(crate) asks: Vec<(Term, Term)>,
    /// The other steps that it requires.
    pub(crate) steps: Vec<StepId>,
}

impl View<'_, '_> {
    /// The instance of a step that applies a rule.
    pub(crate) fn instance(&self, step: &Step) -> Instance {
        let Rule::Instantiate(arguments) = &step.rule else {
            return Instance { equation: None, asks: Vec::new(), steps: step.premises.clone() };
        };
        let mut values = Values::within(&self.values);
        let mut arguments = arguments.iter().copied();
        let mut next = self.proof.sorts.len().max(self.proof.names.len()) as u32;
        let mut premises = Vec::new();
        let mut rest = self.step(step.premises[0]).conclusion.clone();
        for premise in &step.premises[1..] {
            let Formula::Implies(binders, asked, conclusion) = &rest else { break };
            let names: Vec<Name> = binders
                .iter()
                .zip(&mut arguments)
                .map(|(binder, argument)| {
                    if !binder.sort.is_individual() || self.given.anchors.contains(premise) {
                        return argument;
                    }
                    let fresh = Name(next);
                    next += 1;
                    values.put(fresh, argument);
                    fresh
                })
                .collect();
            if !self.given.anchors.contains(premise) {
                self.pair(&asked.open(&names), *premise, &mut premises);
            }
            rest = conclusion.open(&names);
        }
        let own = self.proof.sorts.len().max(self.proof.names.len()) as u32;
        let mut instance = Instance { equation: None, asks: Vec::new(), steps: Vec::new() };
        // First all values, then the other premises.
        premises.retain(|(formula, _)| match self.graph(formula) {
            Some(graph) => graph.value.0 < own || !values.define(graph),
            None => true,
        });
        for (formula, premise) in premises {
            match self.equation(&formula, &values) {
                Some((left, right)) if left == right => {}
                Some(equation) => instance.asks.push(equation),
                None => instance.steps.push(premise),
            }
        }
        instance.equation = self.equation(&rest, &values);
        instance
    }

    /// The conjuncts of a rule's premise, each with the step that proves it.
    fn pair(&self, formula: &Formula, step: StepId, into: &mut Vec<(Formula, StepId)>) {
        match (formula, &self.step(step).rule) {
            (Formula::And(left, right), Rule::AndIntroduction) => {
                self.pair(left, self.step(step).premises[0], into);
                self.pair(right, self.step(step).premises[1], into);
            }
            (Formula::And(left, right), _) => {
                self.pair(left, step, into);
                self.pair(right, step, into);
            }
            _ => into.push((formula.clone(), step)),
        }
    }
}
