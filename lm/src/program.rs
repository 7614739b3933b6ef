//! Programs, which own a tree: they open the branches, and the model only fills them.
//!
//! A model that was not trained to split its work writes no usable outline. Here a program determines the shape of the
//! tree, and the model writes its leaves. A program is a small state machine over the engine's events; its result is a
//! function of its inputs and its seed, whatever else is in the batch.
//!
//! A model that does split its work drives the same branches: [`Tags`](crate::Tags) and [`Tasks`](crate::Tasks) are
//! programs that read what it writes, and open, join and prune accordingly.

pub(crate) mod answer;
pub(crate) mod decompose;
pub(crate) mod first;
pub(crate) mod growth;
pub(crate) mod interface;
pub(crate) mod map;
pub(crate) mod naming;
pub(crate) mod running;
pub(crate) mod score;
pub(crate) mod tags;
pub(crate) mod tasks;
pub(crate) mod vote;
mod writing;
