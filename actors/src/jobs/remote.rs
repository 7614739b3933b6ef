//! The remote backend: runs jobs on a server with an OpenAI-compatible API.
//!
//! Every branch is a request of its own, so it supports programs whose branches share a prompt and do not read each
//! other's output. Prefix caching is up to the server. Servers need not answer deterministically, so the text of a
//! finished branch is recorded and never requested again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, unbounded};
use theoremata_lm::{Outcome, Usage};

use self::branches::Branches;
use self::pulse::Pulse;
use self::request::{Ended, Place, SILENCE, ask};
use self::server::Remote;
use super::backend::{Backend, BackendEvent};
use super::conversation::Speaker;
use super::event::{Answer, EventKind};
use super::event_log::EventLog;
use super::job::{Job, JobId, Program};
use super::judge::Judge;
use super::output_format::OutputFormat;

mod branches;
mod pulse;
mod request;
pub(super) mod server;
mod stream;

/// Polling interval of the worker.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether every branch of a job can be a request of its own, and the job needs no access to tokens or the KV cache.
pub(super) fn can(job: &Job) -> bool {
    let parted = matches!(job.program, Program::Map { .. } | Program::Vote { .. } | Program::First { .. });
    parted
        && job.kv.is_all()
        && job.premises.is_empty()
        && job.functions.is_none()
        && job.redraws.is_empty()
        && job.asker == Speaker::User
}

/// A reply to a request, from the thread that waited for it.
struct Reply {
    number: u64,
    job: JobId,
    place: Place,
    ended: Ended,
}

/// A request in progress.
struct Sent {
    job: JobId,
    place: Place,
    stop: Arc<AtomicBool>,
    pulse: Arc<Pulse>,
}

/// A queued request.
struct Ask {
    job: JobId,
    place: Place,
    question: String,
    stop: Arc<AtomicBool>,
}

/// Sends each branch of a job as a request.
pub(super) struct RemoteBackend {
    /// The server.
    remote: Arc<Remote>,
    /// The acceptance judge.
    judge: Option<Judge>,
    /// Unfinished jobs.
    jobs: BTreeMap<JobId, Branches>,
    /// Events since the worker last asked.
    said: Vec<BackendEvent>,
    /// Queued requests.
    asks: VecDeque<Ask>,
    /// Requests in progress, by number.
    under_way: BTreeMap<u64, Sent>,
    /// Number of requests sent.
    sent: u64,
    /// Deadlines of jobs.
    deadlines: BTreeMap<JobId, Instant>,
    /// Replies from the threads that wait for the server.
    channel: (Sender<Reply>, Receiver<Reply>),
    /// Tokens that the server has reported.
    generated: u64,
}

impl RemoteBackend {
    pub(super) fn new(remote: Remote, judge: Option<Judge>) -> RemoteBackend {
        RemoteBackend {
            remote: Arc::new(remote),
            judge,
            jobs: BTreeMap::new(),
            said: Vec::new(),
            asks: VecDeque::new(),
            under_way: BTreeMap::new(),
            sent: 0,
            deadlines: BTreeMap::new(),
            channel: unbounded(),
            generated: 0,
        }
    }

    /// Sends queued requests, up to the limit of concurrent requests.
    fn send(&mut self) {
        while self.under_way.len() < self.remote.jobs()
            && let Some(Ask { job, place, question, stop }) = self.asks.pop_front()
        {
            let Some(branches) = self.jobs.get(&job) else { continue };
            if stop.load(Ordering::Relaxed) {
                continue;
            }
            let (remote, asked, sender) = (self.remote.clone(), branches.job().clone(), self.channel.0.clone());
            let (number, pulse) = (self.sent, Arc::new(Pulse::default()));
            self.sent += 1;
            self.under_way.insert(number, Sent { job, place, stop: stop.clone(), pulse: pulse.clone() });
            thread::spawn(move || {
                let ended = ask(&remote, remote.key().as_deref(), &asked, place, &question, (&stop, &pulse));
                // The backend may be gone, and then the reply is not needed.
                let _ = sender.send(Reply { number, job, place, ended });
            });
        }
    }

    /// Continues a job after a change.
    fn go_on(&mut self, job: JobId) {
        let Some(branches) = self.jobs.get_mut(&job) else { return };
        let told = branches.take_told();
        self.said.extend(told.into_iter().map(|(path, what)| BackendEvent { job, path, what }));
        for (place, question, stop) in branches.take_asks() {
            self.asks.push_back(Ask { job, place, question, stop });
        }
        if let Some(answer) = branches.answer() {
            self.said.push(BackendEvent { job, path: Vec::new(), what: EventKind::Answered(Box::new(answer)) });
            self.jobs.remove(&job);
            self.deadlines.remove(&job);
        }
    }

    /// Ends requests that have timed out, and jobs past their deadline. Their threads are not joined; they end with
    /// their connections.
    fn give_up(&mut self) {
        let now = Instant::now();
        let late: Vec<JobId> =
            self.deadlines.iter().filter(|(_, deadline)| **deadline <= now).map(|(job, _)| *job).collect();
        for job in late {
            self.deadlines.remove(&job);
            if let Some(branches) = self.jobs.get_mut(&job) {
                branches.expire();
                self.go_on(job);
            }
        }
        // A cancelled request frees its slot at once, whether or not the server has stopped.
        let mut silent = Vec::new();
        self.under_way.retain(|_, sent| {
            if sent.pulse.silence() > SILENCE && !sent.stop.load(Ordering::Relaxed) {
                silent.push((sent.job, sent.place));
                sent.stop.store(true, Ordering::Relaxed);
            }
            !sent.stop.load(Ordering::Relaxed)
        });
        for (job, place) in silent {
            if let Some(branches) = self.jobs.get_mut(&job) {
                let because = format!("{}: the server was silent for {} s", self.remote.url, SILENCE.as_secs());
                branches.hear(place, Ended::failed(because));
                self.go_on(job);
            }
        }
    }
}

impl Backend for RemoteBackend {
    fn admit(&mut self, id: JobId, job: &Job, log: &EventLog, deadline: Option<Instant>) -> Result<(), Box<Answer>> {
        let failed = |why: &str| Err(Box::new(Answer::without_text(Outcome::Failed, Some(why.to_owned()))));
        if !matches!(job.shape, OutputFormat::Free | OutputFormat::JsonSchema(_)) {
            return failed("a server takes JSON schemas only, no expressions and no grammars");
        }
        let Some(branches) = Branches::new(job, self.judge.as_ref(), log) else {
            return failed("a server cannot run this program");
        };
        self.jobs.insert(id, branches);
        self.deadlines.extend(deadline.map(|deadline| (id, deadline)));
        self.go_on(id);
        Ok(())
    }

    fn cancel(&mut self, id: JobId, path: &[u32]) {
        if let Some(branches) = self.jobs.get_mut(&id) {
            branches.cancel(path);
            self.go_on(id);
        }
    }

    fn work(&mut self) -> Result<Vec<BackendEvent>, String> {
        let replies: Vec<Reply> = self.channel.1.try_iter().collect();
        for Reply { number, job, place, ended } in replies {
            self.under_way.remove(&number);
            self.generated += ended.tokens;
            if let Some(branches) = self.jobs.get_mut(&job) {
                branches.hear(place, ended);
                self.go_on(job);
            }
        }
        self.give_up();
        self.send();
        Ok(std::mem::take(&mut self.said))
    }

    fn next(&self) -> Option<Duration> {
        let waits = self.said.is_empty() && (self.asks.is_empty() || self.under_way.len() >= self.remote.jobs());
        match (self.jobs.is_empty() && self.said.is_empty(), waits) {
            (true, _) => None,
            (false, true) => Some(PAUSE),
            (false, false) => Some(Duration::ZERO),
        }
    }

    fn usage(&self) -> Usage {
        Usage { generated: self.generated, ..Usage::default() }
    }
}

impl Drop for RemoteBackend {
    fn drop(&mut self) {
        self.jobs.values_mut().for_each(|branches| branches.cancel(&[]));
    }
}
