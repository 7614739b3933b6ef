//! What was said before a question.

use serde::{Deserialize, Serialize};
use theoremata_lm::{FunctionCall, Message, Role};

/// One turn of a conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Whose turn.
    pub role: Speaker,
    /// What is said.
    pub content: String,
    /// Calls of functions that the model asked for with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<FunctionCall>,
}

impl Said {
    /// A turn in which something is said.
    pub fn new(role: Speaker, content: impl Into<String>) -> Said {
        Said { role, content: content.into(), calls: Vec::new() }
    }

    /// The turn as models know it.
    pub fn message(&self) -> Message {
        Message { calls: self.calls.clone(), ..Message::new(self.role.into(), self.content.clone()) }
    }

    /// Bytes of its texts.
    pub(super) fn bytes(&self) -> usize {
        let call = |call: &FunctionCall| call.name.len() + call.arguments.to_string().len();
        self.content.len() + self.calls.iter().map(call).sum::<usize>()
    }
}

/// The speaker of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The one that sets the rules.
    System,
    /// The one that asks.
    #[default]
    User,
    /// The model.
    Assistant,
    /// A function that the model had asked to be called, with what came of it.
    Tool,
}

impl From<Speaker> for Role {
    fn from(speaker: Speaker) -> Role {
        match speaker {
            Speaker::System => Role::System,
            Speaker::User => Role::User,
            Speaker::Assistant => Role::Assistant,
            Speaker::Tool => Role::Tool,
        }
    }
}
