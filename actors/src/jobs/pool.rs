//! A pool: the dispatcher, its workers, and the interface for callers.

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};

use actix::{Actor, Addr, AsyncContext};
use actix_rt::{Arbiter, System};
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use theoremata_lm::Usage;
use theoremata_store::Store;

use super::backend::Backend;
use super::dispatcher::{Count, Dispatcher, End, Judged, Keep, Resumption, Submit, Watch, WorkerEntry};
use super::event::{Answer, JobEvent};
use super::job::{Job, JobId};
use super::job_table::{JobTable, Suspended};
use super::judge::{Askable, Judge};
use super::local::{Local, LocalBackend};
use super::refused::Refused;
use super::remote::server::Remote;
use super::remote::{RemoteBackend, can};
use super::tools::Toolbox;
use super::worker::{MakeBackend, Reports, Worker};

/// Concurrent jobs of a local worker: enough to fill its batches.
const LOCAL_JOBS: usize = 32;

/// The kind of a worker.
#[derive(Clone)]
pub enum Kind {
    /// A model on this machine.
    Local(Local),
    /// A remote server.
    Remote(Remote),
}

/// Configuration of a pool.
pub struct Options {
    /// The workers; at least one.
    pub workers: Vec<Kind>,
    /// The name of the model; job ids depend on it, so it should identify the model precisely.
    pub model: String,
    /// Capacity of the queue; further jobs are refused.
    pub waiting: usize,
    /// The judge for jobs that need one.
    pub judge: Option<Judge>,
    /// Answers tool calls, for jobs with tools.
    pub toolbox: Option<Toolbox>,
    /// Where jobs are journaled, if they are to survive the process.
    pub store: Option<Arc<Store>>,
    /// Whether journaled jobs are started over.
    pub fresh: bool,
    /// When a job continues that waited for a human decision.
    pub resumption: Resumption,
}

impl Options {
    /// A pool without persistence and with a queue of a thousand jobs.
    pub fn new(workers: Vec<Kind>, model: impl Into<String>) -> Options {
        let model = model.into();
        let (judge, toolbox, store, fresh, resumption) = (None, None, None, false, Resumption::AtOnce);
        Options { workers, model, waiting: 1000, judge, toolbox, store, fresh, resumption }
    }
}

/// A running pool. Dropping it stops it; unfinished journaled jobs continue when they are submitted to a pool with the
/// same store.
pub struct Pool {
    dispatcher: Addr<Dispatcher>,
    table: Arc<JobTable>,
    threads: Option<(System, JoinHandle<()>)>,
}

impl Pool {
    /// Starts the workers.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(options: Options) -> io::Result<Pool> {
        let table = Arc::new(JobTable::default());
        let (sender, started) = bounded(1);
        let shared = table.clone();
        let thread = thread::Builder::new().name("pool".to_owned()).spawn(move || run(options, shared, &sender))?;
        match started.recv() {
            Ok((system, dispatcher)) => Ok(Pool { dispatcher, table, threads: Some((system, thread)) }),
            Err(_) => Err(io::Error::other("the threads of the pool could not be started")),
        }
    }

    /// Submits a job. A job that was submitted before has the same id, and runs once.
    ///
    /// # Errors
    /// If the job is invalid, no worker can run it, the queue is full, or the store fails.
    pub fn submit(&self, job: Job) -> Result<JobId, Refused> {
        let (reply, answer) = bounded(1);
        self.dispatcher.do_send(Submit { job, reply });
        answer.recv().unwrap_or(Err(Refused::Stopped))
    }

    /// Subscribes to all future events of all jobs. The channel is unbounded, so the caller must keep up.
    pub fn watch(&self) -> Receiver<(JobId, Arc<JobEvent>)> {
        let (sender, receiver) = unbounded();
        self.dispatcher.do_send(Watch(sender));
        receiver
    }

    /// The events of a job from a sequence number on; `None` if the pool does not know the job.
    pub fn told(&self, job: JobId, from: u64) -> Option<Vec<Arc<JobEvent>>> {
        self.table.jobs.get(&job).map(|log| log.from(from))
    }

    /// The answer of a job, if it is finished.
    pub fn answer(&self, job: JobId) -> Option<Answer> {
        self.table.jobs.get(&job).and_then(|log| log.answer())
    }

    /// Cancels a job; it is answered with the results so far.
    pub fn cancel(&self, job: JobId) {
        self.dispatcher.do_send(End::Node(job, Vec::new()));
    }

    /// Cancels a node of a job with all of its descendants; siblings continue. A join treats a cancelled branch like a
    /// truncated one: it returns nothing, does not vote, and is not checked. How far it got is not deterministic; the
    /// cancellation is recorded as an event, and every later replay of the job observes it.
    ///
    /// Returns whether such a node exists and has not ended, according to the log; a node that ends in the meantime is
    /// not affected.
    pub fn cancel_node(&self, job: JobId, path: &[u32]) -> bool {
        let open = self.table.jobs.get(&job).is_some_and(|log| log.is_open(path));
        if open {
            self.dispatcher.do_send(End::Node(job, path.to_vec()));
        }
        open
    }

    /// Approves or refuses what a node waits for: a refused tool call is not made, a refused step ends the node.
    /// Durable on return. Returns whether the node was waiting.
    pub fn decide(&self, job: JobId, path: &[u32], granted: bool) -> bool {
        let (reply, waited) = bounded(1);
        self.dispatcher.do_send(Judged { id: job, path: path.to_vec(), granted, reply });
        waited.recv().unwrap_or(false)
    }

    /// The state of a suspended job; `None` if it is queued, running or finished.
    pub fn suspended(&self, job: JobId) -> Option<Suspended> {
        self.table.suspended.get(&job).map(|known| *known)
    }

    /// Cancels all jobs.
    pub fn cancel_all(&self) {
        self.dispatcher.do_send(End::All);
    }

    /// Forgets the events of a finished job. Its journal stays.
    pub fn forget(&self, job: JobId) {
        self.table.jobs.remove_if(&job, |_, log| log.answer().is_some());
    }

    /// Total usage of all workers. All earlier events are durable on return.
    pub fn usage(&self) -> Usage {
        let (reply, usage) = bounded(1);
        self.dispatcher.do_send(Count(reply));
        usage.recv().unwrap_or_default()
    }

    /// The error that ended journaling, if there was one.
    pub fn trouble(&self) -> Option<String> {
        self.table.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Makes all earlier events durable.
        self.usage();
        if let Some((system, thread)) = self.threads.take() {
            system.stop();
            // A panic of the thread was already reported.
            let _ = thread.join();
        }
    }
}

/// Runs the dispatcher's thread, which starts and stops the threads of the workers.
fn run(options: Options, table: Arc<JobTable>, started: &Sender<(System, Addr<Dispatcher>)>) {
    let runner = System::new();
    let Options { workers, model, waiting, judge, toolbox, store, fresh, resumption } = options;
    let keep = Keep { store, model, fresh, judged: judge.is_some(), equipped: toolbox.is_some(), resumption };
    let askable = Askable { judge, toolbox };
    let dispatcher = runner.block_on(async move {
        Dispatcher::create(move |context| {
            let start = |(number, kind): (usize, Kind)| start_worker(number, kind, context.address(), askable.clone());
            let workers = workers.into_iter().enumerate().map(start).collect();
            Dispatcher::new(table, workers, waiting, keep)
        })
    });
    // If the starting caller is gone, the dispatcher is dropped and ends with the system.
    if started.send((System::current(), dispatcher)).is_ok() {
        let _ = runner.run();
    }
}

/// Starts a worker.
fn start_worker(number: usize, kind: Kind, dispatcher: Addr<Dispatcher>, askable: Askable) -> WorkerEntry {
    let (slots, can): (usize, fn(&Job) -> bool) = match &kind {
        Kind::Local(_) => (LOCAL_JOBS, |_| true),
        Kind::Remote(remote) => (remote.jobs(), can),
    };
    let make: MakeBackend = Box::new(move || -> Result<Box<dyn Backend>, String> {
        Ok(match &kind {
            Kind::Local(local) => Box::new(LocalBackend::new(local, askable.clone())?),
            Kind::Remote(remote) => Box::new(RemoteBackend::new(remote.clone(), askable.judge.clone())),
        })
    });
    let thread = Arbiter::new();
    let reports = Reports { progress: dispatcher.clone().recipient(), crashed: dispatcher.recipient() };
    let address = Worker::start_in_arbiter(&thread.handle(), move |_| Worker::new(number, reports, make));
    let (memory, usage) = Default::default();
    WorkerEntry { address, slots, can, generation: 0, lost: None, memory, usage }
}
