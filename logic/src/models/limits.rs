//! Limits on the search for finite models.

use thiserror::Error;

/// Limits on the search for models.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SearchLimits {
    /// The largest number of individuals of each sort.
    pub largest: u16,
    /// The largest number of individuals of all sorts together, if there are several sorts.
    pub together: u16,
    /// The number of models wanted of each size.
    pub per_size: usize,
    /// The most propositional clauses per size.
    pub clauses: usize,
    /// The most conflicts per size.
    pub conflicts: u64,
}

impl SearchLimits {
    /// A cheap search; every model within these limits is within the default ones too.
    pub const QUICK: SearchLimits =
        SearchLimits { largest: 5, together: 6, per_size: 3, clauses: 100_000, conflicts: 2_000 };
}

impl Default for SearchLimits {
    fn default() -> Self {
        SearchLimits { largest: 6, together: 8, per_size: 3, clauses: 500_000, conflicts: 20_000 }
    }
}

/// Why a search ended before every size was searched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Reason {
    /// The clauses have too many instances.
    #[error("the axioms need at least {needed} propositional clauses, more than {most}")]
    TooManyClauses {
        /// The number counted when counting stopped.
        needed: usize,
        /// The limit.
        most: usize,
    },
    /// `go_on` returned false.
    #[error("it was told to stop")]
    Told,
    /// The solver reached the limit on conflicts.
    #[error("the solver met {0} conflicts without an answer")]
    OutOfConflicts(u64),
}
