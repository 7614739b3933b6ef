//! Advisors without a model.

use theoremata_logic::advisors::Rival;
use theoremata_logic::search::explore::{Proposal, Query};

use super::advisor::Advisor;

/// An advisor that answers at once.
#[derive(Debug)]
pub struct RivalAdvisor {
    rival: Rival,
    waiting: Vec<Query>,
}

impl RivalAdvisor {
    /// The advisor.
    #[must_use]
    pub fn new(rival: Rival) -> RivalAdvisor {
        RivalAdvisor { rival, waiting: Vec::new() }
    }
}

impl Advisor for RivalAdvisor {
    fn post(&mut self, queries: Vec<Query>) {
        self.waiting.extend(queries);
    }

    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String> {
        Ok(std::mem::take(&mut self.waiting).iter().map(|query| self.rival.answer(query)).collect())
    }
}
