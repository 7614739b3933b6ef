//! A model as its files tell it: formats, sizes, and weights packed for the kernels.

pub mod gguf;
pub(crate) mod model;
pub(crate) mod shape;
