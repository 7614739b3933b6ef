//! Conversion between text and tokens for a job: prompts, items, plans.

use std::ops::Range;
use std::sync::Arc;

use theoremata_lm::{Chat, Date, Layout, Message, Model, PromptError, Reading, Role, Speech, Token, laid_out};

use super::conversation::{Said, Speaker};
use super::functions::{Calling, Functions};
use super::job::Job;
use super::output_format::OutputFormat;

/// Encodes and decodes text for a job with the model's tokenizer and template.
#[derive(Clone)]
pub(super) struct PromptCodec {
    model: Arc<Model>,
    raw: bool,
    system: Option<String>,
    /// Template variables besides the turns.
    chat: Chat,
    /// The turns before every question, including the system turn.
    earlier: Vec<Message>,
    /// The role of the last turn.
    asker: Speaker,
    /// Functions that an answer may call.
    functions: Option<(Functions, Calling)>,
    /// Premises of the question, and their layout.
    premises: Vec<String>,
    layout: Layout,
}

/// Placeholder for the premises in a rendered template: a private-use character.
const PREMISES: char = '\u{f8ff}';

impl PromptCodec {
    pub(super) fn new(model: Arc<Model>, job: &Job) -> PromptCodec {
        let functions = job.functions.clone().map(|functions| (functions, Calling::of(&model)));
        let raw = job.raw || (model.template().is_none() && job.earlier.is_empty() && functions.is_none());
        let date = job.date.as_deref().and_then(Date::parse);
        let mut values = job.template_values.clone();
        if let Some((functions, calling)) = functions.as_ref().filter(|(_, calling)| calling.is_by_template()) {
            values.insert("tools".to_owned(), calling.told(functions));
        }
        let chat = Chat { messages: Vec::new(), date, values };
        let system = job.system.iter().map(|text| Said::new(Speaker::System, text));
        let said: Vec<Said> = system.chain(job.earlier.iter().cloned()).collect();
        let earlier = match functions.as_ref().filter(|(_, calling)| !calling.is_by_template()) {
            Some((functions, calling)) => spelled_out(*calling, functions, &said),
            None => said.iter().map(Said::message).collect(),
        };
        let system = job.system.clone();
        let (premises, layout, asker) = (job.premises.clone(), job.layout, job.asker);
        PromptCodec { model, raw, system, chat, earlier, asker, functions, premises, layout }
    }

    /// The constraint on answers: that of the job, combined with the schemas of functions.
    pub(super) fn shape(&self, shape: &OutputFormat) -> OutputFormat {
        let held = self.functions.as_ref().map(|(functions, calling)| calling.shape(functions, shape));
        held.unwrap_or_else(|| shape.clone())
    }

    /// Context length of the model, in tokens.
    pub(super) fn context(&self) -> usize {
        self.model.shape().context
    }

    /// The tokens that end a turn.
    pub(super) fn ends(&self) -> Vec<Token> {
        self.model.tokenizer().map(|tokenizer| tokenizer.ends().to_vec()).unwrap_or_default()
    }

    /// The prompt of a question, with its premises.
    pub(super) fn prompt(&self, text: &str) -> Result<Vec<Token>, PromptError> {
        self.with_premises(text).map(|(tokens, _)| tokens)
    }

    /// The token ranges of the premises in every prompt; they precede everything in which prompts differ.
    pub(super) fn members(&self) -> Result<Vec<Range<usize>>, PromptError> {
        if self.premises.is_empty() { Ok(Vec::new()) } else { self.with_premises("").map(|(_, members)| members) }
    }

    fn with_premises(&self, text: &str) -> Result<(Vec<Token>, Vec<Range<usize>>), PromptError> {
        if self.raw && self.system.is_some() {
            return Err(PromptError::NoTemplate);
        }
        let chat = |text: String| {
            let spelled = self.functions.as_ref().is_some_and(|(_, calling)| !calling.is_by_template());
            let last = match self.asker {
                Speaker::Tool if spelled => Message::new(Role::User, replied(&text)),
                asker => Message::new(asker.into(), text),
            };
            Chat { messages: self.earlier.iter().cloned().chain([last]).collect(), ..self.chat.clone() }
        };
        if self.premises.is_empty() {
            let tokens =
                if self.raw { self.model.plain_prompt(text) } else { self.model.prompt_of(&chat(text.to_owned())) };
            return tokens.map(|tokens| (tokens, Vec::new()));
        }
        let premises = self.premises.iter().map(|premise| self.encode(&format!("{premise}\n")));
        let premises = premises.collect::<Result<Vec<_>, _>>()?;
        let (head, rest) = if self.raw {
            (self.model.plain_prompt("")?, self.encode(text)?)
        } else {
            self.model.prompt_around(&chat(format!("{PREMISES}{text}")), PREMISES)?
        };
        Ok(laid_out(&self.layout, &head, &premises, &rest))
    }

    /// Encodes a text that continues another one.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<Token>, PromptError> {
        let tokenizer = self.model.tokenizer().ok_or(PromptError::NoTokenizer)?;
        Ok(tokenizer.encode(text, Reading::Literal)?)
    }

    /// Decodes tokens, up to the first stop string.
    pub(super) fn said(&self, tokens: &[Token], stops: &[String]) -> String {
        let Some(tokenizer) = self.model.tokenizer() else { return String::new() };
        let mut speech = Speech::new(stops);
        let mut text: String = tokens.iter().map(|token| speech.push(tokenizer, *token)).collect();
        text.push_str(&speech.finish());
        text
    }
}

/// A conversation with functions for a template without tool support: the system turn describes the functions, calls
/// are written in the model's syntax, and their results are user turns.
fn spelled_out(calling: Calling, functions: &Functions, said: &[Said]) -> Vec<Message> {
    let mut told = vec![Message::new(Role::System, calling.described(functions))];
    for turn in said {
        match turn.role {
            Speaker::System => told[0].content = format!("{}\n\n{}", turn.content, told[0].content),
            Speaker::User => told.push(Message::new(Role::User, turn.content.clone())),
            Speaker::Assistant if turn.calls.is_empty() => told.push(turn.message()),
            Speaker::Assistant => {
                let text = format!("{}\n{}", turn.content, calling.written(&turn.calls));
                told.push(Message::new(Role::Assistant, text.trim()));
            }
            Speaker::Tool => told.push(Message::new(Role::User, replied(&turn.content))),
        }
    }
    told
}

/// The result of a function call, in a user turn.
fn replied(text: &str) -> String {
    format!("<tool_response>\n{text}\n</tool_response>")
}

impl Job {
    /// Number of prompt tokens.
    ///
    /// # Errors
    /// If the model has no tokenizer, or no template for a conversation.
    pub fn prompt_tokens(&self, model: &Arc<Model>) -> Result<usize, PromptError> {
        PromptCodec::new(model.clone(), self).prompt(&self.prompt).map(|tokens| tokens.len())
    }
}

/// The question for an item.
pub(super) fn about(question: &str, item: &str) -> String {
    format!("{question}\n\n{item}")
}

/// The common prefix of some token sequences, and the rest of each. A rest is empty only if its sequence is.
pub(super) fn shared(texts: Vec<Vec<Token>>) -> (Vec<Token>, Vec<Vec<Token>>) {
    let Some(first) = texts.first() else { return (Vec::new(), Vec::new()) };
    let shortest = texts.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(1);
    let same = |at: &usize| texts.iter().all(|text| text[*at] == first[*at]);
    let length = (0..shortest).take_while(same).count();
    (first[..length].to_vec(), texts.iter().map(|text| text[length..].to_vec()).collect())
}

/// The steps of a plan: its lines, without their numbering.
pub(super) fn steps(plan: &str, most: usize) -> Vec<String> {
    let numbering = |c: char| c.is_ascii_digit() || matches!(c, '-' | '*' | '.' | ')' | ' ' | '\t');
    let lines = plan.lines().map(|line| line.trim_start_matches(numbering).trim());
    lines.filter(|line| !line.is_empty()).take(most).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_stands_first_and_every_text_keeps_a_rest() {
        let (prefix, rests) = shared(vec![vec![1, 2, 3], vec![1, 2, 4, 5]]);
        assert_eq!((prefix, rests), (vec![1, 2], vec![vec![3], vec![4, 5]]));
        let (prefix, rests) = shared(vec![vec![1, 2], vec![1, 2]]);
        assert_eq!((prefix, rests), (vec![1], vec![vec![2], vec![2]]));
        assert!(shared(vec![vec![7], vec![8, 9]]).0.is_empty());
    }

    #[test]
    fn a_plan_is_read_without_its_numbers() {
        assert_eq!(steps("1. Add 2.\n\n - Halve it\n* \n3) Stop\nMore", 3), ["Add 2.", "Halve it", "Stop"]);
        assert!(steps("\n \n", 3).is_empty());
    }
}
