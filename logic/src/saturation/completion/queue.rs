//! What is to be looked at: the light first, and from time to time the old.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::equation::EquationId;

/// Where an equation comes from that was not looked at yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// It was given, or stood among the active ones until it could be simplified.
    Known(EquationId),
    /// A part of a side of `outer` is an instance of a side of `inner`.
    Overlap {
        /// The equation around.
        outer: EquationId,
        /// Which of its sides.
        outer_forward: bool,
        /// The equation inside.
        inner: EquationId,
        /// Which of its sides.
        inner_forward: bool,
        /// The part's number, in the order of [`super::overlap::parts`].
        part: u16,
    },
}

/// One of so many choices falls on the oldest.
const FAIRNESS: u32 = 6;

/// Equations that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    items: Vec<Option<Item>>,
    heap: BinaryHeap<Reverse<(u32, u32)>>,
    oldest: usize,
    turn: u32,
    /// Those that come before all others.
    urgent: Vec<Item>,
    waiting: usize,
}

impl Queue {
    /// How many wait.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// Enters an item.
    pub(super) fn push(&mut self, weight: u32, item: Item) {
        self.heap.push(Reverse((weight, self.items.len() as u32)));
        self.items.push(Some(item));
        self.waiting += 1;
    }

    /// Enters an item that comes next.
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
