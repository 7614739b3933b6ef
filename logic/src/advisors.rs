//! Advisors that need no model: rivals of a language model in the same seat.
//!
//! Each answers the questions of an exploration ([`Query`]) with proposals, within the same bounds as a model. So it can be
//! measured what a model adds: to statements drawn at random ([`Guide::random`]), to what an n-gram table has learned of
//! theorems of other theories ([`Guide::learned`]), to generalised subgoals ([`generalised`]), and to premises chosen by
//! the symbols that they share with a goal ([`premises`]). All are functions of the question and a seed.

mod generalise;
mod guide;
mod shape;
mod table;

use crate::search::explore::{Proposal, Query, Topic};
use crate::search::premises::{self, Chooser, NAMED};

pub use generalise::generalised;
pub use guide::Guide;
pub use table::Table;

/// An advisor of this folder.
#[derive(Clone, Debug)]
pub enum Rival {
    /// Statements drawn by a guide, and premises drawn at random.
    Drawn(Guide),
    /// Generalised subgoals; nothing else.
    Generalise,
    /// Premises by the symbols that they share with the goal; nothing else.
    Overlap(Chooser),
}

impl Rival {
    /// Its proposals, the best first.
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

/// The theorems that a chooser puts first.
fn by_overlap(chooser: Chooser, query: &Query) -> Option<Proposal> {
    let ranked = premises::rank(chooser, &query.theory, query.goal.as_ref()?, &query.theorems, &query.consequences);
    Some(Proposal::Premises(ranked.iter().take(NAMED).map(|place| query.theorems[*place].id.0).collect()))
}

#[cfg(test)]
mod tests;
