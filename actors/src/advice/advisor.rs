//! What a run expects of whoever advises it.

use std::fmt::Debug;

use theoremata_logic::search::explore::{Proposal, Query};

/// Answers questions.
pub trait Advisor: Debug + Send {
    /// Takes questions, in the order of their numbers, and begins to think. It returns at once.
    fn post(&mut self, queries: Vec<Query>);

    /// Waits for the answers to all that was posted and not answered, and gives them in the order of the questions.
    ///
    /// # Errors
    /// In words, if there is no answer: then the run ends here, and can go on later.
    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String>;

    /// Tokens that a language model wrote for the answers so far: none if there is no model.
    fn tokens(&self) -> u64 {
        0
    }
}
