//! A job, as data: it can be sent to another machine, stored, and repeated.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use theoremata_kernels::Sampling;
use theoremata_lm::{Date, Kv, Layout};
use theoremata_store::JournalId;

use super::conversation::{Said, Speaker};
use super::functions::Functions;
use super::job_error::JobError;
use super::output_format::OutputFormat;
use super::script::{self, Script};
use super::tools::{self, Called, Decision, Tool};

/// The id of a job: a hash of the request and the model. Equal requests have equal ids.
pub type JobId = JournalId;

/// Maximal number of branches, samples or items of a job.
pub const MOST_BRANCHES: usize = 4096;
/// Maximal depth of a tree.
const DEEPEST: usize = 65;
/// Maximal total size of a job's texts, in bytes.
pub const MOST_BYTES: usize = 16 << 20;

/// A prompt, and the program that answers it.
///
/// The answer is a function of the job and the model alone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The question.
    pub prompt: String,
    /// Earlier turns of the conversation; require a model with a chat template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Said>,
    /// Role of the last turn: the user with the question, or a function with its result.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asker: Speaker,
    /// Premises of the question, best first if they are ranked; they precede the question in the prompt, one per line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub premises: Vec<String>,
    /// Layout of the premises in the prompt.
    #[serde(default, skip_serializing_if = "is_default")]
    pub layout: Layout,
    /// How the tree branches and joins.
    pub program: Program,
    /// The seed of all sampling.
    #[serde(default)]
    pub seed: u64,
    /// Use the prompt verbatim, even if the model has a chat template.
    #[serde(default)]
    pub raw: bool,
    /// Maximal tokens of one answer.
    pub max_tokens: usize,
    /// Maximal tokens of the whole tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<usize>,
    /// Maximal sequential tokens: those on the longest path from the root to a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_tokens: Option<usize>,
    /// KV cache budget of the tree: maximal number of tokens held at a time, in whole pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_tokens: Option<usize>,
    /// Retention policy of the KV cache, such as `scored:256`; all but `all` are approximate.
    #[serde(default, skip_serializing_if = "Kv::is_all")]
    pub kv: Kv,
    /// Maximal number of tool calls; if absent, limited by tokens only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<usize>,
    /// Time limit in seconds, from the first assignment to a worker. How far a job gets in that time is not
    /// deterministic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Sampling parameters.
    #[serde(default)]
    pub choice: TokenChoice,
    /// The system prompt, for models with a chat template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The date passed to templates that ask for one, such as `2026-11-29`; templates have a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Additional variables of the chat template, such as `enable_thinking`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub template_values: BTreeMap<String, Json>,
    /// Stop strings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// The constraint on each answer.
    #[serde(default, skip_serializing_if = "OutputFormat::is_free")]
    pub shape: OutputFormat,
    /// Tools available to programs that call tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Nodes to resample; all other nodes stay as they would be without this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redraws: Vec<Redraw>,
    /// Recorded tool replies: these calls are not made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Called>,
    /// Recorded decisions of a human on approvals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// Functions that an answer may ask the caller to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Functions>,
}

/// Whether a value is the default, and is skipped in JSON.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A node that is resampled, with all of its descendants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redraw {
    /// The path of the node from the root; not empty.
    pub node: Vec<u32>,
    /// Number of the sample: each gives a different one. 0 is the original.
    pub draw: u64,
}

/// How a tree is grown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Program {
    /// The question for each item separately, and a final question about the answers.
    Map {
        /// The items.
        items: Vec<String>,
        /// The final question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<String>,
    },
    /// Majority vote over several answers.
    Vote {
        /// Number of answers.
        samples: usize,
        /// Minimal number of answers that must agree.
        least: usize,
        /// The part of an answer that votes: the last match of this regular expression, or of its first group if it has
        /// one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// Several attempts, of which the first accepted one is taken.
    First {
        /// Number of attempts.
        samples: usize,
        /// The acceptance criterion.
        accept: Accept,
    },
    /// A plan, its subtasks, and an answer from their conclusions.
    Decompose {
        /// Maximal depth of decomposition.
        depth: usize,
        /// Maximal number of subtasks of a task.
        width: usize,
    },
    /// The likelihood of each item as the answer; nothing is sampled.
    Score {
        /// The items.
        items: Vec<String>,
        /// Whether to use the log-probability of the whole text instead of the mean per token.
        sum: bool,
    },
    /// A text that the model itself splits into parallel paths, by the tags of Multiverse.
    Tags {
        /// Maximal number of paths of a block.
        width: usize,
        /// Maximal nesting of blocks.
        depth: usize,
        /// Maximal number of characters between two tags.
        characters: usize,
        /// What a conclusion sees of the paths.
        view: View,
    },
    /// A tree of tasks in JSON that the model itself writes, with finished tasks pruned from its context.
    Tasks {
        /// Maximal depth of tasks.
        levels: usize,
        /// Maximal number of tasks in a list.
        width: usize,
        /// Maximal number of characters of a thought or a conclusion.
        characters: usize,
        /// What stays visible of finished tasks.
        memory: Forgetting,
        /// Whether the model may view pruned pieces again, by the tool `recall`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        recall: bool,
    },
    /// A program given as data; see [`Script`].
    Script(Script),
}

/// What a conclusion sees of parallel paths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// All of them as they were computed, side by side, without recomputation; needs a model trained for it.
    Stitch,
    /// All of them as one text, recomputed.
    Replay,
    /// Like `Replay`, but the paths are pruned once the conclusion is written.
    Value,
}

/// What stays visible of finished tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgetting {
    /// This many finished lists of subtasks; when one is pruned, the text after it is recomputed.
    Lists(usize),
    /// The same, but the KV cache of the text after it is moved without recomputation: approximate.
    SplicedLists(usize),
    /// The conclusion of each task, which is written in a branch of its own.
    Conclusions,
}

/// The criterion for accepting an attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Accept {
    /// Any non-empty text.
    Any,
    /// A text with a match of this regular expression.
    Pattern(String),
    /// A text that the pool's judge accepts, given this instruction.
    Judge(String),
}

/// Sampling parameters.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenChoice {
    /// Divides the logits; 0 is greedy decoding.
    pub temperature: f32,
    /// Keeps this many of the most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the smallest set of most likely tokens that reaches this total probability.
    pub top_p: f32,
    /// Keeps tokens whose probability is at least this fraction of the most likely token's.
    pub min_p: f32,
}

impl Default for TokenChoice {
    fn default() -> TokenChoice {
        TokenChoice { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0 }
    }
}

impl From<TokenChoice> for Sampling {
    fn from(choice: TokenChoice) -> Sampling {
        let TokenChoice { temperature, top_k, top_p, min_p } = choice;
        Sampling { temperature, top_k, top_p, min_p }
    }
}

impl Job {
    /// A job with default settings.
    pub fn new(prompt: impl Into<String>, program: Program, max_tokens: usize) -> Job {
        Job {
            prompt: prompt.into(),
            earlier: Vec::new(),
            asker: Speaker::User,
            premises: Vec::new(),
            layout: Layout::default(),
            program,
            seed: 0,
            raw: false,
            max_tokens,
            total_tokens: None,
            path_tokens: None,
            held_tokens: None,
            kv: Kv::All,
            tool_calls: None,
            seconds: None,
            choice: TokenChoice::default(),
            system: None,
            date: None,
            template_values: BTreeMap::new(),
            stop: Vec::new(),
            shape: OutputFormat::Free,
            tools: Vec::new(),
            redraws: Vec::new(),
            replies: Vec::new(),
            decisions: Vec::new(),
            functions: None,
        }
    }

    /// The id of this job for a model of that name.
    pub fn id(&self, model: &str) -> JobId {
        // The version of the program is included, since the semantics of jobs depends on it.
        let text = serde_json::to_string(self).unwrap_or_default();
        JobId::of(&[env!("CARGO_PKG_VERSION"), model, &text])
    }

    /// Validates the job.
    ///
    /// # Errors
    /// If a number is out of range, a limit is exceeded, or a pattern is malformed.
    pub fn check(&self) -> Result<(), JobError> {
        let at_least_one = |what, number: usize| if number == 0 { Err(JobError::Nothing(what)) } else { Ok(()) };
        at_least_one("max_tokens", self.max_tokens)?;
        if self.raw && !self.earlier.is_empty() {
            return Err(JobError::Range("a conversation is laid out by the model's template, and a raw prompt is not"));
        }
        let TokenChoice { temperature, top_p, min_p, .. } = self.choice;
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return Err(JobError::Range("the temperature must be a number of at least 0"));
        }
        if ![top_p, min_p].iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err(JobError::Range("top_p and min_p must lie between 0 and 1"));
        }
        let branches = match &self.program {
            Program::Map { items, .. } | Program::Score { items, .. } => ("items", items.len()),
            Program::Vote { samples, .. } | Program::First { samples, .. } => ("samples", *samples),
            Program::Decompose { width, .. } | Program::Tags { width, .. } | Program::Tasks { width, .. } => {
                ("width", *width)
            }
            Program::Script(_) => ("branches", 1),
        };
        at_least_one(branches.0, branches.1)?;
        if branches.1 > MOST_BRANCHES {
            return Err(JobError::TooMuch { what: branches.0, wanted: branches.1, bound: MOST_BRANCHES });
        }
        let deepest = match &self.program {
            Program::Decompose { depth, .. } | Program::Tags { depth, .. } => *depth,
            Program::Tasks { levels, .. } => *levels,
            _ => 0,
        };
        if deepest > DEEPEST {
            return Err(JobError::TooMuch { what: "levels", wanted: deepest, bound: DEEPEST });
        }
        if self.date.as_deref().is_some_and(|date| Date::parse(date).is_none()) {
            return Err(JobError::Range("the date must be a day such as 2026-11-29"));
        }
        if self.raw && self.system.is_some() {
            return Err(JobError::Range("a raw prompt has no system turn"));
        }
        if self.premises.len() > MOST_BRANCHES {
            let wanted = self.premises.len();
            return Err(JobError::TooMuch { what: "premises", wanted, bound: MOST_BRANCHES });
        }
        let shapeless = matches!(self.program, Program::Score { .. } | Program::Tags { .. } | Program::Tasks { .. });
        if shapeless && !self.shape.is_free() {
            return Err(JobError::Range("scores draw nothing, tags and tasks have a shape of their own"));
        }
        if !self.tools.is_empty() && !matches!(self.program, Program::Tasks { .. } | Program::Script(_)) {
            return Err(JobError::Range("only `tasks` and programs that are data call tools"));
        }
        tools::check(&self.tools)?;
        if self.redraws.iter().any(|redraw| redraw.node.is_empty()) {
            return Err(JobError::Range("the root draws anew with another seed"));
        }
        self.check_conversation()?;
        if let Program::Script(script) = &self.program {
            script::check(&script.steps, &self.tools)?;
        }
        let bytes = self.bytes();
        if bytes > MOST_BYTES {
            return Err(JobError::TooMuch { what: "bytes of text", wanted: bytes, bound: MOST_BYTES });
        }
        let pattern = match &self.program {
            Program::Vote { pattern, .. } => pattern.as_deref(),
            Program::First { accept: Accept::Pattern(pattern), .. } => Some(pattern.as_str()),
            _ => None,
        };
        pattern.map_or(Ok(()), |pattern| {
            Regex::new(pattern).map(|_| ()).map_err(|error| JobError::Pattern(error.to_string()))
        })
    }

    /// Validates the conversation, and the functions that answers may call.
    fn check_conversation(&self) -> Result<(), JobError> {
        if let Some(functions) = &self.functions {
            functions.check().map_err(JobError::Range)?;
            let answers = matches!(self.program, Program::Vote { .. } | Program::First { .. } | Program::Map { .. });
            if !answers || self.raw {
                return Err(JobError::Range("only answers to a conversation ask for calls of functions"));
            }
        }
        if !matches!(self.asker, Speaker::User | Speaker::Tool) || (self.raw && self.asker != Speaker::User) {
            return Err(JobError::Range("the user or a function has the last word"));
        }
        Ok(())
    }

    /// Total size of its texts, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let more: usize = match &self.program {
            Program::Map { items, last } => {
                items.iter().map(String::len).sum::<usize>() + last.as_ref().map_or(0, String::len)
            }
            Program::Score { items, .. } => items.iter().map(String::len).sum(),
            Program::Script(script) => serde_json::to_string(script).map_or(0, |text| text.len()),
            _ => 0,
        };
        let values: usize = self.template_values.values().map(|value| value.to_string().len()).sum();
        let said: usize = self.earlier.iter().map(Said::bytes).sum();
        let functions = self.functions.as_ref().map_or(0, Functions::bytes);
        let tools = tools::described(&self.tools, false).len();
        let premises: usize = self.premises.iter().map(String::len).sum();
        self.prompt.len()
            + premises
            + tools
            + functions
            + self.system.as_ref().map_or(0, String::len)
            + values
            + said
            + more
    }

    /// Maximal number of branches that generate at the same time.
    pub(crate) fn width(&self) -> usize {
        match &self.program {
            Program::Map { items, .. } | Program::Score { items, .. } => items.len(),
            Program::Vote { samples, .. } | Program::First { samples, .. } => *samples,
            Program::Decompose { width, depth } => width.saturating_pow((*depth).min(8) as u32),
            Program::Tags { width, .. } => *width,
            Program::Tasks { .. } => 1,
            Program::Script(script) => script::width(&script.steps, true).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(pattern: &str) -> Job {
        Job::new("What?", Program::Vote { samples: 3, least: 1, pattern: Some(pattern.into()) }, 8)
    }

    #[test]
    fn a_job_is_data_and_its_id_says_what_it_asks() {
        let job = Job { shape: OutputFormat::Regex("[a-z]+".into()), stop: vec!["\n".into()], ..vote("[0-9]+") };
        let text = serde_json::to_string(&job).expect("JSON");
        assert_eq!(serde_json::from_str::<Job>(&text).expect("a job"), job);
        assert_eq!(job.id("model"), job.clone().id("model"));
        assert_ne!(job.id("model"), job.id("other"));
        assert_ne!(job.id("model"), Job { seed: 1, ..job.clone() }.id("model"));
        let typo = text.replace("max_tokens", "max_tokns");
        assert!(serde_json::from_str::<Job>(&typo).is_err(), "what is not known is not passed over");
    }

    #[test]
    fn policies_and_premises_are_named_in_a_few_words() {
        let text = r#"{"prompt": "What?", "program": {"vote": {"samples": 2, "least": 1}}, "max_tokens": 8,
            "kv": "scored:256", "premises": ["A.", "B."], "layout": "set"}"#;
        let job: Job = serde_json::from_str(text).expect("a job");
        assert_eq!((job.kv.to_string().as_str(), job.layout, job.premises.len()), ("scored:256,keys", Layout::Set, 2));
        assert_ne!(job.id("model"), Job { kv: Kv::All, ..job.clone() }.id("model"));
        let plain = serde_json::to_string(&vote("a")).expect("JSON");
        assert!(!plain.contains("kv") && !plain.contains("layout"), "what goes without saying changes no id: {plain}");
        let wrong = serde_json::from_str::<Job>(&text.replace("scored:256", "scored:x")).expect_err("no policy");
        assert!(wrong.to_string().contains("the capacity must be a whole number"), "{wrong}");
        assert!(serde_json::from_str::<Job>(&text.replace("\"set\"", "\"heap\"")).is_err());
        let many = Job { premises: vec![String::new(); MOST_BRANCHES + 1], ..job };
        assert!(matches!(many.check(), Err(JobError::TooMuch { what: "premises", .. })));
    }

    #[test]
    fn what_is_out_of_range_is_no_job() {
        assert_eq!(vote("[0-9]").check(), Ok(()));
        assert!(matches!(vote("(").check(), Err(JobError::Pattern(_))));
        assert_eq!(Job { max_tokens: 0, ..vote("a") }.check(), Err(JobError::Nothing("max_tokens")));
        let hot = TokenChoice { temperature: f32::NAN, ..TokenChoice::default() };
        assert!(matches!(Job { choice: hot, ..vote("a") }.check(), Err(JobError::Range(_))));
        let many = Program::Score { items: vec![String::new(); MOST_BRANCHES + 1], sum: false };
        assert!(matches!(Job::new("", many, 1).check(), Err(JobError::TooMuch { what: "items", .. })));
        assert_eq!(
            Job::new("", Program::Map { items: vec![], last: None }, 1).check(),
            Err(JobError::Nothing("items"))
        );
        assert!(Job { prompt: "x".repeat(MOST_BYTES + 1), ..vote("a") }.check().is_err());
        assert!(Job { system: Some("x".repeat(MOST_BYTES)), ..vote("a") }.check().is_err());
        let deep = Program::Decompose { depth: usize::MAX, width: 2 };
        assert!(matches!(Job::new("", deep, 1).check(), Err(JobError::TooMuch { what: "levels", .. })));
        assert!(Job { date: Some("tomorrow".into()), ..vote("a") }.check().is_err());
        assert!(Job { raw: true, system: Some("x".into()), ..vote("a") }.check().is_err());
    }
}
