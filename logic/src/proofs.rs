//! From what blocks derived to proofs of the calculus, and what a proof takes from its theory.

pub mod axiom_use;
pub mod reconstruction;
pub mod transfer;
