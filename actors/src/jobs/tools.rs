//! Tools that a model may call: their declarations, and their replies.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use theoremata_lm::recall_tool;

use super::endpoint::{HttpCall, McpCall};

/// Maximal characters of a reply that are read.
pub(super) const REPLY_CHARACTERS: usize = 2000;
/// Maximal characters of a tool's name.
const NAME_CHARACTERS: usize = 64;
/// Maximal number of tools of a job.
const MOST_TOOLS: usize = 64;

/// A tool, as data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The name by which the model calls it: letters, digits, `_` and `-`.
    pub name: String,
    /// The description for the model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The JSON Schema of its parameters.
    #[serde(default = "no_parameters")]
    pub parameters: Json,
    /// Passed to the pool's [`Toolbox`]; on the command line, the command to run. Exactly one of this, `http` and `mcp`
    /// is used.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The HTTP endpoint that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCall>,
    /// The tool of an MCP server that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<McpCall>,
    /// Whether each call needs human approval.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approve: bool,
    /// The prover that answers instead, by the id of its [`Examiner`](crate::examine::Examiner). A tool file cannot set
    /// this; only the creator of the job can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prover: Option<String>,
    /// Timeout of a call, in seconds.
    #[serde(default = "a_minute")]
    pub seconds: u64,
}

impl Tool {
    /// A tool that takes any object, with a timeout of one minute.
    pub fn new(name: impl Into<String>, command: impl Into<String>) -> Tool {
        let parameters = serde_json::json!({ "type": "object" });
        let (name, command) = (name.into(), command.into());
        let (description, seconds) = (String::new(), a_minute());
        Tool { name, description, parameters, command, http: None, mcp: None, approve: false, prover: None, seconds }
    }

    /// Validates JSON parameters against the schema.
    ///
    /// # Errors
    /// A message for the caller of the tool.
    pub(super) fn fits(&self, parameters: &str) -> Result<(), String> {
        let wrong = |why: String| format!("the tool was not asked: its parameters do not fit: {why}");
        let given: Json = serde_json::from_str(parameters).map_err(|error| wrong(error.to_string()))?;
        jsonschema::validate(&self.parameters, &given).map_err(|error| wrong(error.to_string()))
    }
}

fn no_parameters() -> Json {
    serde_json::json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

fn a_minute() -> u64 {
    60
}

/// Answers a call of this tool with these JSON parameters, given the earlier answered calls in the text that the model
/// writes; none are given if several nodes write in parallel. The reply is text for the model; an error message is a
/// reply too. May be called on any thread.
pub type Toolbox = Arc<dyn Fn(&Tool, &str, &[Called]) -> String + Send + Sync>;

/// Why a tool is invalid.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ToolError {
    /// More tools than a job may have.
    #[error("{0} tools are more than the {MOST_TOOLS} that a job may have")]
    Many(usize),
    /// A tool with an invalid declaration.
    #[error("the tool `{name}`: {wrong}")]
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong, and what is expected.
        wrong: &'static str,
    },
}

/// Validates the tools of a job.
///
/// # Errors
/// If there are too many, or one has no unique name, no schema of an object, or no time.
pub(super) fn check(tools: &[Tool]) -> Result<(), ToolError> {
    let wrong = |name: &str, wrong| Err(ToolError::Wrong { name: name.to_owned(), wrong });
    if tools.len() > MOST_TOOLS {
        return Err(ToolError::Many(tools.len()));
    }
    let mut names = HashSet::from([recall_tool().0, APPROVAL.to_owned()]);
    for tool in tools {
        let Tool { name, parameters, seconds, command, http, mcp, prover, .. } = tool;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > NAME_CHARACTERS || !name.chars().all(plain) {
            return wrong(name, "a name has 1 to 64 letters, digits, `_` and `-`");
        }
        if !names.insert(name.clone()) {
            return wrong(name, "there is another tool of this name");
        }
        let answers = [!command.is_empty(), http.is_some(), mcp.is_some(), prover.is_some()];
        if answers.into_iter().filter(|answers| *answers).count() != 1 {
            return wrong(name, "one of `command`, `http` and `mcp` says what answers the calls");
        }
        if let Some(why) = http.as_ref().and_then(|http| http.check(parameters).err()) {
            return wrong(name, why);
        }
        if parameters["type"] != "object" {
            return wrong(name, "`parameters` is the schema of an object: `\"type\": \"object\"`");
        }
        if *seconds == 0 {
            return wrong(name, "`seconds` must be at least 1");
        }
        if prover.is_none() && jsonschema::validator_for(parameters).is_err() {
            return wrong(name, "`parameters` is no schema");
        }
    }
    Ok(())
}

/// The description of the tools for the model, placed after the question.
pub(super) fn described(tools: &[Tool], recall: bool) -> String {
    let mut lines: Vec<String> = tools
        .iter()
        .map(|tool| {
            let colon = if tool.description.is_empty() { "" } else { ": " };
            // Schemas of the prover's tools contain whole grammars; their descriptions have examples instead.
            if tool.prover.is_some() {
                return format!("- {}{colon}{}", tool.name, tool.description.trim());
            }
            format!("- {}{colon}{} Parameters: {}", tool.name, tool.description.trim(), tool.parameters["properties"])
        })
        .collect();
    if recall {
        lines.push(format!("- {}: shows the finished piece of this number once more.", recall_tool().0));
    }
    if lines.is_empty() { String::new() } else { format!("\n\nTools that may be used:\n{}", lines.join("\n")) }
}

/// A tool call, or a step of a script, that waits for human approval.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Awaited {
    /// The tool; [`APPROVAL`] for a step.
    pub tool: String,
    /// Its JSON parameters; for a step, the question.
    pub parameters: String,
}

/// A human decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What was waiting.
    pub what: Awaited,
    /// Whether it was approved.
    pub granted: bool,
}

/// The tool name that stands for a step that waits for approval.
pub const APPROVAL: &str = "approve";

/// An answered call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Called {
    /// The tool.
    pub tool: String,
    /// Its JSON parameters.
    pub parameters: String,
    /// The reply.
    pub reply: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> Tool {
        serde_json::from_value(serde_json::json!({ "name": name, "command": "x" })).expect("a tool")
    }

    #[test]
    fn a_tool_is_known_by_a_name_of_its_own() {
        assert_eq!(check(&[tool("look"), tool("look-2")]), Ok(()));
        for name in ["", "a b", "recall", "\u{fc}"] {
            assert!(
                matches!(check(&[tool(name)]), Err(ToolError::Wrong { name: found, .. }) if found == name),
                "{name}"
            );
        }
        assert!(check(&[tool("look"), tool("look")]).is_err());
        assert!(check(&[Tool { parameters: Json::from("x"), ..tool("look") }]).is_err());
        assert!(check(&[Tool { seconds: 0, ..tool("look") }]).is_err());
        assert!(serde_json::from_value::<Tool>(serde_json::json!({ "name": "a", "comand": "x" })).is_err());
    }
}
