//! The result of a job as one JSON object: a function of the question and the progress of the job alone. A job that was
//! killed and resumed has the same bytes.

use serde_json::{Value, json};
use theoremata_actors::run::TheoremFound;
use theoremata_logic::search::explore::Interest;
use theoremata_store::{RunId, Store};

use super::job::Job;
use super::log::{JobLog, value};
use super::request::Kind;
use crate::exchange::json as told;
use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// The result of a job that has ended. Every theorem is checked again. Needs a large stack.
///
/// # Errors
/// If the store fails, or the checker refuses its contents.
pub(crate) fn result(store: &Store, job: &Job, log: &JobLog) -> Result<Value, Failure> {
    let mut result = log.last().map(|last| value(&last)).unwrap_or_default();
    let members = result.as_object_mut().ok_or_else(|| Failure::World("the job has no last event".to_owned()))?;
    ["event", "seq"].iter().for_each(|name| drop(members.remove(*name)));
    members.insert("kind".to_owned(), json!(job.kind.word()));
    members.insert("theory".to_owned(), json!(job.theory));
    if job.kind == Kind::Check {
        let checked = log.of_kind("checked");
        members.insert("checked".to_owned(), checked.iter().map(|event| plain(value(event))).collect());
        return Ok(result);
    }
    if matches!(job.kind, Kind::Generate | Kind::Reason) {
        let answer = log.of_kind("answer").pop().map(|event| value(&event)["nodes"].clone());
        members.insert("nodes".to_owned(), answer.unwrap_or_default());
        return Ok(result);
    }
    let goals = log.of_kind("goal");
    members.insert("answers".to_owned(), goals.iter().map(|event| plain(value(event))).collect());
    let run = job.run.as_deref().and_then(RunId::parse);
    let run = run.map(|run| store.run(&run)).transpose()?.flatten();
    // A job that failed before its run began has no run.
    let theorems = run.map(|run| theorems(store, &run)).transpose()?;
    members.insert("theorem_list".to_owned(), json!(theorems.unwrap_or_default()));
    Ok(result)
}

fn plain(mut event: Value) -> Value {
    if let Some(members) = event.as_object_mut() {
        ["event", "seq"].iter().for_each(|name| drop(members.remove(*name)));
    }
    event
}

fn theorems(store: &Store, run: &theoremata_store::Run) -> Result<Vec<Value>, Failure> {
    let stored = Stored::read(store, run)?;
    let theorems = stored.checked()?;
    let interest = Interest::of(&stored.theory, &theorems);
    let theorems = stored.records.iter().zip(&theorems).zip(&interest.listed);
    let told = theorems.map(|((record, checked), listed)| {
        plain(told::theorem(&TheoremFound::stored(&stored.theory, record, checked), Some(listed)))
    });
    Ok(told.collect())
}
