//! A tree as the engine admitted it.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::request::Bounds;
use crate::kv::pages::PageId;

/// A tree that was admitted.
#[derive(Debug)]
pub(crate) struct Tree {
    /// What its request allows it.
    pub(crate) bounds: Bounds,
    /// Calls of tools so far.
    pub(crate) calls: usize,
    /// Nodes that draw other numbers than the seed of the tree gives them, by the branches that lead to them: which ones.
    pub(crate) redrawn: BTreeMap<Vec<u32>, u64>,
}

/// The seed of a node that draws anew: each number gives another one.
pub(crate) fn redrawn(seed: u64, number: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    let mut drawn = [0; 8];
    drawn.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(drawn)
}

/// What a tree with a bound holds.
pub(crate) struct PageRoom {
    /// Pages of all its nodes, each once.
    pub(super) held: BTreeSet<PageId>,
    /// How many they may be.
    pub(super) bound: usize,
}

impl PageRoom {
    /// Whether a page of others may be held as well; it counts as held then.
    pub(crate) fn admits(&mut self, page: PageId) -> bool {
        let admitted = self.held.contains(&page) || self.held.len() < self.bound;
        if admitted {
            self.held.insert(page);
        }
        admitted
    }
}
