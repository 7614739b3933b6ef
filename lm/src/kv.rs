//! The KV cache: reference-counted pages, segments of tokens stored in them, sequences of segments, the prefix cache.

pub(crate) mod context;
pub(crate) mod pages;
pub(crate) mod prefix_cache;
pub(crate) mod reduced;
pub(crate) mod segment;
pub(crate) mod sequence;
