//! What an engine did, how full its pool of pages is, and what each node took.

/// What was done so far, and how full the pool is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// Steps that computed something.
    pub steps: u64,
    /// Rows that were computed.
    pub rows: u64,
    /// Tokens that were generated.
    pub generated: u64,
    /// Tokens that were found computed.
    pub cached: u64,
    /// Rows of tokens that were computed before they were drawn.
    pub drafted: u64,
    /// Those of them that were drawn then.
    pub accepted: u64,
    /// How often a node had to let go of its pages.
    pub preempted: u64,
    /// Keys, with their values, that policies took out of view.
    pub thinned: u64,
    /// Pages in use.
    pub pages_used: usize,
    /// The most pages that were in use.
    pub pages_peak: usize,
    /// Pages there are.
    pub pages: usize,
    /// Bytes of a page in all layers.
    pub page_bytes: usize,
}

/// What a node took by itself; what joins and prunes took, their reports say.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NodeUsage {
    /// Tokens that it was given to read: its prompt or the beginning of its branch, and what was appended later. What it
    /// reads from before its fork, and what comes with a join, is not among them.
    pub prompt: usize,
    /// Tokens that it did not have to compute, since their keys and values were found in the prefix cache. What it had
    /// computed before, and had to let go of, does not count.
    pub cached: usize,
    /// Tokens that were generated one after the other on the longest way from the root to where the node ended.
    pub critical_path: usize,
    /// The most pages that it and all nodes below it held in a step, each page once.
    pub pages_peak: usize,
}
