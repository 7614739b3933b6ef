//! Keys and values: counted pages, segments of tokens in them, sequences of segments, and the prefix cache.

pub(crate) mod context;
pub(crate) mod pages;
pub(crate) mod prefix_cache;
pub(crate) mod reduced;
pub(crate) mod segment;
pub(crate) mod sequence;
