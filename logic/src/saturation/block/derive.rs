//! New facts: stored once, rewritten when individuals become equal, and checked against their negations.

use crate::saturation::facts::{FactId, Reason, WitnessGroup};
use crate::saturation::pattern::{Argument, Code, Individual};
use crate::saturation::rule::Rule;
use crate::saturation::rule::RuleId;

use super::Block;
use super::agenda::Wanted;

impl Block {
    /// Adds a fact unless it is known.
    pub(super) fn add(&mut self, code: Code, arguments: &[Individual], reason: Reason, parents: &[FactId]) {
        let current = arguments.iter().all(|argument| self.classes.find(*argument) == *argument);
        if current {
            return self.add_current(code, arguments, reason, parents);
        }
        let moved: Vec<_> = arguments.iter().map(|argument| self.classes.find(*argument)).collect();
        if self.lookup(code, &moved).is_none() {
            let fact = self.layer.record_fact(code, arguments, reason, parents);
            self.add_current(code, &moved, Reason::Rewritten, &[fact]);
        }
    }

    pub(super) fn add_current(&mut self, code: Code, arguments: &[Individual], reason: Reason, parents: &[FactId]) {
        self.steps += 1;
        if code.positive() && self.book.function(code).is_some() {
            if let Some(row) = self.row(code, arguments) {
                let (known, new) = (*self.arguments(row).last().expect("a value"), *arguments.last().expect("a value"));
                if known != new {
                    let fact = self.layer.record_fact(code, arguments, reason, parents);
                    let equation = self.layer.record_fact(Code::EQUAL, &[known, new], Reason::Functional, &[row, fact]);
                    self.equate(known, new, equation);
                }
                return;
            }
        } else if self.lookup(code, arguments).is_some() {
            return;
        }
        let fact = self.layer.record_fact(code, arguments, reason, parents);
        self.layer.enter(fact);
        if code == Code::APART && arguments[0] == arguments[1] {
            self.contradict(Reason::Apart, &[fact]);
            return;
        }
        self.negatives |= !code.positive();
        if self.negatives
            && code != Code::APART
            && let Some(other) = self.lookup(code.opposite(), arguments)
        {
            let pair = if code.positive() { [fact, other] } else { [other, fact] };
            self.contradict(Reason::Clash, &pair);
        } else if !code.positive() {
            self.ask_for_denied_value(code.opposite(), arguments);
        }
    }

    /// Demands the value of a function that is denied to have a certain value: rules are stated about the value itself.
    fn ask_for_denied_value(&mut self, code: Code, arguments: &[Individual]) {
        let Some(function) = self.book.function(code) else { return };
        let inputs = &arguments[..function.inputs];
        if self.value(code, inputs).is_none() {
            let price = 1 + inputs.iter().map(|input| self.classes.weight(*input)).sum::<u32>();
            let (rule, binding) = (function.totality, inputs.to_vec());
            self.agenda.push(Wanted { price, rule, binding, parents: Vec::new() });
        }
    }

    pub(super) fn contradict(&mut self, reason: Reason, parents: &[FactId]) {
        if self.falsum.is_none() {
            self.falsum = Some(self.layer.record_fact(Code::FALSE, &[], reason, parents));
        }
    }

    /// Whether this block created the individual.
    pub(super) fn is_witness(&self, individual: Individual) -> bool {
        let made = |group: &WitnessGroup| (group.first.0..group.first.0 + group.count).contains(&individual.0);
        let place = self.layer.groups.partition_point(|group| group.first <= individual);
        place > 0 && made(&self.layer.groups[place - 1])
    }

    /// Equates two individuals, then those whose equality follows, one merge at a time: facts are about representatives
    /// again only after a merge is complete.
    pub(super) fn equate(&mut self, left: Individual, right: Individual, equation: FactId) {
        self.equations.push_back((left, right, equation));
        if self.equations.len() > 1 {
            return;
        }
        while let Some((left, right, equation)) = self.equations.front().copied() {
            self.merge(left, right, equation);
            self.equations.pop_front();
        }
    }

    /// Merges two classes and rewrites the facts about one representative to the other.
    pub(super) fn merge(&mut self, left: Individual, right: Individual, equation: FactId) {
        let Some(loser) = self.classes.merge(left, right, equation) else { return };
        self.rejoin_those_that_name(loser);
        // A created value that equals a known individual does not count against the limit.
        if loser.0 >= self.layer.first_individual && self.is_witness(loser) {
            self.creations = self.creations.saturating_sub(1);
        }
        let mut stale: Vec<FactId> = Vec::new();
        for layer in &self.ancestors {
            stale.extend_from_slice(layer.mentions_at_rest(loser));
        }
        stale.extend(self.layer.mentions(loser));
        for fact in stale {
            let layer = self.layer_of(fact);
            let old = layer.arguments(fact).to_vec();
            let code = layer.code(fact);
            // Facts superseded before this merge were rewritten at that time.
            if old.iter().any(|argument| *argument != loser && self.classes.find(*argument) != *argument) {
                continue;
            }
            let new: Vec<_> = old.iter().map(|argument| self.classes.find(*argument)).collect();
            self.steps += 1;
            self.add(code, &new, Reason::Rewritten, &[fact]);
        }
    }

    /// Records the rules that name a member of the class of `loser`. A class with a constant is represented by one, and
    /// the shared rules name only constants.
    pub(super) fn rejoin_those_that_name(&mut self, loser: Individual) {
        let classes = &self.classes;
        let winner = classes.find(loser);
        let moved = |argument: &Argument| match argument {
            Argument::Individual(individual) => *individual != winner && classes.find(*individual) == winner,
            Argument::Variable(_) => false,
        };
        let names = |rule: &Rule| rule.patterns.iter().any(|pattern| pattern.arguments.iter().any(moved));
        let local = self.local.iter().filter(|(_, rule)| names(rule)).map(|(id, _)| *id);
        let mut found: Vec<RuleId> = local.collect();
        if loser.0 < self.ancestors.first().map_or(self.layer.first_individual, |root| root.first_individual) {
            let shared = self.book.rules.iter().enumerate().filter(|(_, rule)| names(rule));
            found.extend(shared.map(|(number, _)| RuleId(number as u32)));
        }
        self.rejoin.extend(found);
    }
}
