//! The pool of language models: jobs go in, what is told of them comes out, and workers come and go.
//!
//! A [`Job`] is data: a question, the program that parts it, a seed. Its answer is a function of that and of the
//! model alone, and it is known by the hash of both. So a job may be given to any worker, be taken from one that
//! stopped and given to another, or go on after the whole process was killed: what it had written is read like a
//! prompt, drawing goes on behind it with the same numbers, and the answer is the same to the token.
//!
//! ```text
//!   caller ── Job ──►┌ front ───────────────────────┐── admit, cancel ──►┌ worker 0 ─ hand: an engine ───┐
//!   caller ◄─ Told ──│ queue · logs · journals      │                    └───────────────────────────────┘
//!                    │ which worker read what before│◄── said, crashed ──┌ worker 1 ─ hand: a server ────┐
//!                    └──────────────────────────────┘                    └───────────────────────────────┘
//! ```
//!
//! The front and every worker are actix actors, each worker on a thread of its own. A worker drives a hand: an
//! engine of this machine ([`Local`]), or a server that speaks the protocol of OpenAI ([`Remote`]). If a hand
//! panics its worker puts it away, makes a new one, and its jobs go on from their logs; a job that was aboard
//! goes alone the next time, so that one that stops every worker is found and answered as failed, and the others
//! are not. More jobs than may wait are refused at once, with a word that says so.
//!
//! Reading order: `job` and `told` (what goes in and out), `hand` (what a worker drives), `plant` and `local`,
//! `worker`, `front`, `ledger` (logs and journals), `affinity`, `remote`.

mod affinity;
mod front;
mod hand;
mod job;
mod judge;
mod ledger;
mod local;
mod plant;
mod remote;
mod texts;
mod told;
mod worker;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use actix::{Actor, Addr, AsyncContext};
use actix_rt::{Arbiter, System};
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use dashmap::DashMap;
use theoremata_lm::Usage;
use theoremata_store::{Store, StoreError};

use front::{Count, Desk, End, Front, Keep, Submit, Watch};
use hand::Hand;
use ledger::Log;
use local::LocalHand;
use remote::RemoteHand;
use worker::{MakeHand, Worker};

pub use job::{Accept, Forgetting, Job, JobError, JobId, MOST_BRANCHES, MOST_BYTES, Program, Shape, TokenChoice, View};
pub use judge::Judge;
pub use local::Local;
pub use remote::Remote;
pub use told::{Answer, NodeAnswer, Told, What, Wrote};

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
    /// Who does the work; at least one.
    pub workers: Vec<Kind>,
    /// The name of the model, as precise as it should be known by: a job's id hangs on it.
    pub model: String,
    /// Jobs that may wait for a worker; more are refused.
    pub waiting: usize,
    /// Who says which attempts are accepted, for jobs that ask a judge.
    pub judge: Option<Judge>,
    /// Where jobs are written down as they are told, if they are to outlive the process.
    pub store: Option<Arc<Store>>,
    /// Whether jobs that are written down there are done anew.
    pub fresh: bool,
}

impl Options {
    /// A pool that keeps nothing and lets a thousand jobs wait.
    pub fn new(workers: Vec<Kind>, model: impl Into<String>) -> Options {
        Options { workers, model: model.into(), waiting: 1000, judge: None, store: None, fresh: false }
    }
}

/// Why a job is not taken. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is none.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Too many are waiting.
    #[error("{waiting} jobs are waiting, which is as many as may: try again when some are done")]
    Full {
        /// Jobs that wait.
        waiting: usize,
    },
    /// No worker of the pool can do it.
    #[error("no worker of this pool can run this program")]
    NoWorker,
    /// It asks for a judge.
    #[error("the job asks for a judge, and this pool has none")]
    NoJudge,
    /// What is written down of it cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pool is gone.
    #[error("the pool has stopped")]
    Stopped,
}

/// What the front and its callers share.
#[derive(Default)]
struct Table {
    jobs: DashMap<JobId, Arc<Log>>,
    trouble: Mutex<Option<String>>,
}

impl Table {
    fn set_trouble(&self, trouble: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }
}

/// A pool at work. Dropped, it stops: jobs that are not done go on when a pool with the same store is asked again.
pub struct Pool {
    front: Addr<Front>,
    table: Arc<Table>,
    threads: Option<(System, JoinHandle<()>)>,
}

impl Pool {
    /// Starts the workers.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(options: Options) -> io::Result<Pool> {
        let table = Arc::new(Table::default());
        let (sender, started) = bounded(1);
        let shared = table.clone();
        let thread = thread::Builder::new().name("pool".to_owned()).spawn(move || run(options, shared, &sender))?;
        match started.recv() {
            Ok((system, front)) => Ok(Pool { front, table, threads: Some((system, thread)) }),
            Err(_) => Err(io::Error::other("the threads of the pool could not be started")),
        }
    }

    /// Asks for a job. One that was asked for before has the same id, and is done once.
    ///
    /// # Errors
    /// If it is no job, if nobody here can do it, if too many are waiting, or if the store fails.
    pub fn submit(&self, job: Job) -> Result<JobId, Refused> {
        let (reply, answer) = bounded(1);
        self.front.do_send(Submit { job, reply });
        answer.recv().unwrap_or(Err(Refused::Stopped))
    }

    /// What is told of all jobs from now on. Whoever listens has to keep up: what is told waits in memory.
    pub fn watch(&self) -> Receiver<(JobId, Arc<Told>)> {
        let (sender, receiver) = unbounded();
        self.front.do_send(Watch(sender));
        receiver
    }

    /// What was told of a job, from a number on. Nothing if the pool does not know it.
    pub fn told(&self, job: JobId, from: u64) -> Option<Vec<Arc<Told>>> {
        self.table.jobs.get(&job).map(|log| log.from(from))
    }

    /// What came of a job, if it is done.
    pub fn answer(&self, job: JobId) -> Option<Answer> {
        self.table.jobs.get(&job).and_then(|log| log.answer())
    }

    /// Ends a job; it is answered with what there is.
    pub fn cancel(&self, job: JobId) {
        self.front.do_send(End::Node(job, Vec::new()));
    }

    /// Ends one node of a job and all below it; its siblings go on. A branch that was cancelled is joined like one
    /// that was cut off: it does not come back, does not vote, and is not checked. How far it had come is chance;
    /// it is told, and holds from then on, whoever goes on with the job.
    ///
    /// Whether there is such a node that has not ended, as far as was told; one that ends meanwhile stays as it is.
    pub fn cancel_node(&self, job: JobId, path: &[u32]) -> bool {
        let open = self.table.jobs.get(&job).is_some_and(|log| log.is_open(path));
        if open {
            self.front.do_send(End::Node(job, path.to_vec()));
        }
        open
    }

    /// Ends all jobs.
    pub fn cancel_all(&self) {
        self.front.do_send(End::All);
    }

    /// Forgets what was told of a job that is done. What is written down of it stays.
    pub fn forget(&self, job: JobId) {
        self.table.jobs.remove_if(&job, |_, log| log.answer().is_some());
    }

    /// What all workers did so far. What was told before is durable when this returns.
    pub fn usage(&self) -> Usage {
        let (reply, usage) = bounded(1);
        self.front.do_send(Count(reply));
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

/// The thread of the front. It starts the threads of the workers, and ends them with itself.
fn run(options: Options, table: Arc<Table>, started: &Sender<(System, Addr<Front>)>) {
    let runner = System::new();
    let Options { workers, model, waiting, judge, store, fresh } = options;
    let keep = Keep { store, model, fresh, judged: judge.is_some() };
    let front = runner.block_on(async move {
        Front::create(move |context| {
            let start = |(number, kind): (usize, Kind)| desk(number, kind, context.address(), judge.clone());
            let desks = workers.into_iter().enumerate().map(start).collect();
            Front::new(table, desks, waiting, keep)
        })
    });
    // Who started the pool may be gone by now; then it ends with the system.
    if started.send((System::current(), front)).is_ok() {
        let _ = runner.run();
    }
}

/// Starts a worker.
fn desk(number: usize, kind: Kind, front: Addr<Front>, judge: Option<Judge>) -> Desk {
    let (slots, can): (usize, fn(&Program) -> bool) = match &kind {
        Kind::Local(_) => (LOCAL_JOBS, |_| true),
        Kind::Remote(remote) => (remote.jobs(), remote::can),
    };
    let make: MakeHand = Box::new(move || -> Box<dyn Hand> {
        match &kind {
            Kind::Local(local) => Box::new(LocalHand::new(local, judge.clone())),
            Kind::Remote(remote) => Box::new(RemoteHand::new(remote.clone(), judge.clone())),
        }
    });
    let thread = Arbiter::new();
    let address = Worker::start_in_arbiter(&thread.handle(), move |_| Worker::new(number, front, make));
    let (memory, usage) = Default::default();
    Desk { address, slots, can, generation: 0, lost: false, memory, usage }
}
