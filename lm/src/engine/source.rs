//! Where a token of a text comes from.

/// Where a token comes from: the turn gave it, it was drawn, each with its log-probability, or a constraint left
/// no choice.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Given(f32),
    Drawn(f32),
    Forced,
}
