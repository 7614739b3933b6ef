//! Between what people write and what programs read: prompts, items, plans.

use std::path::Path;

use theoremata_lm::{Message, Model, PromptError, Reading, Role, Speech, Token, Tokenizer};

use crate::failure::Failure;
use crate::input;

/// The model's way with texts.
pub(super) struct Texts<'a> {
    model: &'a Model,
    tokenizer: &'a Tokenizer,
    raw: bool,
}

impl<'a> Texts<'a> {
    pub(super) fn new(model: &'a Model, raw: bool) -> Result<Texts<'a>, Failure> {
        let tokenizer = model.tokenizer().ok_or_else(|| wrong(PromptError::NoTokenizer))?;
        Ok(Texts { model, tokenizer, raw: raw || model.template().is_none() })
    }

    pub(super) fn tokenizer(&self) -> &'a Tokenizer {
        self.tokenizer
    }

    /// The tokens that end an answer.
    pub(super) fn ends(&self) -> Vec<Token> {
        self.tokenizer.ends().to_vec()
    }

    /// A question up to where its answer begins.
    pub(super) fn prompt(&self, text: &str) -> Result<Vec<Token>, Failure> {
        let tokens = if self.raw {
            self.model.plain_prompt(text)
        } else {
            self.model.chat_prompt(&[Message { role: Role::User, content: text.to_owned() }])
        };
        tokens.map_err(wrong)
    }

    /// A text that stands behind another one.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<Token>, Failure> {
        self.tokenizer.encode(text, Reading::Literal).map_err(|error| wrong(error.into()))
    }

    /// What tokens say, up to one of the texts that end it.
    pub(super) fn said(&self, tokens: &[Token], stops: &[String]) -> String {
        let mut speech = Speech::new(stops);
        let mut text: String = tokens.iter().map(|token| speech.push(self.tokenizer, *token)).collect();
        text.push_str(&speech.finish());
        text
    }
}

fn wrong(error: PromptError) -> Failure {
    Failure::Usage(error.to_string())
}

/// The items of a file: its lines, blank ones left out.
pub(super) fn items(path: &Path) -> Result<Vec<String>, Failure> {
    let bytes = input::read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{} is not UTF-8", path.display())))?;
    let items: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if items.is_empty() {
        return Err(Failure::Usage(format!("{} holds no item: one a line", path.display())));
    }
    Ok(items)
}

/// The question about an item.
pub(super) fn about(question: &str, item: &str) -> String {
    format!("{question}\n\n{item}")
}

/// What some texts begin with together, and the rest of each. No rest is empty, unless its text is.
pub(super) fn shared(texts: Vec<Vec<Token>>) -> (Vec<Token>, Vec<Vec<Token>>) {
    let Some(first) = texts.first() else { return (Vec::new(), Vec::new()) };
    let shortest = texts.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(1);
    let same = |at: &usize| texts.iter().all(|text| text[*at] == first[*at]);
    let length = (0..shortest).take_while(same).count();
    (first[..length].to_vec(), texts.iter().map(|text| text[length..].to_vec()).collect())
}

/// The steps that a plan names: its lines, without what numbers them.
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
