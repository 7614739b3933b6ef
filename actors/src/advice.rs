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

mod model;
mod recorded;
mod rival;
mod spec;

use std::fmt::Debug;

use theoremata_logic::search::explore::{Advice, Proposal, Query};

pub use model::ModelAdvisor;
pub use recorded::Recorded;
pub use rival::RivalAdvisor;
pub use spec::{By, Unfit};

/// Answers questions.
pub trait Advisor: Debug + Send {
    /// Takes questions, in the order of their numbers, and begins to think. It returns at once.
    fn post(&mut self, queries: Vec<Query>);

    /// Waits for the answers to all that was posted and not answered, and gives them in the order of the questions.
    ///
    /// # Errors
    /// In words, if there is no answer: then the run ends here, and can go on later.
    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String>;
}

/// That a run is advised, by whom and how much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advised {
    /// By whom.
    pub by: By,
    /// How much may be asked, and what.
    pub advice: Advice,
}
