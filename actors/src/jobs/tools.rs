//! Tools that a model may call: as a job names them, and what they replied.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use theoremata_lm::recall_tool;

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
    /// What the pool's [`Toolbox`] is told; on the command line the command that is run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
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
        Tool { name, description: String::new(), parameters, command, prover: None, seconds: a_minute() }
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
    let mut names = HashSet::from([recall_tool().0]);
    for Tool { name, parameters, seconds, command, prover, .. } in tools {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > NAME_CHARACTERS || !name.chars().all(plain) {
            return wrong(name, "a name has 1 to 64 letters, digits, `_` and `-`");
        }
        if !names.insert(name.clone()) {
            return wrong(name, "there is another tool of this name");
        }
        if command.is_empty() && prover.is_none() {
            return wrong(name, "`command` is missing: what answers the calls");
        }
        if parameters["type"] != "object" {
            return wrong(name, "`parameters` is the schema of an object: `\"type\": \"object\"`");
        }
        if *seconds == 0 {
            return wrong(name, "`seconds` must be at least 1");
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

/// The calls of one job. A call whose reply is known is not made again, neither in the same tree nor when the job is done
/// anew from what was told: so what a call replies is a function of the call, whoever does the job and however often.
#[derive(Default)]
pub(super) struct Calls {
    /// By tool and parameters.
    replies: HashMap<(String, String), String>,
    /// All that were answered, in order.
    made: Vec<Called>,
    /// Calls that were answered since the worker asked last.
    new: Vec<Called>,
}

impl Calls {
    /// The calls of a job that goes on from what was told of it.
    pub(super) fn known(calls: Vec<Called>) -> Calls {
        let known = calls.into_iter().map(|Called { tool, parameters, reply }| ((tool, parameters), reply));
        // What was told comes again, in the same order, as the tree is grown again.
        Calls { replies: known.collect(), made: Vec::new(), new: Vec::new() }
    }

    /// Calls since this was asked last.
    pub(super) fn take_new(&mut self) -> Vec<Called> {
        std::mem::take(&mut self.new)
    }
}

/// Answers the calls of one job.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) tools: Arc<[Tool]>,
    pub(super) toolbox: Option<Toolbox>,
    pub(super) calls: Rc<RefCell<Calls>>,
    /// Whether calls come one after the other, so that a reply may hang on those before.
    pub(super) in_order: bool,
}

impl Caller {
    /// What a tool replies.
    pub(super) fn call(&self, tool: &str, parameters: &str) -> String {
        let call = (tool.to_owned(), parameters.to_owned());
        let known = self.calls.borrow().replies.get(&call).cloned();
        let reply = known.unwrap_or_else(|| {
            let known = self.tools.iter().find(|known| known.name == tool);
            let reply = match (known, &self.toolbox) {
                (Some(tool), Some(toolbox)) => {
                    let made = if self.in_order { self.calls.borrow().made.clone() } else { Vec::new() };
                    toolbox(tool, parameters, &made)
                }
                _ => format!("there is no tool `{tool}`"),
            };
            reply.chars().take(REPLY_CHARACTERS).collect()
        });
        let mut calls = self.calls.borrow_mut();
        let (tool, parameters) = call.clone();
        let called = Called { tool, parameters, reply: reply.clone() };
        calls.made.push(called.clone());
        calls.new.push(called);
        calls.replies.insert(call, reply.clone());
        reply
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[test]
    fn a_call_whose_reply_is_known_is_not_made() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let toolbox: Toolbox = Arc::new(move |tool, parameters, _| {
            format!("{}{parameters}{}", tool.name, counted.fetch_add(1, Ordering::Relaxed))
        });
        let known = |calls| Caller {
            tools: Arc::from([tool("look")]),
            toolbox: Some(toolbox.clone()),
            calls: Rc::new(RefCell::new(Calls::known(calls))),
            in_order: true,
        };
        let caller = known(Vec::new());
        let replies = ["1", "2", "1"].map(|parameters| caller.call("look", parameters));
        assert_eq!(replies, ["look10", "look21", "look10"]);
        let told = caller.calls.borrow_mut().take_new();
        let again = known(told);
        assert_eq!(["2", "1"].map(|parameters| again.call("look", parameters)), ["look21", "look10"]);
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert_eq!(again.call("other", "{}"), "there is no tool `other`");
    }
}
