//! Rendering of values to files: markup, drawings, pages, and their folder.

pub(crate) mod definition;
pub(crate) mod downloads;
pub(crate) mod drawing;
pub(crate) mod escape;
pub(crate) mod exports;
pub(crate) mod folder;
pub(crate) mod math;
pub(crate) mod mathematics;
pub(crate) mod pages;
pub(crate) mod proof;
pub(crate) mod sentence;
pub(crate) mod shelf;
pub(crate) mod theorem;
