//! What a join or a prune did.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a join or a prune did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JoinReport {
    /// Whether all that the node reads now is what a model computes that reads just that.
    pub exact: bool,
    /// Tokens whose keys and values were kept.
    pub reused: usize,
    /// Tokens that have to be computed for the first time.
    pub new: usize,
    /// Tokens that have to be computed again.
    pub reencoded: usize,
    /// Tokens that were in view of a branch or of the node and are not any more.
    pub dropped: usize,
    /// What came back, counted in tokens along what the node reads.
    pub range: Range<usize>,
    /// Branches of which nothing came back, by their place.
    pub left_out: Vec<u32>,
}
