//! Conversations in the format of the API: turns, function calls, and their results.

use serde::Deserialize;
use serde_json::Value;
use theoremata_actors::jobs::{Said, Speaker};
use theoremata_lm::FunctionCall;

use super::request::Refusal;

/// The content of a turn: a text, or its parts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
}

/// A message of chat completions, or an input item of responses.
#[derive(Deserialize)]
pub(super) struct Turn {
    #[serde(rename = "type")]
    kind: Option<String>,
    role: Option<String>,
    content: Option<Content>,
    tool_calls: Option<Vec<Asked>>,
    /// For an item of responses: function, arguments, and result.
    name: Option<String>,
    arguments: Option<String>,
    output: Option<Content>,
}

/// A function call of a message.
#[derive(Deserialize)]
struct Asked {
    function: AskedFunction,
}

#[derive(Deserialize)]
struct AskedFunction {
    name: String,
    arguments: String,
}

/// The turns in order; consecutive calls are merged into one turn.
///
/// # Errors
/// If a turn cannot be represented; `list` names the member that holds the turns.
pub(super) fn spoken(list: &str, turns: Vec<Turn>) -> Result<Vec<Said>, Refusal> {
    let mut said: Vec<Said> = Vec::new();
    for (place, turn) in turns.into_iter().enumerate() {
        let turn = one(&format!("{list}[{place}]"), turn)?;
        match said.last_mut() {
            Some(last) if last.role == Speaker::Assistant && turn.content.is_empty() && !turn.calls.is_empty() => {
                last.calls.extend(turn.calls);
            }
            _ => said.push(turn),
        }
    }
    Ok(said)
}

/// Splits off the last turn, with its role; the earlier ones stay.
///
/// # Errors
/// If its role is neither user nor function.
pub(super) fn last(list: &str, said: &mut Vec<Said>) -> Result<(Speaker, String), Refusal> {
    match said.pop() {
        Some(Said { role: role @ (Speaker::User | Speaker::Tool), content, .. }) => Ok((role, content)),
        _ => Err(Refusal::of(list, "the last message has to be the user's, or what came of a call")),
    }
}

fn one(param: &str, turn: Turn) -> Result<Said, Refusal> {
    match turn.kind.as_deref() {
        None | Some("message") => {}
        Some("function_call") => {
            let (name, arguments) = (turn.name.unwrap_or_default(), turn.arguments.unwrap_or_default());
            let call = called(param, AskedFunction { name, arguments })?;
            return Ok(Said { calls: vec![call], ..Said::new(Speaker::Assistant, "") });
        }
        Some("function_call_output") => {
            return Ok(Said::new(Speaker::Tool, text(&format!("{param}.output"), turn.output)?));
        }
        Some(other) => {
            return Err(Refusal::of(
                &format!("{param}.type"),
                format!("items of type `{other}` are not supported here"),
            ));
        }
    }
    let role = match turn.role.as_deref().unwrap_or_default() {
        "system" | "developer" => Speaker::System,
        "user" => Speaker::User,
        "assistant" => Speaker::Assistant,
        "tool" | "function" => Speaker::Tool,
        other => {
            return Err(Refusal::of(&format!("{param}.role"), format!("the role `{other}` is not supported here")));
        }
    };
    let calls = turn.tool_calls.unwrap_or_default();
    if role != Speaker::Assistant && !calls.is_empty() {
        return Err(Refusal::of(&format!("{param}.tool_calls"), "only the assistant asks for calls"));
    }
    let calls = calls.into_iter().map(|call| called(&format!("{param}.tool_calls"), call.function));
    let calls = calls.collect::<Result<_, _>>()?;
    Ok(Said { calls, ..Said::new(role, text(&format!("{param}.content"), turn.content)?) })
}

fn called(param: &str, AskedFunction { name, arguments }: AskedFunction) -> Result<FunctionCall, Refusal> {
    let object = serde_json::from_str(&arguments).ok().filter(Value::is_object);
    let arguments = object.ok_or_else(|| Refusal::of(param, "the `arguments` of a call are an object in JSON"))?;
    Ok(FunctionCall { name, arguments })
}

fn text(param: &str, content: Option<Content>) -> Result<String, Refusal> {
    match content {
        None => Ok(String::new()),
        Some(Content::Text(text)) => Ok(text),
        Some(Content::Parts(parts)) => {
            match parts.iter().find(|part| !["text", "input_text", "output_text"].contains(&&*part.kind)) {
                Some(part) => Err(Refusal::of(param, format!("parts of type `{}` are not supported here", part.kind))),
                None => Ok(parts.iter().map(|part| part.text.as_str()).collect()),
            }
        }
    }
}
