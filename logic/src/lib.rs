//! The logic of Theoremata: from axioms in MPL to checked theorems.
//!
//! Synchronous and pure: no clock, no file, no thread, no randomness. Values in, values out.
//!
//! Reading order: [`formula`], [`theory`] (what a user said), [`proof`] and [`check`] (what a proof
//! is), [`clause`] (the first-order view of a theory), then the search.

pub mod clause;
pub mod formula;
pub mod model;
pub mod proof;
pub mod theory;
