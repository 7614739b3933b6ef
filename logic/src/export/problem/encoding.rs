//! How functions are written in problems.

/// How functions are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// `in3[x,y,z,+]` as `plus(x,y) = z` wherever the theory proves `+` to be a function, and without guards such as
    /// `in(x,n)` where all sentences are about the elements of one set.
    #[default]
    Functional,
    /// Functional, with all guards.
    Guarded,
    /// Every formula unchanged.
    Relational,
}
