//! How a sequence ends, and by which bound.

use serde::{Deserialize, Serialize};

/// The bound that ended a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Bound {
    /// Tokens of the turn.
    Tokens,
    /// Tokens of the node and all below it.
    Allowance,
    /// Positions of the model: the longest path through the tree counts.
    Context,
    /// Pages, of the pool or of the tree: even alone, what the node reads does not fit.
    Pages,
    /// Tokens one after the other, from the root on.
    Path,
    /// Branches of one spawn.
    Width,
    /// Spawns one below the other.
    Depth,
    /// Calls of tools.
    Calls,
    /// Time, see [`Engine::expire`](crate::Engine::expire).
    Time,
}

/// How a node ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It came to its end by itself.
    Concluded,
    /// A bound cut it off.
    Budget(Bound),
    /// It was cancelled.
    Cancelled,
    /// Too few of its branches concluded, or none of them was chosen; or, of a node without branches, the model gave
    /// something that is no number.
    Failed,
    /// The model gave no token: every one was impossible.
    Invalid,
}
