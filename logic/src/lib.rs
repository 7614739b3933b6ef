//! The logic of Theoremata: from axioms in MPL to checked theorems.
//!
//! Synchronous and pure: no clock, no file, no thread, no randomness. Values in, values out.
//!
//! Reading order: [`formula`], [`theory`] (what a user said), [`proof`] and [`check`] (what a proof
//! is), [`clause`] (the first-order view of a theory), then the search.

pub mod block;
pub mod classes;
pub mod layer;
pub mod rule;
pub mod check;
pub mod checkpoint;
pub mod clause;
pub mod compile;
pub mod conjecture;
pub mod sequent;
pub mod explore;
pub mod extract;
pub mod formula;
pub mod ground;
pub mod model;
pub mod mpl;
pub mod naive;
pub mod notation;
pub mod lemma;
pub mod prove;
pub mod proof;
pub mod theory;
