//! Weight files, and the models in them.

pub(crate) mod error;
pub(crate) mod feed;
pub mod gguf;
pub(crate) mod model;
pub(crate) mod part;
pub(crate) mod safetensors;
pub(crate) mod shape;
pub(crate) mod tensors;
