//! Attempts with selected premises: more effort on a goal with fewer theorems.
//!
//! Every rule of a block costs steps, and most have nothing to do with the goal. A goal that survived the usual effort
//! is therefore attempted with only the most relevant theorems and higher limits, and again whenever the selection
//! changes.

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

use super::conjecture::NARROW;
use super::learn::{add_theorem, root_of};
use super::{Exploration, Task};

/// The relevance bonus of a textbook law, added to the number of hashes and unifiable sides that it shares with a goal.
const TEXTBOOK: usize = 16;

impl Exploration {
    /// A round of goals, each with its most relevant theorems; `None` if none is due.
    pub(super) fn narrow_round(&mut self) -> Option<Task> {
        let rules = self.rules();
        if rules as usize <= NAMED {
            return None;
        }
        let due = |place: &usize| {
            let conjecture = &self.conjectures[*place];
            conjecture.is_open() && self.is_wanted(conjecture) && conjecture.tried[NARROW] <= rules
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
            let bare = self.conjectures[place].tried[NARROW] == 0 && !self.book.is_horn();
            let rules = if bare { 0 } else { rules };
            let before = std::mem::replace(&mut self.conjectures[place].tried[NARROW], rules + 1);
            let chosen = self.relevant(place, rules);
            if before == 0 || chosen != self.relevant(place, before - 1) {
                blocks.push(self.narrow_block(place, &chosen, self.narrow_effort()));
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
        let mut book = RuleBook::new(&self.compiled);
        for id in chosen {
            if let Some(theorem) = self.theorems.get(*id as usize) {
                add_theorem(&mut book, &self.compiled, TheoremId(*id), theorem);
            }
        }
        let root = Arc::new(root_of(&book).rest());
        LogicBlock::new(self.compiled.clone(), root, Sequent::of(clause), effort)
    }

    /// Higher limits in each case than usual, and case splits if the axioms are not Horn. No completion of equations,
    /// which has attempts of its own.
    pub(super) fn narrow_effort(&self) -> Effort {
        let case = Limits { steps: 200_000, creations: 80 };
        let Effort { splits, split, .. } = if self.book.is_horn() { Effort::USUAL } else { Effort::CASES };
        Effort { case, splits, split, equations: 0, ..Effort::USUAL }
    }
}
