//! The prefix cache: pages that may be reused, by the name of what they hold.

use lru::LruCache;

use crate::kv::context::ContextId;
use crate::kv::pages::{PageId, PagePool};
use crate::kv::sequence::Sequence;

/// A page's name: the context of its last token, and the number of tokens.
type PageName = (ContextId, usize);

/// Pages by name. Each holds one reference; pages without another holder are evicted when pages run short, the least
/// recently used first.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    pages: LruCache<PageName, PageId>,
}

impl Default for PrefixCache {
    fn default() -> PrefixCache {
        PrefixCache { pages: LruCache::unbounded() }
    }
}

impl PrefixCache {
    /// The pages in the cache.
    pub(crate) fn held(&self) -> impl Iterator<Item = PageId> {
        self.pages.iter().map(|(_, page)| *page)
    }

    /// The page with this name.
    pub(crate) fn find(&self, name: PageName) -> Option<PageId> {
        self.pages.peek(&name).copied()
    }

    /// Adds the pages of a sequence that others may find. The first pages count as used last: without them the later
    /// ones cannot be found.
    pub(crate) fn remember(&mut self, sequence: &Sequence, page_tokens: usize, pool: &mut PagePool) {
        for segment in sequence.segments.iter().rev() {
            for (name, page) in segment.pages_to_find(page_tokens).into_iter().rev() {
                if self.pages.get(&name).is_none() {
                    pool.share(page);
                    self.pages.put(name, page);
                }
            }
        }
    }

    /// Evicts pages until `wanted` pages are free, or every remaining page has another holder.
    pub(crate) fn shrink(&mut self, wanted: usize, pool: &mut PagePool) {
        if pool.free() >= wanted {
            return;
        }
        let least_recent_first: Vec<PageName> = self.pages.iter().rev().map(|(name, _)| *name).collect();
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
