//! A run: the execution of one question, written to the store round by round, with a channel of events.
//!
//! [`Prepared`] combines a question and a store, [`Prepared::start`] runs it on a thread of its own, and the receiver
//! of the channel gets each result as soon as it is durable. A run knows neither terminals nor exit codes. It ends by
//! itself, at a bound of its [`Settings`], or when its cancel flag is raised; committed rounds stay, and [`resume`]
//! continues from them to byte-identical results.

mod answer;
mod claims;
mod cost;
mod library;
mod restore;
mod statement;
mod writer;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam::channel::{Receiver, unbounded};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::search::explore::Exploration;
use theoremata_store::{Begin, Input, Run, RunId, Status, Store, StoreError, run_id};

use crate::advice::Advisor;
use crate::grid::{ActixRuntime, Cancel, Ended, Halt, Options as GridOptions, Progress, Runtime, ShardSize, Watch};
use crate::measure::{Meter, Stages, peak_bytes, resident_bytes};
use crate::prover::{self, CYCLE_STEPS, Outcome};

pub use answer::{
    Answer, Failure, GoalAnswer, OpenCase, Provenance, TheoremFound, Wish, contradiction, contradiction_among,
    variable_name,
};
pub use claims::{IMPORTED, Unclaimed, assumptions, compare};
pub use cost::Cost;
use library::Gathered;
pub use library::Reused;
pub use restore::{Manner, can_go_on, restore};
pub use statement::{goal_mpl, math, mpl};
use writer::Writer;

/// Stack size of a thread that executes a run. Recursion over formulas is as deep as their text is nested, which may
/// exceed the default stack.
pub const STACK_BYTES: usize = 64 << 20;

/// Prefix of the names of inputs that hold goals.
pub const GOALS: &str = "goals:";

/// Prefix of the names of files from another run whose theorems are assumed known.
pub const KNOWN: &str = "known:";

/// A question: a theory, goals, and how to search.
#[derive(Clone, Debug)]
pub struct Question {
    /// The theory; its own goals are part of the question.
    pub theory: Theory,
    /// Additional goals.
    pub goals: Vec<Goal>,
    /// The files that theory and goals were read from. Together with the manner they identify the run.
    pub inputs: Vec<Input>,
    /// How to search.
    pub manner: Manner,
}

impl Question {
    /// The id of the run that answers this question, whether or not that run exists yet.
    #[must_use]
    pub fn run(&self) -> RunId {
        run_id(&self.inputs, &self.manner.text())
    }
}

/// Resource bounds of a run, and its cancel flag.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads of the grid.
    pub threads: NonZeroUsize,
    /// Bound on CPU seconds of the run, summed over its threads.
    pub cpu: Option<f64>,
    /// Bound on bytes of resident memory above `resident`.
    pub memory: Option<u64>,
    /// Baseline: resident bytes of the process when the run began. Later growth is attributed to this run even if other
    /// work causes it, so the bound is hit early rather than late.
    pub resident: u64,
    /// Raised to stop the run.
    pub cancel: Cancel,
}

/// An event of a run in progress.
#[derive(Clone, Debug)]
pub enum Event {
    /// The grid finished a cycle.
    Cycle {
        /// The number of the cycle.
        number: u64,
        /// Live blocks.
        blocks: u64,
    },
    /// A round is durable, and all of its results have been sent.
    Round {
        /// The number of the round.
        number: u32,
        /// Number of theorems so far.
        theorems: usize,
        /// Decided conjectures, and all conjectures.
        decided: (usize, usize),
    },
    /// A theorem that just became durable.
    Theorem(Box<TheoremFound>),
    /// The final answer to a goal. Goals are reported in their order.
    Goal(Box<GoalAnswer>),
    /// The theorems of a used theory are available. Sent only by the process that begins a run.
    Reused(Box<Reused>),
}

/// How much of a run a listener has already received, so that the rest is sent and nothing is repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// Number of theorems received.
    pub theorems: usize,
    /// Number of answers to goals received.
    pub goals: usize,
    /// The last round received as durable.
    pub round: Option<u32>,
}

/// Why a run has no result. Committed rounds stay.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The threads of the grid could not be started.
    #[error("cannot start the threads of the grid: {0}")]
    Threads(String),
    /// The stored run was written by another version or is damaged.
    #[error("run {run}: {why}")]
    Unfit {
        /// The run.
        run: RunId,
        /// What does not match, and possible remedies.
        why: String,
    },
    /// The run needed advice and got none. Committed rounds stay, and the run can be resumed.
    #[error("run {run} waits for advice: {why}; `theoremata resume` goes on with it")]
    Unadvised {
        /// The run.
        run: RunId,
        /// Why there was none.
        why: String,
    },
    /// A file of a used theory is missing among the inputs of the question.
    #[error("`{file}`, a file of a theory that is used, is not among the files of the run")]
    Used {
        /// The file.
        file: String,
    },
    /// A bug: a thread panicked.
    #[error("the run gave up: {0}")]
    Panic(String),
}

/// A question with the store of its run, restored as far as it was committed.
#[derive(Debug)]
pub struct Prepared {
    store: Arc<Store>,
    /// Where the runs of used theories are looked up and kept.
    shelf: Arc<Store>,
    goals: Vec<Goal>,
    manner: Manner,
    id: RunId,
    exploration: Exploration,
    /// The cycle to continue from; 0 if nothing is stored.
    committed: u32,
    stages: Stages,
    advisor: Option<Box<dyn Advisor>>,
    /// Whether the store already had a run of the same question.
    pub known: bool,
}

/// A run in progress on a thread of its own.
#[derive(Debug)]
pub struct Running {
    /// The events. The channel closes when the run has ended.
    pub events: Receiver<Event>,
    thread: JoinHandle<Result<Done, RunError>>,
}

/// A run that has ended, for whatever reason.
#[derive(Debug)]
pub struct Done {
    /// The store that holds it.
    pub store: Arc<Store>,
    /// The run.
    pub id: RunId,
    /// The exploration with its results.
    pub exploration: Exploration,
    /// How it ended.
    pub status: Status,
    /// Cost by stage, for the whole process.
    pub stages: Stages,
    /// CPU seconds of this run alone.
    pub cpu: f64,
}

impl Prepared {
    /// Prepares a run of the question in the store. With `fresh`, a stored run of the same question is removed first.
    ///
    /// # Errors
    /// If the store fails, or the stored run of the question cannot be continued.
    pub fn new(store: impl Into<Arc<Store>>, question: Question, fresh: bool, now: &str) -> Result<Prepared, RunError> {
        let store = store.into();
        let mut stages = Stages::begin();
        let Question { theory, goals, inputs, manner } = question;
        let theory = Arc::new(manner.bound(theory));
        let options = manner.text();
        let mut begin = store.begin(&inputs, &options, now)?;
        if let (true, Begin::Known(known)) = (fresh, &begin) {
            store.remove(&known.id)?;
            begin = store.begin(&inputs, &options, now)?;
        }
        stages.end("read");
        match begin {
            Begin::New(id) => {
                let exploration = Exploration::new(theory, &goals, manner.search());
                let shelf = store.clone();
                let (committed, advisor, known) = (0, None, false);
                Ok(Prepared { store, shelf, goals, manner, id, exploration, committed, stages, advisor, known })
            }
            Begin::Known(run) => Prepared::known(store, &run, theory, goals, manner, stages),
        }
    }

    fn known(
        store: Arc<Store>,
        run: &Run,
        theory: Arc<Theory>,
        goals: Vec<Goal>,
        manner: Manner,
        stages: Stages,
    ) -> Result<Prepared, RunError> {
        let (exploration, cycle) = restore(&store, run, theory, &goals, &manner)?;
        if run.status != Status::Finished {
            store.reopen(&run.id, cycle)?;
        }
        let shelf = store.clone();
        let (id, advisor, known) = (run.id, None, true);
        Ok(Prepared { store, shelf, goals, manner, id, exploration, committed: cycle, stages, advisor, known })
    }

    /// Sets the advisor, which must be the one that the manner names. Without it, an advised run ends where it needs
    /// answers, and can be resumed later.
    #[must_use]
    pub fn advised_by(self, advisor: Box<dyn Advisor>) -> Prepared {
        Prepared { advisor: Some(advisor), ..self }
    }

    /// The id of the run.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Whether there is nothing left to do.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.exploration.is_finished()
    }

    /// The round to continue after.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.exploration.round()
    }

    /// Runs the rest of the question on a thread of its own. Results that are already stored are not reported again.
    ///
    /// # Errors
    /// If the system cannot create a thread.
    pub fn start(self, settings: Settings, now: fn() -> String) -> Result<Running, RunError> {
        let (sender, events) = unbounded();
        let heard = Heard { theorems: self.exploration.theorems.len(), goals: 0, round: Some(self.round()) };
        // A closed channel is not an error: committed rounds stay committed.
        let tell = move |event| drop(sender.send(event));
        let thread = thread::Builder::new()
            .name("run".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || self.go_on(heard, &settings, &tell, now))
            .map_err(|error| RunError::Threads(error.to_string()))?;
        Ok(Running { events, thread })
    }

    /// Runs the rest of the question on this thread, whose stack should have [`STACK_BYTES`], and reports to a listener
    /// that has already heard a part of it. The run waits until the listener returns, so a listener that persists
    /// events is at most one round behind the store. The order of events depends on the question alone, not on
    /// interruptions, except that missed rounds are reported as one.
    ///
    /// # Errors
    /// If the store or the system fails. Committed rounds stay.
    pub fn go_on(
        self,
        heard: Heard,
        settings: &Settings,
        tell: &dyn Fn(Event),
        now: fn() -> String,
    ) -> Result<Done, RunError> {
        advance(self, heard, settings, tell, now, &Meter::begin())
    }
}

impl Running {
    /// Waits for the end of the run.
    ///
    /// # Errors
    /// If the store or the system fails. Committed rounds stay.
    pub fn join(self) -> Result<Done, RunError> {
        self.thread.join().unwrap_or_else(|panic| Err(RunError::panicked(&*panic)))
    }
}

impl RunError {
    /// Converts the payload of a panic to an error.
    #[must_use]
    pub fn panicked(panic: &(dyn Any + Send)) -> RunError {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason");
        RunError::Panic(words.to_owned())
    }
}

/// Prepares a stored run to be continued.
///
/// # Errors
/// If the store fails, the run was written by another version, or it has no checkpoint to continue from.
pub fn resume(store: impl Into<Arc<Store>>, run: &Run, theory: Theory, goals: &[Goal]) -> Result<Prepared, RunError> {
    let store = store.into();
    let stages = Stages::begin();
    let manner = can_go_on(&store, run)?;
    Prepared::known(store, run, Arc::new(manner.bound(theory)), goals.to_vec(), manner, stages)
}

/// Executes a run to its end or to a bound. `meter` counts CPU time for that bound.
fn advance(
    prepared: Prepared,
    heard: Heard,
    settings: &Settings,
    tell: &dyn Fn(Event),
    now: fn() -> String,
    meter: &Meter,
) -> Result<Done, RunError> {
    let Prepared { store, shelf, goals, manner, id, mut exploration, committed, mut stages, advisor, known: _ } =
        prepared;
    let finished = exploration.is_finished();
    if committed == 0 && !finished && !exploration.theory().uses.is_empty() {
        let theory = exploration.theory().clone();
        let means = library::Means { shelf: &shelf, settings, meter, tell, now };
        match library::gather(&theory, &store.inputs(&id)?, means)? {
            Gathered::Library(known) => {
                exploration = Exploration::with_library(theory, &goals, manner.search(), known);
            }
            Gathered::Ended(status) => {
                let writer = Writer::new(&store, id, tell, stages, (0, 0), heard);
                let stages = writer.end(&exploration, status)?;
                writer::conclude(&store, id, &exploration, status, now())?;
                return Ok(Done { store, id, exploration, status, stages, cpu: meter.seconds() });
            }
        }
        stages.end("theories below");
    }
    // Imported theorems are written with the first cycle.
    let written = if committed > 0 { exploration.theorems.len() } else { 0 };
    let mut writer = Writer::new(&store, id, tell, stages, (written, committed), heard);
    if committed > 0 {
        writer.catch_up(&exploration);
    }
    let mut status = Status::Finished;
    let mut unadvised = None;
    let worked = Worked::default();
    if !finished {
        (status, unadvised) = explore(&mut exploration, &mut writer, advisor, (settings, meter), tell, &worked)?;
    }
    let mut stages = writer.end(&exploration, status)?;
    stages.end("prove and check");
    if !finished {
        writer::conclude(&store, id, &exploration, status, now())?;
        stages.end("store");
        let counts = exploration.counts();
        let spent = Cost {
            cpu_seconds: meter.seconds(),
            wall_seconds: stages.wall(),
            blocks: counts.blocks,
            steps: counts.steps,
            messages: worked.messages.get(),
            advice_tokens: worked.advice_tokens.get(),
            peak_bytes: peak_bytes().unwrap_or(0),
        };
        let before = store.run(&id)?.as_ref().and_then(Cost::of).unwrap_or_default();
        store.note(&id, before.and(spent).measures())?;
    }
    let cpu = meter.seconds();
    match unadvised {
        Some(why) => Err(RunError::Unadvised { run: id, why }),
        None => Ok(Done { store, id, exploration, status, stages, cpu }),
    }
}

/// Explores on a grid of its own, to the end or to a bound. If missing advice ended it, the second value says why there
/// was none.
fn explore(
    exploration: &mut Exploration,
    writer: &mut Writer<'_>,
    mut advisor: Option<Box<dyn Advisor>>,
    (settings, meter): (&Settings, &Meter),
    tell: &dyn Fn(Event),
    worked: &Worked,
) -> Result<(Status, Option<String>), RunError> {
    let options = GridOptions { cancel: settings.cancel.clone(), meter: meter.clone(), ..GridOptions::default() };
    let mut grid = ActixRuntime::start(settings.threads, ShardSize::Auto, options)
        .map_err(|error| RunError::Threads(error.to_string()))?;
    let limit = || limit(settings, meter);
    let reached = RefCell::new(None);
    let mut bound = || match limit() {
        None => Ok(()),
        Some((status, text)) => {
            *reached.borrow_mut() = Some(status);
            Err(text)
        }
    };
    let mut observer = Observed { tell, messages: &worked.messages };
    let mut watch = Watch { budget: CYCLE_STEPS, cycles: u64::MAX, bound: &mut bound, observer: &mut observer };
    let mut go_on = || !settings.cancel.is_cancelled() && limit().is_none();
    let outcome = prover::explore(exploration, &mut grid, writer, advisor.as_deref_mut(), &mut go_on, &mut watch);
    grid.stop();
    worked.advice_tokens.set(advisor.as_ref().map_or(0, |advisor| advisor.tokens()));
    let status = match outcome {
        Outcome::Finished => Status::Finished,
        Outcome::Stopped => Status::Failed,
        Outcome::Unadvised(why) if go_on() => return Ok((Status::Cancelled, Some(why))),
        Outcome::Interrupted | Outcome::Unadvised(_) => limit().map_or(Status::Cancelled, |(status, _)| status),
        Outcome::Ended(Ended::Halted(Halt::Cancelled { .. })) => Status::Cancelled,
        Outcome::Ended(Ended::Bound(_)) => reached.into_inner().unwrap_or(Status::OutOfTime),
        Outcome::Ended(_) => Status::Failed,
    };
    Ok((status, None))
}

/// The bound that was reached, if any. Must be called on the run's own thread, whose CPU clock counts.
fn limit(settings: &Settings, meter: &Meter) -> Option<(Status, String)> {
    if let Some(most) = settings.cpu
        && meter.seconds() > most
    {
        return Some((Status::OutOfTime, format!("the bound of {most} CPU seconds was reached")));
    }
    if let Some(most) = settings.memory
        && resident_bytes().is_some_and(|bytes| bytes.saturating_sub(settings.resident) > most)
    {
        return Some((Status::OutOfMemory, format!("the bound of {} MB was reached", most >> 20)));
    }
    None
}

/// Counters that the exploration does not keep.
#[derive(Default)]
struct Worked {
    messages: Cell<u64>,
    advice_tokens: Cell<u64>,
}

/// Forwards cycles as events, and counts their mail.
struct Observed<'t> {
    tell: &'t dyn Fn(Event),
    messages: &'t Cell<u64>,
}

impl crate::grid::Observer for Observed<'_> {
    fn observe(&mut self, progress: &Progress) {
        self.messages.set(self.messages.get() + progress.counts.mails);
        (self.tell)(Event::Cycle { number: progress.cycle, blocks: progress.counts.live as u64 });
    }
}

/// The exploration for a question, before any search.
#[must_use]
pub fn exploration(theory: Arc<Theory>, goals: &[Goal], manner: &Manner) -> Exploration {
    Exploration::new(theory, goals, manner.search())
}

/// How many goals of an exploration are proved, and how many there are.
#[must_use]
pub fn goals_proved(exploration: &Exploration) -> (usize, usize) {
    use theoremata_logic::search::explore::Fate;
    let asked = exploration.conjectures.iter().flat_map(|known| known.goals().map(|_| &known.fate));
    let fates: Vec<&Fate> = asked.collect();
    (fates.iter().filter(|fate| matches!(fate, Fate::Proved(_))).count(), fates.len())
}

/// The index of a theorem.
fn place(id: TheoremId) -> usize {
    id.0 as usize
}
