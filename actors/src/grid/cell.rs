//! A cell: the blocks of a contiguous range of ids, which share one actor.

use std::sync::Arc;

use super::block::{Block, BlockId, Post, Slot};
use super::house::{Bundle, House};
use super::register::Tally;
use super::runtime::Options;

/// Blocks that live together. Plain data: the actor around it is in `exchange.rs`.
pub(crate) struct Cell<B: Block> {
    number: u32,
    /// By place; as long as the highest place taken so far.
    slots: Vec<Option<Slot<B>>>,
}

/// What the cells of one thread work with, one after the other. Idle blocks hold no buffers, and the busy
/// ones use warm ones.
pub(crate) struct Bench<B: Block> {
    pub(crate) house: House,
    pub(crate) options: Options,
    pub(crate) cycle: u64,
    pub(crate) budget: u64,
    /// By place in the cell; empty between cells.
    inboxes: Vec<Vec<Arc<[B::Mail]>>>,
    /// Places to be run.
    woken: Vec<usize>,
    /// What the cells have done in this cycle.
    pub(crate) tally: Tally<B>,
    /// By receiving thread: what they have posted.
    pub(crate) outgoing: Vec<Bundle<B::Mail>>,
}

impl<B: Block> Bench<B> {
    pub(crate) fn new(house: House, options: Options) -> Self {
        Self {
            house,
            options,
            cycle: 0,
            budget: 0,
            inboxes: Vec::new(),
            woken: Vec::new(),
            tally: Tally::default(),
            outgoing: (0..house.threads).map(|_| Bundle::default()).collect(),
        }
    }

    fn post(&mut self, cell: u32, posts: Vec<Post<B::Mail>>) {
        for post in posts {
            self.outgoing[self.house.thread(post.0)].push(cell, post);
        }
    }
}

/// What became of the blocks of a cell in a cycle.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Whether one of them runs in the next cycle without mail.
    pub(crate) awake: bool,
    /// How many are no more.
    pub(crate) failed: usize,
}

impl<B: Block> Cell<B> {
    pub(crate) fn new(number: u32) -> Self {
        Self { number, slots: Vec::new() }
    }

    /// Takes a block in.
    pub(crate) fn admit(&mut self, place: usize, slot: Slot<B>) {
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        let before = self.slots[place].replace(slot);
        assert!(before.is_none(), "an id is given once");
    }

    /// Takes a block out.
    pub(crate) fn evict(&mut self, place: usize) -> Option<Slot<B>> {
        self.slots.get_mut(place)?.take()
    }

    pub(crate) fn slot(&self, place: usize) -> Option<&Slot<B>> {
        self.slots.get(place)?.as_ref()
    }

    /// Takes all blocks out, by ascending id.
    pub(crate) fn vacate(&mut self, house: House) -> Vec<(BlockId, Slot<B>)> {
        let slots = std::mem::take(&mut self.slots).into_iter().enumerate();
        slots.filter_map(|(place, slot)| Some((house.block(self.number, place), slot?))).collect()
    }

    /// Runs the blocks that have mail in `batch` or are awake; leaves `batch` empty.
    pub(crate) fn run(&mut self, batch: &mut Vec<Post<B::Mail>>, bench: &mut Bench<B>) -> Outcome {
        self.open(batch, bench);
        let mut woken = std::mem::take(&mut bench.woken);
        bench.options.schedule.arrange(&mut woken, bench.cycle, u64::from(self.number) + 1);
        let in_order = woken.is_sorted();
        let mut outcome = Outcome::default();
        let mut held = Vec::new();
        for place in woken.drain(..) {
            if bench.options.cancel.is_cancelled() {
                bench.tally.torn = true;
                break;
            }
            let id = bench.house.block(self.number, place);
            let Some(slot) = &mut self.slots[place] else { continue };
            match slot.step(&bench.inboxes[place], bench.budget) {
                Ok(cycle) => {
                    outcome.awake |= slot.awake;
                    let posts = bench.tally.record(id, cycle);
                    if in_order {
                        bench.post(self.number, posts);
                    } else {
                        held.push((place, posts));
                    }
                }
                Err(message) => {
                    bench.tally.record_failure(id, message);
                    outcome.failed += 1;
                    if let Some(slot) = self.evict(place) {
                        slot.bury();
                    }
                }
            }
            bench.inboxes[place].clear();
        }
        held.sort_by_key(|(place, _)| *place);
        held.into_iter().for_each(|(_, posts)| bench.post(self.number, posts));
        bench.woken = woken;
        outcome
    }

    /// Lays mail into the inboxes, and notes which blocks have to run.
    fn open(&self, batch: &mut Vec<Post<B::Mail>>, bench: &mut Bench<B>) {
        if bench.inboxes.len() < self.slots.len() {
            bench.inboxes.resize_with(self.slots.len(), Vec::new);
        }
        for (to, mail) in batch.drain(..) {
            let place = bench.house.place(to);
            if self.slot(place).is_some() {
                bench.tally.counts.mails += mail.len() as u64;
                bench.inboxes[place].push(mail);
            } else {
                bench.tally.counts.dropped += mail.len() as u64;
            }
        }
        for (place, slot) in self.slots.iter().enumerate() {
            if slot.as_ref().is_some_and(|slot| slot.awake || !bench.inboxes[place].is_empty()) {
                bench.woken.push(place);
            }
        }
    }
}
