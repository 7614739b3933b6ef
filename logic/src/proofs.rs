//! Reconstructs proofs of the calculus from derivations of blocks, and finds the axioms that a proof uses.

pub mod axiom_use;
pub mod reconstruction;
pub mod transfer;
