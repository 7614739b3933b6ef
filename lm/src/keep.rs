//! KV cache policies, which keep only part of the keys and values of a tree; one file each.

pub(crate) mod anchors;
pub(crate) mod choice;
pub(crate) mod demote;
pub(crate) mod ladder;
pub(crate) mod policy;
pub(crate) mod recall;
pub(crate) mod run;
pub(crate) mod scored;
