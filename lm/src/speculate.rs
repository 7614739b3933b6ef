//! Drafters: what a text says next, proposed before the model is asked.

pub(crate) mod acceptance;
mod distributions;
pub(crate) mod drafter;
mod hit_rate;
mod lookup;
pub(crate) mod ngrams;
pub(crate) mod speculation;
