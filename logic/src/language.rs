//! Parsing and rendering: MPL as people write it, the form of formulas in records, and mathematical notation for
//! readers.

pub mod application;
pub mod characters;
pub mod infix;
pub mod mpl;
pub mod notation;
pub mod sort_text;
pub mod text;
