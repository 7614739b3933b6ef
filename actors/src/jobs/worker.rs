//! The actor around a backend: one per worker, on a thread of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, Recipient};
use theoremata_lm::Usage;

use super::backend::{Backend, BackendEvent};
use super::event::EventKind;
use super::job::JobId;
use super::messages::{Admit, Cancel, Crashed, Decide, Progress};

/// Creates a backend, or returns an error. Called on the worker's thread, at the start and after every crash.
pub(super) type MakeBackend = Box<dyn Fn() -> Result<Box<dyn Backend>, String> + Send>;

/// Recipients of a worker's messages, both the same actor, so that messages stay in order.
pub(super) struct Reports {
    pub(super) progress: Recipient<Progress>,
    pub(super) crashed: Recipient<Crashed>,
}

/// A worker supervises its backend. When the backend panics or fails, it is dropped with all of its state, the
/// dispatcher is told, and a new backend is created. Messages that the dispatcher sent before it knew are ignored.
pub(super) struct Worker {
    /// Its number among the workers of the pool.
    number: usize,
    /// Recipients of progress, and of the loss of a backend.
    reports: Reports,
    /// Creates a backend, at the start and after a panic.
    make: MakeBackend,
    /// The backend; `None` if it could not be created.
    backend: Option<Box<dyn Backend>>,
    /// Number of backends lost.
    generation: u64,
    /// Whether a `Work` message is pending.
    called: bool,
    /// Usage of lost backends.
    before: Usage,
}

/// One slice of work.
struct Work;

impl Message for Work {
    type Result = ();
}

impl Worker {
    pub(super) fn new(number: usize, reports: Reports, make: MakeBackend) -> Worker {
        Worker { number, reports, make, backend: None, generation: 0, called: false, before: Usage::default() }
    }

    /// Runs a closure on the backend. `None` if there is no backend, or it was lost in the call.
    fn with_backend<T>(&mut self, act: impl FnOnce(&mut dyn Backend) -> T) -> Option<T> {
        let backend = self.backend.as_deref_mut()?;
        // Unwind safe: a backend that panicked is never used again.
        match catch_unwind(AssertUnwindSafe(|| act(backend))) {
            Ok(done) => Some(done),
            Err(panic) => {
                self.lose_backend(&words(panic.as_ref()));
                None
            }
        }
    }

    fn lose_backend(&mut self, why: &str) {
        let lost = self.backend.take();
        if let Some(usage) = lost.as_ref().and_then(|backend| catch_unwind(AssertUnwindSafe(|| backend.usage())).ok()) {
            self.before = sum(self.before, usage);
        }
        // Dropping what a panic interrupted may panic again.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(lost)));
        self.generation += 1;
        let why = match self.make_backend() {
            Ok(()) => why.to_owned(),
            Err(error) if error == why => error,
            Err(error) => format!("{why}; and it could not be started again: {error}"),
        };
        let lasting = self.backend.is_some();
        self.reports.crashed.do_send(Crashed { worker: self.number, generation: self.generation, why, lasting });
    }

    /// Creates the backend.
    fn make_backend(&mut self) -> Result<(), String> {
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)()));
        self.backend = Some(made.unwrap_or_else(|panic| Err(words(panic.as_ref())))?);
        Ok(())
    }

    fn call(&mut self, context: &mut Context<Worker>) {
        if self.called {
            return;
        }
        match self.backend.as_ref().and_then(|backend| backend.next()) {
            Some(Duration::ZERO) => context.notify(Work),
            Some(wait) => drop(context.notify_later(Work, wait)),
            None => return,
        }
        self.called = true;
    }

    fn report(&mut self, said: Vec<BackendEvent>, suspended: Vec<(JobId, u32)>) {
        let usage = self.backend.as_ref().map(|backend| backend.usage()).unwrap_or_default();
        let usage = sum(self.before, usage);
        let (worker, generation) = (self.number, self.generation);
        self.reports.progress.do_send(Progress { worker, generation, said, suspended, usage });
    }
}

impl Actor for Worker {
    type Context = Context<Worker>;

    fn started(&mut self, _: &mut Context<Worker>) {
        if let Err(error) = self.make_backend() {
            self.reports.crashed.do_send(Crashed {
                worker: self.number,
                generation: self.generation,
                why: format!("it could not be started: {error}"),
                lasting: false,
            });
        }
    }
}

impl Handler<Admit> for Worker {
    type Result = ();

    fn handle(&mut self, Admit { generation, id, job, log, deadline }: Admit, context: &mut Context<Worker>) {
        if generation != self.generation {
            return;
        }
        if let Some(Err(answer)) = self.with_backend(|backend| backend.admit(id, &job, &log, deadline)) {
            let answered = BackendEvent { job: id, path: Vec::new(), what: EventKind::Answered(answer) };
            self.report(vec![answered], Vec::new());
        }
        self.call(context);
    }
}

impl Handler<Cancel> for Worker {
    type Result = ();

    fn handle(&mut self, Cancel { generation, id, path }: Cancel, context: &mut Context<Worker>) {
        if generation == self.generation {
            self.with_backend(|backend| backend.cancel(id, &path));
            self.call(context);
        }
    }
}

impl Handler<Decide> for Worker {
    type Result = ();

    fn handle(&mut self, Decide { generation, id, what, granted }: Decide, context: &mut Context<Worker>) {
        if generation == self.generation {
            self.with_backend(|backend| backend.decide(id, &what, granted));
            self.call(context);
        }
    }
}

impl Handler<Work> for Worker {
    type Result = ();

    fn handle(&mut self, _: Work, context: &mut Context<Worker>) {
        self.called = false;
        match self.with_backend(|backend| backend.work().map(|said| (said, backend.take_suspended()))) {
            Some(Ok((said, suspended))) if !said.is_empty() || !suspended.is_empty() => self.report(said, suspended),
            Some(Err(why)) => self.lose_backend(&why),
            _ => {}
        }
        self.call(context);
    }
}

/// Total usage of two engines, used one after the other.
pub(super) fn sum(one: Usage, other: Usage) -> Usage {
    Usage {
        steps: one.steps + other.steps,
        rows: one.rows + other.rows,
        generated: one.generated + other.generated,
        cached: one.cached + other.cached,
        preempted: one.preempted + other.preempted,
        thinned: one.thinned + other.thinned,
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
