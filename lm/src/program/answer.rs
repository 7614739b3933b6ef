//! What came of a program.

use crate::engine::outcome::Outcome;
use crate::engine::report::JoinReport;
use crate::engine::usage::NodeUsage;
use crate::program::growth::Grown;
use crate::text::token::Token;

/// Text that was taken out of view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pruned {
    /// By this number the tool `recall` finds it: lists, or tasks, are counted from 1 as they are finished.
    pub number: usize,
    /// What was taken out. [`Engine::recall`](crate::Engine::recall) puts it back into a node that goes on.
    pub tokens: Vec<Token>,
}

/// What a tree took, summed over its nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TreeUsage {
    /// Tokens that nodes were given to read, see [`NodeUsage::prompt`].
    pub prompt: usize,
    /// Tokens of what nodes read that were found computed.
    pub cached: usize,
    /// Tokens that were written one after the other on the longest way through the tree.
    pub critical_path: usize,
    /// The most pages that the tree held in a step. That is no sum: nodes of a tree share pages.
    pub pages_peak: usize,
    /// Tokens that were written.
    pub generated: usize,
    /// Tokens whose keys and values were kept at a join.
    pub reused: usize,
    /// Tokens that a join brought to be computed for the first time.
    pub new: usize,
    /// Tokens that had to be computed again.
    pub reencoded: usize,
    /// Tokens that were taken out of view.
    pub dropped: usize,
    /// Calls of tools that were answered.
    pub calls: usize,
}

/// What came of a program.
///
/// Outcome, conclusion, nodes and choice hang on the inputs and the seed alone. The joins and the usage
/// say what was done this time: where pages are short, less is reused.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What the branch that was taken wrote, or what the root wrote last.
    pub tokens: Vec<Token>,
    /// The branch of the root that was taken, where the program takes one.
    pub chosen: Option<u32>,
    /// Where branches vote: each different answer by the place of the first branch that gave it, and how many
    /// gave it.
    pub votes: Vec<(u32, usize)>,
    /// The whole text of the tree, where it is one text that the model itself parts.
    pub text: Vec<Token>,
    /// What of it was taken out of view.
    pub pruned: Vec<Pruned>,
    /// All nodes, a parent before its branches, branches in their order.
    pub nodes: Vec<Grown>,
    /// What each join did, and whether it is exact, with the path of its node; in the order of the paths.
    pub joins: Vec<(Vec<u32>, JoinReport)>,
    /// The same of each time that text was taken out of view or put back.
    pub prunes: Vec<(Vec<u32>, JoinReport)>,
    /// Whether a policy of keys and values thinned what any node read: then the text is approximate.
    pub thinned: bool,
    /// What each node took, in the order of the nodes.
    pub node_usage: Vec<(Vec<u32>, NodeUsage)>,
    /// What all of it took.
    pub usage: TreeUsage,
}
