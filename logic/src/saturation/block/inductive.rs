//! Values that the rules of an inductively defined relation need: from `n` even and the rule that then `s(s(n))` is even
//! follows nothing as long as nobody asks for `s(s(n))`.

use std::collections::BTreeSet;

use crate::saturation::pattern::{Code, Pattern};
use crate::saturation::rule::{Rule, RuleHead, in_order};

use super::{Block, Goal};

/// How many rules deep the goal's relation is looked at backwards.
const DEPTH: usize = 3;
/// What such a value costs beyond its weight: others come first.
const PRICE: u32 = 2;
/// The most rules for which values are asked for.
const MOST_RULES: usize = 12;

impl Block {
    /// Asks for the values of functions in the premises of rules that conclude what leads to the goal, where the other
    /// premises hold. Goals that are equations or rows of functions are left to the rules that are equations themselves.
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

    /// The relations that the goal is about, and those that rules conclude them from. Functions and their domains are left
    /// out.
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

    /// A demand for the values of the functions in a rule's premises, where the other premises hold, of which one must be
    /// about a relation that leads to the goal.
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
