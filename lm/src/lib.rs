//! Inference with language models. The output depends on the request alone.
//!
//! **The same tokens in any batch.** The order of every sum is fixed by its row, and a token is drawn from a function
//! of seed, node and position; so batching, late admission, preemption and recomputation change no bit. Sequences fork,
//! and branches are joined or pruned, without moving keys or values; each join reports whether it is exact.
//!
//! The crate has no clock, no threads and no `async`: each step advances the batch once, on threads that the caller
//! lends.
//!
//! | folder | contents | depends on |
//! |---|---|---|
//! | `weights` | file formats and model configurations; weights packed for the kernels | `text` |
//! | `text` | vocabulary, chat template, prompts | `weights`, for the metadata in model files |
//! | `keep` | KV cache policies that keep only part of the cache | tokens |
//! | `kv` | pages, segments, sequences, the prefix cache | tokens; the output of policies |
//! | `constrain` | grammars, schemas, regular expressions: which tokens may come next | `text` |
//! | `speculate` | drafters: which tokens are likely to come next | `constrain` |
//! | `compute` | a forward pass of a batch of rows, on the processor or a device | `weights`; sets of tokens |
//! | `engine` | the main loop: scheduler, forks, joins, drafts, replay | all above |
//! | `program` | trees that are controlled by a program or written by the model itself | `engine` |
//! | `trust` | agreement among several answers, and answers with holes | nothing |
//!
//! Reading order: a [`Model`] is what is computed; an [`Engine`] grows trees of sequences over it. A [`Request`] starts
//! a tree, a [`Spawn`] opens branches and says what returns to their parent ([`Join`]), and a [`JoinReport`] says what
//! the join cost and whether it is exact. `engine.rs` has the main loop, `kv/sequence.rs` the visibility rule.
//!
//! ```
//! use std::{path::Path, sync::Arc};
//! use theoremata_kernels::Inline;
//! use theoremata_lm::{Bounds, Branch, Engine, Event, Join, Model, Request, Settings, Spawn, Then, Turn};
//!
//! let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama");
//! let mut engine = Engine::new(Arc::new(Model::load(&folder)?), Settings::default());
//! let root = engine.submit(Request { members: Vec::new(), tokens: vec![1, 2, 3], seed: 7, then: Then::Hold, bounds: Bounds::default() })?;
//! let path = |token| Branch { tokens: vec![token], then: Then::Conclude, allowance: 0 };
//! engine.spawn(root, Spawn {
//!     branches: vec![path(4), path(5)],
//!     join: Join::Stitch,
//!     needs: 2,
//!     close: vec![6],
//!     then: Then::Generate(Turn::greedy(3)),
//! })?;
//! let events = engine.run(&Inline)?;
//! assert!(events.iter().any(|event| matches!(event, Event::Joined { report, .. } if report.exact)));
//! assert_eq!(engine.generated(root).len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compute;
mod constrain;
mod engine;
mod keep;
mod kv;
mod program;
mod speculate;
mod text;
mod trust;
mod weights;

pub use compute::backend::{BackendError, Precision, Rows};
pub use compute::device::Device;
pub use constrain::constraint::{Constraint, ConstraintError, Ending, InitialState, TokenSet, TurnConstraint};
pub use constrain::grammar::Grammars;
pub use constrain::mpl::{Atom, Place, Signature};
pub use constrain::names::Names;
pub use constrain::shapes::{Multiverse, TaskForm};
pub use engine::Engine;
pub use engine::error::EngineError;
pub use engine::event::Event;
pub use engine::node::NodeId;
pub use engine::outcome::{Bound, Outcome};
pub use engine::prune::Prune;
pub use engine::replay_log::{Cut, LoggedToken, Origin, ReplayLog};
pub use engine::report::JoinReport;
pub use engine::request::{Bounds, Request, Settings};
pub use engine::spawn::{Branch, Choice, Conclusion, Join, Spawn};
pub use engine::turn::{After, Then, Turn};
pub use engine::usage::{NodeUsage, Usage};
pub use keep::choice::{Kv, KvError};
pub use program::answer::{Answer, Pruned, TreeUsage};
pub use program::decompose::{Cues, Decompose};
pub use program::first::FirstSuccess;
pub use program::growth::{Grown, Growth};
pub use program::interface::{Ground, Program};
pub use program::map::{Last, MapReduce};
pub use program::naming::{Naming, Warming};
pub use program::running::{Running, run_programs};
pub use program::score::{Ranking, Score};
pub use program::tags::{Paths, Tags};
pub use program::tasks::{Call, Memory, Tasks, recall_tool};
pub use program::vote::{Vote, count_votes, elected};
pub use speculate::drafter::{Drafter, Guess, LIKELY, Next};
pub use speculate::ngrams::Ngrams;
pub use speculate::speculation::Speculation;
pub use text::date::Date;
pub use text::layout::{Layout, PremiseLayout, laid_out};
pub use text::prompt::{PromptError, Speech};
pub use text::template::{Chat, FunctionCall, Message, Role, Template, TemplateError};
pub use text::text_stream::TextStream;
pub use text::token::Token;
pub use text::tokenizer::{Reading, Tokenizer};
pub use text::tokenizer_error::TokenizerError;
pub use trust::agreement::{CLOSE_BITS, count_close, is_close, run_hash, similarity_hash};
pub use trust::holes::{Calibrated, CostTree, HolesError, Pruning, allowed_failures};
pub use weights::error::ModelError;
pub use weights::gguf;
pub use weights::model::Model;
pub use weights::shape::{
    Biases, Experts, Family, HeadNorms, LayerAttention, ModelShape, ModelShapeError, Norms, Rotation,
};

#[cfg(test)]
mod tests;
