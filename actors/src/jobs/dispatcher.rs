//! The dispatcher of the pool: queues jobs, assigns them to workers, and records their events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use crossbeam::channel::Sender;
use theoremata_lm::{Bound, Outcome, Usage};
use theoremata_store::Store;

use super::affinity::{self, PrefixMemory};
use super::backend::BackendEvent;
use super::event::{Answer, EventKind, JobEvent};
use super::event_log::{EventCounts, EventLog};
use super::job::{Accept, Job, JobId, Program};
use super::job_table::{JobTable, Suspended};
use super::journal::Journal;
use super::messages::{Admit, Cancel, Crashed, Decide, Progress};
use super::refused::Refused;
use super::worker::{Worker, sum};

/// Interval of flushing events to disk. Events lost in a crash are generated again, to the token.
const FLUSH: Duration = Duration::from_millis(200);

/// A worker as seen by the dispatcher.
pub(super) struct WorkerEntry {
    /// The actor.
    pub(super) address: Addr<Worker>,
    /// Maximal number of concurrent jobs.
    pub(super) slots: usize,
    /// Whether it can run a job.
    pub(super) can: fn(&Job) -> bool,
    /// Number of backends it has lost; messages of earlier backends are ignored.
    pub(super) generation: u64,
    /// Why it has no backend any more, and will get none.
    pub(super) lost: Option<String>,
    /// Prompt prefixes that it has read.
    pub(super) memory: PrefixMemory,
    /// Its usage so far.
    pub(super) usage: Usage,
}

/// A queued, running or suspended job.
struct Entry {
    /// The job.
    job: Arc<Job>,
    /// Its events so far; callers read them too.
    log: Arc<EventLog>,
    /// Counts of its events by node and kind, so that none is reported twice.
    counts: EventCounts,
    /// Its journal, if it has one.
    journal: Option<Journal>,
    /// The worker that runs it.
    worker: Option<usize>,
    /// Cancelled nodes that have not been reported as ended.
    unwanted: Vec<Unwanted>,
    /// When its time is up, counted from its first assignment.
    deadline: Option<Instant>,
    /// Number of human decisions sent to its current worker.
    decisions: u32,
    /// Number of backends lost while they ran this job.
    crashes: u32,
    /// Estimated tokens left to compute.
    left: usize,
}

/// A node that a caller has cancelled.
struct Unwanted {
    path: Vec<u32>,
    /// Whether the worker was told.
    said: bool,
}

/// The one actor that knows all jobs and all workers.
pub(super) struct Dispatcher {
    /// Event logs of all jobs, which callers read.
    table: Arc<JobTable>,
    /// By number.
    workers: Vec<WorkerEntry>,
    /// Jobs without a worker, in order of arrival.
    queue: VecDeque<JobId>,
    /// Capacity of the queue.
    waiting: usize,
    /// Jobs that are queued, running or suspended.
    jobs: BTreeMap<JobId, Entry>,
    /// Channels of callers that watch all events of all jobs.
    watchers: Vec<Sender<(JobId, Arc<JobEvent>)>>,
    /// Persistence and resumption of jobs.
    keep: Keep,
}

/// Persistence and resumption of jobs.
pub(super) struct Keep {
    pub(super) store: Option<Arc<Store>>,
    pub(super) model: String,
    pub(super) fresh: bool,
    pub(super) judged: bool,
    pub(super) equipped: bool,
    pub(super) resumption: Resumption,
}

/// When a job continues after a human decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resumption {
    /// As soon as a worker is free, in queue order.
    AtOnce,
    /// When it is submitted again, for callers with their own scheduling.
    WhenAsked,
}

impl Dispatcher {
    pub(super) fn new(table: Arc<JobTable>, workers: Vec<WorkerEntry>, waiting: usize, keep: Keep) -> Dispatcher {
        let (queue, jobs) = (VecDeque::new(), BTreeMap::new());
        Dispatcher { table, workers, queue, waiting, jobs, watchers: Vec::new(), keep }
    }

    fn submit(&mut self, job: Job) -> Result<JobId, Refused> {
        job.check()?;
        if matches!(&job.program, Program::First { accept: Accept::Judge(_), .. }) && !self.keep.judged {
            return Err(Refused::NoJudge);
        }
        if !job.tools.is_empty() && !self.keep.equipped {
            return Err(Refused::NoTools);
        }
        if !self.workers.iter().any(|worker| worker.lost.is_none() && (worker.can)(&job)) {
            let because = self.workers.iter().all(|worker| worker.lost.is_some()).then(|| self.workers.last());
            let because = because.flatten().and_then(|worker| worker.lost.clone());
            return Err(because.map_or(Refused::NoWorker, |because| Refused::WorkersLost { because }));
        }
        let id = job.id(&self.keep.model);
        if self.table.jobs.contains_key(&id) {
            if self.suspended(id) == Some(Suspended::Ready) {
                self.requeue(id);
            }
            return Ok(id);
        }
        if self.queue.len() >= self.waiting {
            return Err(Refused::Full { waiting: self.queue.len() });
        }
        let (journal, log) = match &self.keep.store {
            Some(store) => {
                if self.keep.fresh {
                    store.remove_journal(id)?;
                }
                let (journal, log) = Journal::open(store, id, &job, &self.keep.model)?;
                (Some(journal), log)
            }
            None => (None, EventLog::default()),
        };
        let log = Arc::new(log);
        self.table.jobs.insert(id, log.clone());
        let told = log.from(0);
        told.iter().for_each(|told| self.send(id, told));
        if log.answer().is_some() {
            return Ok(id);
        }
        let left = job.width().saturating_mul(job.max_tokens).min(job.total_tokens.unwrap_or(usize::MAX));
        let counts = EventCounts::of(&log);
        self.jobs.insert(
            id,
            Entry {
                job: Arc::new(job),
                log,
                counts,
                journal,
                worker: None,
                unwanted: Vec::new(),
                deadline: None,
                decisions: 0,
                crashes: 0,
                left,
            },
        );
        if !told.is_empty() {
            self.resumed(id, "it was cut off");
        }
        self.queue.push_back(id);
        self.assign();
        Ok(id)
    }

    fn send(&mut self, id: JobId, told: &Arc<JobEvent>) {
        self.watchers.retain(|watcher| watcher.send((id, told.clone())).is_ok());
    }

    /// Records and sends an event of a job.
    fn tell(&mut self, id: JobId, path: Vec<u32>, what: EventKind) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        if !entry.counts.is_new(&path, &what) {
            return;
        }
        if let EventKind::Wrote { token: Some(_), .. } = what {
            entry.left = entry.left.saturating_sub(1);
        }
        if let EventKind::Cancelled { .. } | EventKind::Finished(_) = what {
            entry.unwanted.retain(|unwanted| unwanted.path != path);
        }
        let done = matches!(what, EventKind::Answered(_));
        // Made durable at once: calls should not be repeated, nor humans asked twice.
        let lasting = matches!(what, EventKind::Called(_) | EventKind::Decided { .. });
        let told = Arc::new(JobEvent { seq: entry.log.len(), path, what });
        entry.log.push(told.clone());
        if let Some(journal) = &mut entry.journal {
            journal.tell(&told);
        }
        if lasting {
            self.flush();
        }
        self.send(id, &told);
        if done {
            self.flush();
            self.jobs.remove(&id);
            self.table.suspended.remove(&id);
        }
    }

    fn suspended(&self, id: JobId) -> Option<Suspended> {
        self.table.suspended.get(&id).map(|known| *known)
    }

    /// Suspends a job that its worker has released because it only waits for a human decision.
    fn suspend(&mut self, id: JobId, heard: u32) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.worker = None;
        let is_late = heard < entry.decisions || !entry.unwanted.is_empty();
        self.table.suspended.insert(id, Suspended::Waiting);
        if is_late {
            // The worker missed a decision or a cancellation.
            self.end_unwanted(id);
            self.make_ready(id);
        }
    }

    /// Resumes a suspended job, or marks it as ready.
    fn make_ready(&mut self, id: JobId) {
        if self.suspended(id).is_none() || !self.jobs.contains_key(&id) {
            return;
        }
        match self.keep.resumption {
            Resumption::AtOnce => self.requeue(id),
            Resumption::WhenAsked => drop(self.table.suspended.insert(id, Suspended::Ready)),
        }
    }

    /// Appends a suspended job to the queue. It continues from its log.
    fn requeue(&mut self, id: JobId) {
        self.table.suspended.remove(&id);
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.counts.begin_again();
        self.queue.push_back(id);
        self.assign();
        self.give_up_without_workers();
    }

    /// If no worker is left, answers all queued jobs as failed.
    fn give_up_without_workers(&mut self) {
        if self.workers.iter().any(|worker| worker.lost.is_none()) {
            return;
        }
        let why = self.workers.last().and_then(|worker| worker.lost.clone()).unwrap_or_default();
        let left: Vec<JobId> = self.queue.drain(..).collect();
        for id in left {
            self.give_up(id, Outcome::Failed, Some(format!("there is no worker any more: {why}")));
        }
    }

    fn resumed(&mut self, id: JobId, because: &str) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.counts.begin_again();
        let tokens = entry.log.replay_log().len();
        self.tell(id, Vec::new(), EventKind::Resumed { tokens, because: because.to_owned() });
    }

    /// Assigns queued jobs, each to the worker with the lowest estimated completion time.
    fn assign(&mut self) {
        let mut held = VecDeque::new();
        while let Some(id) = self.queue.pop_front() {
            let Some(entry) = self.jobs.get(&id) else { continue };
            let blocks = affinity::blocks(&entry.job.prompt);
            let bytes = entry.job.bytes();
            let free = (0..self.workers.len()).filter(|number| self.takes(*number, entry));
            let best = free.min_by_key(|number| {
                let unread = self.workers[*number].memory.unread_tokens(&blocks, bytes);
                (unread.saturating_add(self.load(*number)), *number)
            });
            let Some(number) = best else {
                held.push_back(id);
                continue;
            };
            let (job, log) = (entry.job.clone(), entry.log.clone());
            let end = job.seconds.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
            let deadline = entry.deadline.or(end);
            let worker = &mut self.workers[number];
            worker.memory.learn(&blocks);
            worker.address.do_send(Admit { generation: worker.generation, id, job, log, deadline });
            if let Some(entry) = self.jobs.get_mut(&id) {
                (entry.worker, entry.deadline, entry.decisions) = (Some(number), deadline, 0);
            }
        }
        self.queue = held;
    }

    /// Tells the worker of a job which nodes are cancelled. A node is cancelled only once it has caught up with the
    /// log, so that it ends at the position that the log says.
    fn pass_on_unwanted(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        let Some(number) = entry.worker else { return };
        let worker = &self.workers[number];
        for Unwanted { path, said } in &mut entry.unwanted {
            if !*said && (path.is_empty() || entry.counts.has_caught_up(path)) {
                *said = true;
                worker.address.do_send(Cancel { generation: worker.generation, id, path: path.clone() });
            }
        }
    }

    /// Ends the cancelled nodes of a job without a worker, at the end of its log.
    fn end_unwanted(&mut self, id: JobId) {
        let unwanted = self.jobs.get_mut(&id).map(|entry| std::mem::take(&mut entry.unwanted)).unwrap_or_default();
        for Unwanted { path, .. } in unwanted {
            if self.jobs.get(&id).is_some_and(|entry| entry.log.is_open(&path)) {
                self.tell(id, path, EventKind::Cancelled { stages: None });
            }
        }
    }

    /// Whether a worker can be given a job now. A job that was running when a backend was lost runs alone, so that a
    /// second loss can be attributed to it.
    fn takes(&self, number: usize, entry: &Entry) -> bool {
        let worker = &self.workers[number];
        let mut aboard = self.jobs.values().filter(|other| other.worker == Some(number)).peekable();
        if worker.lost.is_some() || !(worker.can)(&entry.job) {
            return false;
        }
        if entry.crashes > 0 {
            return aboard.peek().is_none();
        }
        let (count, suspects) = aboard.fold((0, 0), |(count, suspects), other| (count + 1, suspects + other.crashes));
        count < worker.slots && suspects == 0
    }

    /// Estimated tokens that a worker has left to compute.
    fn load(&self, number: usize) -> usize {
        let aboard = self.jobs.values().filter(|entry| entry.worker == Some(number));
        aboard.fold(0, |sum, entry| sum.saturating_add(entry.left))
    }

    fn flush(&mut self) {
        let Some(store) = self.keep.store.clone() else { return };
        let flushed: Result<Vec<bool>, _> = self
            .jobs
            .values_mut()
            .filter_map(|entry| entry.journal.as_mut())
            .map(|journal| journal.flush(&store))
            .collect();
        let synced = flushed.and_then(|dirty| if dirty.contains(&true) { store.sync_journals() } else { Ok(()) });
        if let Err(error) = synced {
            // Jobs still run; only recovery from a crash would cost more. The pool reports this once.
            self.table.set_trouble(error.to_string());
            self.jobs.values_mut().for_each(|entry| entry.journal = None);
            self.keep.store = None;
        }
    }

    /// Ends jobs whose time is up while they wait for a human decision.
    fn end_overdue(&mut self) {
        let now = Instant::now();
        let is_late = |id: &JobId| self.jobs.get(id).and_then(|entry| entry.deadline).is_some_and(|end| end <= now);
        let suspended: Vec<JobId> = self.table.suspended.iter().map(|known| *known.key()).collect();
        for id in suspended.into_iter().filter(is_late).collect::<Vec<JobId>>() {
            self.answer_from_log(id, Outcome::Budget(Bound::Time));
        }
    }

    /// Ends a job without a worker, with the results in its log; nodes that have not ended get this outcome.
    fn answer_from_log(&mut self, id: JobId, outcome: Outcome) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let nodes = entry.log.nodes(&outcome);
        let answer = Answer { nodes, ..Answer::without_text(outcome, None) };
        self.tell(id, Vec::new(), EventKind::Answered(Box::new(answer)));
    }

    /// Answers a job that cannot run.
    fn give_up(&mut self, id: JobId, outcome: Outcome, because: Option<String>) {
        self.tell(id, Vec::new(), EventKind::Answered(Box::new(Answer::without_text(outcome, because))));
    }
}

impl Actor for Dispatcher {
    type Context = Context<Dispatcher>;

    fn started(&mut self, context: &mut Context<Dispatcher>) {
        context.run_interval(FLUSH, |dispatcher, _| {
            dispatcher.end_overdue();
            dispatcher.flush();
        });
    }
}

/// Submits a job.
pub(super) struct Submit {
    pub(super) job: Job,
    pub(super) reply: Sender<Result<JobId, Refused>>,
}

/// Cancels a node of a job, where the root stands for the whole job; or all jobs.
pub(super) enum End {
    Node(JobId, Vec<u32>),
    All,
}

/// A human decision on a node. The reply says whether the node was waiting, once the decision is durable.
pub(super) struct Judged {
    pub(super) id: JobId,
    pub(super) path: Vec<u32>,
    pub(super) granted: bool,
    pub(super) reply: Sender<bool>,
}

/// Subscribes a caller to all future events.
pub(super) struct Watch(pub(super) Sender<(JobId, Arc<JobEvent>)>);

/// Requests the usage of all workers. All earlier events are durable when it is answered.
pub(super) struct Count(pub(super) Sender<Usage>);

impl Message for Submit {
    type Result = ();
}

impl Message for End {
    type Result = ();
}

impl Message for Judged {
    type Result = ();
}

impl Message for Watch {
    type Result = ();
}

impl Message for Count {
    type Result = ();
}

impl Handler<Submit> for Dispatcher {
    type Result = ();

    fn handle(&mut self, Submit { job, reply }: Submit, _: &mut Context<Dispatcher>) {
        // The caller may have stopped waiting.
        let _ = reply.send(self.submit(job));
    }
}

impl Handler<End> for Dispatcher {
    type Result = ();

    fn handle(&mut self, end: End, _: &mut Context<Dispatcher>) {
        let unwanted: Vec<(JobId, Vec<u32>)> = match end {
            End::Node(id, path) => vec![(id, path)],
            End::All => self.jobs.keys().map(|id| (*id, Vec::new())).collect(),
        };
        for (id, path) in unwanted {
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            let waits = entry.worker.is_none();
            if waits && path.is_empty() {
                if entry.log.is_open(&path) {
                    self.tell(id, path, EventKind::Cancelled { stages: None });
                }
                self.answer_from_log(id, Outcome::Cancelled);
                continue;
            }
            entry.unwanted.push(Unwanted { path, said: false });
            if waits {
                self.end_unwanted(id);
                self.make_ready(id);
            } else {
                self.pass_on_unwanted(id);
            }
        }
        self.queue.retain(|id| self.jobs.contains_key(id));
    }
}

impl Handler<Judged> for Dispatcher {
    type Result = ();

    fn handle(&mut self, Judged { id, path, granted, reply }: Judged, _: &mut Context<Dispatcher>) {
        let what = self.jobs.get(&id).and_then(|entry| entry.log.awaited(&path));
        if let Some(what) = &what {
            self.tell(id, path, EventKind::Decided { what: what.clone(), granted });
            // A worker that takes the job later finds the decision in the log.
            if let Some(entry) = self.jobs.get_mut(&id)
                && let Some(number) = entry.worker
            {
                entry.decisions += 1;
                let (worker, what) = (&self.workers[number], what.clone());
                worker.address.do_send(Decide { generation: worker.generation, id, what, granted });
            } else {
                self.make_ready(id);
            }
        }
        // The caller may have stopped waiting.
        let _ = reply.send(what.is_some());
    }
}

impl Handler<Watch> for Dispatcher {
    type Result = ();

    fn handle(&mut self, Watch(watcher): Watch, _: &mut Context<Dispatcher>) {
        self.watchers.push(watcher);
    }
}

impl Handler<Count> for Dispatcher {
    type Result = ();

    fn handle(&mut self, Count(reply): Count, _: &mut Context<Dispatcher>) {
        self.flush();
        let _ = reply.send(self.workers.iter().fold(Usage::default(), |all, worker| sum(all, worker.usage)));
    }
}

impl Handler<Progress> for Dispatcher {
    type Result = ();

    fn handle(&mut self, progress: Progress, _: &mut Context<Dispatcher>) {
        let Progress { worker, generation, said, suspended, usage } = progress;
        if generation != self.workers[worker].generation {
            return;
        }
        self.workers[worker].usage = usage;
        let (mut ended, mut jobs) = (false, BTreeSet::new());
        for BackendEvent { job, path, what } in said {
            ended |= matches!(what, EventKind::Answered(_));
            jobs.insert(job);
            self.tell(job, path, what);
        }
        jobs.into_iter().for_each(|job| self.pass_on_unwanted(job));
        // Frees slots for other jobs.
        ended |= !suspended.is_empty();
        suspended.into_iter().for_each(|(job, heard)| self.suspend(job, heard));
        if ended {
            self.assign();
        }
    }
}

impl Handler<Crashed> for Dispatcher {
    type Result = ();

    fn handle(&mut self, Crashed { worker, generation, why, lasting }: Crashed, _: &mut Context<Dispatcher>) {
        let lost = &mut self.workers[worker];
        (lost.generation, lost.lost) = (generation, (!lasting).then(|| why.clone()));
        lost.memory.clear();
        let aboard: Vec<JobId> =
            self.jobs.iter().filter(|(_, entry)| entry.worker == Some(worker)).map(|(id, _)| *id).collect();
        let alone = aboard.len() == 1;
        for id in aboard.into_iter().rev() {
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            entry.worker = None;
            let guilty = alone && entry.crashes > 0;
            entry.crashes += 1;
            if guilty {
                self.give_up(id, Outcome::Failed, Some(format!("it makes the worker stop: {why}")));
            } else {
                self.end_unwanted(id);
                self.resumed(id, &format!("the worker stopped: {why}"));
                self.queue.push_front(id);
            }
        }
        self.assign();
        self.give_up_without_workers();
    }
}
