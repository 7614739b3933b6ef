//! The trusted part: formulas, theories, proofs, and the checker.
//!
//! This stage depends on no other. To believe a theorem, read these files and
//! [docs/calculus.md](https://docs.rs/theoremata-logic); nothing of the search is trusted.

pub mod check;
pub mod checked;
pub mod formula;
pub mod proof;
pub mod sort;
pub mod theory;
pub mod well_formed;
