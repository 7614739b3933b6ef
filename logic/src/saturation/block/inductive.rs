//! Demands for the values that rules of inductively defined relations need: `n` even and the rule "then `s(s(n))` is
//! even" derive nothing unless `s(s(n))` is demanded.

use std::collections::BTreeSet;

use crate::saturation::pattern::{Code, Pattern};
use crate::saturation::rule::{Rule, RuleHead, in_order};

use super::{Block, Goal};

/// The depth of backward chaining from the goal's relation, in rules.
const DEPTH: usize = 3;
/// The price added to the weight of such a value, so that others come first.
const PRICE: u32 = 2;
/// The most rules for which values are demanded.
const MOST_RULES: usize = 12;

impl Block {
    /// Demands the function values in the premises of rules whose conclusion leads to the goal, where the other
    /// premises hold. Goals that are equations or function rows are left to the rules that conclude equations.
    pub(super) fn ask_for_inductive_rows(&mut self) {
        let relations = self.leads_to_goal();
        if relations.is_empty() {
            return;
        }
        let asks = |rule: &Rule| match &rule.head {
            RuleHead::Fact(head) if relations.contains(&head.code) => self.asking_rows(rule, &relations),
            _ => None,
        };
        let rules = self.book.rules.iter().chain(self.local.iter().map(|(_, rule)| rule));
        let proper = rules.filter(|rule| rule.justification.is_some() && rule.turned.is_none());
        let demands: Vec<Rule> = proper.filter_map(|rule| asks(rule)).take(MOST_RULES).collect();
        for demand in demands {
            self.assume_rule(demand);
        }
    }

    /// The relations of the goal, and those from which rules derive them, without functions and domains.
    fn leads_to_goal(&self) -> BTreeSet<Code> {
        let mut open: Vec<Code> = match &self.goal {
            Some(Goal::Fact(code, _)) => vec![*code],
            Some(Goal::Exists(_, patterns)) => patterns.iter().map(|pattern| pattern.code).collect(),
            Some(Goal::Equal(..) | Goal::False) | None => Vec::new(),
        };
        let domains: BTreeSet<Code> = self.book.domains().collect();
        let mut found = BTreeSet::new();
        for _ in 0..=DEPTH {
            open.retain(|code| {
                let plain = code.positive() && *code != Code::EQUAL && self.book.function(*code).is_none();
                plain && !domains.contains(code) && found.insert(*code)
            });
            let concludes = |rule: &Rule| matches!(&rule.head, RuleHead::Fact(head) if open.contains(&head.code));
            let rules = self.book.rules.iter().filter(|rule| concludes(rule));
            open = rules.flat_map(|rule| rule.patterns.iter().map(|pattern| pattern.code)).collect();
        }
        found
    }

    /// A demand for the function values in a rule's premises where the other premises hold, at least one of which must
    /// be about a relation that leads to the goal.
    fn asking_rows(&self, rule: &Rule, relations: &BTreeSet<Code>) -> Option<Rule> {
        let is_row = |pattern: &&Pattern| self.book.function(pattern.code).is_some();
        let (rows, core): (Vec<&Pattern>, Vec<&Pattern>) = rule.patterns.iter().partition(is_row);
        if rows.is_empty() || !core.iter().any(|pattern| relations.contains(&pattern.code)) {
            return None;
        }
        let core: Vec<Pattern> = core.into_iter().cloned().collect();
        let given = |row: &Pattern| {
            row.arguments.last().is_some_and(|value| core.iter().any(|one| one.arguments.contains(value)))
        };
        if rows.iter().any(|row| given(row)) {
            return None;
        }
        let rows = in_order(&core, rows)?;
        Some(Rule::asking(rule.variables, core, rows, PRICE))
    }
}
