//! Text to tokens and back: the vocabulary, the chat template, prompts.

pub(crate) mod prompt;
pub(crate) mod template;
pub(crate) mod tokenizer;
