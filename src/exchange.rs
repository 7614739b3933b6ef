//! What crosses the border of the program: files that are read, languages of other checkers that are
//! written, these checkers, and what is stored.

pub(crate) mod advice;
pub(crate) mod checkers;
pub(crate) mod compare;
pub(crate) mod corpus;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod languages;
pub(crate) mod stored;
