//! Models of a theory, in which conjectures are evaluated before any proof attempt.

pub mod evaluate;
pub mod finite;
mod instances;
mod lanes;
pub mod limits;
pub mod model;
mod plan;
pub mod reference;
#[cfg(test)]
mod tests;
