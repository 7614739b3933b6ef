//! What a pool tells of a job while it is done, and what came of it.
//!
//! The forms in which these are written to JSON are those of the journal: floating-point numbers stand there by
//! their bits, so that what is read is what was written.

use serde::{Deserialize, Serialize};
use theoremata_lm::{JoinReport, LoggedToken, NodeUsage, Origin, Outcome, Token};

use super::tools::{Awaited, Called};

/// Something that happened to a job. Numbers have no gaps, and a node is opened before it is spoken of.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JobEvent {
    /// Its number, counted for each job from 0.
    pub seq: u64,
    /// The node: which branches lead to it from the root.
    pub path: Vec<u32>,
    /// What happened.
    pub what: EventKind,
}

/// What happened to a node, or to the job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// A node is there.
    Opened,
    /// It wrote.
    Wrote {
        /// The text that is certain now.
        text: String,
        /// The token, where the worker has tokens.
        token: Option<Wrote>,
    },
    /// What came back of its branches.
    Joined(JoinReport),
    /// Text was taken out of what it reads, or put back.
    Pruned(JoinReport),
    /// A tool was asked, and replied.
    Called(Called),
    /// Something waits until a person lets it go on.
    Awaits(Awaited),
    /// A person said whether it may.
    Decided {
        /// What waited.
        what: Awaited,
        /// Whether it goes on.
        granted: bool,
    },
    /// A caller asked for the end of the node: it and all nodes below it that have not ended end here, whenever the
    /// job is done again.
    Cancelled {
        /// Stages that lay behind it, where the worker knows: see [`Grown::stages`](theoremata_lm::Grown::stages).
        stages: Option<u32>,
    },
    /// It ended.
    Finished(Outcome),
    /// The job goes on from what was told, since the worker that did it is gone.
    Resumed {
        /// Tokens that were told before.
        tokens: usize,
        /// Why.
        because: String,
    },
    /// The job is done; nothing follows.
    Answered(Box<Answer>),
}

/// A token as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Wrote {
    /// The token.
    pub token: Token,
    /// The bits of the logarithm of its probability.
    log_probability: u32,
    /// How it came to be there.
    origin: u8,
}

impl Wrote {
    /// The logarithm of its probability, without temperature and among all tokens.
    pub fn log_probability(&self) -> f32 {
        f32::from_bits(self.log_probability)
    }

    /// Whether it ended a turn and is not part of the text.
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

/// What came of a job.
///
/// Outcome, text, choice, votes and nodes hang on the job and the model alone. Joins, counts and costs say what was
/// done this time: where pages were short, or a worker had to be replaced, less is reused.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where the outcome does not say all.
    pub because: Option<String>,
    /// What the branch that was taken wrote, or what the root wrote last.
    pub text: String,
    /// The branch of the root that was taken, where one is.
    pub chosen: Option<u32>,
    /// Each different answer by the first branch that gave it, and how many gave it.
    pub votes: Vec<(u32, usize)>,
    /// All nodes, a parent before its branches.
    pub nodes: Vec<NodeAnswer>,
    /// The whole text of a tree that is one text, which the model itself parts.
    pub whole: String,
    /// What each join did, with the path of its node.
    pub joins: Vec<(Vec<u32>, JoinReport)>,
    /// The same of each time that text was taken out of view.
    pub prunes: Vec<(Vec<u32>, JoinReport)>,
    /// Whether every join and prune was exact, and no policy thinned keys and values.
    pub exact: bool,
    /// Tokens that were written.
    pub generated: usize,
    /// Calls of tools that were answered.
    pub calls: usize,
    /// What each node took, as far as the worker knows.
    #[serde(default)]
    pub costs: Vec<(Vec<u32>, NodeCost)>,
}

/// What a node took, as far as the worker knows: see [`NodeUsage`]. A server of somebody else may count nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeCost {
    /// Tokens that it was given to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<usize>,
    /// Tokens of what it read that did not have to be computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<usize>,
    /// Tokens that were written one after the other on the longest way from the root to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_path: Option<usize>,
    /// The most pages that it and all below it held at the same time, each page once.
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
    /// What a tree took whose nodes took this: sums of what is known, and the most of what is no sum. The longest way is
    /// that to the end of some node, and the root's peak of pages counts all below it.
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
    /// What a node took, as far as the worker knows.
    pub fn cost(&self, path: &[u32]) -> NodeCost {
        self.costs.iter().find(|(node, _)| node == path).map(|(_, cost)| *cost).unwrap_or_default()
    }

    /// The answer of a job that could not be done.
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

/// What a node wrote in all.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NodeAnswer {
    /// The node.
    pub path: Vec<u32>,
    /// How it ended; nothing if the tree ended before it did.
    pub outcome: Option<Outcome>,
    /// What it wrote.
    pub text: String,
    /// Tokens of that, as far as the worker counts them.
    pub tokens: usize,
    /// The sum of their log-probabilities, by its bits, where the worker knows them.
    log_probability: Option<u64>,
}

impl NodeAnswer {
    pub(crate) fn new(path: Vec<u32>, outcome: Option<Outcome>, text: String) -> NodeAnswer {
        NodeAnswer { path, outcome, text, tokens: 0, log_probability: None }
    }

    pub(crate) fn measured(self, tokens: usize, log_probability: Option<f64>) -> NodeAnswer {
        NodeAnswer { tokens, log_probability: log_probability.map(f64::to_bits), ..self }
    }

    /// The sum of the log-probabilities of its tokens, where the worker knows them.
    pub fn log_probability(&self) -> Option<f64> {
        self.log_probability.map(f64::from_bits)
    }
}
