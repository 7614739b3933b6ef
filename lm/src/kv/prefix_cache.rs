//! Pages that may be wanted again, by the name of what they hold.

use lru::LruCache;

use crate::kv::context::ContextId;
use crate::kv::pages::{PageId, PagePool};
use crate::kv::sequence::Sequence;

/// Full pages by the name of their last token. Each holds one reference; those that nobody else holds are
/// given up when pages run short, the least recently used first.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    pages: LruCache<ContextId, PageId>,
}

impl Default for PrefixCache {
    fn default() -> PrefixCache {
        PrefixCache { pages: LruCache::unbounded() }
    }
}

impl PrefixCache {
    /// The pages it holds.
    pub(crate) fn held(&self) -> impl Iterator<Item = PageId> {
        self.pages.iter().map(|(_, page)| *page)
    }

    /// The page with this name.
    pub(crate) fn find(&self, name: ContextId) -> Option<PageId> {
        self.pages.peek(&name).copied()
    }

    /// Remembers the full pages of a sequence. The first ones count as used last: without them the others
    /// cannot be found.
    pub(crate) fn remember(&mut self, sequence: &Sequence, page_tokens: usize, pool: &mut PagePool) {
        for segment in sequence.segments.iter().rev() {
            let full: Vec<(ContextId, PageId)> = segment.full_pages(page_tokens).collect();
            for (name, page) in full.into_iter().rev() {
                if self.pages.get(&name).is_none() {
                    pool.share(page);
                    self.pages.put(name, page);
                }
            }
        }
    }

    /// Gives up pages until so many are free, or none is left that nobody else holds.
    pub(crate) fn shrink(&mut self, wanted: usize, pool: &mut PagePool) {
        if pool.free() >= wanted {
            return;
        }
        let least_recent_first: Vec<ContextId> = self.pages.iter().rev().map(|(name, _)| *name).collect();
        for name in least_recent_first {
            if let Some(page) = self.find(name).filter(|page| pool.references(*page) == 1) {
                self.pages.pop(&name);
                pool.release(page);
                if pool.free() >= wanted {
                    return;
                }
            }
        }
    }
}
