//! Text in and text out: MPL as people write it, the form in which records hold formulas, and the notation in which
//! readers see them.

pub mod application;
pub mod characters;
pub mod infix;
pub mod mpl;
pub mod notation;
pub mod sort_text;
pub mod text;
