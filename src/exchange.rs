//! Input and output formats: files that are read, languages of external checkers, these checkers, and stored runs.

pub(crate) mod advice;
pub(crate) mod checkers;
pub(crate) mod compare;
pub(crate) mod corpus;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod languages;
pub(crate) mod stored;
