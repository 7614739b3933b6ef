//! Text to tokens and back: the vocabulary, the chat template, prompts.

pub(crate) mod prompt;
mod steering;
pub(crate) mod template;
pub(crate) mod token;
pub(crate) mod tokenizer;
