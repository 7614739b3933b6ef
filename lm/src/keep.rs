//! What is kept of keys and values, where a tree is told to keep less than all: policies, each in a file of its own.

pub(crate) mod anchors;
pub(crate) mod choice;
pub(crate) mod demote;
pub(crate) mod ladder;
pub(crate) mod policy;
pub(crate) mod recall;
pub(crate) mod run;
pub(crate) mod scored;
