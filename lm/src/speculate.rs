//! Drafters, which propose tokens before the model computes them.

pub(crate) mod acceptance;
mod distributions;
pub(crate) mod drafter;
mod hit_rate;
mod lookup;
pub(crate) mod ngrams;
pub(crate) mod speculation;
