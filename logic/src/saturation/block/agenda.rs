//! The agenda of a block: the function values and witnesses that rules request.

use std::collections::{BTreeMap, VecDeque};

use crate::saturation::facts::FactId;
use crate::saturation::pattern::Individual;
use crate::saturation::rule::RuleId;

/// A requested value or witness.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) price: u32,
    pub(super) rule: RuleId,
    pub(super) binding: Vec<Individual>,
    pub(super) parents: Vec<FactId>,
}

/// A priority queue of requests: lowest price first, FIFO among equal prices. There are few prices and often a million
/// entries, so each price has its own queue; a binary heap took a fifth of the time of long attempts.
#[derive(Debug, Default)]
pub(super) struct Agenda(BTreeMap<u32, VecDeque<Wanted>>);

impl Agenda {
    pub(super) fn push(&mut self, wanted: Wanted) {
        self.0.entry(wanted.price).or_default().push_back(wanted);
    }

    pub(super) fn pop(&mut self) -> Option<Wanted> {
        let mut cheapest = self.0.first_entry()?;
        let wanted = cheapest.get_mut().pop_front();
        if cheapest.get().is_empty() {
            cheapest.remove();
        }
        wanted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All requests, in the order of [`Agenda::pop`].
    pub(super) fn into_order(self) -> impl Iterator<Item = Wanted> {
        self.0.into_values().flatten()
    }
}

impl FromIterator<Wanted> for Agenda {
    fn from_iter<I: IntoIterator<Item = Wanted>>(all: I) -> Agenda {
        let mut agenda = Agenda::default();
        all.into_iter().for_each(|wanted| agenda.push(wanted));
        agenda
    }
}
