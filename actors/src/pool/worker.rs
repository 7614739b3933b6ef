//! The actor around a hand: one for each worker, on a thread of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use theoremata_lm::Usage;

use super::front::{Crashed, Front, Progress};
use super::hand::{Hand, Said};
use super::job::{Job, JobId};
use super::ledger::Log;
use super::told::What;

/// Makes a hand; called on the thread of the worker, at the start and after every crash.
pub(super) type MakeHand = Box<dyn Fn() -> Box<dyn Hand> + Send>;

/// A worker. It supervises its hand: when that panics, it is dropped with all it holds, the front is told, and a
/// new one is made; what the front had sent before it knew is passed over.
pub(super) struct Worker {
    number: usize,
    front: Addr<Front>,
    make: MakeHand,
    hand: Option<Box<dyn Hand>>,
    /// Hands that were lost.
    generation: u64,
    /// Whether a turn of work is on its way.
    called: bool,
    /// What lost hands had done.
    before: Usage,
}

/// Does a job.
pub(super) struct Admit {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) job: Arc<Job>,
    pub(super) log: Arc<Log>,
}

/// Ends a node of a job; the root ends all of it.
pub(super) struct Cancel {
    pub(super) generation: u64,
    pub(super) id: JobId,
    pub(super) path: Vec<u32>,
}

/// A turn of work.
struct Work;

impl Message for Admit {
    type Result = ();
}

impl Message for Cancel {
    type Result = ();
}

impl Message for Work {
    type Result = ();
}

impl Worker {
    pub(super) fn new(number: usize, front: Addr<Front>, make: MakeHand) -> Worker {
        Worker { number, front, make, hand: None, generation: 0, called: false, before: Usage::default() }
    }

    /// Lets the hand do something. Gives nothing if there is none any more.
    fn with_hand<T>(&mut self, act: impl FnOnce(&mut dyn Hand) -> T) -> Option<T> {
        let hand = self.hand.as_deref_mut()?;
        // A hand that panicked is never used again, so what it left half done is seen by nobody.
        match catch_unwind(AssertUnwindSafe(|| act(hand))) {
            Ok(done) => Some(done),
            Err(panic) => {
                self.lose_hand(&words(panic.as_ref()));
                None
            }
        }
    }

    fn lose_hand(&mut self, why: &str) {
        let lost = self.hand.take();
        if let Some(usage) = lost.as_ref().and_then(|hand| catch_unwind(AssertUnwindSafe(|| hand.usage())).ok()) {
            self.before = sum(self.before, usage);
        }
        // What a panic interrupted may panic again while it is put away.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(lost)));
        self.generation += 1;
        self.make_hand();
        let lasting = self.hand.is_some();
        self.front.do_send(Crashed { worker: self.number, generation: self.generation, why: why.to_owned(), lasting });
    }

    fn make_hand(&mut self) {
        self.hand = catch_unwind(AssertUnwindSafe(|| (self.make)())).ok();
    }

    fn call(&mut self, context: &mut Context<Worker>) {
        if self.called {
            return;
        }
        match self.hand.as_ref().and_then(|hand| hand.next()) {
            Some(Duration::ZERO) => context.notify(Work),
            Some(wait) => drop(context.notify_later(Work, wait)),
            None => return,
        }
        self.called = true;
    }

    fn report(&mut self, said: Vec<Said>) {
        let usage = self.hand.as_ref().map(|hand| hand.usage()).unwrap_or_default();
        let usage = sum(self.before, usage);
        self.front.do_send(Progress { worker: self.number, generation: self.generation, said, usage });
    }
}

impl Actor for Worker {
    type Context = Context<Worker>;

    fn started(&mut self, _: &mut Context<Worker>) {
        self.make_hand();
        if self.hand.is_none() {
            self.front.do_send(Crashed {
                worker: self.number,
                generation: self.generation,
                why: "it could not be started".to_owned(),
                lasting: false,
            });
        }
    }
}

impl Handler<Admit> for Worker {
    type Result = ();

    fn handle(&mut self, Admit { generation, id, job, log }: Admit, context: &mut Context<Worker>) {
        if generation != self.generation {
            return;
        }
        if let Some(Err(answer)) = self.with_hand(|hand| hand.admit(id, &job, &log)) {
            self.report(vec![Said { job: id, path: Vec::new(), what: What::Answered(answer) }]);
        }
        self.call(context);
    }
}

impl Handler<Cancel> for Worker {
    type Result = ();

    fn handle(&mut self, Cancel { generation, id, path }: Cancel, context: &mut Context<Worker>) {
        if generation == self.generation {
            self.with_hand(|hand| hand.cancel(id, &path));
            self.call(context);
        }
    }
}

impl Handler<Work> for Worker {
    type Result = ();

    fn handle(&mut self, _: Work, context: &mut Context<Worker>) {
        self.called = false;
        if let Some(said) = self.with_hand(|hand| hand.work())
            && !said.is_empty()
        {
            self.report(said);
        }
        self.call(context);
    }
}

/// What two engines did, one after the other.
pub(super) fn sum(one: Usage, other: Usage) -> Usage {
    Usage {
        steps: one.steps + other.steps,
        rows: one.rows + other.rows,
        generated: one.generated + other.generated,
        cached: one.cached + other.cached,
        preempted: one.preempted + other.preempted,
        drafted: one.drafted + other.drafted,
        accepted: one.accepted + other.accepted,
        pages_used: other.pages_used,
        pages_peak: one.pages_peak.max(other.pages_peak),
        pages: other.pages,
        page_bytes: other.page_bytes.max(one.page_bytes),
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}
