//! A token of a vocabulary.

/// A token, by its index in the vocabulary.
pub type Token = u32;
