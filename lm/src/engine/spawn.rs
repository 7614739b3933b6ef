//! Spawn: branches to be opened, and what comes back of them. One primitive with five conventions of return.

use crate::engine::turn::Then;
use crate::text::token::Token;

/// Branches to be opened below a node, and what the node sees of them afterwards.
#[derive(Clone, PartialEq, Debug)]
pub struct Spawn {
    /// The branches, in the order in which they are joined, whichever ends first.
    pub branches: Vec<Branch>,
    /// What comes back.
    pub join: Join,
    /// So many branches have to conclude; with fewer the node fails.
    pub needs: usize,
    /// Appended behind what comes back.
    pub close: Vec<Token>,
    /// How the node goes on.
    pub then: Then,
}

/// A branch to be opened.
#[derive(Clone, PartialEq, Debug)]
pub struct Branch {
    /// What the branch begins with. May be empty: then it draws its first token where its siblings do.
    pub tokens: Vec<Token>,
    /// How it goes on.
    pub then: Then,
    /// Tokens that it and all below it may generate. They are taken from those of its parent, and what is
    /// left of them goes back at the join: so a bound does not depend on which sibling is faster.
    pub allowance: usize,
}

/// What the parent sees of its branches.
#[derive(Clone, PartialEq, Debug)]
pub enum Join {
    /// Everything, as the branches computed it: they share their first position, none saw another, and
    /// what follows sees all of them, behind the longest. Nothing is computed again. Exact for a model
    /// whose attention is masked like that; a model has to be trained for it to be of use.
    Stitch,
    /// Everything, as one text: computed again, except for what stands first. Exact.
    Replay,
    /// The conclusion of each branch as one text, computed again. Exact.
    Value(Conclusion),
    /// One branch, as it computed itself: nothing is computed again. Exact.
    Select(Choice),
    /// The conclusion of each branch as it was computed, with all its branch in view, at new positions.
    /// Approximate, and the only join that hangs on the pool: what a branch had to let go of for lack of
    /// pages is computed again, and the report says how much that is.
    Splice(Conclusion),
}

/// Which part of a branch is its conclusion.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conclusion {
    /// All but the tokens that the branch began with.
    Generated,
    /// What stands behind the last of these tokens. A branch without them has not concluded.
    Behind(Vec<Token>),
}

/// Which branch is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The one that concluded with the fewest tokens, the first among equals. The others are cancelled as
    /// soon as they cannot be it any more.
    First,
    /// The one with the best mean log-probability, the first among equals.
    Best,
    /// The first of those that most of them agree with to the token, if at least so many do.
    Quorum(usize),
    /// The one that the owner names when all are done, see [`Engine::choose`].
    Asked,
}
