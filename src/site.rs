//! The static site of a run.
