//! User interface of a run: signals, a progress bar, and printed events.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use theoremata_actors::grid::Cancel;
use theoremata_actors::run::{Done, Event, Manner, Prepared, Question, Settings, contradiction};
use theoremata_logic::search::explore::Exploration;
use theoremata_store::{Status, Store, StoreReader};

use super::advice::{AdviceArguments, Seat};
use super::arguments::RunArguments;
use super::exit::Exit;
use super::output::Output;
use super::{streams, text};
use crate::exchange::json;
use crate::exchange::stored::Stored;
use crate::failure::Failure;
use crate::site;
use crate::site::values::report::Report;
use crate::time::now;

/// The manner of a question.
pub(super) fn manner(explore: bool, arguments: &RunArguments) -> Manner {
    Manner { atoms: arguments.max_size.map(usize::from), ..Manner::plain(explore) }
}

/// Runs a question and prints the results. With an advisor, its manner includes it.
pub(super) fn ask(
    mut question: Question,
    advice: &AdviceArguments,
    arguments: &RunArguments,
    output: Output,
) -> Result<Done, Failure> {
    let seat = advice.seat(&question.theory, arguments)?.map(|(advised, seat)| {
        question.manner.advised = Some(advised);
        seat
    });
    let store = Arc::new(if arguments.no_db { Store::in_memory() } else { Store::open(&arguments.db)? });
    let prepared = Prepared::new(store.clone(), question, arguments.fresh, &now())?;
    if prepared.known {
        let (id, round) = (prepared.id(), prepared.round());
        output.note(&format!("this question was asked before: run {id} goes on after round {round}"));
    }
    follow(prepared, (seat, store), arguments, output)
}

/// Runs or resumes a run and prints its events, goals as they are decided.
pub(super) fn follow(
    prepared: Prepared,
    (seat, store): (Option<Seat>, Arc<Store>),
    arguments: &RunArguments,
    output: Output,
) -> Result<Done, Failure> {
    let settings = settings(arguments)?;
    let cancel = settings.cancel.clone();
    // A finished run needs no advisor.
    let seat = seat.filter(|_| !prepared.is_finished());
    let advisor = seat.map(|seat| seat.advisor(arguments, store, cancel.clone(), output)).transpose()?.flatten();
    let prepared = match advisor {
        Some(advisor) => prepared.advised_by(advisor),
        None => prepared,
    };
    let running = prepared.start(settings, now)?;
    let bar = progress_bar(output.is_quiet());
    for event in &running.events {
        match event {
            Event::Cycle { number, blocks } => bar.set_message(format!("cycle {number}, {blocks} blocks")),
            Event::Round { number, theorems, decided: (decided, all) } => {
                bar.set_length(all as u64);
                bar.set_position(decided as u64);
                bar.set_prefix(format!("round {number}, {theorems} theorems"));
            }
            Event::Theorem(found) if output.is_json() => output.object(&json::theorem(&found, None)),
            Event::Theorem(_) => {}
            Event::Goal(goal) if output.is_json() => output.object(&json::goal(&goal)),
            Event::Goal(goal) => bar.suspend(|| text::goal(&goal, output)),
            Event::Reused(reused) => bar.suspend(|| text::reused(&reused, output)),
        }
        if streams::lost() {
            // Nobody reads the results any more. They are stored, and the run can be resumed.
            cancel.cancel();
        }
    }
    bar.finish_and_clear();
    Ok(running.join()?)
}

/// Prints the theorems of an exploration, the most interesting first.
pub(super) fn list(done: &Done, all: bool, output: Output) {
    if output.is_json() {
        output.object(&json::laws(&done.exploration));
    } else {
        text::exploration(done, all, output);
    }
}

/// Prints the summary of a run, and returns the exit code.
pub(super) fn summarise(done: &Done, output: Output) -> Exit {
    if output.is_json() {
        output.object(&json::summary(done));
    } else {
        text::summary(done, output);
    }
    if contradiction(&done.exploration).is_some() {
        return Exit::Inconsistent;
    }
    match done.status {
        Status::Finished => Exit::Done,
        Status::Cancelled => Exit::Cancelled,
        Status::OutOfTime | Status::OutOfMemory => Exit::Resources,
        _ => Exit::Failed,
    }
}

/// Bounds of a run, and a handler that raises its cancel flag on Ctrl-C and SIGTERM.
fn settings(arguments: &RunArguments) -> Result<Settings, Failure> {
    let cancel = Cancel::default();
    let raised = cancel.clone();
    let handler = ctrlc::set_handler(move || {
        if raised.is_cancelled() {
            // Second signal: what is committed is safe.
            std::process::exit(Exit::Cancelled as i32);
        }
        streams::note("stopping after this cycle; `theoremata resume` goes on (Ctrl-C again stops at once)");
        raised.cancel();
    });
    handler.map_err(|error| Failure::World(format!("cannot watch for Ctrl-C: {error}")))?;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Ok(Settings {
        threads: arguments.threads.unwrap_or(cores),
        cpu: arguments.cpu,
        memory: arguments.memory.map(|megabytes| megabytes << 20),
        resident: 0,
        cancel,
    })
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

/// Refuses a folder for pages that holds other files, before anything is computed.
pub(super) fn site_is_free(folder: Option<&Path>) -> Result<(), Failure> {
    folder.map_or(Ok(()), |folder| site::may_write(folder).map_err(|error| Failure::World(error.to_string())))
}

/// Writes the pages of a run that has ended, from what is stored.
pub(super) fn write_site(done: &mut Done, folder: Option<&Path>, output: Output) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    let run = done.store.run(&done.id)?.ok_or_else(|| Failure::World(format!("run {} is gone", done.id)))?;
    let stored = Stored::read(&done.store, &run)?;
    pages(&stored, Some(&done.exploration), folder, output)?;
    done.stages.end("site");
    Ok(())
}

/// Writes the pages of a stored run. Refuted and open conjectures come from its exploration, which requires a
/// checkpoint.
pub(super) fn stored_pages(store: &StoreReader, stored: &Stored, folder: &Path, output: Output) -> Result<(), Failure> {
    let exploration = stored.exploration(store).map_err(|why| {
        output.note(&format!("{why}\nthe pages have its theorems, and nothing of refuted or open conjectures"));
    });
    pages(stored, exploration.as_ref().ok(), folder, output)
}

fn pages(stored: &Stored, exploration: Option<&Exploration>, folder: &Path, output: Output) -> Result<(), Failure> {
    let report = Report::new(stored, stored.checked()?, exploration);
    let summary = site::write(&report, &stored.theory, folder).map_err(|error| Failure::World(error.to_string()))?;
    let (pages, kilobytes) = (summary.pages, summary.bytes / 1024);
    output.note(&format!("{pages} pages, {kilobytes} KB: {}", folder.join("index.html").display()));
    Ok(())
}
