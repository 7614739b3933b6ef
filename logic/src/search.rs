//! From conjectures to theorems: attempts, lemmas from stuck attempts, and the rounds of an exploration.

pub mod ended;
pub mod attempt;
pub mod checkpoint;
pub mod explore;
pub mod lemma;
pub mod standard;
