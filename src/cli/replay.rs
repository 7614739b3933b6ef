//! `theoremata replay`: repeats a stored run from its inputs and recorded advice, and compares the results.

use std::num::NonZeroUsize;

use clap::Args;
use serde_json::json;
use theoremata_actors::advice::Recorded;
use theoremata_actors::grid::Cancel;
use theoremata_actors::run::{Manner, Prepared, Question, Settings};
use theoremata_store::{Run, Status, Store};

use super::arguments::{MAX_THREADS, StoredArguments, count};
use super::exit::Exit;
use super::output::Output;
use super::stored::{find, open};
use crate::exchange::stored::Stored;
use crate::failure::Failure;
use crate::time::now;

#[derive(Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// The run, by a prefix of its id.
    pub(super) run: String,
    /// Number of threads, at most 256; does not affect the result [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    pub(super) threads: Option<NonZeroUsize>,
}

/// `theoremata replay`.
pub(crate) fn run(arguments: &ReplayArguments, output: Output) -> Result<Exit, Failure> {
    let store = open(&arguments.store.db)?;
    let known = find(&store, &arguments.run)?;
    if known.status != Status::Finished {
        let id = known.id;
        return Err(Failure::Usage(format!(
            "run {id} is not finished, and what is done again is a whole run: `theoremata resume {id}` ends it first"
        )));
    }
    let stored = Stored::read(&store, &known)?;
    let exploration = stored.exploration(&store)?;
    let manner = Manner::read(&known.options).map_err(Failure::Usage)?;
    let question = Question {
        theory: (*stored.theory).clone(),
        goals: stored.goals.clone(),
        inputs: store.inputs(&known.id)?,
        manner,
    };
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = arguments.threads.unwrap_or(cores);
    let settings = Settings { threads, cpu: None, memory: None, resident: 0, cancel: Cancel::default() };
    let prepared = Prepared::new(Store::in_memory(), question, false, &now())?;
    let running = prepared.advised_by(Box::new(Recorded::new(exploration.asked()))).start(settings, now)?;
    // The events are not needed, but the channel must be drained.
    running.events.iter().for_each(drop);
    let done = running.join()?;
    let again =
        done.store.run(&done.id)?.ok_or_else(|| Failure::World("the run that was done again is gone".into()))?;
    Ok(tell(&known, &again, exploration.asked().len(), output))
}

/// Reports whether two runs are identical, by the digest of theorems, proofs, outcomes and marks.
fn tell(known: &Run, again: &Run, questions: usize, output: Output) -> Exit {
    let same = known.digest == again.digest && known.counts == again.counts;
    let hex = |digest: &[u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if output.is_json() {
        output.object(&json!({
            "event": "replay", "run": known.id.to_string(), "same": same, "questions": questions,
            "digest": hex(&known.digest), "digest_again": hex(&again.digest),
        }));
    } else {
        let asked = match questions {
            0 => String::new(),
            1 => ", with the answer to 1 question as it was given".to_owned(),
            more => format!(", with the answers to {more} questions as they were given"),
        };
        let verdict = if same { "the same bytes" } else { "something else" };
        output.line(&format!("run {} was done again{asked}: {verdict} ({})", known.id, &hex(&again.digest)[..16]));
    }
    if same { Exit::Done } else { Exit::NotProved }
}
