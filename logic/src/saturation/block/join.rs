//! Joins of a fact with older ones by the rules' join plans, and the firing of matched rules.

use std::sync::Arc;

use crate::saturation::facts::{FactId, Reason};
use crate::saturation::pattern::{Code, Individual};
use crate::saturation::rule::RuleId;
use crate::saturation::rule::{Column, Plan, Rule, RuleHead};

use super::agenda::Wanted;
use super::want::DEMANDS_SHARE;
use super::{Block, UNBOUND, stands_for};

/// The most matches of one fact that are held at once, and the most facts examined for them. A rule with many premises
/// that share no variable can exceed any memory; a block that reaches this limit ends.
const MOST_MATCHES: usize = 1 << 18;
const MOST_STEPS: u64 = 1 << 24;

impl Block {
    /// Joins a fact with all older ones.
    pub(super) fn take(&mut self, fact: FactId) {
        let code = self.layer.code(fact);
        if !self.layer.is_entered(fact) || !self.is_current(fact) {
            return;
        }
        let mut matches = std::mem::take(&mut self.matches);
        let book = self.book.clone();
        for (number, pattern) in &book.triggers[code.index()] {
            let rule = &book.rules[*number as usize];
            self.trigger(RuleId(*number), rule, *pattern as usize, fact, &mut matches);
        }
        for (id, rule) in &self.local {
            for (place, pattern) in rule.patterns.iter().enumerate() {
                if pattern.code == code {
                    self.trigger(*id, rule, place, fact, &mut matches);
                }
            }
        }
        self.act(&mut matches);
        self.matches = matches;
    }

    /// Joins a new rule with all facts taken so far.
    pub(super) fn join_with_all(&mut self, id: RuleId, rule: &Arc<Rule>) {
        let Some(first) = rule.patterns.first() else { return };
        let mut matches = std::mem::take(&mut self.matches);
        let is_demand = matches!(rule.head, RuleHead::Demand(..));
        matches.limit = is_demand.then_some(self.most_steps / DEMANDS_SHARE);
        let facts: Vec<FactId> = self.facts_of(first.code).filter(|fact| fact.0 < self.next).collect();
        let limit = FactId(self.next.wrapping_sub(1));
        if self.next > 0 {
            for fact in facts {
                if self.is_current(fact) {
                    self.extend_from(id, rule, 0, fact, limit, false, &mut matches);
                }
            }
        }
        // A block that lacks some demands goes on.
        matches.is_cut &= !is_demand;
        matches.limit = None;
        self.act(&mut matches);
        self.matches = matches;
    }

    pub(super) fn trigger(&self, id: RuleId, rule: &Rule, pattern: usize, fact: FactId, matches: &mut Matches) {
        self.extend_from(id, rule, pattern, fact, fact, true, matches);
    }

    /// Finds all matches of a rule in which `pattern` is `fact` and the other facts are at most `limit`. With `once`,
    /// the facts of patterns before `pattern` must be older than `fact`, so that no match is found twice.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn extend_from(
        &self,
        id: RuleId,
        rule: &Rule,
        pattern: usize,
        fact: FactId,
        limit: FactId,
        once: bool,
        matches: &mut Matches,
    ) {
        let plan = &rule.plans[pattern];
        matches.steps += 1;
        matches.binding.clear();
        matches.binding.resize(rule.variables as usize, UNBOUND);
        matches.chosen.clear();
        matches.chosen.resize(rule.patterns.len(), fact);
        if !self.bind(&plan.trigger, self.arguments(fact), &mut matches.binding) {
            return;
        }
        let search = Search { block: self, id, rule, plan, pattern, fact, limit, once };
        search.extend(0, matches);
    }

    pub(super) fn bind(&self, columns: &[Column], row: &[Individual], binding: &mut [Individual]) -> bool {
        columns.iter().zip(row).all(|(column, individual)| match column {
            Column::Individual(wanted) => self.classes.find(*wanted) == *individual,
            Column::Check(number) => binding[*number as usize] == *individual,
            Column::Bind(number) => {
                binding[*number as usize] = *individual;
                true
            }
        })
    }

    /// Fires the matched rules.
    pub(super) fn act(&mut self, matches: &mut Matches) {
        self.steps += std::mem::take(&mut matches.steps);
        self.is_cut |= std::mem::take(&mut matches.is_cut);
        let found = std::mem::take(&mut matches.found);
        let (mut parents_at, mut bindings_at) = (0, 0);
        for (id, parents, bindings) in &found {
            let (parents_end, bindings_end) = (parents_at + *parents as usize, bindings_at + *bindings as usize);
            let rule = self.rule(*id);
            self.fire(
                *id,
                &rule,
                &matches.parents[parents_at..parents_end],
                &matches.bindings[bindings_at..bindings_end],
            );
            (parents_at, bindings_at) = (parents_end, bindings_end);
        }
        matches.found = found;
        matches.found.clear();
        matches.parents.clear();
        matches.bindings.clear();
    }

    pub(super) fn fire(&mut self, id: RuleId, rule: &Rule, parents: &[FactId], binding: &[Individual]) {
        match &rule.head {
            RuleHead::Fact(pattern) => {
                let mut arguments = [UNBOUND; 8];
                if pattern.arguments.len() <= arguments.len() {
                    let arguments = &mut arguments[..pattern.arguments.len()];
                    for (place, argument) in pattern.arguments.iter().enumerate() {
                        arguments[place] = stands_for(*argument, binding);
                    }
                    self.add(pattern.code, arguments, Reason::Rule(id), parents);
                } else {
                    let arguments: Vec<_> =
                        pattern.arguments.iter().map(|argument| stands_for(*argument, binding)).collect();
                    self.add(pattern.code, &arguments, Reason::Rule(id), parents);
                }
            }
            RuleHead::Equal(left, right) => {
                let (left, right) = (stands_for(*left, binding), stands_for(*right, binding));
                if self.classes.find(left) != self.classes.find(right) {
                    let equation = self.layer.record_fact(Code::EQUAL, &[left, right], Reason::Rule(id), parents);
                    self.equate(left, right, equation);
                }
            }
            RuleHead::False => self.contradict(Reason::Rule(id), parents),
            RuleHead::Exists(..) => {
                let bound = binding.iter().filter(|individual| **individual != UNBOUND);
                let price = 1 + bound.map(|individual| self.classes.weight(*individual)).sum::<u32>();
                self.agenda.push(Wanted { price, rule: id, binding: binding.to_vec(), parents: parents.to_vec() });
            }
            RuleHead::Demand(rows, surcharge) => {
                if let Some(price) = self.price(rows, binding) {
                    let later = surcharge + self.detour(rows);
                    let price = if self.is_aimed_at(rule, rows, binding) {
                        1
                    } else if self.meets_a_known_value(rule, rows, binding) {
                        (price + later).div_ceil(2)
                    } else {
                        price + later
                    };
                    self.agenda.push(Wanted { price, rule: id, binding: binding.to_vec(), parents: Vec::new() });
                }
            }
            RuleHead::Goal => {
                if self.reached.is_none() {
                    self.reached = Some((self.rule(id), parents.to_vec()));
                }
            }
        }
    }
}

/// Matches of one fact, all collected before any rule fires.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) found: Vec<(RuleId, u32, u32)>,
    pub(super) parents: Vec<FactId>,
    pub(super) bindings: Vec<Individual>,
    /// Scratch: the bindings of the rule's variables, and the facts that match its patterns.
    pub(super) binding: Vec<Individual>,
    pub(super) chosen: Vec<FactId>,
    pub(super) steps: u64,
    /// A limit on `steps` below [`MOST_STEPS`].
    limit: Option<u64>,
    /// Whether further matches were not collected.
    pub(super) is_cut: bool,
}

/// The search for the remaining facts of a match.
struct Search<'b> {
    block: &'b Block,
    id: RuleId,
    rule: &'b Rule,
    plan: &'b Plan,
    pattern: usize,
    fact: FactId,
    limit: FactId,
    once: bool,
}

impl Search<'_> {
    fn extend(&self, depth: usize, matches: &mut Matches) {
        if matches.found.len() >= MOST_MATCHES
            || matches.steps >= matches.limit.map_or(MOST_STEPS, |limit| limit.min(MOST_STEPS))
        {
            matches.is_cut = true;
            return;
        }
        let Some(step) = self.plan.steps.get(depth) else {
            for (number, other) in &self.rule.aliased {
                matches.binding[*number as usize] = stands_for(*other, &matches.binding);
            }
            matches.found.push((self.id, matches.chosen.len() as u32, matches.binding.len() as u32));
            matches.parents.extend_from_slice(&matches.chosen);
            matches.bindings.extend_from_slice(&matches.binding);
            return;
        };
        let mut probe = [UNBOUND; 8];
        for (column, action) in step.columns.iter().enumerate().take(8) {
            probe[column] = match action {
                Column::Individual(individual) => self.block.classes.find(*individual),
                Column::Check(number) => matches.binding[*number as usize],
                Column::Bind(_) => UNBOUND,
            };
        }
        let older_only = self.once && step.pattern < self.pattern;
        let block = self.block;
        let layers = std::iter::once(&block.layer).chain(block.ancestors.iter().rev().map(|layer| &**layer));
        for layer in layers {
            for fact in layer.candidates(step.code, step.mask, &probe) {
                matches.steps += 1;
                if fact > self.limit || (older_only && fact == self.fact) {
                    continue;
                }
                let row = layer.arguments(fact);
                let mut fits = true;
                for (column, action) in step.columns.iter().enumerate() {
                    let individual = row[column];
                    fits = match action {
                        Column::Individual(wanted) => block.classes.find(*wanted) == individual,
                        Column::Check(number) => matches.binding[*number as usize] == individual,
                        Column::Bind(number) => {
                            matches.binding[*number as usize] = individual;
                            block.classes.find(individual) == individual
                        }
                    };
                    if !fits {
                        break;
                    }
                }
                if fits {
                    matches.chosen[step.pattern] = fact;
                    self.extend(depth + 1, matches);
                    if matches.is_cut {
                        return;
                    }
                }
            }
        }
    }
}
