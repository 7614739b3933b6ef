//! Renders formulas in mathematical notation.
//!
//! MPL is relational: `a + b = b + a` is `in3[a,b,c,+] → in3[b,a,c,+]`. Where the theory says that a relation is the
//! graph of a function, a variable that only names its value is replaced by the term, which restores the equation.
//! [`Reading`] does this and returns a tree, [`Math`], which `Display` writes as Unicode text and other code may render
//! as markup.
//!
//! A rendering is for readers: it assumes that the terms it shows have values. The literal formula can always be shown
//! beside it.

mod atom;
mod clause;
mod graph;
mod law;
mod math;
mod naming;
mod reader;
mod reading;
mod signs;
#[cfg(test)]
mod tests;

pub(crate) use clause::{Binding, Fit, Matcher};
pub use clause::{Literal, Literals, Term};
pub use law::Law;
pub use math::{Group, Math, Role, Symbol};
pub use naming::Renaming;
pub use reading::{Axiom, Notation, Reading};
pub use signs::{Clash, Signs};
