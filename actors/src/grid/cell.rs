//! A cell: the blocks of a contiguous range of ids, which share one actor.

use std::sync::Arc;

use super::block::{Block, BlockId, Post, Slot};
use super::house::{House, Segment};
use super::register::Tally;
use super::runtime::Options;

/// Blocks that live together. Plain data: the actor around it is in `exchange.rs`.
pub(crate) struct Cell<B: Block> {
    number: u32,
    /// By place; as long as the highest place taken so far.
    slots: Vec<Option<Slot<B>>>,
}

/// What a cell did in a cycle.
pub(crate) struct Harvest<B: Block> {
    pub(crate) tally: Tally<B>,
    /// By thread: the mail to its blocks.
    pub(crate) segments: Vec<Segment<B::Mail>>,
}

/// What the cells of one thread lend each other: an inbox for every place, empty between cells. Idle
/// blocks hold no buffers, and the busy ones use warm ones.
pub(crate) type Inboxes<M> = Vec<Vec<Arc<[M]>>>;

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

    /// Runs the blocks that have mail in `batch` or are awake.
    pub(crate) fn run(
        &mut self,
        batch: Vec<Post<B::Mail>>,
        order: &Order<'_>,
        inboxes: &mut Inboxes<B::Mail>,
    ) -> Harvest<B> {
        let house = order.house;
        let mut tally = Tally::default();
        if inboxes.len() < self.slots.len() {
            inboxes.resize_with(self.slots.len(), Vec::new);
        }
        for (to, mail) in batch {
            let place = house.place(to);
            if self.slot(place).is_some() {
                tally.counts.mails += mail.len() as u64;
                inboxes[place].push(mail);
            } else {
                tally.counts.dropped += mail.len() as u64;
            }
        }
        let mut woken: Vec<usize> = (0..self.slots.len())
            .filter(|&place| self.slots[place].as_ref().is_some_and(|slot| slot.awake || !inboxes[place].is_empty()))
            .collect();
        order.options.schedule.arrange(&mut woken, order.cycle, u64::from(self.number) + 1);
        let mut posted = Vec::with_capacity(woken.len());
        for place in woken {
            if order.options.cancel.is_cancelled() {
                tally.torn = true;
                break;
            }
            let id = house.block(self.number, place);
            let Some(slot) = &mut self.slots[place] else { continue };
            match slot.step(&inboxes[place], order.budget) {
                Ok(cycle) => posted.push((place, tally.record(id, cycle))),
                Err(message) => {
                    tally.record_failure(id, message);
                    if let Some(slot) = self.evict(place) {
                        slot.bury();
                    }
                }
            }
            inboxes[place].clear();
        }
        posted.sort_by_key(|(place, _)| *place);
        Harvest { tally, segments: self.sort_mail(posted.into_iter().flat_map(|(_, posts)| posts), house) }
    }

    /// Splits mail by the threads of its receivers; the order stays.
    fn sort_mail(&self, posts: impl Iterator<Item = Post<B::Mail>>, house: House) -> Vec<Segment<B::Mail>> {
        let empty = || Segment { cell: self.number, posts: Vec::new() };
        let mut segments: Vec<_> = std::iter::repeat_with(empty).take(house.threads).collect();
        for post in posts {
            segments[house.thread(post.0)].posts.push(post);
        }
        segments
    }
}

/// What the blocks of one cycle are run under.
pub(crate) struct Order<'a> {
    pub(crate) cycle: u64,
    pub(crate) budget: u64,
    pub(crate) house: House,
    pub(crate) options: &'a Options,
}
