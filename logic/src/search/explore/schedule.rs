//! Scheduling: what an exploration attempts next, and with which effort.
//!
//! All conjectures are first attempted with little effort, and again after each new theorem. Further effort goes first
//! to the user's goals and, if conjectures are generated, to textbook laws; then to the rest.

use std::sync::Arc;

use crate::saturation::block::Focus;
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock};

use super::conjecture::{BY_CASES, Conjecture, Fate, LAST, QUICK, USUAL, is_asked};
use super::{Exploration, Stage, Task};

/// Step limits of completion for a generated conjecture: with the usual effort, and with the last.
const GENERATED_EQUATIONS: u64 = 200_000;
const LAST_EQUATIONS: u64 = 1_000_000;

impl Exploration {
    /// The next task: the first open conjectures, by interest, that have not been attempted with all rules. Little
    /// effort comes first; more follows when nothing else is left.
    #[expect(
        clippy::should_implement_trait,
        reason = "an exploration takes verdicts between its tasks, so it is no iterator"
    )]
    pub fn next(&mut self) -> Task {
        loop {
            match self.stage {
                Stage::Finished => return Task::Finished,
                Stage::Fresh
                | Stage::Wanting
                | Stage::Quantifying
                | Stage::Closing
                | Stage::Doubting
                | Stage::Sifting => return Task::Prepare,
                // Only goals were asked for, and all are decided.
                _ if !self.options.generate && !self.goals_open() => self.finish(),
                Stage::Goals | Stage::Generated => {
                    if let Some(task) = self.usual_task() {
                        return task;
                    }
                }
                Stage::Last => {
                    if let Some(effort) = self.options.last_effort
                        && self.choose(LAST, false)
                    {
                        return self.solve_with(effort);
                    }
                    self.finish();
                }
            }
        }
    }

    /// The next task of the regular stages; `None` if the stage changed.
    fn usual_task(&mut self) -> Option<Task> {
        if let Some(round) = self.chosen_round() {
            return Some(round);
        }
        // With patience first: a conjecture that failed often waits for several new rules.
        if self.choose(QUICK, true) {
            return Some(self.solve_with(self.options.efforts[QUICK]));
        }
        if self.may_sift() {
            self.stage = Stage::Sifting;
            return None;
        }
        if self.options.generate
            && let Some(task) = self.wanted_task()
        {
            return Some(task);
        }
        if self.options.generate && self.add_unfoldings() {
            return None;
        }
        if !self.options.generate && !self.book.is_horn() && self.choose_grown(BY_CASES) {
            return Some(self.solve_with(self.options.by_cases));
        }
        if self.choose(QUICK, false) {
            return Some(self.solve_with(self.options.efforts[QUICK]));
        }
        if self.doubts() {
            self.stage = Stage::Doubting;
            return None;
        }
        // The usual effort includes a large completion where there are no inductions; cases cost less.
        if !self.options.generate
            && !self.book.is_horn()
            && self.compiled.inductions.is_empty()
            && self.choose_first(BY_CASES)
        {
            return Some(self.solve_with(self.options.by_cases));
        }
        if self.choose(USUAL, false) {
            return Some(self.solve_with(self.options.efforts[USUAL]));
        }
        if let Some(round) = self.narrow_round() {
            return Some(round);
        }
        if !self.options.generate && self.add_subgoals() {
            return None;
        }
        // If the axioms are not Horn, the proofs of many goals need cases, and fewer lemmas make them faster.
        if !self.book.is_horn() {
            if self.add_exhaustions() {
                return None;
            }
            if self.choose_first(BY_CASES) {
                return Some(self.solve_with(self.options.by_cases));
            }
        }
        if self.unanswered() > 0 {
            return Some(Task::Ask);
        }
        if !self.options.generate && self.add_unfoldings() {
            return None;
        }
        // Lemmas of small scopes cost less than attempts by cases that are repeated after each theorem.
        if !self.options.generate && self.may_grow(true) {
            self.stage = Stage::Wanting;
            return None;
        }
        if self.add_exhaustions() {
            return None;
        }
        if self.choose(BY_CASES, false) {
            return Some(self.solve_with(self.options.by_cases));
        }
        // One attempt at a goal with the last effort costs less than a larger set of lemmas.
        if let (false, Some(effort)) = (self.options.generate, self.options.last_effort)
            && self.choose_first(LAST)
        {
            return Some(self.solve_with(effort));
        }
        self.advance();
        None
    }

    /// More effort for goals and textbook laws, before the usual effort for all others.
    fn wanted_task(&mut self) -> Option<Task> {
        if self.choose_among(USUAL, false, |exploration, conjecture| exploration.is_wanted(conjecture)) {
            return Some(self.solve_with(self.options.efforts[USUAL]));
        }
        if let Some(round) = self.narrow_round() {
            return Some(round);
        }
        (!self.book.is_horn() && self.choose_first(BY_CASES)).then(|| self.solve_with(self.options.by_cases))
    }

    /// Whether a conjecture gets more than the usual effort.
    pub(super) fn is_wanted(&self, conjecture: &Conjecture) -> bool {
        is_asked(&conjecture.origin) || (self.options.generate && conjecture.textbook)
    }

    fn solve_with(&self, effort: Effort) -> Task {
        Task::Solve(self.running.iter().map(|place| self.block(*place, effort)).collect())
    }

    /// Chooses, for the next round, wanted conjectures never attempted at this level; false if there are none.
    fn choose_first(&mut self, level: usize) -> bool {
        let first = |exploration: &Exploration, conjecture: &Conjecture| {
            exploration.is_wanted(conjecture) && conjecture.tried[level] == 0
        };
        self.choose_among(level, false, first)
    }

    /// Chooses wanted conjectures whose last attempt at this level had at most two thirds of the current rules. So
    /// goals need not wait until all lemmas have been attempted, and each goal is retried only a logarithmic number of
    /// times.
    fn choose_grown(&mut self, level: usize) -> bool {
        let rules = self.rules() + 1;
        let grown = |exploration: &Exploration, conjecture: &Conjecture| {
            let tried = conjecture.tried[level];
            exploration.is_wanted(conjecture) && tried > 0 && rules >= tried + tried.div_ceil(2).max(8)
        };
        self.choose_among(level, false, grown)
    }

    /// Chooses the conjectures of the next round; false if none is due at this level.
    fn choose(&mut self, level: usize, patient: bool) -> bool {
        self.choose_among(level, patient, |_, _| true)
    }

    fn choose_among(&mut self, level: usize, patient: bool, among: impl Fn(&Exploration, &Conjecture) -> bool) -> bool {
        let rules = self.rules() + 1;
        let last = self.stage == Stage::Last;
        let chosen = |(_, conjecture): &(usize, &Conjecture)| {
            let tried = conjecture.tried[level];
            let waits = patient && tried > 0 && rules < tried + conjecture.failures / 2;
            let wanted = self.is_wanted(conjecture) || !(last || (level == BY_CASES && self.book.is_horn()));
            conjecture.is_open() && among(self, conjecture) && tried < rules && !waits && wanted
        };
        // Lemmas are at the end of the list but come first; then the wanted conjectures.
        let order_of = |(place, conjecture): &(usize, &Conjecture)| {
            let behind = level != QUICK && !self.is_wanted(conjecture);
            (!conjecture.origin.is_help(), behind, *place)
        };
        let mut order: Vec<_> = self.conjectures.iter().enumerate().filter(chosen).collect();
        order.sort_by_key(order_of);
        self.running = order.into_iter().map(|(place, _)| place).take(self.options.window).collect();
        self.running_level = level;
        let running = &self.running;
        for place in running {
            self.conjectures[*place].tried[level] = rules;
        }
        !self.running.is_empty()
    }

    pub(super) fn block(&self, place: usize, effort: Effort) -> LogicBlock {
        let clause = self.conjectures[place].clause.as_ref().expect("what is tried is a clause");
        let sequent = Sequent::of(clause);
        let nesting = if self.conjectures[place].by_congruence { 0 } else { effort.nesting };
        let equations = match &self.conjectures[place].origin {
            origin if is_asked(origin) => effort.equations,
            // A generated conjecture is either easy or dispensable.
            _ if effort == Effort::USUAL => GENERATED_EQUATIONS,
            _ if self.stage == Stage::Last => effort.equations.min(LAST_EQUATIONS),
            _ => 0,
        };
        let scope = self.dependencies.scope(clause);
        let relations = self.compiled.signature.relations.len();
        let focus = Focus::new(relations, |relation| scope.has_relation(relation));
        // For generated conjectures only once nothing else is left: there are many, and each costs more.
        let compares = !self.options.generate || self.stage == Stage::Last;
        let effort = Effort { nesting, compares, equations, ..effort };
        LogicBlock::new(self.compiled.clone(), self.root.clone(), sequent, effort).about(Arc::new(focus))
    }

    /// Whether a goal of the user is undecided.
    pub(super) fn goals_open(&self) -> bool {
        let open = |conjecture: &Conjecture| matches!(conjecture.fate, Fate::Waiting | Fate::Open(_));
        self.conjectures.iter().any(|conjecture| is_asked(&conjecture.origin) && open(conjecture))
    }

    /// Nothing is left to attempt in this state: adds conjectures or lemmas, raises the effort, or finishes.
    fn advance(&mut self) {
        if self.stage == Stage::Goals && self.goals_open() {
            // The goals alone did not suffice: conjectures of the theory are generated.
            self.stage = Stage::Wanting;
        } else if self.stage == Stage::Generated && self.add_lemmas() > 0 {
            // The new lemmas are attempted like all conjectures.
        } else if self.stage == Stage::Generated && self.consult_about_all() {
            // The questions are answered next.
        } else if self.stage == Stage::Generated && self.goals_open() && self.may_grow(false) {
            self.stage = Stage::Wanting;
        } else if self.options.last_effort.is_some()
            && self.conjectures.iter().any(|conjecture| conjecture.is_open() && self.is_wanted(conjecture))
        {
            self.stage = Stage::Last;
        } else {
            self.finish();
        }
    }

    /// Whether open goals should be tested in small models now.
    fn doubts(&self) -> bool {
        self.stage == Stage::Goals && !self.has_doubted && self.goals_open()
    }

    fn finish(&mut self) {
        self.stage = Stage::Quantifying;
    }
}
