//! What the pages say, as plain values, worked out once: no markup here.

pub(crate) mod address;
pub(crate) mod catalogue;
pub(crate) mod gather;
pub(crate) mod graph;
pub(crate) mod paging;
pub(crate) mod report;
