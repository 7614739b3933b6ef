//! Tokenization, chat templates and prompts.

pub(crate) mod alphabet;
pub(crate) mod date;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod pieces;
pub(crate) mod prompt;
pub(crate) mod python;
pub(crate) mod steering;
pub(crate) mod template;
pub(crate) mod text_stream;
pub(crate) mod token;
pub(crate) mod tokenizer;
pub(crate) mod tokenizer_error;
pub(crate) mod vocabulary;
pub(crate) mod words;
