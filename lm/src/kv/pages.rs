//! The page pool: which pages are in use, and how many references each has.

/// A page of keys and values, by its index in the pool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct PageId(pub(crate) u32);

/// Reference counts of a fixed number of pages.
///
/// A page is free, or it has at least one holder. The holder of a [`PageId`] has one reference and returns it with
/// [`PagePool::release`]. Nothing is released implicitly, so tests can count references.
#[derive(Clone, Debug)]
pub(crate) struct PagePool {
    /// By page: the number of references; 0 if free.
    counts: Vec<u32>,
    /// Free pages. Pages are first taken in ascending order; released pages are taken again first.
    free: Vec<PageId>,
    /// The most pages ever in use at once.
    peak: usize,
}

impl PagePool {
    pub(crate) fn new(capacity: usize) -> PagePool {
        PagePool { counts: vec![0; capacity], free: (0..capacity as u32).rev().map(PageId).collect(), peak: 0 }
    }

    /// A free page, with one reference; `None` if there is none.
    pub(crate) fn take(&mut self) -> Option<PageId> {
        let page = self.free.pop()?;
        self.counts[page.0 as usize] = 1;
        self.peak = self.peak.max(self.used());
        Some(page)
    }

    /// Adds a holder to a page in use.
    pub(crate) fn share(&mut self, page: PageId) {
        let count = &mut self.counts[page.0 as usize];
        assert!(*count > 0, "a free page cannot be shared");
        *count += 1;
    }

    /// Removes a holder; the last one frees the page.
    pub(crate) fn release(&mut self, page: PageId) {
        let count = &mut self.counts[page.0 as usize];
        assert!(*count > 0, "a free page cannot be released");
        *count -= 1;
        if *count == 0 {
            self.free.push(page);
        }
    }

    pub(crate) fn references(&self, page: PageId) -> u32 {
        self.counts[page.0 as usize]
    }

    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    pub(crate) fn used(&self) -> usize {
        self.counts.len() - self.free.len()
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    pub(crate) fn capacity(&self) -> usize {
        self.counts.len()
    }

    /// Compares the counts with the references of all holders.
    pub(crate) fn audit(&self, held: impl Iterator<Item = PageId>) -> Result<(), String> {
        let mut found = vec![0; self.counts.len()];
        for page in held {
            found[page.0 as usize] += 1;
        }
        for (page, (count, found)) in self.counts.iter().zip(&found).enumerate() {
            if count != found {
                return Err(format!("page {page} counts {count} holders, and {found} hold it"));
            }
        }
        let in_use = self.counts.iter().filter(|count| **count > 0).count();
        if in_use + self.free.len() != self.counts.len() {
            return Err(format!("{in_use} used and {} free of {} pages", self.free.len(), self.counts.len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_free_when_its_last_holder_lets_go() {
        let mut pool = PagePool::new(2);
        let (first, second) = (pool.take().expect("a page"), pool.take().expect("a page"));
        assert_eq!((pool.take(), pool.used(), pool.free()), (None, 2, 0));
        pool.share(first);
        pool.release(first);
        assert_eq!(pool.free(), 0);
        assert!(pool.audit([first, second].into_iter()).is_ok());
        assert!(pool.audit([first].into_iter()).is_err());
        pool.release(first);
        assert_eq!((pool.free(), pool.peak(), pool.take()), (1, 2, Some(first)));
    }

    #[test]
    #[should_panic(expected = "free page")]
    fn a_free_page_cannot_be_released() {
        PagePool::new(1).release(PageId(0));
    }
}
