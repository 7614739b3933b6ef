//! Tools that a model may call: as a job names them, and what they replied.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use theoremata_lm::recall_tool;

use super::endpoint::{HttpCall, McpCall};

/// Characters of a reply that are read.
pub(super) const REPLY_CHARACTERS: usize = 2000;
/// Characters of a tool's name at most.
const NAME_CHARACTERS: usize = 64;
/// Tools of a job at most.
const MOST_TOOLS: usize = 64;

/// A tool, as data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// By this name the model calls it: letters, digits, `_` and `-`.
    pub name: String,
    /// What the model is told of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The schema of its parameters.
    #[serde(default = "no_parameters")]
    pub parameters: Json,
    /// What the pool's [`Toolbox`] is told; on the command line the command that is run. One of this, `http` and `mcp`
    /// answers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The address that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCall>,
    /// The server of the Model Context Protocol that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<McpCall>,
    /// Whether each call waits until a person lets it be made, or refuses it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approve: bool,
    /// The prover that answers instead, by the id of its [`Examiner`](crate::examine::Examiner). No file of tools can name
    /// one: whoever makes the job does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prover: Option<String>,
    /// Seconds that a call may take at most.
    #[serde(default = "a_minute")]
    pub seconds: u64,
}

impl Tool {
    /// A tool that takes an object of any members, and a minute.
    pub fn new(name: impl Into<String>, command: impl Into<String>) -> Tool {
        let parameters = serde_json::json!({ "type": "object" });
        let (name, command) = (name.into(), command.into());
        let (description, seconds) = (String::new(), a_minute());
        Tool { name, description, parameters, command, http: None, mcp: None, approve: false, prover: None, seconds }
    }

    /// Whether parameters, in JSON, are what the tool takes.
    ///
    /// # Errors
    /// In words for whoever called.
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

/// Answers calls: of this tool, with these parameters in JSON, behind the calls that were answered before in the one text
/// that the model writes. Where several write side by side, none is told. What it replies is text that the model reads; that
/// a call failed is a reply too. It may be asked on any thread.
pub type Toolbox = Arc<dyn Fn(&Tool, &str, &[Called]) -> String + Send + Sync>;

/// Why a tool is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ToolError {
    /// More than a job may have.
    #[error("{0} tools are more than the {MOST_TOOLS} that a job may have")]
    Many(usize),
    /// A tool with something wrong about it.
    #[error("the tool `{name}`: {wrong}")]
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong, and what would be right.
        wrong: &'static str,
    },
}

/// Whether a job can have these tools.
///
/// # Errors
/// If there are too many, or one has no name of its own, no schema of an object, or no time.
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

/// What a model is told of its tools, behind the question.
pub(super) fn described(tools: &[Tool], recall: bool) -> String {
    let mut lines: Vec<String> = tools
        .iter()
        .map(|tool| {
            let colon = if tool.description.is_empty() { "" } else { ": " };
            // Those of a prover hold whole grammars; their descriptions have examples.
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

/// A call, or a step of a program, that waits until a person lets it go on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Awaited {
    /// The tool; of a step [`APPROVAL`].
    pub tool: String,
    /// Its parameters, in JSON; of a step what is asked.
    pub parameters: String,
}

/// What a person said of what waited.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What waited.
    pub what: Awaited,
    /// Whether it goes on.
    pub granted: bool,
}

/// What stands in the place of a tool where a step waits for a person.
pub const APPROVAL: &str = "approve";

/// A call that was answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Called {
    /// The tool.
    pub tool: String,
    /// Its parameters, in JSON.
    pub parameters: String,
    /// What it replied.
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
