//! What an engine did, and how full its pool of pages is.

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
