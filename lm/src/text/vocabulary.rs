//! Vocabularies, as read from model files.

mod entries;
pub(crate) mod folder;
mod library;

#[cfg(test)]
mod tests;
