//! Proof search: attempts, lemmas from stuck attempts, and the rounds of an exploration.

pub mod attempt;
pub mod checkpoint;
mod computation;
pub mod ended;
pub mod explore;
mod extension;
mod free;
pub mod lemma;
pub mod library;
mod names;
mod parameters;
pub mod premises;
pub mod standard;
