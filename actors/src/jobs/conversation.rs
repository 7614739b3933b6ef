//! Conversations before a question.

use serde::{Deserialize, Serialize};
use theoremata_lm::{FunctionCall, Message, Role};

/// A turn of a conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The role of the speaker.
    pub role: Speaker,
    /// The text.
    pub content: String,
    /// Function calls that the model requested in this turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<FunctionCall>,
}

impl Said {
    /// A turn with text only.
    pub fn new(role: Speaker, content: impl Into<String>) -> Said {
        Said { role, content: content.into(), calls: Vec::new() }
    }

    /// The turn as a message for the chat template.
    pub fn message(&self) -> Message {
        Message { calls: self.calls.clone(), ..Message::new(self.role.into(), self.content.clone()) }
    }

    /// Total size of its texts, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let call = |call: &FunctionCall| call.name.len() + call.arguments.to_string().len();
        self.content.len() + self.calls.iter().map(call).sum::<usize>()
    }
}

/// The role of a speaker.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The system.
    System,
    /// The user.
    #[default]
    User,
    /// The model.
    Assistant,
    /// The result of a function call that the model requested.
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
