//! What a pool is asked: a job, as data. It can be sent to another machine, kept on disk, and done again.

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

/// A job, by what is asked and of which model. The same question has the same id.
pub type JobId = JournalId;

/// Branches, samples or items of one job at most.
pub const MOST_BRANCHES: usize = 4096;
/// Levels of a tree at most.
const DEEPEST: usize = 65;
/// Bytes of all texts of a job at most.
pub const MOST_BYTES: usize = 16 << 20;

/// One question, and the program by which it is answered.
///
/// The answer is a function of the job and the model alone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The question.
    pub prompt: String,
    /// What was said before the question; a model without a chat template takes no such job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Said>,
    /// Who has the last word: the user with the question, or a function with what came of its call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asker: Speaker,
    /// What the question may rest on, the best first where somebody ranked it: read before the question, one a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub premises: Vec<String>,
    /// How premises are laid out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub layout: Layout,
    /// How it is parted and joined.
    pub program: Program,
    /// All draws hang on it.
    #[serde(default)]
    pub seed: u64,
    /// The prompt is meant as it stands, even if the model has a chat template.
    #[serde(default)]
    pub raw: bool,
    /// Tokens of one answer at most.
    pub max_tokens: usize,
    /// Tokens of the whole tree at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<usize>,
    /// Tokens one after the other at most: those on the longest path from the root to a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_tokens: Option<usize>,
    /// Tokens whose keys and values the tree may hold together at most, in whole pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_tokens: Option<usize>,
    /// What is kept of keys and values, such as `scored:256`; all but `all` are approximate.
    #[serde(default, skip_serializing_if = "Kv::is_all")]
    pub kv: Kv,
    /// Calls of tools at most; without it as many as the tokens allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<usize>,
    /// Seconds at most from when a worker takes it. How far it comes in them is chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// How tokens are chosen.
    #[serde(default)]
    pub choice: TokenChoice,
    /// What the model is told before, where it has a chat template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The day that a template writes if it asks for one, such as `2026-11-29`; without it templates have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Further values for the chat template, such as `enable_thinking`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub template_values: BTreeMap<String, Json>,
    /// Texts that end an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// What each answer is restricted to.
    #[serde(default, skip_serializing_if = "OutputFormat::is_free")]
    pub shape: OutputFormat,
    /// Tools that may be called: by programs that call any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Nodes that draw anew: all else stays as it is without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redraws: Vec<Redraw>,
    /// What tools have replied before: these calls are not made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Called>,
    /// What persons have said before of what waited for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// Functions that an answer may ask the caller to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Functions>,
}

/// Whether it goes without saying.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A node that draws anew, with all below it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redraw {
    /// The branches that lead to it from the root; at least one.
    pub node: Vec<u32>,
    /// Which draw: each number gives another one. 0 is what it draws without.
    pub draw: u64,
}

/// How a tree is grown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Program {
    /// The question about each item by itself, and a last one about the answers.
    Map {
        /// The items.
        items: Vec<String>,
        /// The last question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<String>,
    },
    /// Several answers, and the one that most agree on.
    Vote {
        /// How many answers.
        samples: usize,
        /// So many have to agree.
        least: usize,
        /// What counts of an answer: what this expression finds last, its first group if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
    },
    /// Several attempts, and the first that is accepted.
    First {
        /// How many attempts.
        samples: usize,
        /// Which is accepted.
        accept: Accept,
    },
    /// A plan, its subtasks, and an answer from what they concluded.
    Decompose {
        /// Tasks are parted down to this depth.
        depth: usize,
        /// Subtasks of a task at most.
        width: usize,
    },
    /// How likely each item is as the answer; nothing is drawn.
    Score {
        /// The items.
        items: Vec<String>,
        /// Whether the probability of the whole text counts, instead of the mean of a token.
        sum: bool,
    },
    /// A text that the model itself parts into parallel paths, by the tags of Multiverse.
    Tags {
        /// Paths of a block at most.
        width: usize,
        /// Blocks one in another at most.
        depth: usize,
        /// Characters of a text between two tags at most.
        characters: usize,
        /// What a conclusion sees of the paths.
        view: View,
    },
    /// A tree of tasks in JSON that the model itself writes, and of which it forgets what is done.
    Tasks {
        /// Levels of tasks at most.
        levels: usize,
        /// Tasks of a list at most.
        width: usize,
        /// Characters of a thought or a conclusion at most.
        characters: usize,
        /// What it goes on reading.
        memory: Forgetting,
        /// Whether it may have finished pieces shown once more, by the tool `recall`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        recall: bool,
    },
    /// Steps that are data: see [`Script`].
    Script(Script),
}

/// What the writer of a conclusion sees of parallel paths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// All of them as they were computed, side by side; a model has to be trained for it.
    Stitch,
    /// All of them as one text, computed again.
    Replay,
    /// The same, until the conclusion is written; then they are taken out of view.
    Value,
}

/// What a model goes on reading of the tasks that are done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgetting {
    /// So many finished lists of subtasks; what stood behind one that goes is computed again.
    Lists(usize),
    /// The same, but what stood behind moves up as it is: approximate.
    SplicedLists(usize),
    /// The conclusion of each task, which is written in a branch of its own.
    Conclusions,
}

/// Which attempts are accepted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Accept {
    /// Any that says something.
    Any,
    /// One in which this regular expression finds something.
    Pattern(String),
    /// One that the pool's judge accepts, who is told this.
    Judge(String),
}

/// How tokens are chosen.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenChoice {
    /// Divides the logits; 0 takes the most likely token.
    pub temperature: f32,
    /// So many of the most likely tokens are kept; 0 keeps all.
    pub top_k: usize,
    /// The most likely tokens that reach this probability together are kept.
    pub top_p: f32,
    /// Tokens that are at least this share as likely as the most likely one are kept.
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
    /// A plain question with nothing special about it.
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

    /// Its id, for a model of that name.
    pub fn id(&self, model: &str) -> JobId {
        // What a job means belongs to the version of the program.
        let text = serde_json::to_string(self).unwrap_or_default();
        JobId::of(&[env!("CARGO_PKG_VERSION"), model, &text])
    }

    /// Whether it is one.
    ///
    /// # Errors
    /// If a number is out of range, there is too much of something, or a pattern cannot be read.
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

    /// Whether the conversation is one, with functions that its answers may ask for.
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

    /// Bytes of its texts.
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

    /// Branches that write at the same time, at most.
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
