//! Functions that a model may ask the caller to call, in the format of the API.

use serde::Deserialize;
use serde_json::{Value, json};
use theoremata_actors::jobs::{Answered, Calling, Choice, Function, Functions};

use super::request::Refusal;

/// A function declaration: in chat completions nested in `function`, in responses beside `type`.
#[derive(Deserialize)]
struct Offered {
    #[serde(rename = "type")]
    kind: String,
    function: Option<Described>,
    #[serde(flatten)]
    flat: Option<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Value>,
}

/// The functions of a request, if there are any.
///
/// # Errors
/// If a declaration is malformed, or the required function is not declared.
pub(super) fn offered(
    tools: Option<Value>,
    choice: Option<Value>,
    several: Option<bool>,
) -> Result<Option<Functions>, Refusal> {
    let tools = tools.filter(|tools| !tools.is_null()).unwrap_or_else(|| json!([]));
    let tools: Vec<Offered> =
        serde_json::from_value(tools).map_err(|error| Refusal::of("tools", format!("`tools`: {error}")))?;
    let function = |(place, Offered { kind, function, flat }): (usize, Offered)| {
        let param = format!("tools[{place}]");
        if kind != "function" {
            return Err(Refusal::of(
                &format!("{param}.type"),
                format!("tools of type `{kind}` are not supported here"),
            ));
        }
        let missing = || Refusal::of(&param, "a function with a `name` is needed");
        let Described { name, description, parameters } = function.or(flat).ok_or_else(missing)?;
        let nothing = || json!({ "type": "object", "properties": {}, "additionalProperties": false });
        let parameters = parameters.filter(|parameters| !parameters.is_null()).unwrap_or_else(nothing);
        Ok(Function { name, description: description.unwrap_or_default(), parameters })
    };
    let list = tools.into_iter().enumerate().map(function).collect::<Result<Vec<_>, _>>()?;
    let choice = chosen(choice)?;
    if list.is_empty() {
        return match choice {
            Choice::Auto | Choice::None => Ok(None),
            _ => Err(Refusal::of("tool_choice", "there are no `tools` that could be called")),
        };
    }
    Ok(Some(Functions { list, choice, several: several.unwrap_or(true) }))
}

fn chosen(choice: Option<Value>) -> Result<Choice, Refusal> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else { return Ok(Choice::Auto) };
    match choice.as_str() {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::None),
        Some("required") => return Ok(Choice::Required),
        _ => {}
    }
    let named =
        choice["function"]["name"].as_str().or(choice["name"].as_str()).filter(|_| choice["type"] == "function");
    let wrong = || Refusal::of("tool_choice", "`auto`, `none`, `required` or a function is needed");
    named.map(|name| Choice::Named(name.to_owned())).ok_or_else(wrong)
}

/// Parses the text and function calls of an answer.
pub(super) fn read(functions: Option<&(Functions, Calling)>, text: &str) -> Answered {
    match functions {
        Some((functions, calling)) => calling.read(functions, text),
        None => Answered { text: text.to_owned(), calls: Vec::new() },
    }
}

/// The calls in the format of chat completions; `of` is the id of the answer.
pub(super) fn shown(of: &str, place: usize, answered: &Answered) -> Vec<Value> {
    let call = |(number, call): (usize, &theoremata_lm::FunctionCall)| {
        json!({
            "id": id(of, place, number), "type": "function",
            "function": { "name": call.name, "arguments": call.arguments.to_string() },
        })
    };
    answered.calls.iter().enumerate().map(call).collect()
}

/// The functions in the format of responses.
pub(super) fn listed(functions: Option<&Functions>) -> Value {
    let tool = |Function { name, description, parameters }: &Function| json!({ "type": "function", "name": name, "description": description, "parameters": parameters, "strict": true });
    functions.into_iter().flat_map(|functions| &functions.list).map(tool).collect()
}

/// The tool choice in the format of the API.
pub(super) fn choice(functions: Option<&Functions>) -> Value {
    match functions.map(|functions| &functions.choice) {
        None | Some(Choice::None) => json!("none"),
        Some(Choice::Auto) => json!("auto"),
        Some(Choice::Required) => json!("required"),
        Some(Choice::Named(name)) => json!({ "type": "function", "name": name }),
    }
}

/// The id of a call.
pub(super) fn id(of: &str, place: usize, number: usize) -> String {
    let of = of.rsplit(['-', '_']).next().unwrap_or(of);
    format!("call_{of}_{place}_{number}")
}
