//! Execution of a job on a thread.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::JobId;
use theoremata_actors::measure::{resident_bytes, thread_cpu};
use theoremata_actors::run::{Done, Event, Prepared, Question, RunError, Settings, goals_proved};
use theoremata_store::{RunId, Status};

use super::job::{Job, State};
use super::ledger::Spent;
use super::log::JobLog;
use super::means::Means;
use super::request::{Asked, JobRequest};
use super::{advised, reason};
use crate::exchange::json as told;
use crate::exchange::stored::{Refusal, Stored};
use crate::remarks::remarks;
use crate::time::now;

/// Minimal interval between progress updates.
const PAUSE: Duration = Duration::from_millis(200);

/// How a job ended.
pub(super) struct Ended {
    pub(super) state: State,
    pub(super) error: Option<String>,
}

/// Why work on a job stopped.
#[derive(PartialEq, Debug)]
pub(super) enum Stopped {
    /// The job ended, with members for its final event.
    Ended(State, Value),
    /// The server is closing; the job is resumed at the next start.
    Closing,
    /// This question waits for a human decision, after which the job continues.
    Waiting(JobId),
}

/// Why work on a job stopped, or the error.
pub(super) type Outcome = Result<Stopped, String>;

/// Executes a job. A panic fails this job only.
///
/// The cost is added to `spent`.
pub(super) fn perform(
    means: &Means,
    (job, request): (&Job, &JobRequest),
    log: &JobLog,
    cancel: &Cancel,
    spent: &Cell<Spent>,
) -> Outcome {
    let begin = thread_cpu();
    let work = || match request.meaning(means.model()).map_err(|problem| problem.detail().to_owned())? {
        Asked::Question(question) => ask(means, job, *question, log, cancel, spent),
        Asked::Check(run) => {
            let outcome = check(means, run, log, cancel);
            spent.set(Spent { cpu: (thread_cpu() - begin).as_secs_f64(), ..Spent::default() });
            outcome
        }
        Asked::Reason(reasoning) => {
            let before = reason::written(log);
            let outcome = reason::reason(means, *reasoning, log, cancel);
            spent.set(Spent { tokens: reason::written(log).saturating_sub(before), ..Spent::default() });
            outcome
        }
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(RunError::panicked(&*panic).to_string()))
}

/// Runs the prover on a question, and logs its events.
fn ask(means: &Means, job: &Job, question: Question, log: &JobLog, cancel: &Cancel, spent: &Cell<Spent>) -> Outcome {
    let said = |error: RunError| error.to_string();
    let theory = question.theory.name.to_string();
    let heard = log.heard();
    let by = question.manner.advised.as_ref().map(|advised| advised.by.clone());
    let mut prepared = Prepared::new(means.store.clone(), question, false, &now()).map_err(said)?;
    if let Some(advisor) = by.and_then(|by| advised::advisor(&by, means.models.as_ref(), cancel)) {
        prepared = prepared.advised_by(advisor);
    }
    if log.last().is_none() {
        let run = prepared.id().to_string();
        let started = json!({ "event": "started", "kind": job.kind.word(), "theory": theory, "run": run });
        log.append(vec![started]).map_err(|error| error.to_string())?;
    }
    let settings = Settings {
        threads: means.limits.threads,
        cpu: job.budget.cpu_seconds,
        memory: job.budget.memory_mb.map(|megabytes| megabytes << 20),
        resident: resident_bytes().unwrap_or(0),
        cancel: cancel.clone(),
    };
    let listener = Listener::new(log, cancel, || means.is_closing());
    let done = prepared.go_on(heard, &settings, &|event| listener.hear(&event), now).map_err(said)?;
    spent.set(Spent { cpu: done.cpu, ..Spent::default() });
    if done.status == Status::Cancelled && means.is_closing() {
        return Ok(Stopped::Closing);
    }
    listener.end()?;
    Ok(Stopped::Ended(done.status.into(), summary(&done)))
}

/// The summary of a run: if it is finished, a function of the question alone.
fn summary(done: &Done) -> Value {
    let counts = done.exploration.counts();
    let (proved, goals) = goals_proved(&done.exploration);
    let szs = told::summary(done)["szs"].clone();
    json!({
        "run": done.id.to_string(), "szs": szs, "theorems": done.exploration.theorems.len(),
        "goals": { "asked": goals, "proved": proved },
        "conjectures": { "built": counts.built, "refuted": counts.refuted, "open": counts.open },
        "remarks": remarks(&done.exploration),
    })
}

/// Logs the events of a run. Events of a round are written together.
struct Listener<'l, C: Fn() -> bool> {
    log: &'l JobLog,
    cancel: &'l Cancel,
    is_closing: C,
    waiting: RefCell<Vec<Value>>,
    round: RefCell<Value>,
    spoke: RefCell<Instant>,
    failed: RefCell<Option<String>>,
}

impl<'l, C: Fn() -> bool> Listener<'l, C> {
    fn new(log: &'l JobLog, cancel: &'l Cancel, is_closing: C) -> Self {
        Listener {
            log,
            cancel,
            is_closing,
            waiting: RefCell::default(),
            round: RefCell::new(json!({})),
            spoke: RefCell::new(Instant::now()),
            failed: RefCell::default(),
        }
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Cycle { number, blocks } => {
                if self.spoke.borrow().elapsed() >= PAUSE {
                    *self.spoke.borrow_mut() = Instant::now();
                    let mut state = self.round.borrow().clone();
                    (state["cycle"], state["blocks"]) = (json!(number), json!(blocks));
                    self.log.progress(&state);
                }
            }
            Event::Theorem(found) => {
                let mut theorem = told::theorem(found, None);
                if let Some(members) = theorem.as_object_mut() {
                    // Only known at the end of a run; the result has them.
                    ["essential", "name", "rank", "variant_of"].iter().for_each(|name| drop(members.remove(*name)));
                }
                self.waiting.borrow_mut().push(theorem);
            }
            // Goals left undecided by a shutdown are decided after the restart.
            Event::Goal(goal) if goal.ended == Some(Status::Cancelled) && (self.is_closing)() => {}
            Event::Goal(goal) => self.waiting.borrow_mut().push(told::goal(goal)),
            // Each theorem names its origin, which does not depend on the process.
            Event::Reused(_) => {}
            Event::Round { number, theorems, decided: (decided, all) } => {
                let round = json!({ "event": "round", "round": number, "theorems": theorems, "decided": decided, "conjectures": all });
                self.round.borrow_mut().clone_from(&round);
                self.waiting.borrow_mut().push(round);
                self.write();
            }
        }
    }

    fn write(&self) {
        if let Err(error) = self.log.append(self.waiting.take()) {
            self.failed.borrow_mut().get_or_insert(error.to_string());
            self.cancel.cancel();
        }
    }

    /// Writes the remaining events.
    fn end(self) -> Result<(), String> {
        self.write();
        self.failed.into_inner().map_or(Ok(()), Err)
    }
}

/// Checks all theorems of a run, or of all runs.
fn check(means: &Means, run: Option<RunId>, log: &JobLog, cancel: &Cancel) -> Outcome {
    let store = &means.store;
    let said = |error: theoremata_store::StoreError| error.to_string();
    if log.last().is_none() {
        log.append(vec![json!({ "event": "started", "kind": "check" })]).map_err(said)?;
    }
    let runs = match run {
        Some(run) => vec![store.run(&run).map_err(said)?.ok_or_else(|| format!("there is no run {run}"))?],
        None => store.runs().map_err(said)?,
    };
    let (mut accepted, mut flaws) = (0, 0);
    // Runs that were checked before a kill are skipped.
    let before = log.of_kind("checked");
    for (place, run) in runs.iter().enumerate() {
        if cancel.is_cancelled() {
            let closing = means.is_closing();
            return Ok(if closing { Stopped::Closing } else { Stopped::Ended(State::Cancelled, json!({})) });
        }
        let event = match before.get(place).map(|event| super::log::value(event)) {
            Some(event) => event,
            None => {
                let event = checked(means, run);
                log.append(vec![event.clone()]).map_err(said)?;
                event
            }
        };
        accepted += event["theorems"].as_u64().unwrap_or(0);
        flaws += u64::from(!event["flaw"].is_null());
    }
    Ok(Stopped::Ended(State::Finished, json!({ "runs": runs.len(), "theorems": accepted, "flaws": flaws })))
}

/// The checker's verdict on a run.
fn checked(means: &Means, run: &theoremata_store::Run) -> Value {
    let (theorems, flaw) = match Stored::read(&means.store, run) {
        Ok(stored) => {
            let (theorems, refusal) = stored.accepted();
            let told = |Refusal { theorem, why }| json!({ "theorem": theorem, "why": why });
            (theorems.len(), refusal.map(told))
        }
        Err(failure) => (0, Some(json!({ "why": failure.to_string() }))),
    };
    json!({ "event": "checked", "run": run.id.to_string(), "theorems": theorems, "flaw": flaw })
}
