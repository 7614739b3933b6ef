//! One harness for all operations: each sibling against the definition, bit for bit, and the definition against the
//! documented formula in f64, within a stated tolerance.
//!
//! Outputs are filled with NaN beforehand, to reveal elements never written. Shapes are odd. Each row is computed
//! alone, in batches, and on an executor with arbitrary interleaving.

mod attention;
mod common;
mod crew;
mod numbers;
mod products;
mod rows;
mod sampling;
#[path = "../../../tests/common/skip.rs"]
mod skip;
