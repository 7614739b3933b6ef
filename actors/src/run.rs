//! A run: a question on its way to its answer, written to the store round by round, with a channel of events.
//!
//! [`Prepared`] joins a question and a store, [`Prepared::start`] gives it a thread of its own, and whoever
//! holds the other end of the channel hears what was found as soon as it is durable. A run knows neither
//! a terminal nor exit codes. It ends by itself, at a bound of its [`Settings`], or when its flag is raised;
//! then what was committed stays, and [`resume`] goes on from it to the same bytes.

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

/// The stack of a thread that runs: formulas are as deep as their texts, which may be deeper than a thread usually has
/// room for.
pub const STACK_BYTES: usize = 64 << 20;

/// What stands before the name of an input that holds goals.
pub const GOALS: &str = "goals:";

/// What stands before the names of the files of another run whose theorems are to be known.
pub const KNOWN: &str = "known:";

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The theory, whose own goals are asked as well.
    pub theory: Theory,
    /// More goals.
    pub goals: Vec<Goal>,
    /// The files that both were read from: with the manner they are the run's identity.
    pub inputs: Vec<Input>,
    /// How it is asked.
    pub manner: Manner,
}

impl Question {
    /// The run that answers it, whether there is one yet or not.
    #[must_use]
    pub fn run(&self) -> RunId {
        run_id(&self.inputs, &self.manner.text())
    }
}

/// What a run may use, and who may end it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads of the grid.
    pub threads: NonZeroUsize,
    /// Bound on CPU seconds of the run, all its threads together.
    pub cpu: Option<f64>,
    /// Bound on bytes that the process has in memory above `resident`.
    pub memory: Option<u64>,
    /// Bytes that are not of this run: what a process that does other things as well had in memory when the run
    /// began. What else grows while it goes on counts as its own, so the bound is met early rather than late.
    pub resident: u64,
    /// Raised when somebody wants it to stop.
    pub cancel: Cancel,
}

/// What a run tells while it goes on.
#[derive(Clone, Debug)]
pub enum Event {
    /// The grid has done a cycle with so many blocks.
    Cycle {
        /// The number of the cycle.
        number: u64,
        /// Blocks that live.
        blocks: u64,
    },
    /// A round is durable, and all that came of it has been told.
    Round {
        /// The number of the round.
        number: u32,
        /// Theorems so far.
        theorems: usize,
        /// Conjectures that are decided, and how many there are.
        decided: (usize, usize),
    },
    /// A theorem that has just become durable.
    Theorem(Box<TheoremFound>),
    /// What is known of a goal and will stay so. Goals come in their order.
    Goal(Box<GoalAnswer>),
    /// The theorems of a used theory are there. It is told by the process that begins a run, and by no other.
    Reused(Box<Reused>),
}

/// What a listener has heard of a run before, so that it is told the rest and nothing twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// Theorems: the first so many.
    pub theorems: usize,
    /// Answers to goals: the first so many.
    pub goals: usize,
    /// The last round that was told as durable.
    pub round: Option<u32>,
}

/// A run has no result. What was committed stays.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The threads of the grid could not be started.
    #[error("cannot start the threads of the grid: {0}")]
    Threads(String),
    /// What is stored was written by another version, or is damaged.
    #[error("run {run}: {why}")]
    Unfit {
        /// The run.
        run: RunId,
        /// What does not fit, and what can be done.
        why: String,
    },
    /// It asked for advice and got none. What was committed stays, and it can go on.
    #[error("run {run} waits for advice: {why}; `theoremata resume` goes on with it")]
    Unadvised {
        /// The run.
        run: RunId,
        /// Why there is none.
        why: String,
    },
    /// A file of a theory that is used is not among those that the question was read from.
    #[error("`{file}`, a file of a theory that is used, is not among the files of the run")]
    Used {
        /// The file.
        file: String,
    },
    /// A fault of ours.
    #[error("the run gave up: {0}")]
    Panic(String),
}

/// A question with the store that keeps its run, as far as it has come.
#[derive(Debug)]
pub struct Prepared {
    store: Arc<Store>,
    /// Where the runs of used theories are looked for, and kept.
    shelf: Arc<Store>,
    goals: Vec<Goal>,
    manner: Manner,
    id: RunId,
    exploration: Exploration,
    /// The cycle from which it goes on; 0 if nothing of it is stored.
    committed: u32,
    stages: Stages,
    advisor: Option<Box<dyn Advisor>>,
    /// Whether the same question was asked before.
    pub known: bool,
}

/// A run that is going on.
#[derive(Debug)]
pub struct Running {
    /// What it tells. The channel closes when the run has ended.
    pub events: Receiver<Event>,
    thread: JoinHandle<Result<Done, RunError>>,
}

/// A run that has come to some end.
#[derive(Debug)]
pub struct Done {
    /// The store that keeps it.
    pub store: Arc<Store>,
    /// The run.
    pub id: RunId,
    /// What it came to.
    pub exploration: Exploration,
    /// How it ended.
    pub status: Status,
    /// What it cost, stage by stage: all of the process counts.
    pub stages: Stages,
    /// CPU seconds of this run alone.
    pub cpu: f64,
}

impl Prepared {
    /// Joins a question and a store. With `fresh`, what is stored of the same question is removed first.
    ///
    /// # Errors
    /// If the store fails, or what it holds of the question cannot be gone on with.
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

    /// The same with somebody who answers its questions: the one that its manner names. Without, a run that has questions
    /// ends where it needs the answers, and can go on later.
    #[must_use]
    pub fn advised_by(self, advisor: Box<dyn Advisor>) -> Prepared {
        Prepared { advisor: Some(advisor), ..self }
    }

    /// The run.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Whether nothing is left of it to be done.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.exploration.is_finished()
    }

    /// The round after which it goes on.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.exploration.round()
    }

    /// Lets it go on, on a thread of its own. What is stored of it already is not told again.
    ///
    /// # Errors
    /// If the system has no thread.
    pub fn start(self, settings: Settings, now: fn() -> String) -> Result<Running, RunError> {
        let (sender, events) = unbounded();
        let heard = Heard { theorems: self.exploration.theorems.len(), goals: 0, round: Some(self.round()) };
        // Whoever has stopped listening misses it; what is committed is committed.
        let tell = move |event| drop(sender.send(event));
        let thread = thread::Builder::new()
            .name("run".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || self.go_on(heard, &settings, &tell, now))
            .map_err(|error| RunError::Threads(error.to_string()))?;
        Ok(Running { events, thread })
    }

    /// Lets it go on on this thread, whose stack should have [`STACK_BYTES`], and tells a listener who has heard
    /// a part of it. The run waits until the listener has returned, so that a listener who writes down what it hears is
    /// never more than one round behind the store. The order of what is told depends on the question alone, and not on
    /// how often the run was cut off, except that rounds that were missed are told as one.
    ///
    /// # Errors
    /// If the store or the system fails. What was committed stays.
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
    /// Waits for its end.
    ///
    /// # Errors
    /// If the store or the system fails. What was committed stays.
    pub fn join(self) -> Result<Done, RunError> {
        self.thread.join().unwrap_or_else(|panic| Err(RunError::panicked(&*panic)))
    }
}

impl RunError {
    /// What a thread that panicked had to say.
    #[must_use]
    pub fn panicked(panic: &(dyn Any + Send)) -> RunError {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason");
        RunError::Panic(words.to_owned())
    }
}

/// Goes on with a stored run.
///
/// # Errors
/// If the store fails, the run was written by another version, or it has no checkpoint to go on from.
pub fn resume(store: impl Into<Arc<Store>>, run: &Run, theory: Theory, goals: &[Goal]) -> Result<Prepared, RunError> {
    let store = store.into();
    let stages = Stages::begin();
    let manner = can_go_on(&store, run)?;
    Prepared::known(store, run, Arc::new(manner.bound(theory)), goals.to_vec(), manner, stages)
}

/// Lets a run go on to some end. `meter` counts for the bound on CPU time.
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
    // What was brought in is written with the first cycle.
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

/// Explores on a grid of its own, until the end or a bound; with the status why there was no advice, if that ended it.
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

/// The bound that was reached, if one was. Asked on the run's own thread, whose clock counts.
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

/// What was done that the exploration does not count.
#[derive(Default)]
struct Worked {
    messages: Cell<u64>,
    advice_tokens: Cell<u64>,
}

/// Tells of cycles, and counts their mail.
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

/// The exploration by which a question is answered, before anything is done.
#[must_use]
pub fn exploration(theory: Arc<Theory>, goals: &[Goal], manner: &Manner) -> Exploration {
    Exploration::new(theory, goals, manner.search())
}

/// Whether all goals of an exploration are proved: how many are, and how many there are.
#[must_use]
pub fn goals_proved(exploration: &Exploration) -> (usize, usize) {
    use theoremata_logic::search::explore::Fate;
    let asked = exploration.conjectures.iter().flat_map(|known| known.goals().map(|_| &known.fate));
    let fates: Vec<&Fate> = asked.collect();
    (fates.iter().filter(|fate| matches!(fate, Fate::Proved(_))).count(), fates.len())
}

/// The number of a theorem's place.
fn place(id: TheoremId) -> usize {
    id.0 as usize
}
