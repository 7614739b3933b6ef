//! Models of a theory, in which conjectures are evaluated before anybody tries to prove them.

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
