//! The job scheduler: accepts, queues and runs jobs on a few threads.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::{JobId, Suspended};
use theoremata_actors::run::STACK_BYTES;
use theoremata_store::StoreError;

use super::job::{Job, State};
use super::ledger::{self, Ledger, Spent};
use super::log::JobLog;
use super::means::{Limits, Means};
use super::problem::Problem;
use super::quota::{Quota, Scope, Used};
use super::request::{Asked, Budget, JobRequest, Kind};
use super::webhook::{self, Arrival, Delivery, Webhook};
use super::work::{self, Ended, Stopped};
use crate::time::now;

/// The jobs of a server.
pub(crate) struct Office {
    pub(crate) means: Means,
    inner: Mutex<Inner>,
    turn: Condvar,
}

struct Inner {
    ledger: Ledger,
    /// Running jobs, by number.
    running: HashMap<u64, Cancel>,
    /// Jobs that wait for a human decision, by the question that needs it: several jobs may share a question.
    suspended: HashMap<JobId, Vec<u64>>,
    logs: HashMap<String, Weak<JobLog>>,
}

impl Inner {
    /// Marks a job as running.
    fn begin(&mut self, job: &Job) -> Cancel {
        let cancel = Cancel::default();
        self.ledger.put(job.number, State::Running);
        self.running.insert(job.number, cancel.clone());
        cancel
    }

    /// Removes a job from those waiting for a human decision; returns its question, or `None` if it was not waiting.
    fn take_suspended(&mut self, number: u64) -> Option<JobId> {
        let question = self.suspended.iter().find(|(_, jobs)| jobs.contains(&number)).map(|(question, _)| *question)?;
        self.suspended.get_mut(&question)?.retain(|other| *other != number);
        Some(question)
    }
}

/// Why a thread stopped working on a job.
enum Performed {
    Ended(Ended),
    /// The server is closing; the job is resumed at the next start.
    Closing,
    /// One of its questions waits for a human decision.
    Waiting(JobId),
}

/// Maximal number of concurrent questions to the language model. Their threads only wait for the pool. Questions that
/// wait for a human decision use no thread.
const ASKERS: usize = 32;

/// The kind of thread that runs a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Desk {
    /// A thread that runs the prover or the checker.
    Prover,
    /// A thread that waits for the language model.
    Model,
}

impl Desk {
    fn of(kind: Kind) -> Desk {
        match kind {
            Kind::Explore | Kind::Prove | Kind::Check => Desk::Prover,
            Kind::Generate | Kind::Reason => Desk::Model,
        }
    }
}

/// The result of submitting a job.
pub(crate) enum Taken {
    New(Box<Job>),
    /// The same request was submitted before, with the same idempotency key.
    Known(Box<Job>),
}

impl Office {
    /// Opens the ledger. Unfinished jobs are queued again.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn open(means: Means) -> Result<Office, StoreError> {
        let ledger = Ledger::open(&means.store)?;
        let inner = Inner { ledger, running: HashMap::new(), suspended: HashMap::new(), logs: HashMap::new() };
        Ok(Office { means, inner: Mutex::new(inner), turn: Condvar::new() })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the threads that run jobs. They end when the office closes.
    ///
    /// # Errors
    /// If the system cannot create a thread.
    pub(crate) fn staff(office: &Arc<Office>) -> io::Result<Vec<JoinHandle<()>>> {
        if let Some(models) = &office.means.models {
            // A job that waits for a human decision may also end by its deadline.
            let office = Arc::downgrade(office);
            models
                .tell_unheard(move |question| office.upgrade().into_iter().for_each(|office| office.requeue(question)));
        }
        let begin = |desk: Desk| {
            let office = Arc::clone(office);
            let thread = thread::Builder::new().name("job".to_owned()).stack_size(STACK_BYTES);
            thread.spawn(move || while office.do_next(desk) {})
        };
        let messenger = {
            let office = Arc::clone(office);
            thread::Builder::new().name("webhooks".to_owned()).spawn(move || webhook::send_all(&office))
        };
        let provers = std::iter::repeat_n(Desk::Prover, office.means.limits.at_once.get());
        provers
            .chain(std::iter::repeat_n(Desk::Model, if office.means.models.is_some() { ASKERS } else { 1 }))
            .map(begin)
            .chain([messenger])
            .collect()
    }

    /// Ended jobs with pending webhook deliveries, the oldest first.
    pub(crate) fn undelivered(&self) -> Vec<Job> {
        self.inner().ledger.all().filter(tells).cloned().collect()
    }

    /// Waits, up to a timeout, for a change of jobs, as long as the number of pending deliveries is `known`.
    pub(crate) fn rest(&self, most: Duration, known: usize) {
        let inner = self.inner();
        if !self.means.is_closing() && inner.ledger.all().filter(tells).count() == known {
            drop(self.turn.wait_timeout(inner, most).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The webhook of a job.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn webhook(&self, id: &str) -> Result<Webhook, String> {
        let request = ledger::request(&self.means.store, id).map_err(|error| error.to_string())?;
        request.webhook.ok_or_else(|| "the request names no webhook".to_owned())
    }

    /// Records the state of a webhook delivery.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn told(&self, id: &str, delivery: Delivery) -> Result<(), StoreError> {
        self.inner().ledger.told(id, delivery)?;
        self.turn.notify_all();
        Ok(())
    }

    /// Refuses new jobs and stops running ones, which are resumed at the next start.
    pub(crate) fn close(&self) {
        self.means.close();
        self.inner().running.values().for_each(Cancel::cancel);
        self.turn.notify_all();
    }

    /// The job of an earlier submission with the same idempotency key.
    ///
    /// # Errors
    /// If that was a different request.
    pub(crate) fn repeated(&self, owner: &str, key: Option<&str>, hash: &str) -> Result<Option<Job>, Problem> {
        key.map_or(Ok(None), |key| repeated(&self.inner(), owner, key, hash))
    }

    /// Accepts a job durably. `key` is the caller's idempotency key with the hash of the request: repeating a request
    /// returns the same job. Blocks on the disk.
    ///
    /// # Errors
    /// If the key was used for a different request, the queue is full, or the disk fails.
    pub(crate) fn take(
        &self,
        (owner, quota): (&str, Option<Quota>),
        key: Option<(&str, &str)>,
        request: &JobRequest,
        asked: &Asked,
    ) -> Result<Taken, Problem> {
        request.webhook.as_ref().map_or(Ok(()), |webhook| self.means.limits.receivers.admit(webhook))?;
        let mut inner = self.inner();
        if let Some((key, hash)) = key
            && let Some(known) = repeated(&inner, owner, key, hash)?
        {
            return Ok(Taken::Known(Box::new(known)));
        }
        if self.means.is_closing() {
            return Err(Problem::new(503, "closing", "the server is about to stop"));
        }
        let waiting = |of: Option<&str>, state: State| {
            let waits = |job: &&Job| job.state == state && of.is_none_or(|of| job.owner == of);
            inner.ledger.all().rev().filter(waits).count()
        };
        let Limits { waiting: own_most, waiting_in_all: most_in_all, .. } = self.means.limits;
        if waiting(Some(owner), State::Waiting) >= most_in_all {
            let why =
                format!("{most_in_all} jobs of yours wait for a person already; decide about some, or cancel them");
            return Err(Problem::later("too-many-jobs", 5, why));
        }
        for (of, most) in [(Some(owner), own_most), (None, most_in_all)] {
            if waiting(of, State::Queued) >= most {
                let whose = if of.is_some() { "of yours " } else { "" };
                let why = format!("{most} jobs {whose}wait already; cancel one or wait until one is done");
                return Err(Problem::later("too-many-jobs", 5, why));
            }
        }
        let quota = quota.unwrap_or_default();
        let used = inner.ledger.used(owner);
        quota.admits(&used, Scope::of(request.kind))?;
        let number = inner.ledger.next_number();
        let (theory, run) = match asked {
            Asked::Question(question) => (Some(question.theory.name.to_string()), Some(question.run().to_string())),
            Asked::Check(run) => (None, run.map(|run| run.to_string())),
            Asked::Reason(reasoning) => {
                (reasoning.theory.as_ref().map(|(loaded, _)| loaded.theory.name.to_string()), None)
            }
        };
        let job = Job {
            number,
            id: new_id(number)?,
            owner: owner.to_owned(),
            kind: request.kind,
            state: State::Queued,
            created: now(),
            ended: None,
            theory,
            run,
            budget: self.bounded(&request.budget, quota.cpu_a_day.map(|most| most - used.cpu_today)),
            metadata: request.metadata.clone(),
            priority: request.priority,
            delivery: request.webhook.as_ref().map(|webhook| Delivery {
                url: webhook.url.clone(),
                state: Arrival::Waiting,
                attempts: 0,
                error: None,
            }),
            idempotency: key.map(|(key, hash)| (key.to_owned(), hash.to_owned())),
            error: None,
            origin: request.origin.clone(),
        };
        inner.ledger.take(job.clone(), request)?;
        // All are woken, as only some threads run jobs of this kind.
        self.turn.notify_all();
        Ok(Taken::New(Box::new(job)))
    }

    /// The bounds of a job: those it asks for, capped by the server and by the remaining quota of its owner.
    fn bounded(&self, budget: &Budget, left: Option<f64>) -> Budget {
        let Limits { cpu_seconds, memory_mb, .. } = self.means.limits;
        let cpu_seconds = left.map_or(cpu_seconds, |left| cpu_seconds.min(left));
        Budget {
            cpu_seconds: Some(budget.cpu_seconds.map_or(cpu_seconds, |seconds| seconds.min(cpu_seconds))),
            memory_mb: Some(budget.memory_mb.map_or(memory_mb, |megabytes| megabytes.min(memory_mb))),
        }
    }

    /// The usage of a caller.
    pub(crate) fn used(&self, owner: &str) -> Used {
        self.inner().ledger.used(owner)
    }

    /// Records usage of a caller that has a key. Blocks on the disk.
    pub(crate) fn spend(&self, owner: &str, spent: Spent) {
        if !owner.is_empty() && spent != Spent::default() {
            // If the disk fails, the usage is not charged.
            let _ = self.inner().ledger.spend(owner, spent);
        }
    }

    /// The job with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Job> {
        self.inner().ledger.find(id).cloned()
    }

    /// The jobs that `wanted` selects, the newest first: at most `most`, with numbers below `before`.
    pub(crate) fn list(&self, before: Option<u64>, most: usize, wanted: impl Fn(&Job) -> bool) -> Vec<Job> {
        let inner = self.inner();
        inner.ledger.before(before.unwrap_or(u64::MAX)).filter(|job| wanted(job)).take(most).cloned().collect()
    }

    /// Number of jobs in each state.
    pub(crate) fn counts(&self) -> HashMap<&'static str, u64> {
        let mut counts = HashMap::new();
        self.inner().ledger.all().for_each(|job| *counts.entry(job.state.word()).or_default() += 1);
        counts
    }

    /// The log of a job.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn log(&self, id: &str) -> Result<Arc<JobLog>, StoreError> {
        let mut inner = self.inner();
        if let Some(log) = inner.logs.get(id).and_then(Weak::upgrade) {
            return Ok(log);
        }
        inner.logs.retain(|_, log| log.strong_count() > 0);
        let log = Arc::new(JobLog::open(&self.means.store, id)?);
        inner.logs.insert(id.to_owned(), Arc::downgrade(&log));
        Ok(log)
    }

    /// Cancels a job, and returns its new state. A running job ends a little later; no effect on a job that has ended.
    /// Blocks on the disk.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn cancel(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let log = self.log(id)?;
        let mut inner = self.inner();
        let Some(job) = inner.ledger.find(id).cloned() else { return Ok(None) };
        if let Some(cancel) = inner.running.get(&job.number) {
            cancel.cancel();
        } else if let Some(question) = inner.take_suspended(job.number) {
            // This is quick: the pool answers with the results so far.
            let cancel = inner.begin(&job);
            cancel.cancel();
            drop(inner);
            self.work_at(&job, &cancel);
            // Other jobs with the same question receive the answer.
            self.requeue(question);
            inner = self.inner();
        } else if job.state == State::Queued {
            log.append(vec![ended_event(State::Cancelled, None, json!({}))])?;
            inner.ledger.end(id, State::Cancelled, now(), None)?;
            self.turn.notify_all();
        }
        Ok(inner.ledger.find(id).cloned())
    }

    /// Waits for a job and runs it. False when the office closes.
    fn do_next(&self, desk: Desk) -> bool {
        let mut inner = self.inner();
        let (job, cancel) = loop {
            if self.means.is_closing() {
                return false;
            }
            if let Some(job) = next(&inner, desk) {
                let cancel = inner.begin(&job);
                break (job, cancel);
            }
            inner = self.turn.wait(inner).unwrap_or_else(PoisonError::into_inner);
        };
        drop(inner);
        self.work_at(&job, &cancel);
        true
    }

    /// Runs a job until it ends or waits for a human decision.
    fn work_at(&self, job: &Job, cancel: &Cancel) {
        let (mut inner, left) = loop {
            let spent = Cell::new(Spent::default());
            let left = self.perform(job, cancel, &spent);
            self.spend(&job.owner, spent.get());
            let inner = self.inner();
            // If a job is cancelled just before it waits, running it once more handles the cancellation.
            if !matches!(left, Performed::Waiting(_)) || !cancel.is_cancelled() {
                break (inner, left);
            }
        };
        inner.running.remove(&job.number);
        let waits = match left {
            Performed::Ended(Ended { state, error }) => {
                // If the disk fails, the job is unfinished at the next start.
                let _ = inner.ledger.end(&job.id, state, now(), error);
                None
            }
            Performed::Closing => None,
            Performed::Waiting(question) => {
                inner.ledger.put(job.number, State::Waiting);
                inner.suspended.entry(question).or_default().push(job.number);
                Some(question)
            }
        };
        // Another job may be waiting for the same run.
        self.turn.notify_all();
        drop(inner);
        // A decision made just before the job was registered as waiting did not find it there.
        if let (Some(question), Some(models)) = (waits, &self.means.models)
            && models.suspended(question) != Some(Suspended::Waiting)
        {
            self.requeue(question);
        }
    }

    /// Requeues the jobs that waited for a human decision on a question.
    pub(crate) fn requeue(&self, question: JobId) {
        let mut inner = self.inner();
        for number in inner.suspended.remove(&question).unwrap_or_default() {
            inner.ledger.put(number, State::Queued);
        }
        self.turn.notify_all();
    }

    /// Executes a job as far as possible now.
    fn perform(&self, job: &Job, cancel: &Cancel, spent: &Cell<Spent>) -> Performed {
        let failed = |error: String| Performed::Ended(Ended { state: State::Failed, error: Some(error) });
        let log = match self.log(&job.id) {
            Ok(log) => log,
            Err(error) => return failed(error.to_string()),
        };
        if let Some(last) = log.last().map(|last| super::log::value(&last)).filter(|last| last["event"] == "ended") {
            // The job had ended in its log, but not in the ledger.
            let state = last["state"].as_str().and_then(State::read).unwrap_or(State::Failed);
            return Performed::Ended(Ended { state, error: last["error"].as_str().map(str::to_owned) });
        }
        let request = ledger::request(&self.means.store, &job.id).map_err(|error| error.to_string());
        let done = request.and_then(|request| work::perform(&self.means, (job, &request), &log, cancel, spent));
        let (ended, more) = match done {
            Ok(Stopped::Closing) => return Performed::Closing,
            Ok(Stopped::Waiting(question)) => return Performed::Waiting(question),
            Ok(Stopped::Ended(state, more)) => (Ended { state, error: None }, more),
            Err(error) => (Ended { state: State::Failed, error: Some(error) }, json!({})),
        };
        match log.append(vec![ended_event(ended.state, ended.error.as_deref(), more)]) {
            Ok(()) => Performed::Ended(ended),
            Err(error) => failed(error.to_string()),
        }
    }
}

/// The job of a caller with this idempotency key, if the request is the same.
fn repeated(inner: &Inner, owner: &str, key: &str, hash: &str) -> Result<Option<Job>, Problem> {
    let Some(known) = inner.ledger.repeated(owner, key) else { return Ok(None) };
    match &known.idempotency {
        Some((_, same)) if same == hash => Ok(Some(known.clone())),
        _ => Err(Problem::new(
            422,
            "idempotency-key-reused",
            "this Idempotency-Key came with another request; use a new key for a new request",
        )
        .saying("job", known.id.clone())),
    }
}

/// Whether a webhook delivery of the job is pending.
fn tells(job: &&Job) -> bool {
    job.state.is_ended() && job.delivery.as_ref().is_some_and(|known| known.state == Arrival::Waiting)
}

/// The next job: of the owner with the fewest running jobs, ties broken by the longest wait; of this owner's jobs the
/// one with the highest priority, then the oldest. Two jobs never run on the same run concurrently.
fn next(inner: &Inner, desk: Desk) -> Option<Job> {
    let mut busy: HashMap<&str, usize> = HashMap::new();
    let mut runs = Vec::new();
    for job in inner.ledger.all().filter(|job| job.state == State::Running && Desk::of(job.kind) == desk) {
        *busy.entry(&job.owner).or_default() += 1;
        runs.extend(&job.run);
    }
    let waits = |job: &&Job| {
        let has_run = job.run.as_ref().is_none_or(|run| !runs.contains(&run));
        job.state == State::Queued && Desk::of(job.kind) == desk && has_run
    };
    // By owner, the oldest first.
    let mut first: Vec<(&str, u64, &Job)> = Vec::new();
    for job in inner.ledger.all().filter(waits) {
        match first.iter_mut().find(|(owner, ..)| *owner == job.owner) {
            Some((_, _, best)) if job.priority > best.priority => *best = job,
            Some(_) => {}
            None => first.push((&job.owner, job.number, job)),
        }
    }
    let turn = |(owner, oldest, _): &(&str, u64, &Job)| (busy.get(owner).copied().unwrap_or(0), *oldest);
    first.into_iter().min_by_key(turn).map(|(_, _, job)| job.clone())
}

/// The final event of a job.
fn ended_event(state: State, error: Option<&str>, more: serde_json::Value) -> serde_json::Value {
    let mut event = json!({ "event": "ended", "state": state.word(), "error": error });
    if let (Some(event), serde_json::Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event
}

/// An id that sorts by number and cannot be guessed.
fn new_id(number: u64) -> Result<String, Problem> {
    let mut random = [0; 6];
    getrandom::fill(&mut random)
        .map_err(|error| Problem::new(500, "failure", format!("the system gives no random bytes: {error}")))?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{number:08x}{random}"))
}
