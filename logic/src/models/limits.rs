//! How far finite models are looked for.

use thiserror::Error;

/// How far to look for models.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SearchLimits {
    /// The largest carrier, of each sort.
    pub largest: u16,
    /// The most individuals of all sorts together, if there are several sorts.
    pub together: u16,
    /// How many models of one size are wanted.
    pub per_size: usize,
    /// The most propositional clauses for one size.
    pub clauses: usize,
    /// The most conflicts for one size.
    pub conflicts: u64,
}

impl SearchLimits {
    /// What costs little: models that are found within these limits are found within the usual ones as well.
    pub const QUICK: SearchLimits =
        SearchLimits { largest: 5, together: 6, per_size: 3, clauses: 100_000, conflicts: 2_000 };
}

impl Default for SearchLimits {
    fn default() -> Self {
        SearchLimits { largest: 6, together: 8, per_size: 3, clauses: 500_000, conflicts: 20_000 }
    }
}

/// Why a search ended before it had looked at every size.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Reason {
    /// The clauses have too many instances.
    #[error("the axioms need at least {needed} propositional clauses, more than {most}")]
    TooManyClauses {
        /// So many were counted, when counting stopped.
        needed: usize,
        /// The limit.
        most: usize,
    },
    /// The caller said stop.
    #[error("it was told to stop")]
    Told,
    /// The solver met too many conflicts.
    #[error("the solver met {0} conflicts without an answer")]
    OutOfConflicts(u64),
}
