//! A job as it is kept and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use theoremata_store::Status;
use utoipa::ToSchema;

use super::request::{Budget, Kind};
use super::webhook::Delivery;

/// Where a job is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It waits for its turn.
    Queued,
    /// It is being done.
    Running,
    /// It waits for a person, and takes no other job's place meanwhile.
    Waiting,
    /// It went to its end.
    Finished,
    /// Somebody cancelled it; what was found stays.
    Cancelled,
    /// Its bound on CPU time ended it; what was found stays.
    OutOfTime,
    /// Its bound on memory ended it; what was found stays.
    OutOfMemory,
    /// The world or the program failed.
    Failed,
}

impl State {
    pub(crate) fn is_ended(self) -> bool {
        !matches!(self, State::Queued | State::Running | State::Waiting)
    }

    /// The word that JSON has for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Finished => "finished",
            State::Cancelled => "cancelled",
            State::OutOfTime => "out_of_time",
            State::OutOfMemory => "out_of_memory",
            State::Failed => "failed",
        }
    }

    /// The state with this word.
    pub(crate) fn read(word: &str) -> Option<State> {
        serde_json::from_value(word.into()).ok()
    }
}

impl From<Status> for State {
    fn from(status: Status) -> State {
        match status {
            Status::Finished => State::Finished,
            Status::Cancelled => State::Cancelled,
            Status::OutOfTime => State::OutOfTime,
            Status::OutOfMemory => State::OutOfMemory,
            _ => State::Failed,
        }
    }
}

/// How a job came of another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Origin {
    /// The other job.
    pub(crate) job: String,
    /// The node of it: which branches lead to it.
    pub(crate) node: Vec<u32>,
    pub(crate) how: How,
}

/// What was done with a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// It draws anew; its siblings stay.
    Retry,
    /// It goes on with another instruction.
    Fork,
}

/// A job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Its place among all jobs.
    pub(crate) number: u64,
    pub(crate) id: String,
    /// Whose it is: the id of a key, or empty where no key is needed.
    pub(crate) owner: String,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) created: String,
    #[serde(default)]
    pub(crate) ended: Option<String>,
    /// The name of its theory.
    #[serde(default)]
    pub(crate) theory: Option<String>,
    /// The run that answers it.
    #[serde(default)]
    pub(crate) run: Option<String>,
    /// What it may use, the server's own bounds applied.
    pub(crate) budget: Budget,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    /// Its place among the jobs of its owner that wait.
    #[serde(default)]
    pub(crate) priority: i8,
    /// How far the word to whoever asked for it is.
    #[serde(default)]
    pub(crate) delivery: Option<Delivery>,
    /// The caller's key, and the hash of the request that came with it.
    #[serde(default)]
    pub(crate) idempotency: Option<(String, String)>,
    /// Why it failed.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// The job, and the node of it, that it came of.
    #[serde(default)]
    pub(crate) origin: Option<Origin>,
}

/// Where something of a job is found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    #[serde(rename = "self")]
    pub(crate) this: String,
    pub(crate) events: String,
    pub(crate) result: String,
    /// The page of the job for people.
    pub(crate) page: String,
    /// The pages of its theorems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
}

/// A job as callers see it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// When it was taken, in UTC.
    pub(crate) created: String,
    /// When it ended, in UTC.
    pub(crate) ended: Option<String>,
    /// The name of its theory.
    pub(crate) theory: Option<String>,
    /// The run that answers it: the same question has the same run.
    pub(crate) run: Option<String>,
    pub(crate) budget: Budget,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) priority: i8,
    /// How far the word to the webhook is.
    pub(crate) webhook: Option<Delivery>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// The job, and the node of it, that it came of.
    pub(crate) origin: Option<Origin>,
    pub(crate) links: Links,
}

impl Job {
    /// What callers see of it.
    pub(crate) fn view(&self) -> JobView {
        let this = format!("/v1/jobs/{}", self.id);
        let links = Links {
            events: format!("{this}/events"),
            result: format!("{this}/result"),
            page: format!("/jobs/{}", self.id),
            site: self
                .run
                .as_ref()
                .filter(|_| matches!(self.kind, Kind::Explore | Kind::Prove))
                .map(|run| format!("/runs/{run}/index.html")),
            this,
        };
        JobView {
            id: self.id.clone(),
            kind: self.kind,
            state: self.state,
            created: self.created.clone(),
            ended: self.ended.clone(),
            theory: self.theory.clone(),
            run: self.run.clone(),
            budget: self.budget.clone(),
            metadata: self.metadata.clone(),
            priority: self.priority,
            webhook: self.delivery.clone(),
            error: self.error.clone(),
            origin: self.origin.clone(),
            links,
        }
    }
}
