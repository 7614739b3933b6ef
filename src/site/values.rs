//! Contents of the pages as plain values, without markup.

pub(crate) mod address;
pub(crate) mod catalogue;
pub(crate) mod gather;
pub(crate) mod graph;
pub(crate) mod layout;
pub(crate) mod mathematics;
pub(crate) mod names;
pub(crate) mod paging;
pub(crate) mod report;
