//! One harness for all operations: each sibling against the definition, bit for bit, and the definition
//! against sums in f64 of what its documentation says, within a stated tolerance.
//!
//! Outputs are filled with NaN beforehand, so that what is not written shows. Shapes are odd. A row is
//! computed alone, in batches, and on an executor that interleaves as it likes.

mod attention;
mod common;
mod crew;
mod numbers;
mod products;
mod rows;
mod sampling;
#[path = "../../../tests/common/skip.rs"]
mod skip;
