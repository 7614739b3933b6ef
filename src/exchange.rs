//! What crosses the border of the program: files that are read, languages of other checkers that are
//! written, and these checkers.

pub(crate) mod checkers;
pub(crate) mod input;
pub(crate) mod languages;
