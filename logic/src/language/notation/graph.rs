//! Atoms that state a function value.

use std::sync::Arc;

use crate::calculus::formula::Name;

/// An atom that states a function value: the value variable, and the function with its inputs.
pub(super) struct Graph {
    pub(super) value: Name,
    pub(super) inputs: Vec<Name>,
    pub(super) head: Head,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Head {
    Infix(Arc<str>, u8),
    Prefix(Arc<str>),
    Postfix(Arc<str>),
}
