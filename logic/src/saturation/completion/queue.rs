//! The queue of unprocessed equations: selected by weight, and from time to time by age.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::equation::EquationId;

/// The source of an unprocessed equation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// A given equation, or a formerly active one that can be simplified.
    Known(EquationId),
    /// A subterm of a side of `outer` unifies with a side of `inner`.
    Overlap {
        /// The outer equation.
        outer: EquationId,
        /// Which of its sides.
        outer_forward: bool,
        /// The inner equation.
        inner: EquationId,
        /// Which of its sides.
        inner_forward: bool,
        /// The index of the subterm in [`super::overlap::parts`].
        part: u16,
    },
}

/// One selection in this many takes the oldest equation.
const FAIRNESS: u32 = 6;

/// Unprocessed equations.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    items: Vec<Option<Item>>,
    heap: BinaryHeap<Reverse<(u32, u32)>>,
    oldest: usize,
    turn: u32,
    /// Selected before all others.
    urgent: Vec<Item>,
    waiting: usize,
}

impl Queue {
    /// The number of queued items.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// Queues an item.
    pub(super) fn push(&mut self, weight: u32, item: Item) {
        self.heap.push(Reverse((weight, self.items.len() as u32)));
        self.items.push(Some(item));
        self.waiting += 1;
    }

    /// Queues an item ahead of all others.
    pub(super) fn push_first(&mut self, item: Item) {
        self.urgent.push(item);
        self.waiting += 1;
    }

    /// The next item.
    pub(super) fn pop(&mut self) -> Option<Item> {
        if self.waiting == 0 {
            return None;
        }
        self.waiting -= 1;
        if let Some(item) = self.urgent.pop() {
            return Some(item);
        }
        self.turn += 1;
        if self.turn.is_multiple_of(FAIRNESS) {
            while self.oldest < self.items.len() {
                self.oldest += 1;
                if let Some(item) = self.items[self.oldest - 1].take() {
                    return Some(item);
                }
            }
        }
        while let Some(Reverse((_, place))) = self.heap.pop() {
            if let Some(item) = self.items[place as usize].take() {
                return Some(item);
            }
        }
        unreachable!("what waits is in the heap")
    }
}
