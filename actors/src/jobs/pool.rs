//! A pool: the dispatcher, its workers, and the way in for callers.

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

/// Jobs that a worker of this machine does side by side: enough to fill its batches.
const LOCAL_JOBS: usize = 32;

/// What does the work.
#[derive(Clone)]
pub enum Kind {
    /// A model of this machine.
    Local(Local),
    /// A server.
    Remote(Remote),
}

/// A pool.
pub struct Options {
    /// The workers; at least one.
    pub workers: Vec<Kind>,
    /// The name of the model, as precise as it should be known by: a job's id hangs on it.
    pub model: String,
    /// Jobs that may wait for a worker; more are refused.
    pub waiting: usize,
    /// The judge that says which attempts are accepted, for jobs that ask a judge.
    pub judge: Option<Judge>,
    /// What answers calls of tools, for jobs that have any.
    pub toolbox: Option<Toolbox>,
    /// Where jobs are written down as they are told, if they are to outlive the process.
    pub store: Option<Arc<Store>>,
    /// Whether jobs that are written down there are done anew.
    pub fresh: bool,
    /// When a job goes on that waited for a person.
    pub resumption: Resumption,
}

impl Options {
    /// A pool that keeps nothing and lets a thousand jobs wait.
    pub fn new(workers: Vec<Kind>, model: impl Into<String>) -> Options {
        let model = model.into();
        let (judge, toolbox, store, fresh, resumption) = (None, None, None, false, Resumption::AtOnce);
        Options { workers, model, waiting: 1000, judge, toolbox, store, fresh, resumption }
    }
}

/// A pool at work. Dropped, it stops: jobs that are not done go on when a pool with the same store is asked again.
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

    /// Asks for a job. One that was asked for before has the same id, and is done once.
    ///
    /// # Errors
    /// If it is no job, if no worker can do it, if too many are waiting, or if the store fails.
    pub fn submit(&self, job: Job) -> Result<JobId, Refused> {
        let (reply, answer) = bounded(1);
        self.dispatcher.do_send(Submit { job, reply });
        answer.recv().unwrap_or(Err(Refused::Stopped))
    }

    /// All events of all jobs from now on. The caller has to keep up: events wait in memory.
    pub fn watch(&self) -> Receiver<(JobId, Arc<JobEvent>)> {
        let (sender, receiver) = unbounded();
        self.dispatcher.do_send(Watch(sender));
        receiver
    }

    /// What was told of a job, from a number on. Nothing if the pool does not know it.
    pub fn told(&self, job: JobId, from: u64) -> Option<Vec<Arc<JobEvent>>> {
        self.table.jobs.get(&job).map(|log| log.from(from))
    }

    /// What came of a job, if it is done.
    pub fn answer(&self, job: JobId) -> Option<Answer> {
        self.table.jobs.get(&job).and_then(|log| log.answer())
    }

    /// Ends a job; it is answered with what there is.
    pub fn cancel(&self, job: JobId) {
        self.dispatcher.do_send(End::Node(job, Vec::new()));
    }

    /// Ends one node of a job and all below it; its siblings go on. A branch that was cancelled is joined like one
    /// that was cut off: it does not come back, does not vote, and is not checked. How far it had come is chance;
    /// that is an event of the job, and holds from then on for every worker that goes on with it.
    ///
    /// Whether there is such a node that has not ended, as far as was told; one that ends meanwhile stays as it is.
    pub fn cancel_node(&self, job: JobId, path: &[u32]) -> bool {
        let open = self.table.jobs.get(&job).is_some_and(|log| log.is_open(path));
        if open {
            self.dispatcher.do_send(End::Node(job, path.to_vec()));
        }
        open
    }

    /// Lets a node go on that waits for a person, or refuses it: a call of a tool is not made then, and a step ends the node.
    /// It is durable when this returns. Whether the node waited.
    pub fn decide(&self, job: JobId, path: &[u32], granted: bool) -> bool {
        let (reply, waited) = bounded(1);
        self.dispatcher.do_send(Judged { id: job, path: path.to_vec(), granted, reply });
        waited.recv().unwrap_or(false)
    }

    /// Whether a job is suspended: it waits for a person, or did. Nothing if it is done, or is being done.
    pub fn suspended(&self, job: JobId) -> Option<Suspended> {
        self.table.suspended.get(&job).map(|known| *known)
    }

    /// Ends all jobs.
    pub fn cancel_all(&self) {
        self.dispatcher.do_send(End::All);
    }

    /// Forgets what was told of a job that is done. What is written down of it stays.
    pub fn forget(&self, job: JobId) {
        self.table.jobs.remove_if(&job, |_, log| log.answer().is_some());
    }

    /// What all workers did so far. What was told before is durable when this returns.
    pub fn usage(&self) -> Usage {
        let (reply, usage) = bounded(1);
        self.dispatcher.do_send(Count(reply));
        usage.recv().unwrap_or_default()
    }

    /// Why jobs are not written down any more, if that failed.
    pub fn trouble(&self) -> Option<String> {
        self.table.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // What was told is made durable first.
        self.usage();
        if let Some((system, thread)) = self.threads.take() {
            system.stop();
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// The thread of the dispatcher. It starts the threads of the workers, and ends them with itself.
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
    // The caller that started the pool may be gone by now; then it ends with the system.
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
