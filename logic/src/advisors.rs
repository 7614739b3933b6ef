//! Advisors without a language model: baselines in the same role.
//!
//! Each answers the questions of an exploration ([`Query`]) with proposals, within the same limits as a model. They
//! show what a model adds over: random statements ([`Guide::random`]), an n-gram table learned from theorems of other
//! theories ([`Guide::learned`]), generalised subgoals ([`generalised`]), and premises selected by symbol overlap with
//! a goal ([`premises`]). All are functions of the question and a seed.

mod generalise;
mod guide;
mod shape;
mod table;

use crate::search::explore::{Proposal, Query, Topic};
use crate::search::premises::{self, Chooser, NAMED};

pub use generalise::generalised;
pub use guide::Guide;
pub use table::Table;

/// An advisor of this module.
#[derive(Clone, Debug)]
pub enum Rival {
    /// Statements sampled by a guide, and random premises.
    Drawn(Guide),
    /// Only generalised subgoals.
    Generalise,
    /// Only premises, by symbol overlap with the goal.
    Overlap(Chooser),
}

impl Rival {
    /// Its proposals, best first.
    #[must_use]
    pub fn answer(&self, query: &Query) -> Vec<Proposal> {
        match (self, query.topic) {
            (Rival::Drawn(guide), Topic::Premises) => {
                let subset = |place: usize| Proposal::Premises(guide.subset(query, place));
                (0..query.most.min(2)).map(subset).collect()
            }
            (Rival::Drawn(guide), _) => guide.statements(query).into_iter().map(Proposal::Statement).collect(),
            (Rival::Generalise, Topic::Lemma) => {
                generalised(query).into_iter().take(query.most).map(Proposal::Statement).collect()
            }
            (Rival::Overlap(chooser), Topic::Premises) => by_overlap(*chooser, query).into_iter().collect(),
            (Rival::Generalise | Rival::Overlap(_), _) => Vec::new(),
        }
    }
}

/// The theorems that a chooser ranks highest.
fn by_overlap(chooser: Chooser, query: &Query) -> Option<Proposal> {
    let ranked = premises::rank(chooser, &query.theory, query.goal.as_ref()?, &query.theorems, &query.consequences);
    Some(Proposal::Premises(ranked.iter().take(NAMED).map(|place| query.theorems[*place].id.0).collect()))
}

#[cfg(test)]
mod tests;
