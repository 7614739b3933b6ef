//! The prover as a service: statements in, verdicts out; every proof is checked and stored.
//!
//! An [`Examiner`] belongs to one theory. A request becomes a run like those of `theoremata prove`, with the lemmas as
//! earlier goals, so no claim of a caller is trusted: a lemma counts only if it is proved in the same run. The same
//! request is the same run, and is not executed again. A verdict is a theorem only if the checker accepted its proof,
//! which is in the store under the run and number that the verdict names.
//!
//! [`Desk`] holds the examiners of a process, and answers the [tool](crate::jobs::Tool) calls of models.

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
