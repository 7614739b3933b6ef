//! What an engine is asked for, and how much it may take.

use std::ops::Range;

use theoremata_kernels::Kernels;

use crate::compute::backend::{Precision, Rows};
use crate::engine::turn::Then;
use crate::keep::choice::Kv;
use crate::speculate::speculation::Speculation;
use crate::text::token::Token;

/// How much memory an engine takes, and how it works. Nothing here changes a token, except for the
/// precision and the exactness.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// Pages of the pool.
    pub pages: usize,
    /// Tokens of a page.
    pub page_tokens: usize,
    /// Rows of a step: sequences that generate come first, and prompts are computed in chunks.
    pub rows: usize,
    /// How keys and values are kept.
    pub precision: Precision,
    /// How rows meet weights.
    pub exactness: Rows,
    /// The arithmetic.
    pub kernels: Kernels,
    /// Whether steps compute tokens that are not drawn yet, and how many.
    pub speculation: Option<Speculation>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            pages: 256,
            page_tokens: 32,
            rows: 128,
            precision: Precision::Half,
            exactness: Rows::Rounded,
            kernels: Kernels::best(),
            speculation: None,
        }
    }
}

/// A tree to be grown: its root.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The prompt; at least one token.
    pub tokens: Vec<Token>,
    /// Ranges of the prompt, ascending, that are members of sets: neighbours start at one position and do not see each
    /// other, and what follows them sees all, behind the longest. A range that does not touch the one before begins
    /// another set.
    pub members: Vec<Range<usize>>,
    /// All draws of the tree hang on it.
    pub seed: u64,
    /// How the root goes on.
    pub then: Then,
    /// Bounds of the tree.
    pub bounds: Bounds,
}

/// Bounds of a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Tokens that may be generated in all.
    pub tokens: usize,
    /// Branches of one spawn.
    pub width: usize,
    /// Spawns one below the other.
    pub depth: usize,
    /// Tokens that may be generated one after the other: those on the longest path from the root to a leaf.
    /// Branches side by side count as the longest of those that came to an end; of branches of which one is
    /// chosen, that one counts.
    pub path: usize,
    /// Pages that all nodes of the tree may hold together. Where they are short the tree works on fewer
    /// branches at a time; a node that needs more than that alone ends.
    pub pages: usize,
    /// Calls of tools.
    pub calls: usize,
    /// What is kept of keys and values. Unlike all other bounds it changes what the tree says.
    pub kv: Kv,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            tokens: usize::MAX,
            width: 64,
            depth: 8,
            path: usize::MAX,
            pages: usize::MAX,
            calls: usize::MAX,
            kv: Kv::All,
        }
    }
}
