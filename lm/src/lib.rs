//! Language models whose answers depend on the question alone.
//!
//! **The same tokens, whatever else is in the batch.** Every sum has one order that belongs to its row,
//! and a token is drawn by a function of seed, node and place; so batching, late admission, pre-emption
//! and recomputation change no bit. A thread of tokens can be forked, and its branches joined or pruned,
//! without moving a key or a value, and each join says whether what follows is exact.
//!
//! The crate has no clock and no thread of its own and is not `async`: one step moves the batch on by
//! one, and whoever calls it lends the hands.

mod cache;
mod context;
mod engine;
mod event;
mod forward;
pub mod gguf;
mod join;
mod model;
mod node;
mod pages;
mod plan;
mod prune;
mod request;
mod segment;
mod shape;
mod template;
mod thread;
mod tokenizer;

pub use engine::Engine;
pub use event::{EngineError, Event, Usage};
pub use forward::Precision;
pub use join::{Branch, Choice, Conclusion, Join, Report, Spawn};
pub use model::{Model, ModelError};
pub use node::{After, Bound, NodeId, Outcome, Then, Turn};
pub use prune::Prune;
pub use request::{Bounds, Request, Settings};
pub use shape::{Family, Shape, ShapeError};
pub use template::{Message, Role, Template, TemplateError};
pub use tokenizer::{Reading, TextStream, Token, Tokenizer, TokenizerError};

#[cfg(test)]
mod tests;
