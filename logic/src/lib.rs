//! The logic of Theoremata: from axioms in MPL to checked theorems.
//!
//! Synchronous and pure: no clock, file, thread or randomness. Functions map values to values.
//!
//! The stages, in reading order; each depends only on those before it: [`calculus`] (proofs and their checker: trusted,
//! depends on nothing), [`language`] (parsing and rendering), [`clauses`] (the clauses of a theory), [`models`] and
//! [`conjecture`] (which statements are worth proving), [`saturation`] (logic blocks and completion), [`proofs`] (proof
//! reconstruction), [`search`] (attempts, and the rounds of [`search::explore`]), [`advisors`] (deterministic advice
//! for a stuck search, without a language model), [`export`] (theorems for other checkers).
//!
//! ```
//! use std::sync::Arc;
//! use theoremata_logic::search::explore::{Exploration, Options, Task};
//! use theoremata_logic::{language::mpl, search::attempt};
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
//!             let solved = blocks.into_iter().map(attempt::solve);
//!             let (verdicts, steps): (Vec<_>, Vec<u64>) = solved.unzip();
//!             exploration.commit(verdicts, count, steps.iter().sum());
//!         }
//!         Task::Ask => unreachable!("nobody is asked by default"),
//!         Task::Finished => break,
//!     }
//! }
//! assert_eq!(exploration.theorems.len(), 1, "transitivity, twice: proved and checked");
//! ```

pub mod advisors;
pub mod calculus;
pub mod clauses;
pub mod conjecture;
pub mod export;
pub mod language;
pub mod models;
pub mod proofs;
mod random;
pub mod saturation;
pub mod search;
