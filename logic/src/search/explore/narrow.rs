//! Attempts with selected rules: more effort on a goal with fewer theorems, and with negative facts if it needs them.
//!
//! Every rule of a block costs steps, and most have nothing to do with the goal. A goal that survived the usual effort
//! is therefore attempted with only the most relevant theorems and higher limits, and again whenever the selection
//! changes. These attempts also derive the negative facts that only the goal's negative premises can use.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::calculus::proof::TheoremId;
use crate::clauses::clause::Clause;
use crate::language::infix::Infix;
use crate::saturation::block::Limits;
use crate::saturation::book::RuleBook;
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock};
use crate::search::premises::{Fingerprint, NAMED};

use super::conjecture::{Conjecture, NARROW};
use super::learn::{add_theorem, root_of};
use super::{Exploration, Task};

/// The relevance bonus of a textbook law, added to the number of hashes and unifiable sides that it shares with a goal.
const TEXTBOOK: usize = 16;

impl Exploration {
    /// A round of goals, each with its most relevant theorems; `None` if none is due.
    pub(super) fn narrow_round(&mut self) -> Option<Task> {
        let rules = self.rules();
        let selects = rules as usize > NAMED;
        let due = |place: &usize| {
            let conjecture = &self.conjectures[*place];
            conjecture.is_open()
                && self.is_wanted(conjecture)
                && conjecture.tried[NARROW] <= rules
                && (selects || self.lacks_denials(conjecture))
        };
        let due: Vec<usize> = (0..self.conjectures.len()).filter(due).take(self.options.window).collect();
        if due.is_empty() {
            return None;
        }
        self.take_fingerprints();
        let mut blocks = Vec::new();
        self.running = Vec::new();
        self.running_level = NARROW;
        for place in due {
            // By cases, the first attempt uses the axioms alone: additional rules cost most there.
            let conjecture = &self.conjectures[place];
            let splits = !self.book.is_horn() || self.lacks_denials(conjecture);
            let bare = conjecture.tried[NARROW] == 0 && splits;
            let rules = if bare { 0 } else { rules };
            let before = std::mem::replace(&mut self.conjectures[place].tried[NARROW], rules + 1);
            let chosen = self.relevant(place, rules);
            if before == 0 || chosen != self.relevant(place, before - 1) {
                blocks.push(self.narrow_block(place, &chosen, narrow_effort(splits)));
                self.running.push(place);
            }
        }
        // Goals beyond the window may still be due.
        if blocks.is_empty() { self.narrow_round() } else { Some(Task::Solve(blocks)) }
    }

    fn take_fingerprints(&mut self) {
        let known = self.fingerprints.len();
        let (infix, reading) = (Infix::new(&self.theory), self.reading());
        let statements = self.theorems[known..].iter().map(|theorem| theorem.checked.statement());
        let more: Vec<_> = statements.map(|statement| Fingerprint::of(&infix, &reading, statement)).collect();
        self.fingerprints.extend(more);
    }

    /// The most relevant theorems for a conjecture, among the first `rules` rules.
    fn relevant(&self, place: usize, rules: u32) -> Vec<u32> {
        let statement = &self.conjectures[place].statement;
        let goal = Fingerprint::of(&Infix::new(&self.theory), &self.reading(), statement);
        let known = (0..).zip(&self.theorems).zip(&self.fingerprints);
        let known = known.filter(|((_, theorem), _)| !theorem.corollary).take(rules as usize);
        let mut ranked: Vec<(Reverse<usize>, u32)> = known
            .map(|((id, theorem), fingerprint)| {
                let both = goal.as_ref().zip(fingerprint.as_ref());
                let relevance = both.map_or(0, |(goal, theorem)| goal.relevance(theorem));
                // Among many generated theorems, textbook laws are the most useful.
                let textbook = self.options.generate && self.conjectures[theorem.conjecture].textbook;
                (Reverse(relevance + if textbook { TEXTBOOK } else { 0 }), id)
            })
            .collect();
        ranked.sort_unstable();
        let mut chosen: Vec<u32> = ranked.into_iter().take(NAMED).map(|(_, id)| id).collect();
        chosen.sort_unstable();
        chosen
    }

    /// An attempt at a goal from the axioms and these theorems only.
    pub(super) fn narrow_block(&self, place: usize, chosen: &[u32], effort: Effort) -> LogicBlock {
        let clause = self.conjectures[place].clause.as_ref().expect("what is tried is a clause");
        self.block_with(clause, chosen, effort)
    }

    /// An attempt at a clause from the axioms and these theorems only.
    pub(super) fn block_with(&self, clause: &Clause, chosen: &[u32], effort: Effort) -> LogicBlock {
        let mut book = RuleBook::of_goal(&self.compiled, clause);
        for id in chosen {
            if let Some(theorem) = self.theorems.get(*id as usize) {
                add_theorem(&mut book, &self.compiled, TheoremId(*id), theorem);
            }
        }
        let root = Arc::new(root_of(&book).rest());
        LogicBlock::new(self.compiled.clone(), root, Sequent::of(clause), effort)
    }

    /// Whether negative premises of a conjecture could use negative facts that the rules do not derive.
    fn lacks_denials(&self, conjecture: &Conjecture) -> bool {
        conjecture.clause.as_ref().is_some_and(|clause| self.book.lacks_denials_of(clause))
    }
}

/// Higher limits in each case than usual, and case splits if asked for. No completion of equations, which has attempts
/// of its own.
pub(super) fn narrow_effort(splits: bool) -> Effort {
    let case = Limits { steps: 200_000, creations: 80 };
    let Effort { splits, split, .. } = if splits { Effort::CASES } else { Effort::USUAL };
    Effort { case, splits, split, equations: 0, ..Effort::USUAL }
}
