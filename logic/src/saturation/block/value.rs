//! Function values and witnesses: demanded by rules, created in order of price.

use std::cmp::Reverse;

use crate::saturation::facts::{FactId, Reason, WitnessGroup};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::rule::RuleId;
use crate::saturation::rule::{Rule, RuleHead};

use super::agenda::Wanted;
use super::{Block, Limits, UNBOUND, stands_for};

impl Block {
    /// The weight of the heaviest missing value; `None` if none is missing.
    pub(super) fn price(&self, rows: &[Pattern], binding: &[Individual]) -> Option<u32> {
        let mut binding = binding.to_vec();
        let mut missing: Vec<(u16, u32)> = Vec::new();
        for row in rows {
            let (value, inputs) = row.arguments.split_last()?;
            let weight = |argument: &Argument| match argument {
                Argument::Variable(number) => {
                    missing.iter().find(|(other, _)| other == number).map(|(_, weight)| *weight)
                }
                Argument::Individual(_) => None,
            };
            let known = if inputs.iter().any(|input| weight(input).is_some()) {
                None
            } else {
                let inputs: Vec<_> = inputs.iter().map(|input| stands_for(*input, &binding)).collect();
                self.value(row.code, &inputs)
            };
            let Argument::Variable(number) = value else { continue };
            match known {
                Some((value, _)) => binding[*number as usize] = value,
                None => {
                    let price = inputs
                        .iter()
                        .map(|input| weight(input).unwrap_or_else(|| self.classes.weight(stands_for(*input, &binding))))
                        .sum::<u32>();
                    missing.push((*number, price + 1));
                }
            }
        }
        missing.iter().map(|(_, weight)| *weight).max()
    }

    /// Whether a demand lacks a single value and an equation then equates that value with a known one, as f(g(x)) with
    /// (f ∘ g)(x). Such a value costs no new individual.
    pub(super) fn meets_a_known_value(&self, demand: &Rule, rows: &[Pattern], binding: &[Individual]) -> bool {
        let mut binding = binding.to_vec();
        let mut missing = None;
        for row in rows {
            let Some((Argument::Variable(value), inputs)) = row.arguments.split_last() else { continue };
            let inputs: Vec<Individual> = inputs.iter().map(|input| stands_for(*input, &binding)).collect();
            if missing.is_some() || inputs.contains(&UNBOUND) {
                return false;
            }
            match self.value(row.code, &inputs) {
                Some((known, _)) => binding[usize::from(*value)] = known,
                None => missing = Some(Argument::Variable(*value)),
            }
        }
        let Some(missing) = missing else { return false };
        let is_known = |row: &Pattern| {
            let Some((value, inputs)) = row.arguments.split_last() else { return false };
            let inputs: Vec<Individual> = inputs.iter().map(|input| stands_for(*input, &binding)).collect();
            *value == missing && !inputs.contains(&UNBOUND) && self.value(row.code, &inputs).is_some()
        };
        demand.leads_to.iter().any(is_known)
    }

    pub(super) fn create(&mut self, wanted: &Wanted) {
        let rule = self.rule(wanted.rule);
        match &rule.head {
            RuleHead::Demand(rows, _) => {
                let mut binding = wanted.binding.clone();
                for row in rows {
                    let (value, inputs) = row.arguments.split_last().expect("a function has a value");
                    let inputs: Vec<_> =
                        inputs.iter().map(|input| self.classes.find(stands_for(*input, &binding))).collect();
                    let Some(found) = self.make_value(row.code, &inputs) else { return };
                    if let Argument::Variable(number) = value {
                        binding[*number as usize] = found;
                    }
                }
            }
            RuleHead::Exists(count, facts) => {
                if wanted.parents.is_empty() && self.book.is_totality(wanted.rule) {
                    let code = facts.iter().map(|fact| fact.code).find(|code| self.book.function(*code).is_some());
                    if let Some(code) = code {
                        let inputs: Vec<_> = wanted.binding.iter().map(|input| self.classes.find(*input)).collect();
                        self.make_value(code, &inputs);
                    }
                    return;
                }
                let current = |individual: &Individual| {
                    if *individual == UNBOUND { UNBOUND } else { self.classes.find(*individual) }
                };
                let binding: Vec<_> = wanted.binding.iter().map(current).collect();
                if !self.has_witness(*count, facts, &binding) {
                    let weight = wanted.price;
                    self.witness(wanted.rule, &rule, wanted.parents.clone(), wanted.binding.clone(), weight);
                }
            }
            _ => unreachable!("only demands and existence rules ask"),
        }
    }

    /// The value of a function at these inputs, created if necessary; `None` if the inputs are not known to lie in its
    /// domain.
    pub(super) fn make_value(&mut self, code: Code, inputs: &[Individual]) -> Option<Individual> {
        if let Some((value, _)) = self.value(code, inputs) {
            return Some(value);
        }
        let book = self.book.clone();
        let function = book.function(code)?;
        let rule = book.rules[function.totality.0 as usize].clone();
        let mut binding = vec![UNBOUND; rule.variables as usize];
        for (input, variable) in inputs.iter().zip(&function.variables) {
            binding[*variable as usize] = *input;
        }
        let mut parents = Vec::new();
        for guard in &rule.patterns {
            let arguments: Vec<_> = guard.arguments.iter().map(|argument| stands_for(*argument, &binding)).collect();
            parents.push(self.holds(guard.code, &arguments)?);
        }
        let weight = 1 + inputs.iter().map(|input| self.classes.weight(*input)).sum::<u32>();
        Some(self.witness(function.totality, &rule, parents, binding, weight))
    }

    /// Whether individuals that satisfy these facts are known.
    pub(super) fn has_witness(&self, count: u16, facts: &[Pattern], binding: &[Individual]) -> bool {
        fn search(block: &Block, facts: &[Pattern], binding: &mut Vec<Individual>) -> bool {
            let Some((first, rest)) = facts.split_first() else { return true };
            let known = |argument: &Argument, binding: &[Individual]| match argument {
                Argument::Individual(individual) => Some(block.classes.find(*individual)),
                Argument::Variable(number) => {
                    Some(binding[*number as usize]).filter(|individual| *individual != UNBOUND)
                }
            };
            let mut mask = 0;
            let mut probe = Vec::new();
            for (column, argument) in first.arguments.iter().enumerate() {
                let value = known(argument, binding);
                mask |= u32::from(value.is_some()) << column;
                probe.push(value.unwrap_or(UNBOUND));
            }
            for layer in std::iter::once(&block.layer).chain(block.ancestors.iter().rev().map(|layer| &**layer)) {
                for fact in layer.candidates(first.code, mask, &probe) {
                    let row = layer.arguments(fact);
                    if row.iter().any(|individual| block.classes.find(*individual) != *individual) {
                        continue;
                    }
                    // The columns of the variables that this row binds, as bits.
                    let mut given = 0u32;
                    let fits = first.arguments.iter().zip(row).enumerate().all(|(column, (argument, individual))| {
                        if let Some(value) = known(argument, binding) {
                            return value == *individual;
                        }
                        if let Argument::Variable(number) = argument {
                            binding[*number as usize] = *individual;
                            given |= 1 << column;
                        }
                        true
                    });
                    if fits && search(block, rest, binding) {
                        return true;
                    }
                    for (column, argument) in first.arguments.iter().enumerate() {
                        if let (Argument::Variable(number), 1) = (argument, given >> column & 1) {
                            binding[*number as usize] = UNBOUND;
                        }
                    }
                }
            }
            false
        }
        let mut binding = binding.to_vec();
        binding.resize(binding.len() + count as usize, UNBOUND);
        let mut facts = facts.to_vec();
        // Facts with the fewest unknowns first, among these the most specific: an element of a set with a property is
        // searched among the individuals with the property.
        facts.sort_by_key(|fact| {
            let is_unknown = |argument: &&Argument| {
                matches!(argument, Argument::Variable(number) if binding[*number as usize] == UNBOUND)
            };
            let unknown = fact.arguments.iter().filter(is_unknown).count();
            (unknown, Reverse(fact.arguments.len() - unknown))
        });
        search(self, &facts, &mut binding)
    }

    pub(super) fn witness(
        &mut self,
        id: RuleId,
        rule: &Rule,
        parents: Vec<FactId>,
        binding: Vec<Individual>,
        weight: u32,
    ) -> Individual {
        let RuleHead::Exists(count, facts) = &rule.head else { unreachable!("an existence rule") };
        let number = self.layer.first_group + self.layer.groups.len() as u32;
        let begin = self.layer.end();
        let first = Individual(self.classes.len() as u32);
        let mut all = binding.clone();
        debug_assert_eq!(rule.witnesses.len(), usize::from(*count));
        for sort in &rule.witnesses {
            all.push(self.fresh(weight, *sort));
        }
        self.creations += u32::from(*count);
        self.layer.groups.push(WitnessGroup {
            rule: id,
            parents,
            binding,
            first,
            count: u32::from(*count),
            facts: 0..0,
        });
        for (place, fact) in facts.iter().enumerate() {
            let arguments: Vec<_> = fact.arguments.iter().map(|argument| stands_for(*argument, &all)).collect();
            self.add(fact.code, &arguments, Reason::Witness(number, place as u32), &[]);
        }
        let end = self.layer.end();
        let place = (number - self.layer.first_group) as usize;
        self.layer.groups[place].facts = begin..end;
        first
    }

    /// Creates the value of a function at these inputs and derives its consequences within the limits. `None` if the
    /// inputs are not known to lie in the function's domain.
    pub fn evaluate(&mut self, code: Code, inputs: &[Individual], limits: Limits) -> Option<Individual> {
        let inputs: Vec<_> = inputs.iter().map(|input| self.classes.find(*input)).collect();
        let value = self.make_value(code, &inputs)?;
        self.run(limits);
        Some(self.classes.find(value))
    }
}
