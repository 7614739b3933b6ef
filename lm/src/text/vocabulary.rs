//! Vocabularies as files tell them.

mod entries;
pub(crate) mod folder;
mod library;

#[cfg(test)]
mod tests;
