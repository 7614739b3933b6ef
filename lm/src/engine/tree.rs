//! A tree as the engine admitted it.

use std::collections::BTreeSet;

use crate::engine::request::Bounds;
use crate::kv::pages::PageId;

/// A tree that was admitted.
#[derive(Debug)]
pub(crate) struct Tree {
    /// What its request allows it.
    pub(crate) bounds: Bounds,
    /// Calls of tools so far.
    pub(crate) calls: usize,
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
