//! A run: an exploration on the grid, written to the store round by round, and its result.

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use theoremata_actors::grid::{
    ActixRuntime, Cancel, Cells, Ended, Halt, Options as GridOptions, Progress, Runtime, Watch,
};
use theoremata_actors::prover::{self, CYCLE_STEPS, Outcome, Rounds};
use theoremata_actors::record::{canonical, decode, encode, number_of};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::characters::visible_line;
use theoremata_logic::search::explore::{Exploration, Fate, Options};
use theoremata_store::{Batch, Begin, Conclusion, Input, Mark, Run, RunId, Status, Store};

use crate::cli::arguments::RunArguments;
use crate::cli::exit::Exit;
use crate::cli::measure::{Stages, cpu_seconds, resident_bytes};
use crate::cli::output::{Output, describe, math};
use crate::cli::streams;
use crate::exchange::checkers::Acceptance;
use crate::exchange::input::{self, GOALS};
use crate::failure::Failure;
use crate::site;
use crate::site::report::{Report, Source};

/// What a run is asked for, besides its theory and goals.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whether conjectures are generated from the beginning.
    pub(crate) explore: bool,
    /// The largest number of atoms of a conjecture, if it is not the theory's own.
    pub(crate) atoms: Option<usize>,
    /// Threads of the grid.
    pub(crate) threads: NonZeroUsize,
    /// Bound on CPU seconds.
    pub(crate) cpu: Option<f64>,
    /// Bound on resident bytes.
    pub(crate) memory: Option<u64>,
    /// The database; `None` keeps everything in memory.
    pub(crate) db: Option<PathBuf>,
    /// Whether what is stored of the same question is thrown away first.
    pub(crate) fresh: bool,
    /// No progress display.
    pub(crate) quiet: bool,
    /// Raised when the user wants to stop.
    pub(crate) cancel: Cancel,
}

/// A run that has come to some end.
pub(crate) struct Ran {
    pub(crate) id: RunId,
    pub(crate) exploration: Exploration,
    pub(crate) status: Status,
    pub(crate) stages: Stages,
    /// What other checkers have said of the theorems.
    pub(crate) acceptances: Vec<Acceptance>,
}

/// The search's options: all that decides the result besides the inputs.
fn search_options(explore: bool) -> Options {
    Options { generate: explore, ..Options::default() }
}

/// The options of a run as the store keeps them.
fn options_text(explore: bool, atoms: Option<usize>) -> String {
    json!({ "command": if explore { "explore" } else { "prove" }, "max_size": atoms, "search": 1 }).to_string()
}

/// Reads the options of a stored run.
fn read_options(text: &str) -> Option<(bool, Option<usize>)> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let explore = value.get("command")?.as_str()? == "explore";
    let atoms = value.get("max_size").and_then(serde_json::Value::as_u64).map(|atoms| atoms as usize);
    Some((explore, atoms))
}

/// Applies a bound of the command line to a theory.
fn bounded(mut theory: Theory, atoms: Option<usize>) -> Theory {
    if let Some(atoms) = atoms {
        theory.bounds.atoms = atoms;
        for bound in &mut theory.bounds.predicates {
            bound.max_atoms = bound.max_atoms.max(atoms);
            bound.count = if bound.count == 0 { 0 } else { bound.count.max(atoms) };
        }
    }
    theory
}

/// Runs a question, or goes on with it where an earlier process was cut off.
///
/// # Errors
/// If the store or the system fails. What was committed stays.
pub(crate) fn run(
    theory: Theory,
    goals: &[Goal],
    inputs: &[Input],
    settings: &Settings,
    output: &mut Output,
) -> Result<Ran, Failure> {
    let mut stages = Stages::begin();
    let theory = Arc::new(bounded(theory, settings.atoms));
    let store = match &settings.db {
        Some(path) => Store::open(path)?,
        None => Store::in_memory(),
    };
    let options = options_text(settings.explore, settings.atoms);
    let mut begin = store.begin(inputs, &options, &now())?;
    if let (true, Begin::Known(known)) = (settings.fresh, &begin) {
        store.remove(&known.id)?;
        begin = store.begin(inputs, &options, &now())?;
    }
    stages.end("read");
    let (id, exploration) = match begin {
        Begin::New(id) => (id, Exploration::new(theory, goals, search_options(settings.explore))),
        Begin::Known(run) => {
            let exploration = restore(&store, &run, theory, goals, settings.explore)?;
            output.note(&format!(
                "this question was asked before: run {} goes on after round {}",
                run.id,
                exploration.round()
            ));
            (run.id, exploration)
        }
    };
    go(store, id, exploration, settings, output, stages)
}

/// Goes on with a stored run.
///
/// # Errors
/// As [`run`], and if the run was written by another version.
pub(crate) fn resume(
    store: Store,
    run: &Run,
    settings: &Settings,
    output: &mut Output,
) -> Result<(Ran, Vec<Input>), Failure> {
    let stages = Stages::begin();
    let inputs = store.inputs(&run.id)?;
    let exploration = stored_exploration(&store, run, &inputs)?;
    let id = run.id;
    Ok((go(store, id, exploration, settings, output, stages)?, inputs))
}

/// The exploration of a stored run as far as it has come.
///
/// # Errors
/// If the run was written by another version, or its records are damaged.
pub(crate) fn stored_exploration(store: &Store, run: &Run, inputs: &[Input]) -> Result<Exploration, Failure> {
    let (explore, atoms) = read_options(&run.options)
        .ok_or_else(|| Failure::World(format!("the options of run {} are not those of this version", run.id)))?;
    let (files, goal_files): (Vec<Input>, Vec<Input>) =
        inputs.iter().cloned().partition(|input| !input.name.starts_with(GOALS));
    let theory = Arc::new(bounded(input::reload(&files)?, atoms));
    let mut goals = Vec::new();
    for file in &goal_files {
        goals.extend(theoremata_logic::language::mpl::read_goals(&theory, &file.bytes, &file.name[GOALS.len()..]).0);
    }
    restore(store, run, theory, &goals, explore)
}

fn restore(
    store: &Store,
    run: &Run,
    theory: Arc<Theory>,
    goals: &[Goal],
    explore: bool,
) -> Result<Exploration, Failure> {
    let options = search_options(explore);
    let Some(checkpoint) = store.checkpoint(&run.id)? else {
        if run.status != Status::Running {
            store.reopen(&run.id, 0)?;
        }
        return Ok(Exploration::new(theory, goals, options));
    };
    if run.status != Status::Finished {
        store.reopen(&run.id, checkpoint.cycle)?;
    }
    let mut proofs = Vec::new();
    for theorem in store.theorems(&run.id)? {
        let record = store
            .proof(&run.id, theorem.number)?
            .ok_or_else(|| Failure::World(format!("theorem {} of run {} has no proof", theorem.number, run.id)))?;
        let proof = decode(&theory, &record)
            .map_err(|error| Failure::World(format!("theorem {} of run {}: {error}", theorem.number, run.id)))?;
        proofs.push(proof);
    }
    Exploration::restore(theory, goals, options, &checkpoint.bytes, proofs)
        .map_err(|error| Failure::World(format!("run {}: {error}; run it anew with --fresh", run.id)))
}

fn go(
    store: Store,
    id: RunId,
    mut exploration: Exploration,
    settings: &Settings,
    output: &mut Output,
    stages: Stages,
) -> Result<Ran, Failure> {
    let finished = exploration.is_finished();
    let bar = progress_bar(settings.quiet || output.is_quiet());
    let mut writer = Writer {
        store: &store,
        id,
        output,
        bar: bar.clone(),
        stages,
        failed: None,
        written: exploration.theorems.len(),
        committed: None,
    };
    let mut status = Status::Finished;
    if !finished {
        let options = GridOptions { cancel: settings.cancel.clone(), ..GridOptions::default() };
        let mut grid = ActixRuntime::start(settings.threads, Cells::Auto, options)
            .map_err(|error| Failure::World(format!("cannot start the threads of the grid: {error}")))?;
        let reached = RefCell::new(None);
        let mut bound = || match limit(settings) {
            None => Ok(()),
            Some((status, text)) => {
                *reached.borrow_mut() = Some(status);
                Err(text)
            }
        };
        let mut seen = |progress: &Progress| {
            bar.set_message(format!("cycle {}, {} blocks", progress.cycle, progress.counts.live));
        };
        let mut observer = Seen(&mut seen);
        let mut watch = Watch { budget: CYCLE_STEPS, cycles: u64::MAX, bound: &mut bound, observer: &mut observer };
        let mut go_on = || !settings.cancel.is_cancelled() && !streams::lost() && limit(settings).is_none();
        let outcome = prover::explore(&mut exploration, &mut grid, &mut writer, &mut go_on, &mut watch);
        grid.stop();
        status = match outcome {
            Outcome::Finished => Status::Finished,
            Outcome::Stopped => Status::Failed,
            Outcome::Interrupted => limit(settings).map_or(Status::Cancelled, |(status, _)| status),
            Outcome::Ended(Ended::Halted(Halt::Cancelled { .. })) => Status::Cancelled,
            Outcome::Ended(Ended::Bound(_)) => reached.into_inner().unwrap_or(Status::OutOfTime),
            Outcome::Ended(_) => Status::Failed,
        };
    }
    bar.finish_and_clear();
    if let Some(failure) = writer.failed.take() {
        return Err(failure);
    }
    let mut stages = writer.stages;
    stages.end("prove and check");
    if !finished {
        conclude(&store, id, &exploration, status)?;
        stages.end("store");
    }
    let theory = exploration.theory().clone();
    for theorem in &mut exploration.theorems {
        theorem.proof = canonical(&theory, &theorem.proof);
    }
    let acceptances = store.run(&id)?.map_or_else(Vec::new, |run| Acceptance::of(&run));
    Ok(Ran { id, exploration, status, stages, acceptances })
}

/// Writes what only the end of a run decides.
fn conclude(store: &Store, id: RunId, exploration: &Exploration, status: Status) -> Result<(), Failure> {
    let counts = exploration.counts();
    let counts = [
        ("built", counts.built),
        ("refuted", counts.refuted),
        ("direct", counts.direct as u64),
        ("induction", counts.induction as u64),
        ("corollaries", counts.corollaries as u64),
        ("essential", counts.essential as u64),
        ("open", counts.open as u64),
    ];
    let counts = counts.into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
    if status == Status::Finished {
        let marks = exploration
            .theorems
            .iter()
            .enumerate()
            .map(|(place, theorem)| Mark {
                number: place as u32 + 1,
                corollary: theorem.corollary,
                essential: theorem.essential,
            })
            .collect();
        let outcomes = crate::cli::output::outcomes(exploration, exploration.round() + 2);
        let batch = Batch { marks, outcomes, counts, checkpoint: Some(exploration.save()), ..Batch::default() };
        store.commit(&id, exploration.round() + 2, &batch)?;
    }
    let conclusion = Conclusion { status, finished: now(), counts: Default::default(), measures: Default::default() };
    Ok(store.conclude(&id, conclusion)?)
}

/// The bound that was reached, if one was.
fn limit(settings: &Settings) -> Option<(Status, String)> {
    if let Some(most) = settings.cpu
        && cpu_seconds() > most
    {
        return Some((Status::OutOfTime, format!("the bound of {most} CPU seconds was reached")));
    }
    if let Some(most) = settings.memory
        && resident_bytes().is_some_and(|bytes| bytes > most)
    {
        return Some((Status::OutOfMemory, format!("the bound of {} MB was reached", most >> 20)));
    }
    None
}

struct Seen<'s>(&'s mut dyn FnMut(&Progress));

impl theoremata_actors::grid::Observer for Seen<'_> {
    fn observe(&mut self, progress: &Progress) {
        (self.0)(progress);
    }
}

/// Writes each round to the store, and tells about its theorems once they are durable.
struct Writer<'w> {
    store: &'w Store,
    id: RunId,
    output: &'w mut Output,
    bar: ProgressBar,
    stages: Stages,
    failed: Option<Failure>,
    /// How many theorems are stored.
    written: usize,
    /// The last cycle that was committed by this process.
    committed: Option<u32>,
}

impl Rounds for Writer<'_> {
    fn round(&mut self, exploration: &Exploration, new: &[TheoremId]) -> ControlFlow<()> {
        self.stages.end(if exploration.round() == 0 { "models and conjectures" } else { "prove and check" });
        let (decided, all) = exploration.progress();
        self.bar.set_length(all as u64);
        self.bar.set_position(decided as u64);
        self.bar.set_prefix(format!("round {}, {} theorems", exploration.round(), exploration.theorems.len()));
        let cycle = exploration.round() + 1;
        if self.committed == Some(cycle) {
            // Conjectures came in, which are made again when the run is resumed.
            return ControlFlow::Continue(());
        }
        self.committed = Some(cycle);
        let fresh = self.written..exploration.theorems.len();
        debug_assert!(new.len() <= fresh.len());
        self.written = fresh.end;
        let theorems = fresh.map(|place| stored(exploration, TheoremId(place as u32))).collect();
        let batch = Batch { theorems, checkpoint: Some(exploration.save()), ..Batch::default() };
        if let Err(error) = self.store.commit(&self.id, cycle, &batch) {
            self.failed = Some(error.into());
            return ControlFlow::Break(());
        }
        self.stages.end("store");
        for id in new {
            self.bar.suspend(|| self.output.theorem(exploration, *id));
        }
        ControlFlow::Continue(())
    }
}

/// A theorem as the store keeps it.
fn stored(exploration: &Exploration, id: TheoremId) -> (theoremata_store::Theorem, theoremata_store::Proof) {
    let theory = exploration.theory();
    let theorem = &exploration.theorems[id.0 as usize];
    let (proof, root) = encode(theory, &theorem.proof);
    let statement = proof.node(&root).map_or_else(String::new, |node| node.conclusion.to_string());
    let described = describe(exploration, id);
    let record = theoremata_store::Theorem {
        number: number_of(id),
        cycle: exploration.round() + 1,
        statement,
        root,
        kind: described.kind.to_owned(),
        corollary: theorem.corollary,
        essential: theorem.essential,
        assumptions: described.assumptions,
        citations: described.citations,
        subject: described.variable.map(|variable| ("variable".to_owned(), variable)).into_iter().collect(),
    };
    (record, proof)
}

fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} decided  {msg}  {elapsed}");
    bar.set_style(style.expect("a template of ours").progress_chars("=> "));
    bar.set_prefix("models and conjectures");
    bar
}

/// Whether every goal of a run is proved, and the worst status among them.
pub(crate) fn goals_status(exploration: &Exploration) -> (usize, usize) {
    let mut counts = (0, 0);
    for conjecture in &exploration.conjectures {
        let goals = conjecture.goals().count();
        counts.1 += goals;
        counts.0 += if matches!(conjecture.fate, Fate::Proved(_)) { goals } else { 0 };
    }
    counts
}

/// The time of day, for the records of runs; no result depends on it.
pub(crate) fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 1970 to a date: Howard Hinnant, "chrono-compatible low-level date algorithms".
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// The settings of a run, and a handler that raises its cancellation flag on Ctrl-C.
pub(super) fn settings(explore: bool, arguments: &RunArguments, quiet: bool) -> Result<Settings, Failure> {
    let cancel = Cancel::default();
    let raised = cancel.clone();
    let handler = ctrlc::set_handler(move || {
        if raised.is_cancelled() {
            // Asked twice: what is committed is safe.
            std::process::exit(Exit::Cancelled as i32);
        }
        streams::note("stopping after this cycle; `theoremata resume` goes on (Ctrl-C again stops at once)");
        raised.cancel();
    });
    handler.map_err(|error| Failure::World(format!("cannot watch for Ctrl-C: {error}")))?;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Ok(Settings {
        explore,
        atoms: arguments.max_size.map(usize::from),
        threads: arguments.threads.unwrap_or(cores),
        cpu: arguments.cpu,
        memory: arguments.memory.map(|megabytes| megabytes << 20),
        db: (!arguments.no_db).then(|| arguments.db.clone()),
        fresh: arguments.fresh,
        quiet,
        cancel,
    })
}

/// How a run ends the command; an inconsistent theory is told here.
pub(super) fn exit_of(ran: &Ran, output: Output) -> Exit {
    if let Some(id) = ran.exploration.inconsistency {
        let statement = &ran.exploration.theorems[id.0 as usize].statement;
        let text = math(ran.exploration.theory(), statement);
        output.note(&format!(
            "% SZS status ContradictoryAxioms\nthe axioms contradict each other: they prove {text} (theorem {}), \
             and so everything; nothing else was tried",
            number_of(id)
        ));
        return Exit::Inconsistent;
    }
    match ran.status {
        Status::Finished => Exit::Done,
        Status::Cancelled => Exit::Cancelled,
        Status::OutOfTime | Status::OutOfMemory => Exit::Resources,
        _ => Exit::Failed,
    }
}

/// Refuses a folder for pages that holds something of others, before anything is computed for it.
pub(super) fn site_is_free(folder: Option<&Path>) -> Result<(), Failure> {
    folder.map_or(Ok(()), |folder| site::may_write(folder).map_err(|error| Failure::World(error.to_string())))
}

pub(super) fn write_site(ran: &mut Ran, files: &[Input], folder: Option<&Path>, output: Output) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    let summary = pages(&ran.exploration, files, ran.acceptances.clone(), folder)?;
    ran.stages.end("site");
    output.note(&format!(
        "{} pages, {} KB: {}",
        summary.pages,
        summary.bytes / 1024,
        folder.join("index.html").display()
    ));
    Ok(())
}

pub(super) fn pages(
    exploration: &Exploration,
    files: &[Input],
    acceptances: Vec<Acceptance>,
    folder: &Path,
) -> Result<site::SiteSummary, Failure> {
    let sources = files
        .iter()
        .filter(|file| !file.name.starts_with(GOALS))
        .map(|file| Source {
            name: visible_line(&file.name).into_owned(),
            text: String::from_utf8_lossy(&file.bytes).into_owned(),
        })
        .collect();
    let report = Report::of(exploration, sources, acceptances);
    site::write(&report, exploration.theory(), folder).map_err(|error| Failure::World(error.to_string()))
}
