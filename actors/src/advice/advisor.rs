//! The interface between a run and its advisor.

use std::fmt::Debug;

use theoremata_logic::search::explore::{Proposal, Query};

/// Answers queries of a run.
pub trait Advisor: Debug + Send {
    /// Accepts queries, in the order of their numbers, and starts working. Returns at once.
    fn post(&mut self, queries: Vec<Query>);

    /// Waits for the answers to all pending queries, and returns them in the order of the queries.
    ///
    /// # Errors
    /// A message, if there is no answer: the run ends here, and can be resumed later.
    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String>;

    /// Tokens that a language model generated for answers so far; 0 without a model.
    fn tokens(&self) -> u64 {
        0
    }
}
