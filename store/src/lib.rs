//! Persistent storage of Theoremata: runs, theorems, the steps of their proofs, and the outcomes of all other
//! conjectures.
//!
//! A run grows by cycles. [`Store::commit`] writes a cycle atomically, and returns when it is durable; a process killed
//! at any moment loses at most the cycle in flight. Steps are content-addressed ([`NodeId`]) and immutable. The store
//! has no clock, no thread and no knowledge of logic: formulas are text, and all it requires of a proof is that
//! premises come first.
//!
//! `FORMAT.md` describes the format. Reading order: [`Proof`] and the records it consists of, [`Store`],
//! [`StoreReader`], then [`disk`], the interface to a storage engine.
//!
//! ```
//! use theoremata_store::{Batch, Begin, Input, Node, Proof, ScopeRecord, Store, Theorem};
//!
//! let store = Store::in_memory();
//! let input = Input { name: "order.mpl".into(), bytes: b"; no axioms".to_vec() };
//! let Begin::New(run) = store.begin(&[input], "{}", "today")? else { unreachable!("it is empty") };
//!
//! let mut proof = Proof::new();
//! let outer = proof.add_scope(ScopeRecord { variables: vec!["x".into()], ..ScopeRecord::default() })?;
//! let root = proof.add(Node {
//!     rule: "reflexivity".into(),
//!     parameters: vec![],
//!     conclusion: "(=[x,x])".into(),
//!     premises: vec![],
//!     substitution: vec![],
//!     scope: outer,
//! })?;
//! let theorem = Theorem {
//!     number: 1,
//!     cycle: 1,
//!     statement: "(=[x,x])".into(),
//!     root,
//!     kind: "direct".into(),
//!     corollary: false,
//!     essential: true,
//!     assumptions: vec![],
//!     citations: vec![],
//!     subject: Default::default(),
//! };
//! store.commit(&run, 1, &Batch { theorems: vec![(theorem, proof)], ..Batch::default() })?;
//! assert_eq!(&*store.node(&root)?.expect("it was just written").rule, "reflexivity");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod codec;
mod committed;
mod directory;
pub mod disk;
mod error;
mod export;
mod import;
mod journal;
mod layout;
mod lines;
mod pack;
mod proof;
mod reader;
mod record;
mod sled_disk;
mod store;
mod verify;
mod view;
mod write;

pub use directory::FORMAT;
pub use error::{DiskError, StoreError};
pub use export::Contents;
pub use import::{ImportError, Imported, LINE_BYTES, Referee};
pub use journal::JournalEnd;
pub use proof::{Dangling, Proof};
pub use reader::StoreReader;
pub use record::{
    Batch, Checkpoint, Input, InputSummary, JournalId, Mark, Node, NodeId, Outcome, Parameter, Run, RunId, ScopeId,
    ScopeRecord, Status, Theorem,
};
pub use store::{Begin, Conclusion, Store, run_id};
pub use verify::{Flaw, Report};
