//! Readable mathematics: what a formula looks like to a person.
//!
//! MPL is relational, so `a + b = b + a` stands there as `in3[a,b,c,+] → in3[b,a,c,+]`. Where the
//! theory says that a relation is the graph of a function, a variable that only names its value can
//! be replaced by the term, and the person's reading comes back. [`Reading`] does that and gives a
//! tree, [`Math`], which can be written as Unicode text ([`Math`] implements `Display`) or as markup
//! by whoever walks it.
//!
//! A reading is for readers: it presupposes that the terms it shows have values. The literal formula
//! is always there to be shown beside it.

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
