//! The clausal view of a theory: relations, clauses, functions, inductions.

pub mod clause;
pub mod compile;
