//! A shard: the blocks of a contiguous range of ids, which share one actor.

use std::sync::Arc;

use super::block::{Block, BlockId, Post, Slot};
use super::message_batch::MessageList;
use super::partition::Partition;
use super::runtime::Options;
use super::superstep::SuperstepResult;

/// The blocks of a shard. Plain data; the actor around it is in `actors.rs`.
pub(crate) struct Shard<B: Block> {
    /// Its number in the whole grid.
    number: u32,
    /// By index in the shard; as long as the highest index used so far.
    slots: Vec<Option<Slot<B>>>,
}

/// Scratch space that the shards of one thread use in turn. Idle blocks hold no buffers, and busy ones use buffers that
/// are warm in the cache.
pub(crate) struct Workspace<B: Block> {
    /// Where each block lives.
    pub(crate) partition: Partition,
    /// The cancellation flag, and the order within a cycle.
    pub(crate) options: Options,
    /// The current or last cycle.
    pub(crate) cycle: u64,
    /// Step budget of a block in it.
    pub(crate) budget: u64,
    /// By index in the shard; empty between shards.
    inboxes: Vec<Vec<Arc<[B::Mail]>>>,
    /// Indices of the blocks to run.
    woken: Vec<usize>,
    /// Results of the shards in this cycle.
    pub(crate) result: SuperstepResult<B>,
    /// By receiving thread: their posts.
    pub(crate) outgoing: Vec<MessageList<B::Mail>>,
}

impl<B: Block> Workspace<B> {
    pub(crate) fn new(partition: Partition, options: Options) -> Self {
        Self {
            partition,
            options,
            cycle: 0,
            budget: 0,
            inboxes: Vec::new(),
            woken: Vec::new(),
            result: SuperstepResult::default(),
            outgoing: (0..partition.threads).map(|_| MessageList::default()).collect(),
        }
    }

    fn post(&mut self, shard: u32, posts: Vec<Post<B::Mail>>) {
        for post in posts {
            self.outgoing[self.partition.thread(post.0)].push(shard, post);
        }
    }
}

/// The scheduling result of a shard after a cycle.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Whether one of its blocks runs in the next cycle even without mail.
    pub(crate) awake: bool,
    /// Number of blocks that panicked and were removed.
    pub(crate) failed: usize,
}

impl<B: Block> Shard<B> {
    pub(crate) fn new(number: u32) -> Self {
        Self { number, slots: Vec::new() }
    }

    /// Adds a block.
    pub(crate) fn admit(&mut self, place: usize, slot: Slot<B>) {
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        let before = self.slots[place].replace(slot);
        assert!(before.is_none(), "an id is given once");
    }

    /// Removes a block.
    pub(crate) fn evict(&mut self, place: usize) -> Option<Slot<B>> {
        self.slots.get_mut(place)?.take()
    }

    pub(crate) fn slot(&self, place: usize) -> Option<&Slot<B>> {
        self.slots.get(place)?.as_ref()
    }

    /// Removes all blocks, by ascending id.
    pub(crate) fn vacate(&mut self, partition: Partition) -> Vec<(BlockId, Slot<B>)> {
        let slots = std::mem::take(&mut self.slots).into_iter().enumerate();
        slots.filter_map(|(place, slot)| Some((partition.block(self.number, place), slot?))).collect()
    }

    /// Runs the blocks that have mail in `batch` or are awake; leaves `batch` empty.
    pub(crate) fn run(&mut self, batch: &mut Vec<Post<B::Mail>>, workspace: &mut Workspace<B>) -> Outcome {
        self.open(batch, workspace);
        let mut woken = std::mem::take(&mut workspace.woken);
        workspace.options.schedule.arrange(&mut woken, workspace.cycle, u64::from(self.number) + 1);
        let in_order = woken.is_sorted();
        let mut outcome = Outcome::default();
        let mut held = Vec::new();
        for place in woken.drain(..) {
            if workspace.options.cancel.is_cancelled() {
                workspace.result.torn = true;
                break;
            }
            let id = workspace.partition.block(self.number, place);
            let Some(slot) = &mut self.slots[place] else { continue };
            match slot.step(&workspace.inboxes[place], workspace.budget) {
                Ok(cycle) => {
                    outcome.awake |= slot.awake;
                    let posts = workspace.result.record(id, cycle);
                    if in_order {
                        workspace.post(self.number, posts);
                    } else {
                        held.push((place, posts));
                    }
                }
                Err(message) => {
                    workspace.result.record_failure(id, message);
                    outcome.failed += 1;
                    if let Some(slot) = self.evict(place) {
                        slot.bury();
                    }
                }
            }
            workspace.inboxes[place].clear();
        }
        held.sort_by_key(|(place, _)| *place);
        held.into_iter().for_each(|(_, posts)| workspace.post(self.number, posts));
        workspace.woken = woken;
        outcome
    }

    /// Delivers mail to the inboxes, and collects the blocks to run.
    fn open(&self, batch: &mut Vec<Post<B::Mail>>, workspace: &mut Workspace<B>) {
        if workspace.inboxes.len() < self.slots.len() {
            workspace.inboxes.resize_with(self.slots.len(), Vec::new);
        }
        for (to, mail) in batch.drain(..) {
            let place = workspace.partition.place(to);
            if self.slot(place).is_some() {
                workspace.result.counts.mails += mail.len() as u64;
                workspace.inboxes[place].push(mail);
            } else {
                workspace.result.counts.dropped += mail.len() as u64;
            }
        }
        for (place, slot) in self.slots.iter().enumerate() {
            if slot.as_ref().is_some_and(|slot| slot.awake || !workspace.inboxes[place].is_empty()) {
                workspace.woken.push(place);
            }
        }
    }
}
