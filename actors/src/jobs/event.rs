//! Events of a job, and its answer.
//!
//! Their JSON is the format of the journal. Floating-point numbers are stored by their bits, so that they round-trip
//! exactly.

use serde::{Deserialize, Serialize};
use theoremata_lm::{JoinReport, LoggedToken, NodeUsage, Origin, Outcome, Token};

use super::tools::{Awaited, Called};

/// An event of a job. Sequence numbers have no gaps, and a node is opened before any other event of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JobEvent {
    /// Sequence number within the job, from 0.
    pub seq: u64,
    /// The path of the node from the root.
    pub path: Vec<u32>,
    /// The event.
    pub what: EventKind,
}

/// What happened to a node, or to the job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// The node was created.
    Opened,
    /// The node generated a token.
    Wrote {
        /// The text that has become final.
        text: String,
        /// The token, if the worker reports tokens.
        token: Option<Wrote>,
    },
    /// The branches of the node were joined.
    Joined(JoinReport),
    /// Text was pruned from the node's context, or restored.
    Pruned(JoinReport),
    /// A tool call was answered.
    Called(Called),
    /// The node waits for human approval.
    Awaits(Awaited),
    /// A human granted or refused approval.
    Decided {
        /// What was waiting.
        what: Awaited,
        /// Whether it was granted.
        granted: bool,
    },
    /// A caller cancelled the node. It ends here, with all of its descendants that have not ended, also when the job is
    /// replayed.
    Cancelled {
        /// The node's stages so far, if the worker knows: see [`Grown::stages`](theoremata_lm::Grown::stages).
        stages: Option<u32>,
    },
    /// The node ended.
    Finished(Outcome),
    /// The job continues from its log on another worker, since its worker was lost.
    Resumed {
        /// Tokens in the log.
        tokens: usize,
        /// The reason.
        because: String,
    },
    /// The job is finished; this is the last event.
    Answered(Box<Answer>),
}

/// A token as recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Wrote {
    /// The token.
    pub token: Token,
    /// Bits of its log-probability.
    log_probability: u32,
    /// Code of its origin.
    origin: u8,
}

impl Wrote {
    /// Its log-probability at temperature 1, over the whole vocabulary.
    pub fn log_probability(&self) -> f32 {
        f32::from_bits(self.log_probability)
    }

    /// Whether it is a stop token, which is not part of the text.
    pub fn is_stop(&self) -> bool {
        self.origin == 2
    }
}

impl From<LoggedToken> for Wrote {
    fn from(written: LoggedToken) -> Wrote {
        let origin = match written.origin {
            Origin::Drawn => 0,
            Origin::Forced => 1,
            Origin::Stop => 2,
        };
        Wrote { token: written.token, log_probability: written.log_probability.to_bits(), origin }
    }
}

impl From<Wrote> for LoggedToken {
    fn from(wrote: Wrote) -> LoggedToken {
        let origin = match wrote.origin {
            0 => Origin::Drawn,
            1 => Origin::Forced,
            _ => Origin::Stop,
        };
        LoggedToken { token: wrote.token, log_probability: wrote.log_probability(), origin }
    }
}

/// The answer of a job.
///
/// Outcome, text, choice, votes and nodes depend on the job and the model alone. Joins, counts and costs describe this
/// execution: under page pressure, or after the loss of a worker, less is reused.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The reason, if the outcome does not explain it.
    pub because: Option<String>,
    /// The text of the selected branch, or the last text of the root.
    pub text: String,
    /// The selected branch of the root, if there is one.
    pub chosen: Option<u32>,
    /// Each distinct answer, by the first branch that gave it, with its number of votes.
    pub votes: Vec<(u32, usize)>,
    /// All nodes, parents before their branches.
    pub nodes: Vec<NodeAnswer>,
    /// The whole text of a tree that is a single text, which the model itself splits.
    pub whole: String,
    /// The report of each join, with the path of its node.
    pub joins: Vec<(Vec<u32>, JoinReport)>,
    /// The report of each prune, with the path of its node.
    pub prunes: Vec<(Vec<u32>, JoinReport)>,
    /// Whether every join and prune was exact, and no KV cache policy was applied.
    pub exact: bool,
    /// Number of generated tokens.
    pub generated: usize,
    /// Number of answered tool calls.
    pub calls: usize,
    /// The cost of each node, as far as the worker reports it.
    #[serde(default)]
    pub costs: Vec<(Vec<u32>, NodeCost)>,
}

/// The cost of a node, as far as the worker reports it: see [`NodeUsage`]. Remote servers may report nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeCost {
    /// Prompt tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<usize>,
    /// Prompt tokens served from the prefix cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<usize>,
    /// Sequential tokens: those generated on the longest path from the root to the node's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_path: Option<usize>,
    /// Peak number of pages held by the node and its descendants, each page counted once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages_peak: Option<usize>,
}

impl From<NodeUsage> for NodeCost {
    fn from(usage: NodeUsage) -> NodeCost {
        NodeCost {
            prompt: Some(usage.prompt),
            cached: Some(usage.cached),
            critical_path: Some(usage.critical_path),
            pages_peak: Some(usage.pages_peak),
        }
    }
}

impl NodeCost {
    /// The cost of a tree from the costs of its nodes: sums of token counts, maxima of critical path and peak of pages.
    /// Unknown values are skipped.
    pub fn of_all<'c>(costs: impl IntoIterator<Item = &'c NodeCost>) -> NodeCost {
        let both = |one: Option<usize>, other: Option<usize>, join: fn(usize, usize) -> usize| {
            one.zip(other).map(|(one, other)| join(one, other)).or(one).or(other)
        };
        costs.into_iter().fold(NodeCost::default(), |sum, cost| NodeCost {
            prompt: both(sum.prompt, cost.prompt, usize::saturating_add),
            cached: both(sum.cached, cost.cached, usize::saturating_add),
            critical_path: both(sum.critical_path, cost.critical_path, usize::max),
            pages_peak: both(sum.pages_peak, cost.pages_peak, usize::max),
        })
    }
}

impl Answer {
    /// The cost of a node, as far as the worker reports it.
    pub fn cost(&self, path: &[u32]) -> NodeCost {
        self.costs.iter().find(|(node, _)| node == path).map(|(_, cost)| *cost).unwrap_or_default()
    }

    /// The answer of a job that could not run.
    pub(crate) fn without_text(outcome: Outcome, because: Option<String>) -> Answer {
        Answer {
            outcome,
            because,
            text: String::new(),
            chosen: None,
            votes: Vec::new(),
            nodes: Vec::new(),
            whole: String::new(),
            joins: Vec::new(),
            prunes: Vec::new(),
            exact: true,
            generated: 0,
            calls: 0,
            costs: Vec::new(),
        }
    }
}

/// The result of a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NodeAnswer {
    /// The path of the node.
    pub path: Vec<u32>,
    /// How it ended; `None` if the tree ended first.
    pub outcome: Option<Outcome>,
    /// Its text.
    pub text: String,
    /// Number of its tokens, if the worker counts them.
    pub tokens: usize,
    /// Bits of the sum of its tokens' log-probabilities, if the worker knows them.
    log_probability: Option<u64>,
}

impl NodeAnswer {
    pub(crate) fn new(path: Vec<u32>, outcome: Option<Outcome>, text: String) -> NodeAnswer {
        NodeAnswer { path, outcome, text, tokens: 0, log_probability: None }
    }

    pub(crate) fn measured(self, tokens: usize, log_probability: Option<f64>) -> NodeAnswer {
        NodeAnswer { tokens, log_probability: log_probability.map(f64::to_bits), ..self }
    }

    /// The sum of its tokens' log-probabilities, if the worker knows them.
    pub fn log_probability(&self) -> Option<f64> {
        self.log_probability.map(f64::from_bits)
    }
}
