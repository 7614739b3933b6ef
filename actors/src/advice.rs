//! Advice for runs: who answers when an exploration is stuck.
//!
//! A run puts its questions to an [`Advisor`] as soon as they arise and goes on ([`Advisor::post`]); it takes the answers
//! at one point of its own ([`Advisor::answers`]), where it waits for them. Who advises, and with which seed and budget, is
//! part of what a run is known by ([`Advised`]), and the answers are kept with the run: so a run that goes on after a kill,
//! or is done again from what the store holds, comes to the same bytes, and what was answered is not asked again.
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

/// That a run is advised, by whom and how much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advised {
    /// By whom.
    pub by: By,
    /// How much may be asked, and what.
    pub advice: Advice,
}
