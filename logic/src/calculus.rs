//! The trusted part: formulas, theories, proofs, and the checker that decides whether a proof is one.
//!
//! This stage knows no other. Whoever wants to believe a theorem reads these files and
//! [docs/calculus.md](https://docs.rs/theoremata-logic), and nothing of the search.

pub mod check;
pub mod checked;
pub mod formula;
pub mod proof;
pub mod sort;
pub mod theory;
pub mod well_formed;
