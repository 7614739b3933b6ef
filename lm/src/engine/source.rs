//! Where a token of a text comes from.

/// Where a token comes from: given by the turn or drawn, each with its log-probability, or forced by a constraint.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Given(f32),
    Drawn(f32),
    Forced,
}
