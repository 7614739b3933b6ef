//! A job as stored and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use theoremata_store::Status;
use utoipa::ToSchema;

use super::request::{Budget, Kind};
use super::webhook::Delivery;

/// The state of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Queued.
    Queued,
    /// Running.
    Running,
    /// Waiting for a human decision, without occupying a slot.
    Waiting,
    /// Finished.
    Finished,
    /// Cancelled; results so far are kept.
    Cancelled,
    /// Ended by its bound on CPU time; results so far are kept.
    OutOfTime,
    /// Ended by its bound on memory; results so far are kept.
    OutOfMemory,
    /// The system or the program failed.
    Failed,
}

impl State {
    pub(crate) fn is_ended(self) -> bool {
        !matches!(self, State::Queued | State::Running | State::Waiting)
    }

    /// The state's name in JSON.
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

    /// Parses a state's name.
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

/// The origin of a job that derives from another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Origin {
    /// The other job.
    pub(crate) job: String,
    /// The node of it, as the branches that lead to it.
    pub(crate) node: Vec<u32>,
    pub(crate) how: How,
}

/// How a job derives from a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// The node is resampled; its siblings stay.
    Retry,
    /// The node continues with another instruction.
    Fork,
}

/// A job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Its sequence number.
    pub(crate) number: u64,
    pub(crate) id: String,
    /// The id of the owner's key, or empty where no key is needed.
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
    /// Its resource bounds, capped by the server.
    pub(crate) budget: Budget,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    /// Its priority among the queued jobs of its owner.
    #[serde(default)]
    pub(crate) priority: i8,
    /// The state of its webhook delivery.
    #[serde(default)]
    pub(crate) delivery: Option<Delivery>,
    /// The idempotency key, and the hash of the request.
    #[serde(default)]
    pub(crate) idempotency: Option<(String, String)>,
    /// Why it failed.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// The job and node that it derives from.
    #[serde(default)]
    pub(crate) origin: Option<Origin>,
}

/// Links of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    #[serde(rename = "self")]
    pub(crate) this: String,
    pub(crate) events: String,
    pub(crate) result: String,
    /// The page of the job.
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
    /// When it was submitted, in UTC.
    pub(crate) created: String,
    /// When it ended, in UTC.
    pub(crate) ended: Option<String>,
    /// The name of its theory.
    pub(crate) theory: Option<String>,
    /// The run that answers it: equal questions have the same run.
    pub(crate) run: Option<String>,
    pub(crate) budget: Budget,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) priority: i8,
    /// The state of its webhook delivery.
    pub(crate) webhook: Option<Delivery>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// The job and node that it derives from.
    pub(crate) origin: Option<Origin>,
    pub(crate) links: Links,
}

impl Job {
    /// The job as callers see it.
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
