//! Writes each round to the store, and reports it once it is durable.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::search::explore::{Exploration, Origin};
use theoremata_store::{Batch, Conclusion, Mark, RunId, Status, Store, StoreError, Theorem};

use super::answer::{GoalAnswer, TheoremFound, outcomes};
use super::claims::{THERE, USED};
use super::statement::recorded;
use super::{Event, Heard, place};
use crate::measure::Stages;
use crate::proof_codec::encode;
use crate::prover::Rounds;

/// Writes and reports rounds.
pub(super) struct Writer<'w> {
    store: &'w Store,
    id: RunId,
    listener: &'w dyn Fn(Event),
    stages: Stages,
    failed: Option<StoreError>,
    /// Number of stored theorems.
    written: usize,
    /// What was reported, by this process and earlier ones.
    heard: Heard,
    /// Answers to goals still to be skipped as already reported, because goals are scanned from the beginning.
    again: usize,
    /// The last committed cycle, by this process or an earlier one.
    committed: Option<u32>,
    /// Goals not yet reported, as indices of conjectures; `None` before the first scan.
    goals: Option<VecDeque<usize>>,
}

impl<'w> Writer<'w> {
    pub(super) fn new(
        store: &'w Store,
        id: RunId,
        listener: &'w dyn Fn(Event),
        stages: Stages,
        (written, committed): (usize, u32),
        heard: Heard,
    ) -> Self {
        let (again, committed) = (heard.goals, (committed > 0).then_some(committed));
        Writer { store, id, listener, stages, failed: None, written, heard, again, committed, goals: None }
    }

    /// Reports what an earlier process stored but did not report.
    pub(super) fn catch_up(&mut self, exploration: &Exploration) {
        if self.heard.round.is_none_or(|heard| heard < exploration.round()) {
            self.tell_round(exploration);
        }
    }

    /// Reports the remaining goals.
    ///
    /// # Errors
    /// If a commit failed.
    pub(super) fn end(mut self, exploration: &Exploration, status: Status) -> Result<Stages, StoreError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.tell_goals(exploration, Some(status));
        Ok(self.stages)
    }

    fn tell(&self, event: Event) {
        (self.listener)(event);
    }

    /// Reports the results of a durable round, then the round itself.
    fn tell_round(&mut self, exploration: &Exploration) {
        for place in self.heard.theorems..exploration.theorems.len() {
            self.tell(Event::Theorem(Box::new(TheoremFound::of(exploration, TheoremId(place as u32)))));
        }
        self.heard.theorems = exploration.theorems.len();
        self.tell_goals(exploration, None);
        let (number, theorems) = (exploration.round(), exploration.theorems.len());
        self.tell(Event::Round { number, theorems, decided: exploration.progress() });
        self.heard.round = Some(number);
    }

    /// Reports decided goals in order, up to the first undecided one; with the final status, all of them.
    fn tell_goals(&mut self, exploration: &Exploration, ended: Option<Status>) {
        let mut goals = self.goals.take().unwrap_or_else(|| {
            let is_goal = |place: &usize| matches!(exploration.conjectures[*place].origin, Origin::Goal(_));
            (0..exploration.conjectures.len()).filter(is_goal).collect()
        });
        while let Some(goal) = goals.front() {
            let conjecture = &exploration.conjectures[*goal];
            let answers = GoalAnswer::of(exploration, conjecture, ended);
            if ended.is_none() && answers.iter().any(|answer| !answer.answer.is_final()) {
                break;
            }
            goals.pop_front();
            for answer in answers {
                match self.again.checked_sub(1) {
                    Some(left) => self.again = left,
                    None => self.tell(Event::Goal(Box::new(answer))),
                }
            }
        }
        self.goals = Some(goals);
    }
}

impl Rounds for Writer<'_> {
    fn round(&mut self, exploration: &Exploration, new: &[TheoremId]) -> ControlFlow<()> {
        self.stages.end(if exploration.round() == 0 { "models and conjectures" } else { "prove and check" });
        let cycle = exploration.round() + 1;
        if self.committed == Some(cycle) {
            // New conjectures arrived; a resumed run generates them again.
            return ControlFlow::Continue(());
        }
        self.committed = Some(cycle);
        // An inconsistency is found before the first round, and is a theorem nevertheless.
        let fresh = self.written..exploration.theorems.len();
        debug_assert!(new.len() <= fresh.len());
        self.written = fresh.end;
        let ids: Vec<TheoremId> = fresh.map(|place| TheoremId(place as u32)).collect();
        let theorems = ids.iter().map(|id| record(exploration, *id)).collect();
        let batch = Batch { theorems, checkpoint: Some(exploration.save()), ..Batch::default() };
        if let Err(error) = self.store.commit(&self.id, cycle, &batch) {
            self.failed = Some(error);
            return ControlFlow::Break(());
        }
        self.stages.end("store");
        self.tell_round(exploration);
        ControlFlow::Continue(())
    }
}

/// A theorem as a record of the store.
fn record(exploration: &Exploration, id: TheoremId) -> (Theorem, theoremata_store::Proof) {
    let known = &exploration.theorems[place(id)].checked;
    let (proof, root) = encode(exploration.theory(), known.proof());
    let found = TheoremFound::of(exploration, id);
    let mut subject: BTreeMap<String, String> =
        found.variable.clone().into_iter().map(|variable| ("variable".to_owned(), variable)).collect();
    if let Some(source) = exploration.theorems[place(id)].source {
        subject.insert(USED.to_owned(), source.used.to_string());
        subject.insert(THERE.to_owned(), (source.theorem + 1).to_string());
    }
    let record = Theorem {
        number: found.number,
        cycle: exploration.round() + 1,
        root,
        kind: found.kind().to_owned(),
        statement: recorded(exploration.theory(), known.statement()),
        corollary: found.corollary,
        essential: found.essential,
        assumptions: found.assumptions,
        citations: found.citations,
        subject,
    };
    (record, proof)
}

/// Writes what is only known at the end of a run.
pub(super) fn conclude(
    store: &Store,
    id: RunId,
    exploration: &Exploration,
    status: Status,
    now: String,
) -> Result<(), StoreError> {
    let counts = exploration.counts();
    let counts = [
        ("built", counts.built),
        ("refuted", counts.refuted),
        ("direct", counts.direct as u64),
        ("induction", counts.induction as u64),
        ("corollaries", counts.corollaries as u64),
        ("brought", counts.brought as u64),
        ("essential", counts.essential as u64),
        ("open", counts.open as u64),
    ];
    let counts = counts.into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
    if status == Status::Finished {
        let mark = |(place, theorem): (usize, &theoremata_logic::search::explore::Theorem)| Mark {
            number: place as u32 + 1,
            corollary: theorem.corollary,
            essential: theorem.essential,
        };
        let marks = exploration.theorems.iter().enumerate().map(mark).collect();
        let cycle = exploration.round() + 2;
        let outcomes = outcomes(exploration, cycle);
        let batch = Batch { marks, outcomes, counts, checkpoint: Some(exploration.save()), ..Batch::default() };
        store.commit(&id, cycle, &batch)?;
    }
    let conclusion = Conclusion { status, finished: now, counts: Default::default(), measures: Default::default() };
    store.conclude(&id, conclusion)
}
