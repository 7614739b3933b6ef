//! The result of a program.

use crate::engine::outcome::Outcome;
use crate::engine::report::JoinReport;
use crate::engine::usage::NodeUsage;
use crate::program::growth::Grown;
use crate::text::token::Token;

/// Text that was removed from view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pruned {
    /// The number by which the tool `recall` finds it: lists, or tasks, are counted from 1 in the order of completion.
    pub number: usize,
    /// The removed tokens. [`Engine::recall`](crate::Engine::recall) puts them back into a node that continues.
    pub tokens: Vec<Token>,
}

/// The work done for a tree, summed over its nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TreeUsage {
    /// Tokens that nodes were given to read, see [`NodeUsage::prompt`].
    pub prompt: usize,
    /// Tokens that nodes found in the prefix cache.
    pub cached: usize,
    /// The longest chain of tokens generated one after another through the tree.
    pub critical_path: usize,
    /// The most pages that the tree held in a step. Not a sum, since the nodes of a tree share pages.
    pub pages_peak: usize,
    /// Tokens generated.
    pub generated: usize,
    /// Tokens whose keys and values were kept at a join.
    pub reused: usize,
    /// Tokens that a join added and that had to be computed for the first time.
    pub new: usize,
    /// Tokens that had to be recomputed.
    pub reencoded: usize,
    /// Tokens removed from view.
    pub dropped: usize,
    /// Tool calls that were answered.
    pub calls: usize,
}

/// The result of a program.
///
/// Outcome, conclusion, nodes and choice depend on the inputs and the seed alone. The reports of joins and the usage
/// describe this execution: when pages are short, less is reused.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The output of the selected branch, or the last output of the root.
    pub tokens: Vec<Token>,
    /// The branch of the root that was selected, if the program selects one.
    pub chosen: Option<u32>,
    /// If branches vote: each distinct answer, as the index of the first branch that gave it, with its number of votes.
    pub votes: Vec<(u32, usize)>,
    /// The whole text of the tree, if it is one text that the model itself structures.
    pub text: Vec<Token>,
    /// What was removed from view in it.
    pub pruned: Vec<Pruned>,
    /// All nodes: parents before their branches, branches in order.
    pub nodes: Vec<Grown>,
    /// The report of each join, with the path of its node; ordered by path.
    pub joins: Vec<(Vec<u32>, JoinReport)>,
    /// The report of each time that text was removed from view or put back.
    pub prunes: Vec<(Vec<u32>, JoinReport)>,
    /// Whether a KV cache policy thinned the text of any node: then the output is approximate.
    pub thinned: bool,
    /// The usage of each node, in the order of the nodes.
    pub node_usage: Vec<(Vec<u32>, NodeUsage)>,
    /// The usage of the whole tree.
    pub usage: TreeUsage,
}
