//! Constraints on generated text: grammars, schemas, regular expressions, and trees of tags and tasks.

pub(crate) mod constraint;
pub(crate) mod grammar;
pub(crate) mod mpl;
pub(crate) mod names;
pub(crate) mod shapes;
pub(crate) mod state;
