//! Candidate literals for case splits: premises that rules lack when all their other premises hold.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::saturation::facts::{FactId, WitnessGroup};
use crate::saturation::pattern::{Argument, Code, Individual, Pattern};
use crate::saturation::rule::{Rule, RuleHead, RuleId};
use crate::saturation::sorts::SortId;

use super::join::Matches;
use super::{Block, UNBOUND};

/// The most literals that one rule may propose.
const MOST_OF_A_RULE: usize = 32;

/// The rank of a literal, best first: distance of its arguments from the goal, origin, weight.
type Rank = (u32, u32, u32);

/// The context in which literals are ranked.
struct Aim {
    /// The individuals that the goal mentions.
    relevant: BTreeSet<Individual>,
    /// The individuals at recursive inputs of functions.
    driving: BTreeSet<Individual>,
}

impl Block {
    /// The best-ranked positive literals that are neither known nor denied and are the only missing premise of a rule;
    /// at most `most`.
    #[must_use]
    pub fn undecided(&self, relevant: &[Individual], most: usize) -> Vec<Pattern> {
        let aim = Aim {
            relevant: relevant.iter().map(|individual| self.classes.find(*individual)).collect(),
            driving: self.driving(),
        };
        let mut found: BTreeSet<(Rank, Pattern)> = BTreeSet::new();
        for (_, rule) in &self.local {
            self.lacking(rule, 0, &aim, &mut found);
        }
        for rule in &self.book.rules {
            let by_cases = rule.turned.is_some() || rule.patterns.iter().any(|pattern| !pattern.code.positive());
            self.lacking(rule, if by_cases { 1 } else { 2 }, &aim, &mut found);
        }
        for subgoal in self.subgoals() {
            let arguments: Vec<Individual> = subgoal
                .arguments
                .iter()
                .filter_map(|argument| match argument {
                    Argument::Individual(individual) => Some(self.classes.find(*individual)),
                    Argument::Variable(_) => None,
                })
                .collect();
            let Some(literal) = self.question(subgoal.code, &arguments) else { continue };
            let weight = literal.iter().map(|one| self.classes.weight(*one)).sum();
            let code = Code::new(subgoal.code.relation(), true);
            let arguments = literal.into_iter().map(Argument::Individual).collect();
            found.insert(((0, 0, weight), Pattern { code, arguments }));
        }
        let mut seen = BTreeSet::new();
        found
            .into_iter()
            .map(|(_, literal)| literal)
            .filter(|literal| seen.insert(literal.clone()))
            .take(most)
            .collect()
    }

    /// Adds the literals that are a rule's only missing premise.
    fn lacking(&self, rule: &Arc<Rule>, origin: u32, aim: &Aim, found: &mut BTreeSet<(Rank, Pattern)>) {
        if rule.justification.is_none() {
            return;
        }
        for (place, lacked) in rule.patterns.iter().enumerate() {
            let is_row = self.book.function(lacked.code).is_some();
            let is_set = lacked.code.positive() && lacked.arguments.len() == 1;
            let open = lacked.code.positive()
                && (self.book.sorts.of_domain(lacked.code).is_some()
                    || (is_row && origin > 0)
                    || (is_set && !self.book.denies(lacked.code.relation())));
            if open {
                continue;
            }
            let others: Vec<Pattern> = rule
                .patterns
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != place)
                .map(|(_, one)| one.clone())
                .collect();
            let known = |argument: &Argument| match argument {
                Argument::Individual(_) => true,
                Argument::Variable(_) => others.iter().any(|other| other.arguments.contains(argument)),
            };
            let (value, inputs) = match lacked.arguments.split_last() {
                Some(parts) => parts,
                None => continue,
            };
            if !lacked.arguments.iter().all(known) || (is_row && inputs.contains(value)) {
                continue;
            }
            self.propose(lacked, (&others, rule.variables), origin, aim, found);
            if let Some((others, variables)) = self.hinging(rule, place) {
                self.propose(lacked, (&others, variables), origin.min(1), aim, found);
            }
        }
    }

    /// Adds the literals that a premise becomes where the others match; `others` are patterns with the number of their
    /// variables.
    fn propose(
        &self,
        lacked: &Pattern,
        (others, variables): (&[Pattern], u16),
        origin: u32,
        aim: &Aim,
        found: &mut BTreeSet<(Rank, Pattern)>,
    ) {
        let is_row = self.book.function(lacked.code).is_some();
        let patterns = others.iter().chain([lacked]);
        let typed = patterns.filter(|pattern| self.book.sorts.of_domain(pattern.code).is_none());
        let sorts = self.typing().of_variables(variables, typed);
        for binding in self.matches_of(others, &sorts, aim) {
            let arguments: Vec<Individual> = lacked
                .arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Individual(individual) => self.classes.find(*individual),
                    Argument::Variable(number) => binding[usize::from(*number)],
                })
                .collect();
            let Some(literal) = self.question(lacked.code, &arguments) else { continue };
            let mut outside: u32 = literal.iter().map(|one| self.distance(*one, &aim.relevant)).sum();
            // Whether an individual equals a constant matters only if a function recurs on it.
            let constants = self.constants();
            let form = lacked.code == Code::APART && literal.iter().any(|one| one.0 < constants);
            if form && !literal.iter().any(|one| one.0 >= constants && aim.driving.contains(one)) {
                outside += 4;
            }
            if origin == 2 && outside > 0 {
                continue;
            }
            let weight = literal.iter().map(|one| self.classes.weight(*one)).sum();
            let code = if is_row || lacked.code == Code::APART {
                Code::EQUAL
            } else {
                Code::new(lacked.code.relation(), true)
            };
            let arguments = literal.into_iter().map(Argument::Individual).collect();
            found.insert(((outside, origin, weight), Pattern { code, arguments }));
        }
    }

    /// The premises of a case of a definition without the one at `place`, and without rows that merely compute the value:
    /// where a function is applied to known arguments, its value hinges on the missing premise. With the number of
    /// variables.
    fn hinging(&self, rule: &Rule, place: usize) -> Option<(Vec<Pattern>, u16)> {
        let RuleHead::Fact(head) = &rule.head else { return None };
        if !head.code.positive() || self.book.function(head.code).is_none() {
            return None;
        }
        let mut applied = head.clone();
        *applied.arguments.last_mut()? = Argument::Variable(rule.variables);
        let mut kept: Vec<&Pattern> = rule.patterns.iter().collect();
        let lacked = kept.remove(place);
        let before = kept.len();
        // A row whose value only the head or other such rows use is computed once the case applies.
        while let Some(computed) = kept.iter().position(|row| {
            let Some(value @ Argument::Variable(_)) = row.arguments.last() else { return false };
            self.book.function(row.code).is_some()
                && !applied.arguments.contains(value)
                && !lacked.arguments.contains(value)
                && kept.iter().filter(|other| other.arguments.contains(value)).count() == 1
        }) {
            kept.remove(computed);
        }
        let others: Vec<Pattern> = kept.iter().map(|one| (*one).clone()).chain([applied]).collect();
        let known = |argument: &Argument| match argument {
            Argument::Individual(_) => true,
            Argument::Variable(_) => others.iter().any(|other| other.arguments.contains(argument)),
        };
        (kept.len() < before && lacked.arguments.iter().all(known)).then_some((others, rule.variables + 1))
    }

    /// The individuals at recursive inputs of known function rows.
    fn driving(&self) -> BTreeSet<Individual> {
        let mut driving = BTreeSet::new();
        for relation in 0..self.book.triggers.len() as u32 / 2 {
            let code = Code(2 * relation);
            let Some(function) = self.book.function(code).filter(|function| !function.recursive.is_empty()) else {
                continue;
            };
            for fact in self.facts_of(code).filter(|fact| self.is_current(*fact)) {
                driving.extend(function.recursive.iter().map(|input| self.arguments(fact)[*input]));
            }
        }
        driving
    }

    /// The distance of an individual from the goal: 0 for individuals of the goal and constants, 1 for others known to
    /// exist, 3 for created function values.
    fn distance(&self, individual: Individual, relevant: &BTreeSet<Individual>) -> u32 {
        if individual.0 < self.constants() || relevant.contains(&individual) {
            return 0;
        }
        let groups = self.layers().flat_map(|layer| &layer.groups);
        let made = |group: &&WitnessGroup| (group.first.0..group.first.0 + group.count).contains(&individual.0);
        let is_value = groups.filter(made).any(|group| self.book.is_totality(group.rule));
        if is_value { 3 } else { 1 }
    }

    /// The arguments of the positive literal, or of the equation of values, that decides a fact; `None` if it is
    /// already decided.
    fn question(&self, code: Code, arguments: &[Individual]) -> Option<Vec<Individual>> {
        let equation = |one: Individual, other: Individual| {
            let (low, high) = (one.min(other), one.max(other));
            let apart = self.holds(Code::APART, &[low, high]).or(self.holds(Code::APART, &[high, low]));
            (low != high && apart.is_none()).then(|| vec![low, high])
        };
        if code == Code::APART {
            return equation(arguments[0], arguments[1]);
        }
        if self.book.function(code).is_some() {
            let (value, inputs) = arguments.split_last()?;
            let (known, _) = self.value(code, inputs)?;
            return equation(known, *value);
        }
        let known = self.holds(code, arguments).is_some() || self.holds(code.opposite(), arguments).is_some();
        (!known).then(|| arguments.to_vec())
    }

    /// The bindings of a rule's variables, of these sorts, for which all patterns match, up to a limit: first those from
    /// facts about the goal's own individuals, then those from the newest facts.
    fn matches_of(&self, patterns: &[Pattern], sorts: &[SortId], aim: &Aim) -> Vec<Vec<Individual>> {
        let Some(first) = patterns.first() else { return vec![vec![UNBOUND; sorts.len()]] };
        let rule = Rule::asking(sorts.len() as u16, patterns.to_vec(), Vec::new(), 0);
        let mut matches = Matches::default();
        // Inequations are known of all sorts, and the literals derived from them must be of one.
        let fits = |fact: &FactId| {
            let mut columns = first.arguments.iter().zip(self.arguments(*fact));
            columns.all(|(argument, individual)| match argument {
                Argument::Variable(number) => self.sorts[individual.0 as usize] == sorts[usize::from(*number)],
                Argument::Individual(_) => true,
            })
        };
        let current = self.facts_of(first.code).filter(|fact| self.is_current(*fact) && fits(fact));
        let mut facts: Vec<FactId> = current.collect();
        let constants = self.constants();
        let is_far = |one: &Individual| one.0 >= constants && !aim.relevant.contains(one);
        facts.sort_by_key(|fact| (self.arguments(*fact).iter().any(is_far), Reverse(*fact)));
        for fact in facts {
            self.extend_from(RuleId(0), &rule, 0, fact, FactId(u32::MAX), false, &mut matches);
            if matches.found.len() >= MOST_OF_A_RULE || matches.is_cut {
                break;
            }
        }
        let width = sorts.len();
        if width == 0 {
            return matches.found.iter().take(1).map(|_| Vec::new()).collect();
        }
        matches.bindings.chunks(width).take(MOST_OF_A_RULE).map(<[Individual]>::to_vec).collect()
    }
}
