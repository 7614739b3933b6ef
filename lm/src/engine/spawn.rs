//! Spawn: opens branches and says what they return. One primitive with five kinds of join.

use crate::engine::turn::Then;
use crate::text::token::Token;

/// Branches to open below a node, and what the node sees of them afterwards.
#[derive(Clone, PartialEq, Debug)]
pub struct Spawn {
    /// The branches, in the order in which they are joined, whichever ends first.
    pub branches: Vec<Branch>,
    /// What the branches return.
    pub join: Join,
    /// How many branches have to conclude; with fewer the node fails.
    pub needs: usize,
    /// Tokens appended after what the branches return.
    pub close: Vec<Token>,
    /// What the node does next.
    pub then: Then,
}

/// A branch to open.
#[derive(Clone, PartialEq, Debug)]
pub struct Branch {
    /// The first tokens of the branch. If empty, the branch draws its first token from its parent's logits.
    pub tokens: Vec<Token>,
    /// What the branch does next.
    pub then: Then,
    /// Tokens that it and all nodes below it may generate. They are taken from those of its parent, and the rest is
    /// returned at the join: so a bound does not depend on which sibling is faster.
    pub allowance: usize,
}

/// What the parent sees of its branches.
#[derive(Clone, PartialEq, Debug)]
pub enum Join {
    /// Everything, as the branches computed it: they share their first position, none saw another, and what follows
    /// sees all of them and comes after the longest. Nothing is recomputed. Exact for a model whose attention is masked
    /// like that; to be useful, a model has to be trained for it.
    Stitch,
    /// Everything, as one text: recomputed, except for the first branch. Exact.
    Replay,
    /// The conclusion of each branch, as one text: recomputed. Exact.
    Value(Conclusion),
    /// One branch, as it computed itself: nothing is recomputed. Exact.
    Select(Choice),
    /// The conclusion of each branch as it was computed, with its whole branch in view, at new positions. Approximate,
    /// and the only join that depends on the pool: preempted text of a branch is recomputed, and the report says how
    /// much that is.
    Splice(Conclusion),
}

/// Which part of a branch is its conclusion.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conclusion {
    /// All but the first tokens, which the branch was given.
    Generated,
    /// The text after the last occurrence of these tokens. A branch without them has not concluded.
    Behind(Vec<Token>),
}

/// Which branch is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The branch that concluded with the fewest tokens, the first among equals. The others are cancelled as soon as
    /// they can no longer win.
    First,
    /// The one with the best mean log-probability, the first among equals.
    Best,
    /// The first of the branches with the most frequent output, token by token, if at least this many agree.
    Quorum(usize),
    /// The branch that the owner names when all are done, see [`Engine::choose`](crate::Engine::choose).
    Asked,
}
