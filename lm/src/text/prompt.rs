//! Prompts: from messages to the tokens that a model reads.

use serde_json::Value as Json;

use crate::text::template::{Chat, FunctionCall, Message, TemplateError};
use crate::text::text_stream::TextStream;
use crate::text::token::Token;
use crate::text::tokenizer::{Reading, Tokenizer};
use crate::text::tokenizer_error::TokenizerError;
use crate::weights::model::Model;

/// Why a prompt cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The model's files have no vocabulary.
    #[error("the model has no vocabulary, so it can read tokens only")]
    NoTokenizer,
    /// The model's file has no chat template.
    #[error("the model has no chat template; give it plain text")]
    NoTemplate,
    /// The vocabulary cannot spell the text.
    #[error("the model's vocabulary cannot spell {0:?}")]
    Unspelled(String),
    /// The template refuses the conversation.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The tokenizer fails on the text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// The value, with all control-token names in its texts shielded.
fn shielded(tokenizer: &Tokenizer, value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(tokenizer.shield(text)),
        Json::Array(values) => values.iter().map(|value| shielded(tokenizer, value)).collect(),
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| (tokenizer.shield(name), shielded(tokenizer, value));
            Json::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

impl Model {
    /// The tokens before and after a mark in the last message: the text in its place can then be tokenized separately.
    ///
    /// # Errors
    /// As [`Model::prompt_of`], and if the mark occurs anywhere else in the conversation.
    pub fn prompt_around(&self, chat: &Chat, mark: char) -> Result<(Vec<Token>, Vec<Token>), PromptError> {
        let tokenizer = self.tokenizer().ok_or(PromptError::NoTokenizer)?;
        let text = self.laid_out(chat, tokenizer)?;
        let mut parts = text.split(mark);
        let (Some(head), Some(rest), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(PromptError::Unspelled(mark.to_string()));
        };
        let head = tokenizer.encode_first(head, Reading::Steering)?;
        let begin = tokenizer.begin().filter(|begin| head.first() != Some(begin));
        Ok((begin.into_iter().chain(head).collect(), tokenizer.encode(rest, Reading::Steering)?))
    }

    /// The conversation as its template renders it, with the contents of messages shielded.
    fn laid_out(&self, chat: &Chat, tokenizer: &Tokenizer) -> Result<String, PromptError> {
        let template = self.template().ok_or(PromptError::NoTemplate)?;
        let call = |call: &FunctionCall| FunctionCall {
            name: tokenizer.shield(&call.name),
            arguments: shielded(tokenizer, &call.arguments),
        };
        let shield = |message: &Message| Message {
            content: tokenizer.shield(&message.content),
            calls: message.calls.iter().map(call).collect(),
            ..message.clone()
        };
        let values = chat.values.iter().map(|(name, value)| (name.clone(), shielded(tokenizer, value))).collect();
        let chat = Chat { messages: chat.messages.iter().map(shield).collect(), values, ..chat.clone() };
        Ok(template.render_chat(&chat)?)
    }

    /// The tokens of a plain text, after the begin-of-text token if the model wants one. Names of control tokens in it
    /// are ordinary text.
    pub fn plain_prompt(&self, text: &str) -> Result<Vec<Token>, PromptError> {
        let tokenizer = self.tokenizer().ok_or(PromptError::NoTokenizer)?;
        let tokens = tokenizer.encode_first(text, Reading::Literal)?;
        Ok(tokenizer.begin().into_iter().chain(tokens).collect())
    }

    /// The tokens of a conversation, rendered by the model's template up to where its next turn begins. The contents of
    /// messages cannot end a turn or begin another one.
    pub fn chat_prompt(&self, messages: &[Message]) -> Result<Vec<Token>, PromptError> {
        self.prompt_of(&Chat::from(messages))
    }

    /// The tokens of a conversation, with further values for the template.
    pub fn prompt_of(&self, chat: &Chat) -> Result<Vec<Token>, PromptError> {
        let tokenizer = self.tokenizer().ok_or(PromptError::NoTokenizer)?;
        let tokens = tokenizer.encode_first(&self.laid_out(chat, tokenizer)?, Reading::Steering)?;
        // Some templates write the begin-of-text token themselves.
        let begin = tokenizer.begin().filter(|begin| tokens.first() != Some(begin));
        Ok(begin.into_iter().chain(tokens).collect())
    }
}

/// Streamed text, token by token: complete characters only, and nothing of a stop text.
#[derive(Clone, Debug)]
pub struct Speech {
    stream: TextStream,
    stops: Vec<String>,
    /// Text that may be the beginning of a stop text.
    held: String,
    ended: bool,
}

impl Speech {
    /// A stream that ends before the first of these stop texts.
    pub fn new(stops: &[String]) -> Speech {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Speech { stream: TextStream::default(), stops, held: String::new(), ended: false }
    }

    /// The text that is certain after one more token.
    pub fn push(&mut self, tokenizer: &Tokenizer, token: Token) -> String {
        let text = self.stream.push(tokenizer.piece(token));
        self.say(&text)
    }

    /// The remaining text, when no more comes.
    pub fn finish(&mut self) -> String {
        let rest = self.stream.finish();
        let said = self.say(&rest);
        said + &std::mem::take(&mut self.held)
    }

    fn say(&mut self, text: &str) -> String {
        if self.ended {
            return String::new();
        }
        self.held.push_str(text);
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.ended = true;
            let mut said = std::mem::take(&mut self.held);
            said.truncate(at);
            return said;
        }
        // The longest suffix that begins a stop text has to wait.
        let begins = |at: usize| self.stops.iter().any(|stop| stop.starts_with(&self.held[at..]));
        let wait = self.held.char_indices().map(|(at, _)| at).find(|at| begins(*at)).unwrap_or(self.held.len());
        let waiting = self.held.split_off(wait);
        std::mem::replace(&mut self.held, waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(parts: &[&str], stops: &[&str]) -> Vec<String> {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut speech = Speech::new(&stops);
        let mut said: Vec<String> = parts.iter().map(|part| speech.say(part)).collect();
        said.push(speech.finish());
        said
    }

    #[test]
    fn text_that_may_begin_a_stop_waits() {
        assert_eq!(spoken(&["one\n", "two\n", "\nthree"], &["\n\n"]), ["one", "\ntwo", "", ""]);
        assert_eq!(spoken(&["a<", "b"], &["<end>"]), ["a", "<b", ""]);
        assert_eq!(spoken(&["a<e"], &["<end>"]), ["a", "<e"]);
        assert_eq!(spoken(&["xSTOPy"], &["TOP", "STOP"]), ["x", ""]);
        assert_eq!(spoken(&["all of it"], &[]), ["all of it", ""]);
    }
}
