//! Advice for runs: answers to the queries of stuck explorations.
//!
//! A run posts its queries to an [`Advisor`] as soon as they arise, and continues ([`Advisor::post`]); it takes the
//! answers at one fixed point, where it waits for them ([`Advisor::answers`]). The advisor, its seed and its budget are
//! part of the run's identity ([`Advised`]), and answers are stored with the run. A run that is resumed, or replayed
//! from the store, therefore comes to the same bytes, and answered queries are not posted again.
//!
//! ```text
//!  stuck blocks ── Query ──►┌ Advisor ───────────────┐── Job ──►  pool of models        (model.rs)
//!                           │ post: returns at once  │── at once: random, n-grams, …    (rival.rs)
//!  exploration ◄─ Proposal ─│ answers: waits         │── from the run as it was stored  (recorded.rs)
//!                           └────────────────────────┘
//! ```

mod advisor;
mod model;
mod recorded;
mod rival;
mod spec;

use theoremata_logic::search::explore::Advice;

pub use advisor::Advisor;
pub use model::{Answering, ModelAdvisor};
pub use recorded::Recorded;
pub use rival::RivalAdvisor;
pub use spec::{By, Unfit};

/// The advisor of a run, and its budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advised {
    /// The advisor.
    pub by: By,
    /// What may be asked, and how much.
    pub advice: Advice,
}
