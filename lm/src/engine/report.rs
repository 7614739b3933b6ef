//! What a join or a prune did.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a join or a prune did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JoinReport {
    /// Whether the node's context now holds exactly what the model computes for this text.
    pub exact: bool,
    /// Tokens whose keys and values were kept.
    pub reused: usize,
    /// Tokens that have to be computed for the first time.
    pub new: usize,
    /// Tokens that have to be computed again.
    pub reencoded: usize,
    /// Tokens that a branch or the node saw and that are no longer in view.
    pub dropped: usize,
    /// The range of the node's tokens that returned.
    pub range: Range<usize>,
    /// Indices of branches that returned nothing.
    pub left_out: Vec<u32>,
}
