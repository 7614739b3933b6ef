//! Requests for jobs: their JSON, and its interpretation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use theoremata_actors::examine::{Examiner, Limits, prover_tools};
use theoremata_actors::jobs::{Accept, Job, Program};
use theoremata_actors::remote_tools::RemoteTools;
use theoremata_actors::run::{Manner, Question};
use theoremata_logic::language::mpl;
use theoremata_store::{Input, RunId, Store};
use utoipa::ToSchema;

use super::advised::AdviceOptions;
use super::job::Origin;
use super::problem::Problem;
use super::shipped;
use super::webhook::Webhook;
use crate::exchange::input::{self, GOALS, Loaded};
use crate::failure::Failure;

/// Maximal number of files in a request.
const MOST_FILES: usize = 200;
/// Maximal number of tools in a request.
const MOST_TOOLS: usize = 64;
/// Maximal number of goals in a request.
const MOST_GOALS: usize = 10_000;
/// Maximal number of metadata entries, and maximal bytes of each name and value.
const METADATA: (usize, usize) = (16, 512);

/// The kind of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Find theorems that follow from axioms.
    Explore,
    /// Prove or refute given statements.
    Prove,
    /// Verify what is stored: one run, or all.
    Check,
    /// Let the language model continue a text or answer a question.
    Generate,
    /// Let the language model answer by a program that splits the work: a tree of branches and joins.
    Reason,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Explore => "explore",
            Kind::Prove => "prove",
            Kind::Check => "check",
            Kind::Generate => "generate",
            Kind::Reason => "reason",
        }
    }
}

/// A file of a theory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileText {
    /// Its name, a relative path; imports refer to it.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

/// Options that affect the answer, besides the files.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobOptions {
    /// Maximal number of atoms of a conjecture, 1 to 12; by default the theory's own.
    #[schema(minimum = 1, maximum = 12)]
    pub(crate) max_size: Option<u8>,
    /// The advisor for a search that is stuck; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<AdviceOptions>,
    /// A run that explored the same theory with fewer axioms: its theorems are known from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) known: Option<String>,
}

/// Resource bounds of a job. The server's own bounds cannot be exceeded.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Budget {
    /// CPU seconds, summed over threads.
    #[schema(exclusive_minimum = 0)]
    pub(crate) cpu_seconds: Option<f64>,
    /// Megabytes by which the server may grow while the job runs.
    #[schema(minimum = 1)]
    pub(crate) memory_mb: Option<u64>,
}

/// A request for a job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRequest {
    pub(crate) kind: Kind,
    /// The theory as one MPL text; alternatively, `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The files of a theory, the main one first. Imports resolve to these and to the shipped theories. If the first is
    /// a JSON configuration, the others are its definition files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<FileText>,
    /// Statements in MPL to prove or refute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) goals: Vec<String>,
    /// The run to check; by default all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
    /// The question to the language model: `prompt`, for `reason` a `program`, and generation parameters (docs/api.md).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) question: Option<Value>,
    #[serde(default)]
    pub(crate) options: JobOptions,
    #[serde(default)]
    pub(crate) budget: Budget,
    /// Metadata of the caller, stored with the job: at most 16 entries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    /// Priority among the caller's own queued jobs, highest first: -10 to 10.
    #[serde(default, skip_serializing_if = "is_usual")]
    #[schema(minimum = -10, maximum = 10)]
    pub(crate) priority: i8,
    /// Whom to notify when the job has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook: Option<Webhook>,
    /// The files of the run named by `options.known`, copied by the server, so that the job does not depend on that run
    /// later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub(crate) known: Vec<FileText>,
    /// The job and node that this job derives from. Never part of a request; set by the calls about nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub(crate) origin: Option<Origin>,
}

// The signature is required by serde.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_usual(priority: &i8) -> bool {
    *priority == 0
}

/// The interpretation of a request.
pub(crate) enum Asked {
    /// A run of the prover.
    Question(Box<Question>),
    /// A check of one run, or of all.
    Check(Option<RunId>),
    /// A question to the language model.
    Reason(Box<Reasoning>),
}

/// A question to the language model, with the theory that its prover tools are about.
pub(crate) struct Reasoning {
    pub(crate) job: Job,
    pub(crate) theory: Option<(Loaded, Limits)>,
}

impl JobRequest {
    /// Parses the JSON of a request.
    ///
    /// # Errors
    /// If it is malformed, with the position.
    pub(crate) fn read(json: &[u8]) -> Result<JobRequest, Problem> {
        let request: JobRequest =
            serde_json::from_slice(json).map_err(|error| Problem::malformed(format!("the body: {error}")))?;
        request.checked()
    }

    /// Validates everything that does not require reading a theory.
    ///
    /// # Errors
    /// If a value is out of range, or has no effect.
    pub(crate) fn checked(self) -> Result<JobRequest, Problem> {
        let wrong =
            |field: &str, why: String| Err(Problem::malformed(format!("`{field}`: {why}")).saying("field", field));
        let named = |field: &str| {
            let word = self.kind.word();
            wrong(field, format!("it has no effect for `{word}`; leave it out"))
        };
        if let Some((field, why)) = self.said_by_others() {
            return wrong(field, why);
        }
        if self.source.is_some() && !self.files.is_empty() {
            return wrong("source", "give either `source` or `files`".to_owned());
        }
        if self.files.len() > MOST_FILES || self.goals.len() > MOST_GOALS {
            return wrong("files", format!("at most {MOST_FILES} files and {MOST_GOALS} goals are taken"));
        }
        if let Some(file) = self.files.iter().find(|file| !is_plain(&file.name)) {
            let why = "a relative path without `..` is needed, of at most 200 visible characters";
            return wrong("files", format!("the name {:?}: {why}", file.name));
        }
        let mut names: Vec<&str> = self.files.iter().map(|file| &*file.name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return wrong("files", format!("the name {:?} is given twice", pair[0]));
        }
        if self.options.max_size.is_some_and(|size| !(1..=12).contains(&size)) {
            return wrong("options", "`max_size` is a number from 1 to 12".to_owned());
        }
        if self.budget.cpu_seconds.is_some_and(|seconds| !(seconds > 0.0 && seconds <= 1e9)) {
            return wrong("budget", "`cpu_seconds` is a number above 0 and at most 1000000000".to_owned());
        }
        if self.budget.memory_mb.is_some_and(|megabytes| !(1..=1 << 30).contains(&megabytes)) {
            return wrong("budget", "`memory_mb` is a number from 1 to 1073741824".to_owned());
        }
        if !(-10..=10).contains(&self.priority) {
            return wrong("priority", "it is a number from -10 to 10".to_owned());
        }
        let long = |text: &String| text.len() > METADATA.1;
        if self.metadata.len() > METADATA.0 || self.metadata.iter().any(|(name, value)| long(name) || long(value)) {
            return wrong(
                "metadata",
                format!("at most {} names, each and its value of {} bytes", METADATA.0, METADATA.1),
            );
        }
        let has_theory = self.source.is_some() || !self.files.is_empty();
        let reasons = matches!(self.kind, Kind::Generate | Kind::Reason);
        match self.kind {
            Kind::Check | Kind::Explore | Kind::Prove if self.question.is_some() => return named("question"),
            Kind::Generate if has_theory => return named(if self.source.is_some() { "source" } else { "files" }),
            _ if reasons && !self.goals.is_empty() => return named("goals"),
            _ if reasons && self.run.is_some() => return named("run"),
            _ if reasons && self.options != JobOptions::default() => return named("options"),
            _ if reasons && !has_theory && self.budget != Budget::default() => {
                return wrong(
                    "budget",
                    "the bounds of a question stand in `question`: `max_tokens`, `total_tokens`, …".to_owned(),
                );
            }
            _ if reasons && self.question.is_none() => return wrong("question", "it is needed".to_owned()),
            _ if reasons => {}
            Kind::Check if has_theory => return named(if self.source.is_some() { "source" } else { "files" }),
            Kind::Check if !self.goals.is_empty() => return named("goals"),
            Kind::Check if self.options != JobOptions::default() => return named("options"),
            Kind::Check => {}
            _ if self.run.is_some() => return named("run"),
            _ if !has_theory => return wrong("source", "a theory is needed, as `source` or `files`".to_owned()),
            Kind::Explore if !self.goals.is_empty() => return named("goals"),
            Kind::Prove if self.options.known.is_some() => {
                return wrong("options", "`known` has no effect for `prove`; leave it out".to_owned());
            }
            Kind::Prove if self.goals.is_empty() => return wrong("goals", "a statement is needed".to_owned()),
            _ => {}
        }
        if let Some(place) = self.goals.iter().position(|goal| goal.trim().is_empty()) {
            return wrong("goals", format!("goal {} is empty: write a statement", place + 1));
        }
        Ok(self)
    }

    /// A member of the request that only the calls about nodes may set: its name, and a message.
    fn said_by_others(&self) -> Option<(&'static str, String)> {
        if self.origin.is_some() {
            return Some(("origin", "the calls about nodes say it".to_owned()));
        }
        if !self.known.is_empty() {
            return Some(("known", "name the run in `options.known`".to_owned()));
        }
        let question = self.question.as_ref()?;
        let name = ["redraws", "replies", "decisions"].into_iter().find(|name| !question[*name].is_null())?;
        Some(("question", format!("`{name}` is what the calls about nodes say")))
    }

    /// Hash of the request, for idempotency.
    pub(crate) fn hash(&self) -> String {
        blake3::hash(&serde_json::to_vec(self).expect("plain data")).to_hex().to_string()
    }

    /// Whether the question names MCP servers whose tools must be listed.
    pub(crate) fn names_servers(&self) -> bool {
        let tools = self.question.as_ref().and_then(|question| question["tools"].as_array());
        tools.into_iter().flatten().any(|tool| tool["mcp"].is_object() && tool["name"].is_null())
    }

    /// The request in its stored form, with MCP servers expanded to their tools. Queries the servers, and blocks.
    ///
    /// # Errors
    /// If a tool is invalid or not allowed, or a server does not answer.
    pub(crate) fn with_tools(mut self, remote: Option<&RemoteTools>) -> Result<JobRequest, Problem> {
        let wrong = |why: String| Problem::malformed(format!("`question`: {why}")).saying("field", "question");
        let tools = self.question.as_mut().and_then(|question| question.get_mut("tools"));
        if let (Some(Value::Array(list)), Some(remote)) = (tools, remote) {
            if list.len() > MOST_TOOLS {
                return Err(wrong(format!("at most {MOST_TOOLS} tools are taken")));
            }
            let tools = remote.read(std::mem::take(list)).map_err(wrong)?;
            *list = tools.iter().map(|tool| serde_json::to_value(tool).expect("plain data")).collect();
        }
        Ok(self)
    }

    /// Adds the files of the run in `options.known`.
    ///
    /// # Errors
    /// If there is no such run, or it is no exploration.
    pub(crate) fn with_known(mut self, store: &Store) -> Result<JobRequest, Problem> {
        let Some(known) = &self.options.known else { return Ok(self) };
        let wrong = |why: String| {
            Problem::new(422, "wrong-input", format!("`options.known`: {why}")).saying("field", "options")
        };
        let id = RunId::parse(known).ok_or_else(|| wrong(format!("`{known}` is no run; its 32 digits are needed")))?;
        let run = store.run(&id)?.ok_or_else(|| wrong(format!("there is no run {id}")))?;
        if !Manner::read(&run.options).is_ok_and(|manner| manner.explore) {
            return Err(wrong(format!("run {id} is no exploration, so nothing is known from it")));
        }
        for file in store.inputs(&id)?.into_iter().filter(|file| !file.name.starts_with(GOALS)) {
            let text =
                String::from_utf8(file.bytes).map_err(|_| wrong(format!("{} of run {id} is no text", file.name)))?;
            self.known.push(FileText { name: file.name, text });
        }
        Ok(self)
    }

    /// Interprets the request, on a server whose model has this identity. Needs a large stack, as formulas may be
    /// nested deeply.
    ///
    /// # Errors
    /// If the files form no theory, or a goal is malformed, with positions.
    pub(crate) fn meaning(&self, model: Option<&str>) -> Result<Asked, Problem> {
        if self.kind == Kind::Check {
            let parse = |text: &String| {
                RunId::parse(text)
                    .ok_or_else(|| Problem::malformed("`run` has 32 hexadecimal digits").saying("field", "run"))
            };
            return self.run.as_ref().map(parse).transpose().map(Asked::Check);
        }
        if let Some(question) = &self.question {
            let theory = (self.source.is_some() || !self.files.is_empty()).then(|| self.theory()).transpose()?;
            let (cpu, memory) = (self.budget.cpu_seconds.unwrap_or(10.0), self.budget.memory_mb.unwrap_or(1024) << 20);
            let theory = theory.map(|loaded| (loaded, Limits { cpu, memory }));
            let job = asked_of_model(self.kind, question, theory.as_ref())?;
            return Ok(Asked::Reason(Box::new(Reasoning { job, theory })));
        }
        let mut loaded = self.theory()?;
        if !self.known.is_empty() {
            let known = self.known.iter();
            let known = known.map(|file| Input { name: file.name.clone(), bytes: file.text.as_bytes().to_vec() });
            input::with_known(&mut loaded, known.collect())?;
        }
        let Loaded { theory, report: _, files: mut inputs } = loaded;
        let mut goals = Vec::new();
        if !self.goals.is_empty() {
            // Trimmed, because a leading blank would continue the previous goal.
            let text = self.goals.iter().map(|goal| goal.trim()).collect::<Vec<_>>().join("\n");
            let (read, report) = mpl::read_goals(&theory, text.as_bytes(), "goals");
            if report.failed() {
                return Err(Failure::Input(report).into());
            }
            goals = read;
            inputs.push(Input { name: format!("{GOALS}goals"), bytes: text.into_bytes() });
        }
        if self.kind == Kind::Prove && goals.is_empty() {
            return Err(Problem::malformed("`goals`: there is no goal: nothing but comments").saying("field", "goals"));
        }
        let atoms = self.options.max_size.map(usize::from);
        let advised = self.options.advice.as_ref().map(|advice| advice.meaning(model)).transpose();
        let advised =
            advised.map_err(|why| Problem::malformed(format!("`options.advice`: {why}")).saying("field", "options"))?;
        let manner = Manner { atoms, advised, ..Manner::plain(self.kind == Kind::Explore) };
        Ok(Asked::Question(Box::new(Question { theory, goals, inputs, manner })))
    }

    /// Loads the theory of the request. Needs a large stack.
    ///
    /// # Errors
    /// If the files form none.
    pub(crate) fn theory(&self) -> Result<Loaded, Failure> {
        let input = |name: &str, text: &str| Input { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
        let files = match &self.source {
            Some(source) => vec![input("theory.mpl", source)],
            None => self.files.iter().map(|file| input(&file.name, &file.text)).collect(),
        };
        input::load_texts(&files, &shipped::file)
    }
}

/// Default number of tokens of an answer.
const TOKENS: u64 = 256;

/// The job for a question to the language model.
fn asked_of_model(kind: Kind, question: &Value, theory: Option<&(Loaded, Limits)>) -> Result<Job, Problem> {
    let wrong = |why: String| Problem::malformed(format!("`question`: {why}")).saying("field", "question");
    let mut question = question.clone();
    let members = question.as_object_mut().ok_or_else(|| wrong("an object is needed".to_owned()))?;
    members.entry("max_tokens").or_insert(TOKENS.into());
    if kind == Kind::Generate {
        if members.contains_key("program") {
            return Err(wrong("`generate` has no `program`; ask `reason`".to_owned()));
        }
        members.insert("program".to_owned(), json!({ "vote": { "samples": 1, "least": 1, "pattern": null } }));
    }
    let mut job: Job = serde_json::from_value(question).map_err(|error| wrong(error.to_string()))?;
    if let Some(tool) = job.tools.iter().find(|tool| !tool.command.is_empty() || tool.prover.is_some()) {
        return Err(wrong(format!(
            "the tool `{}`: a server runs no commands; `http` or `mcp` answers, and with a theory the prover's tools are \
             there by themselves",
            tool.name
        )));
    }
    if let Some((loaded, limits)) = theory {
        let joins = match &job.program {
            Program::Tasks { .. } => false,
            Program::Script(_) => true,
            _ => {
                return Err(wrong("a theory is of use to `tasks` and `script` alone, which ask the prover".to_owned()));
            }
        };
        job.tools.extend(prover_tools(&loaded.theory, &Examiner::id_of(&loaded.files, *limits), joins));
    }
    if matches!(&job.program, Program::First { accept: Accept::Judge(_), .. }) {
        return Err(wrong("a server runs no command that judges; accept `any` or a `pattern`".to_owned()));
    }
    job.check().map_err(|error| wrong(error.to_string()))?;
    Ok(job)
}

/// Whether a name can only refer to an uploaded file.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let visible = |c: char| !c.is_control() && c != '\\' && c != ':';
    !name.starts_with(GOALS) && name.len() <= 200 && name.chars().all(visible) && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        match JobRequest::read(json.as_bytes()) {
            Ok(request) => match request.meaning(None) {
                Ok(_) => panic!("{json} is taken"),
                Err(problem) => problem.document().to_string(),
            },
            Err(problem) => problem.document().to_string(),
        }
    }

    #[test]
    fn what_is_wrong_with_a_request_is_named() {
        for (json, word) in [
            ("{", "EOF"),
            (r#"{"kind":"dance"}"#, "unknown variant `dance`"),
            (r#"{"kind":"explore"}"#, "a theory is needed"),
            (r#"{"kind":"explore","source":"","sauce":1}"#, "unknown field `sauce`"),
            (r#"{"kind":"explore","source":"x","goals":["y"]}"#, "no effect for `explore`"),
            (r#"{"kind":"check","source":"x"}"#, "no effect for `check`"),
            (r#"{"kind":"check","run":"zz"}"#, "32 hexadecimal digits"),
            (r#"{"kind":"prove","source":"x"}"#, "a statement is needed"),
            (r#"{"kind":"prove","source":"x","goals":[" "]}"#, "goal 1 is empty"),
            (r#"{"kind":"explore","source":"x","options":{"max_size":13}}"#, "from 1 to 12"),
            (r#"{"kind":"explore","source":"(theory T[N] (in[N,N]))","options":{"advice":{}}}"#, "missing field `by`"),
            (r#"{"kind":"explore","source":"x","budget":{"cpu_seconds":0}}"#, "above 0"),
            (r#"{"kind":"explore","source":"x","priority":11}"#, "from -10 to 10"),
            (r#"{"kind":"explore","files":[{"name":"../a","text":""}]}"#, "without `..`"),
            (r#"{"kind":"explore","files":[{"name":"/etc/a","text":""}]}"#, "relative path"),
            (r#"{"kind":"explore","files":[{"name":"a","text":""},{"name":"a","text":""}]}"#, "given twice"),
            (r#"{"kind":"explore","source":"(theory T[x] (in"}"#, "errors"),
            (r#"{"kind":"explore","source":"(import \"../../../etc/passwd\")"}"#, "neither among the files"),
            (r#"{"kind":"explore","source":"(import \"/etc/passwd\")"}"#, "neither among the files"),
        ] {
            let said = refused(json);
            assert!(said.contains(word), "{json}: {said}");
        }
    }

    #[test]
    fn imports_see_what_was_sent_and_what_is_shipped() {
        let own = r#"{"kind":"explore","files":[{"name":"a.mpl","text":"(import \"naturals.mpl\")"},
            {"name":"naturals.mpl","text":"(define odd[x] (in[x,x]))"}]}"#;
        let loaded = JobRequest::read(own.as_bytes()).expect("a request").theory();
        // An uploaded file takes precedence over a shipped one of the same name.
        let failure = loaded.err().expect("no theory").to_string();
        assert!(!failure.contains("neither among"), "{failure}");
        let peano = shipped::file("peano.mpl").expect("it is shipped");
        let request = serde_json::json!({ "kind": "explore", "source": peano });
        let request = JobRequest::read(request.to_string().as_bytes()).expect("a request");
        let loaded = request.theory().unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(&*loaded.theory.name, "Peano");
        assert_eq!(loaded.files.len(), 3, "peano, naturals, functions");
    }
}
