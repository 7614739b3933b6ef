//! A token of a vocabulary.

/// A token, by its place in the vocabulary.
pub type Token = u32;
