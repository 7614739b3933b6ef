//! The hand that has a server do the work: one that speaks the protocol of OpenAI.
//!
//! Every branch is a request of its own, so programs whose branches read the same prompt and nothing of each
//! other run here. How the server shares what it has read is its own affair, and so is whether the same request
//! gets the same answer: what a branch has said once is kept, and never asked for again.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};
use theoremata_lm::{Outcome, Usage};

use self::branches::Branches;
use self::request::{Ended, ask};
use super::hand::{Hand, Said};
use super::job::{Job, JobId, Program, Shape};
use super::judge::Judge;
use super::ledger::Log;
use super::told::{Answer, What};

mod branches;
mod request;

/// How long a worker sleeps between two looks at what the server has said.
const PAUSE: Duration = Duration::from_millis(5);

/// A server that speaks the protocol of OpenAI.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// Where it is, up to and with the version: `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// The model that it is asked for.
    pub model: String,
    /// The environment variable that holds the key, where one is needed: keys stand in no job and no journal.
    pub key_variable: Option<String>,
    /// Requests that it is sent at the same time.
    pub requests: usize,
}

impl Remote {
    /// A server that needs no key, and eight requests at a time.
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Remote {
        Remote { url: url.into(), model: model.into(), key_variable: None, requests: 8 }
    }

    /// Jobs that it does side by side: more would only wait for their requests.
    pub(super) fn jobs(&self) -> usize {
        self.requests.max(1)
    }

    fn key(&self) -> Option<String> {
        self.key_variable.as_ref().and_then(|name| env::var(name).ok())
    }
}

/// Whether a program's branches are requests of their own.
pub(super) fn can(program: &Program) -> bool {
    matches!(program, Program::Map { .. } | Program::Vote { .. } | Program::First { .. })
}

/// A node of a job: the root, or one of its branches.
pub(super) type Place = Option<u32>;

/// What a thread that waits for the server says.
struct Heard {
    job: JobId,
    place: Place,
    ended: Ended,
}

/// A request that waits for its turn.
struct Ask {
    job: JobId,
    place: Place,
    question: String,
    stop: Arc<AtomicBool>,
}

pub(super) struct RemoteHand {
    remote: Arc<Remote>,
    judge: Option<Judge>,
    jobs: BTreeMap<JobId, Branches>,
    said: Vec<Said>,
    asks: VecDeque<Ask>,
    under_way: usize,
    channel: (Sender<Heard>, Receiver<Heard>),
    generated: u64,
}

impl RemoteHand {
    pub(super) fn new(remote: Remote, judge: Option<Judge>) -> RemoteHand {
        RemoteHand {
            remote: Arc::new(remote),
            judge,
            jobs: BTreeMap::new(),
            said: Vec::new(),
            asks: VecDeque::new(),
            under_way: 0,
            channel: unbounded(),
            generated: 0,
        }
    }

    /// Sends requests as long as some may be sent.
    fn send(&mut self) {
        while self.under_way < self.remote.jobs()
            && let Some(Ask { job, place, question, stop }) = self.asks.pop_front()
        {
            let Some(branches) = self.jobs.get(&job) else { continue };
            if stop.load(Ordering::Relaxed) {
                continue;
            }
            let (remote, asked, sender) = (self.remote.clone(), branches.job().clone(), self.channel.0.clone());
            self.under_way += 1;
            thread::spawn(move || {
                let ended = ask(&remote, remote.key().as_deref(), &asked, place, &question, &stop);
                // If the hand is gone, nobody wants to know.
                let _ = sender.send(Heard { job, place, ended });
            });
        }
    }

    /// Does what follows once something has changed in a job.
    fn go_on(&mut self, job: JobId) {
        let Some(branches) = self.jobs.get_mut(&job) else { return };
        let told = branches.take_told();
        self.said.extend(told.into_iter().map(|(path, what)| Said { job, path, what }));
        for (place, question, stop) in branches.take_asks() {
            self.asks.push_back(Ask { job, place, question, stop });
        }
        if let Some(answer) = branches.answer() {
            self.said.push(Said { job, path: Vec::new(), what: What::Answered(Box::new(answer)) });
            self.jobs.remove(&job);
        }
    }
}

impl Hand for RemoteHand {
    fn admit(&mut self, id: JobId, job: &Job, log: &Log) -> Result<(), Box<Answer>> {
        let failed = |why: &str| Err(Box::new(Answer::without_text(Outcome::Failed, Some(why.to_owned()))));
        if !matches!(job.shape, Shape::Free | Shape::JsonSchema(_)) {
            return failed("a server takes JSON schemas only, no expressions and no grammars");
        }
        let Some(branches) = Branches::new(job, self.judge.as_ref(), log) else {
            return failed("a server cannot run this program");
        };
        self.jobs.insert(id, branches);
        self.go_on(id);
        Ok(())
    }

    fn cancel(&mut self, id: JobId, path: &[u32]) {
        if let Some(branches) = self.jobs.get_mut(&id) {
            branches.cancel(path);
            self.go_on(id);
        }
    }

    fn work(&mut self) -> Vec<Said> {
        let heard: Vec<Heard> = self.channel.1.try_iter().collect();
        for Heard { job, place, ended } in heard {
            self.under_way -= 1;
            self.generated += ended.tokens;
            if let Some(branches) = self.jobs.get_mut(&job) {
                branches.hear(place, ended);
                self.go_on(job);
            }
        }
        self.send();
        std::mem::take(&mut self.said)
    }

    fn next(&self) -> Option<Duration> {
        let waits = self.said.is_empty() && (self.asks.is_empty() || self.under_way >= self.remote.jobs());
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

impl Drop for RemoteHand {
    fn drop(&mut self) {
        self.jobs.values_mut().for_each(|branches| branches.cancel(&[]));
    }
}
