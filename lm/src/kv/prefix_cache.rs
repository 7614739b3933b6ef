//! Pages that may be wanted again, by the name of what they hold.

use std::collections::{BTreeMap, HashMap};

use crate::kv::context::ContextId;
use crate::kv::pages::{PageId, PagePool};
use crate::kv::sequence::Sequence;

/// Full pages by the name of their last token. Each holds one reference; those that nobody else holds are
/// given up when pages run short, the least recently used first.
#[derive(Debug, Default)]
pub(crate) struct PrefixCache {
    pages: HashMap<ContextId, (PageId, u64)>,
    /// The same by age.
    ages: BTreeMap<u64, ContextId>,
    clock: u64,
}

impl PrefixCache {
    /// The pages it holds.
    pub(crate) fn held(&self) -> impl Iterator<Item = PageId> {
        self.ages.values().map(|name| self.pages[name].0)
    }

    /// The page with this name.
    pub(crate) fn find(&self, name: ContextId) -> Option<PageId> {
        self.pages.get(&name).map(|(page, _)| *page)
    }

    /// Remembers the full pages of a sequence. The first ones count as used last: without them the others
    /// cannot be found.
    pub(crate) fn remember(&mut self, sequence: &Sequence, page_tokens: usize, pool: &mut PagePool) {
        for segment in sequence.segments.iter().rev() {
            let full: Vec<(ContextId, PageId)> = segment.full_pages(page_tokens).collect();
            for (name, page) in full.into_iter().rev() {
                self.clock += 1;
                let page = match self.pages.get(&name) {
                    Some((known, age)) => {
                        self.ages.remove(age);
                        *known
                    }
                    None => {
                        pool.share(page);
                        page
                    }
                };
                self.pages.insert(name, (page, self.clock));
                self.ages.insert(self.clock, name);
            }
        }
    }

    /// Gives up pages until so many are free, or none is left that nobody else holds.
    pub(crate) fn shrink(&mut self, wanted: usize, pool: &mut PagePool) {
        if pool.free() >= wanted {
            return;
        }
        let ages: Vec<u64> = self.ages.keys().copied().collect();
        for age in ages {
            let name = self.ages[&age];
            let (page, _) = self.pages[&name];
            if pool.references(page) == 1 {
                self.ages.remove(&age);
                self.pages.remove(&name);
                pool.release(page);
                if pool.free() >= wanted {
                    return;
                }
            }
        }
    }
}
