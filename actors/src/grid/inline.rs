//! The reference implementation of the grid: a plain sequential loop.

use std::sync::Arc;

use super::block::{Block, BlockId, Look, Post, Slot};
use super::block_table::{BlockTable, Newcomers};
use super::runtime::{Committed, Halt, Options, Runtime};
use super::superstep::SuperstepResult;

/// Runs all blocks on the calling thread, one after the other.
pub struct InlineRuntime<B: Block> {
    /// The cancellation flag, and the order within a cycle.
    options: Options,
    /// Which blocks exist.
    blocks: BlockTable,
    /// By block id.
    slots: Vec<Option<Slot<B>>>,
    /// By block id: mail of the current cycle; empty between cycles.
    inboxes: Vec<Vec<Arc<[B::Mail]>>>,
    /// Blocks that run in the next cycle even without mail, each once. Some may have been removed since.
    awake: Vec<BlockId>,
    /// Posts of the last cycle, by ascending sender.
    posted: Vec<Vec<Post<B::Mail>>>,
    /// Why no further cycle runs, if that is so.
    halted: Option<Halt>,
}

impl<B: Block> InlineRuntime<B> {
    /// An empty grid.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            blocks: BlockTable::default(),
            slots: Vec::new(),
            inboxes: Vec::new(),
            awake: Vec::new(),
            posted: Vec::new(),
            halted: None,
        }
    }

    fn settle(&mut self, newcomers: Newcomers<B>) {
        for (id, slot) in newcomers {
            self.awake.push(id);
            self.slots.push(Some(slot));
            self.inboxes.push(Vec::new());
        }
    }

    /// Delivers mail to the inboxes, and returns the blocks to run.
    fn deliver(&mut self, deliveries: Vec<Post<B::Mail>>, result: &mut SuperstepResult<B>) -> Vec<BlockId> {
        let mut woken = std::mem::take(&mut self.awake);
        woken.retain(|id| self.slots[id.index()].is_some());
        let posted = std::mem::take(&mut self.posted);
        for (to, mail) in deliveries.into_iter().chain(posted.into_iter().flatten()) {
            if mail.is_empty() {
                continue;
            }
            let Some(Some(slot)) = self.slots.get(to.index()) else {
                result.counts.dropped += mail.len() as u64;
                continue;
            };
            result.counts.mails += mail.len() as u64;
            let inbox = &mut self.inboxes[to.index()];
            if inbox.is_empty() && !slot.awake {
                woken.push(to);
            }
            inbox.push(mail);
        }
        woken
    }
}

impl<B: Block> Runtime<B> for InlineRuntime<B> {
    fn spawn(&mut self, blocks: Vec<B>) -> Vec<BlockId> {
        let newcomers = self.blocks.admit_all(blocks);
        let ids = newcomers.iter().map(|(id, _)| *id).collect();
        self.settle(newcomers);
        ids
    }

    fn cycle(&mut self, deliveries: Vec<Post<B::Mail>>, budget: u64) -> Result<Committed<B>, Halt> {
        if let Some(halt) = &self.halted {
            return Err(halt.clone());
        }
        let number = self.blocks.next_cycle();
        if self.options.cancel.is_cancelled() {
            return Err(self.halted.insert(Halt::Cancelled { cycle: number }).clone());
        }
        let mut result = SuperstepResult::default();
        let mut woken = self.deliver(deliveries, &mut result);
        self.options.schedule.arrange(&mut woken, number, 0);
        let mut posted = Vec::with_capacity(woken.len());
        for id in woken {
            if self.options.cancel.is_cancelled() {
                result.torn = true;
                break;
            }
            let mut inbox = std::mem::take(&mut self.inboxes[id.index()]);
            let Some(slot) = &mut self.slots[id.index()] else { continue };
            match slot.step(&inbox, budget) {
                Ok(cycle) => {
                    if slot.awake {
                        self.awake.push(id);
                    }
                    let posts = result.record(id, cycle);
                    if !posts.is_empty() {
                        posted.push((id, posts));
                    }
                }
                Err(message) => {
                    result.record_failure(id, message);
                    if let Some(slot) = self.slots[id.index()].take() {
                        slot.bury();
                    }
                }
            }
            inbox.clear();
            self.inboxes[id.index()] = inbox;
        }
        if result.torn {
            return Err(self.halted.insert(Halt::Cancelled { cycle: number }).clone());
        }
        posted.sort_by_key(|(sender, _)| *sender);
        self.posted = posted.into_iter().map(|(_, posts)| posts).collect();
        let (committed, newcomers) = self.blocks.commit(result);
        self.settle(newcomers);
        Ok(committed)
    }

    fn remove(&mut self, ids: &[BlockId]) -> usize {
        let mut removed = 0;
        for &id in ids {
            if self.blocks.remove(id) {
                removed += 1;
                if let Some(slot) = self.slots[id.index()].take() {
                    slot.bury();
                }
                self.inboxes[id.index()] = Vec::new();
            }
        }
        removed
    }

    fn inspect(&mut self, id: BlockId, look: Look<B>) -> bool {
        let slot = self.slots.get(id.index()).and_then(Option::as_ref);
        slot.is_some_and(|slot| slot.show(look))
    }

    fn live(&self) -> usize {
        self.blocks.live()
    }

    fn is_quiet(&self) -> bool {
        self.awake.is_empty() && self.posted.is_empty()
    }

    fn stop(&mut self) {
        self.halted.get_or_insert(Halt::Stopped);
        let ids = (0..self.slots.len()).filter_map(|index| u32::try_from(index).ok().map(BlockId::new));
        self.remove(&ids.collect::<Vec<_>>());
        self.posted.clear();
        self.awake.clear();
    }
}
