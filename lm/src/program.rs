//! Programs that own a tree: they open the branches, so that the model only has to fill them.
//!
//! A model that was never trained to part its work writes no outline worth the name. Here the shape of the
//! tree is the program's, and the model writes its leaves. A program is a small state machine over the
//! engine's events; what it concludes is a function of its inputs and its seed, whatever else is in the
//! batch.
//!
//! A model that parts its work by itself drives the same branches: [`Tags`](crate::Tags) and
//! [`Tasks`](crate::Tasks) are programs that read what it writes and open, join and prune accordingly.

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
