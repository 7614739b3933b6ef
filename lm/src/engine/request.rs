//! Settings of an engine, requests, and their bounds.

use std::ops::Range;

use theoremata_kernels::Kernels;

use crate::compute::backend::{Precision, Rows};
use crate::engine::turn::Then;
use crate::keep::choice::Kv;
use crate::speculate::speculation::Speculation;
use crate::text::token::Token;

/// Memory and operation of an engine. Apart from precision and exactness, no setting changes a token.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// Pages in the pool.
    pub pages: usize,
    /// Tokens per page.
    pub page_tokens: usize,
    /// Rows per step: generating sequences come first, and prompts are computed in chunks.
    pub rows: usize,
    /// The number format of keys and values.
    pub precision: Precision,
    /// How rows are multiplied with weights.
    pub exactness: Rows,
    /// The kernels to use.
    pub kernels: Kernels,
    /// Whether steps compute tokens ahead of sampling, and how many.
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

/// The root of a new tree.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The prompt; at least one token.
    pub tokens: Vec<Token>,
    /// Ranges of the prompt, ascending, that are members of sets: neighbours start at the same position and do not see
    /// each other; the text after them sees all, and follows the longest. A range that does not touch its predecessor
    /// begins another set.
    pub members: Vec<Range<usize>>,
    /// The seed of all draws of the tree.
    pub seed: u64,
    /// What the root does next.
    pub then: Then,
    /// Bounds of the tree.
    pub bounds: Bounds,
}

/// Bounds of a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Tokens that may be generated in total.
    pub tokens: usize,
    /// Branches per spawn.
    pub width: usize,
    /// Nesting of spawns.
    pub depth: usize,
    /// Tokens that may be generated one after another: those on the longest path from the root to a leaf. Parallel
    /// branches count as the longest that reached its end; if one branch is selected, that one counts.
    pub path: usize,
    /// Pages that all nodes of the tree may hold together. A tree that is short of pages works on fewer branches at a
    /// time; a node that needs more alone ends.
    pub pages: usize,
    /// Tool calls.
    pub calls: usize,
    /// The KV cache policy. Unlike all other bounds it changes the output of the tree.
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
