//! The logic of Theoremata: from axioms in MPL to checked theorems.
//!
//! Synchronous and pure: no clock, no file, no thread, no randomness. Values in, values out.
//!
//! Reading order: [`formula`], [`theory`] (what a user said), [`proof`] and [`check`] (what a proof
//! is); [`clause`] and [`compile`] (the first-order view of a theory), [`model`] and [`conjecture`]
//! (what is worth proving); [`rule`], [`layer`], [`classes`] and [`block`] (how a block derives),
//! [`sequent`] and [`prove`] (attempts), [`extract`] (from what was derived to a proof), and
//! [`explore`], which makes a row of rounds of it all. [`given`] says what a proof takes from its
//! theory, and [`export`] writes theorems for other checkers.
//! [`naive`] is the plain definition of a block.
//!
//! ```
//! use std::sync::Arc;
//! use theoremata_logic::explore::{Exploration, Options, Task};
//! use theoremata_logic::{mpl, prove};
//!
//! let text = "(theory Order[N,<] (>[x,y,z] (& (in2[x,y,<]) (in2[y,z,<])) (in2[x,z,<])))
//!     (conjecture four (>[a,b,c,d] (& (in2[a,b,<]) (& (in2[b,c,<]) (in2[c,d,<]))) (in2[a,d,<])))";
//! let (theory, _) = mpl::read_mpl("order.mpl", text.as_bytes(), &mut |_| Err("no imports".into())).expect("a theory");
//! let mut exploration = Exploration::new(Arc::new(theory), &[], Options { generate: false, ..Options::default() });
//! loop {
//!     match exploration.next() {
//!         Task::Prepare => assert!(exploration.prepare(&mut || true)),
//!         Task::Solve(blocks) => {
//!             let count = blocks.len() as u64;
//!             let solved = blocks.into_iter().map(prove::solve);
//!             let (verdicts, steps): (Vec<_>, Vec<u64>) = solved.unzip();
//!             exploration.commit(verdicts, count, steps.iter().sum());
//!         }
//!         Task::Finished => break,
//!     }
//! }
//! assert_eq!(exploration.theorems.len(), 1, "transitivity, twice: proved and checked");
//! ```

pub mod block;
pub mod check;
pub mod checkpoint;
pub mod classes;
pub mod clause;
pub mod compile;
pub mod conjecture;
pub mod explore;
pub mod export;
pub mod extract;
pub mod formula;
pub mod given;
pub mod ground;
pub mod layer;
pub mod lemma;
pub mod model;
pub mod mpl;
pub mod naive;
pub mod notation;
pub mod proof;
pub mod prove;
pub mod rule;
pub mod sequent;
pub mod theory;
