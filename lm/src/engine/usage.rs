//! Counters of an engine and its nodes.

/// Work done so far, and the state of the page pool.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// Steps that computed at least one row.
    pub steps: u64,
    /// Rows computed.
    pub rows: u64,
    /// Tokens generated.
    pub generated: u64,
    /// Tokens found in the prefix cache.
    pub cached: u64,
    /// Draft tokens that were computed.
    pub drafted: u64,
    /// Draft tokens that were then drawn.
    pub accepted: u64,
    /// How often a node was preempted.
    pub preempted: u64,
    /// Keys, with their values, that policies removed from view.
    pub thinned: u64,
    /// Pages in use.
    pub pages_used: usize,
    /// The most pages in use at once.
    pub pages_peak: usize,
    /// Pages in the pool.
    pub pages: usize,
    /// Bytes per page, in all layers.
    pub page_bytes: usize,
}

/// What a node used by itself; the cost of joins and prunes is in their reports.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NodeUsage {
    /// Tokens that it was given to read: its prompt or the first tokens of its branch, and what was appended later, but
    /// not the text before its fork or what a join returned.
    pub prompt: usize,
    /// Tokens that it did not have to compute, since their keys and values were in the prefix cache. Tokens that it had
    /// computed itself before preemption do not count.
    pub cached: usize,
    /// The longest chain of tokens generated one after another, from the root to where the node ended.
    pub critical_path: usize,
    /// The most pages that it and all nodes below it held in a step, each page once.
    pub pages_peak: usize,
}
