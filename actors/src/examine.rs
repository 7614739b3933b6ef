//! The prover as others ask it: statements in, verdicts out, every proof checked and kept.
//!
//! An [`Examiner`] belongs to one theory. What it is asked becomes a run like those of `theoremata prove`, with the
//! lemmas as goals before it, so nothing that a caller says is taken for granted: a lemma counts if it is proved in the
//! same run. The same question is the same run, and is not done again. A verdict that is a theorem is one because the
//! checker has accepted its proof, which is in the store under the run and number that the verdict names.
//!
//! [`Desk`] has the examiners of a process, and answers what models ask through [tools](crate::jobs::Tool).

mod contradiction;
mod desk;
mod equivalence;
mod examiner;
mod proved;
mod record;
mod tools;

pub use desk::{Desk, Origin, asked_by};
pub use examiner::{Examiner, Limits, Verdict};
pub use proved::Proved;
pub use tools::{EQUIVALENT, JUDGE, prover_tools};
