//! How a node ends, and which bound ended it.

use serde::{Deserialize, Serialize};

/// The bound that ended a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Bound {
    /// Tokens of the turn.
    Tokens,
    /// Tokens of the node and all nodes below it.
    Allowance,
    /// Positions of the model: the longest path through the tree counts.
    Context,
    /// Pages of the pool or of the tree: the node's context does not fit even alone.
    Pages,
    /// Tokens generated one after another, from the root on.
    Path,
    /// Branches of one spawn.
    Width,
    /// Nesting of spawns.
    Depth,
    /// Tool calls.
    Calls,
    /// Time, see [`Engine::expire`](crate::Engine::expire).
    Time,
}

/// How a node ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It reached its own end.
    Concluded,
    /// A bound cut it off.
    Budget(Bound),
    /// It was cancelled.
    Cancelled,
    /// Too few of its branches concluded, or none was chosen; or, in a node without branches, the model computed a
    /// logit that is not finite.
    Failed,
    /// The model gave no token: all were impossible.
    Invalid,
}
