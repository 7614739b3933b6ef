//! Requests of the API, converted to jobs of the pool.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use theoremata_actors::jobs::{Calling, Functions, Job, OutputFormat, Program, Said, Speaker, TokenChoice};
use theoremata_lm::Model;

use super::functions::offered;
use super::messages::{self, Turn, spoken};
use crate::server::problem::Problem;

/// Maximal number of choices.
const MOST_CHOICES: usize = 128;
/// Maximal number of stop strings.
const MOST_STOPS: usize = 16;

/// Parameters without effect here: user, purpose, billing.
const IDLE: &[&str] = &[
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prediction",
    "reasoning_effort",
    "verbosity",
];

/// Whether a parameter has a value at which it has no effect.
fn is_neutral(name: &str, value: &Value) -> bool {
    match name {
        "frequency_penalty" | "presence_penalty" => value.as_f64() == Some(0.0),
        "logit_bias" => value.as_object().is_some_and(Map::is_empty),
        "functions" => value.as_array().is_some_and(Vec::is_empty),
        "function_call" => value == "none" || value == "auto",
        "top_logprobs" | "suffix" => value == 0 || value == "",
        "best_of" => value == 1,
        "echo" => value == false,
        "truncation" => value == "disabled",
        "include" => value.as_array().is_some_and(Vec::is_empty),
        "modalities" => *value == json!(["text"]),
        _ => false,
    }
}

/// An error in the format of the API.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    pub(crate) code: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn of(param: &str, message: impl Into<String>) -> Refusal {
        Refusal { status: 400, message: message.into(), param: Some(param.to_owned()), code: None }
    }

    /// The error document.
    pub(crate) fn document(&self) -> Value {
        let kind = match self.status {
            401 | 403 => "authentication_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        json!({ "error": { "message": self.message, "type": kind, "param": self.param, "code": self.code } })
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal { status: problem.status().as_u16(), message: problem.detail().to_owned(), param: None, code: None }
    }
}

/// A text or a list of texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: String,
    json_schema: Option<Schema>,
}

#[derive(Deserialize)]
struct Schema {
    schema: Option<Value>,
}

/// A request for chat completions or completions.
#[derive(Deserialize)]
struct Asked {
    model: Option<String>,
    messages: Option<Vec<Turn>>,
    prompt: Option<Texts>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    top_k: Option<usize>,
    min_p: Option<f32>,
    seed: Option<i64>,
    n: Option<usize>,
    stop: Option<Texts>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    logprobs: Option<Value>,
    response_format: Option<Format>,
    tools: Option<Value>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Chat,
    Text,
}

/// A job for the pool, and the format of the answer.
pub(crate) struct Wanted {
    pub(crate) form: Form,
    pub(crate) job: Job,
    pub(crate) choices: usize,
    pub(crate) stream: bool,
    /// Whether a stream ends with the usage.
    pub(crate) include_usage: bool,
    pub(crate) logprobs: bool,
    /// Functions that answers may call, with the model's calling convention.
    pub(crate) functions: Option<(Functions, Calling)>,
    /// Number of prompt tokens.
    pub(crate) prompt_tokens: usize,
}

/// Parses a request for a model of this name.
///
/// # Errors
/// If it is malformed, or asks for something unsupported.
pub(crate) fn read(body: &[u8], form: Form, name: &str, model: &Arc<Model>) -> Result<Wanted, Refusal> {
    let asked: Asked = serde_json::from_slice(body).map_err(|error| unread(&error))?;
    all_known(&asked.rest)?;
    is_here(asked.model.as_deref(), name)?;
    let choices = asked.n.unwrap_or(1);
    if !(1..=MOST_CHOICES).contains(&choices) {
        return Err(Refusal::of("n", format!("`n` is a number from 1 to {MOST_CHOICES}")));
    }
    let logprobs = match (form, &asked.logprobs) {
        (_, None | Some(Value::Null | Value::Bool(false))) => false,
        (Form::Chat, Some(Value::Bool(true))) => true,
        (Form::Text, Some(number)) if number.as_u64().is_some_and(|number| number <= 1) => true,
        _ => return Err(Refusal::of("logprobs", "only the log-probability of the token that was drawn is known")),
    };
    let functions = offered(asked.tools, asked.tool_choice, asked.parallel_tool_calls)?;
    if form == Form::Text && functions.is_some() {
        return Err(Refusal::of("tools", "only chat completions and responses ask for calls"));
    }
    let (earlier, (asker, prompt)) = question(form, asked.messages, asked.prompt)?;
    let stop = texts(asked.stop);
    if stop.len() > MOST_STOPS {
        return Err(Refusal::of("stop", format!("at most {MOST_STOPS} texts end an answer")));
    }
    let choice = TokenChoice {
        temperature: asked.temperature.unwrap_or(1.0),
        top_k: asked.top_k.unwrap_or(0),
        top_p: asked.top_p.unwrap_or(1.0),
        min_p: asked.min_p.unwrap_or(0.0),
    };
    let seed = seed(asked.seed)?;
    let job = Job {
        seed,
        raw: form == Form::Text,
        earlier,
        asker,
        functions,
        choice,
        stop: stop.into_iter().filter(|text| !text.is_empty()).collect(),
        shape: shape(asked.response_format)?,
        ..Job::new(prompt, Program::Vote { samples: choices, least: 1, pattern: None }, 1)
    };
    let most = asked.max_completion_tokens.or(asked.max_tokens);
    let (job, prompt_tokens) = bounded(job, most, model)?;
    let include_usage = asked.stream_options.is_some_and(|options| options.include_usage);
    let stream = asked.stream.unwrap_or(false);
    let functions = job.functions.clone().map(|functions| (functions, Calling::of(model)));
    Ok(Wanted { form, job, choices, stream, include_usage, logprobs, functions, prompt_tokens })
}

/// Earlier turns, and the last turn with its role.
type Question = (Vec<Said>, (Speaker, String));

/// Splits a conversation or prompt into earlier turns and the last one.
fn question(form: Form, turns: Option<Vec<Turn>>, prompt: Option<Texts>) -> Result<Question, Refusal> {
    if form == Form::Text {
        return match prompt {
            Some(Texts::One(prompt)) => Ok((Vec::new(), (Speaker::User, prompt))),
            Some(Texts::Several(prompts)) if prompts.len() == 1 => Ok((Vec::new(), (Speaker::User, prompts.concat()))),
            Some(Texts::Several(_)) => Err(Refusal::of("prompt", "one prompt a request is taken")),
            None => Err(Refusal::of("prompt", "`prompt` is needed")),
        };
    }
    let turns = turns.filter(|turns| !turns.is_empty());
    let turns = turns.ok_or_else(|| Refusal::of("messages", "`messages` needs at least one message"))?;
    let mut said = spoken("messages", turns)?;
    let last = messages::last("messages", &mut said)?;
    Ok((said, last))
}

/// A request for a response.
#[derive(Deserialize)]
struct AskedOfResponses {
    model: Option<String>,
    input: Option<Input>,
    instructions: Option<String>,
    previous_response_id: Option<String>,
    max_output_tokens: Option<usize>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    seed: Option<i64>,
    stream: Option<bool>,
    background: Option<bool>,
    text: Option<TextOptions>,
    tools: Option<Value>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    metadata: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Turns(Vec<Turn>),
}

#[derive(Deserialize)]
struct TextOptions {
    format: Option<FlatFormat>,
}

#[derive(Deserialize)]
struct FlatFormat {
    #[serde(rename = "type")]
    kind: String,
    schema: Option<Value>,
}

/// The job of an earlier response, and its output.
pub(crate) type Conversation = (Job, Said);

/// A parsed request for a response.
pub(crate) struct Response {
    pub(crate) job: Job,
    pub(crate) stream: bool,
    pub(crate) background: bool,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Parses a request for a response. `earlier` looks up an earlier response.
///
/// # Errors
/// If it is malformed, or asks for something unsupported.
pub(crate) fn read_response(
    body: &[u8],
    name: &str,
    model: &Arc<Model>,
    earlier: &dyn Fn(&str) -> Result<Conversation, Refusal>,
) -> Result<Response, Refusal> {
    let asked: AskedOfResponses = serde_json::from_slice(body).map_err(|error| unread(&error))?;
    all_known(&asked.rest)?;
    is_here(asked.model.as_deref(), name)?;
    let mut turns: Vec<Said> = asked.instructions.into_iter().map(|text| Said::new(Speaker::System, text)).collect();
    if let Some(id) = &asked.previous_response_id {
        let (question, answer) = earlier(id)?;
        // Instructions apply to their own request only.
        turns.extend(question.earlier.into_iter().filter(|turn| turn.role != Speaker::System));
        turns.extend([Said::new(question.asker, question.prompt), answer]);
    }
    match asked.input {
        Some(Input::Text(text)) => turns.push(Said::new(Speaker::User, text)),
        Some(Input::Turns(list)) => turns.extend(spoken("input", list)?),
        None => {}
    }
    let (asker, prompt) = messages::last("input", &mut turns)?;
    let format = asked.text.and_then(|text| text.format);
    let format = format.map(|FlatFormat { kind, schema }| Format { kind, json_schema: Some(Schema { schema }) });
    let choice = TokenChoice {
        temperature: asked.temperature.unwrap_or(1.0),
        top_p: asked.top_p.unwrap_or(1.0),
        ..TokenChoice::default()
    };
    let job = Job {
        seed: seed(asked.seed)?,
        earlier: turns,
        asker,
        functions: offered(asked.tools, asked.tool_choice, asked.parallel_tool_calls)?,
        choice,
        shape: shape(format)?,
        ..Job::new(prompt, Program::Vote { samples: 1, least: 1, pattern: None }, 1)
    };
    let (job, _) = bounded(job, asked.max_output_tokens, model)?;
    let (stream, background) = (asked.stream.unwrap_or(false), asked.background.unwrap_or(false));
    Ok(Response { job, stream, background, metadata: asked.metadata.unwrap_or_default() })
}

fn unread(error: &serde_json::Error) -> Refusal {
    Refusal { status: 400, message: format!("the body is no such request: {error}"), param: None, code: None }
}

/// Rejects unknown parameters that could affect the answer.
fn all_known(rest: &Map<String, Value>) -> Result<(), Refusal> {
    let is_known = |member: &str, value: &Value| value.is_null() || IDLE.contains(&member) || is_neutral(member, value);
    match rest.iter().find(|(member, value)| !is_known(member, value)) {
        Some((member, _)) => Err(Refusal::of(member, format!("`{member}` is not supported here; leave it out"))),
        None => Ok(()),
    }
}

/// Checks that the requested model is the one served.
fn is_here(wanted: Option<&str>, name: &str) -> Result<(), Refusal> {
    match wanted {
        None => Err(Refusal::of("model", "`model` is needed")),
        Some(wanted) if wanted != name => {
            let message = format!("the model `{wanted}` does not exist here; there is `{name}`");
            Err(Refusal { status: 404, message, param: Some("model".to_owned()), code: Some("model_not_found") })
        }
        Some(_) => Ok(()),
    }
}

/// The seed: that of the caller, or a random one.
fn seed(asked: Option<i64>) -> Result<u64, Refusal> {
    match asked {
        Some(seed) => Ok(seed as u64),
        None => {
            let failed = |error| Problem::new(500, "failure", format!("the system gives no random bytes: {error}"));
            Ok(getrandom::u64().map_err(failed)?)
        }
    }
}

fn texts(texts: Option<Texts>) -> Vec<String> {
    match texts {
        None => Vec::new(),
        Some(Texts::One(text)) => vec![text],
        Some(Texts::Several(texts)) => texts,
    }
}

fn shape(format: Option<Format>) -> Result<OutputFormat, Refusal> {
    let Some(Format { kind, json_schema }) = format else { return Ok(OutputFormat::Free) };
    match &*kind {
        "text" => Ok(OutputFormat::Free),
        "json_object" => Ok(OutputFormat::JsonSchema(json!({ "type": "object" }))),
        "json_schema" => {
            let schema = json_schema.and_then(|schema| schema.schema);
            let missing = || Refusal::of("response_format", "`json_schema.schema` is needed");
            schema.map(OutputFormat::JsonSchema).ok_or_else(missing)
        }
        other => Err(Refusal::of("response_format", format!("the format `{other}` is not known"))),
    }
}

/// The job with its token limit: the requested one if prompt and answer fit into the context, otherwise the rest of the
/// context.
fn bounded(job: Job, most: Option<usize>, model: &Arc<Model>) -> Result<(Job, usize), Refusal> {
    let context = model.shape().context;
    let tokens = job.prompt_tokens(model).map_err(|error| Refusal::of("messages", error.to_string()))?;
    let left = context.saturating_sub(tokens);
    let too_long = |message: String| Refusal {
        status: 400,
        message,
        param: Some(if job.raw { "prompt" } else { "messages" }.to_owned()),
        code: Some("context_length_exceeded"),
    };
    if left == 0 || most.is_some_and(|most| most > left) {
        let asked = most.map_or(String::new(), |most| format!(" and the answer may have {most}"));
        return Err(too_long(format!("the model reads {context} tokens; the question has {tokens}{asked}")));
    }
    let job = Job { max_tokens: most.unwrap_or(left), ..job };
    job.check().map_err(|error| Refusal { status: 400, message: error.to_string(), param: None, code: None })?;
    Ok((job, tokens))
}
