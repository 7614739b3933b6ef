//! An admitted tree.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::request::Bounds;
use crate::kv::pages::PageId;

/// An admitted tree.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The bounds of its request.
    pub(crate) bounds: Bounds,
    /// Tool calls so far.
    pub(crate) calls: usize,
    /// Nodes that draw from another seed than the tree's, by the branches that lead to them, and their seeds.
    pub(crate) redrawn: BTreeMap<Vec<u32>, u64>,
}

/// The seed of a redrawn node; it differs for each number.
pub(crate) fn redrawn(seed: u64, number: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    let mut drawn = [0; 8];
    drawn.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(drawn)
}

/// The pages held by a tree with a bound.
pub(crate) struct PageRoom {
    /// Pages of all its nodes, each once.
    pub(super) held: BTreeSet<PageId>,
    /// The bound on their number.
    pub(super) bound: usize,
}

impl PageRoom {
    /// Whether the tree may hold one more page, which is already held by others; if so, it is counted.
    pub(crate) fn admits(&mut self, page: PageId) -> bool {
        let admitted = self.held.contains(&page) || self.held.len() < self.bound;
        if admitted {
            self.held.insert(page);
        }
        admitted
    }
}
