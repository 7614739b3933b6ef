//! The worker state of one thread, shared by its exchange and its shards.
//!
//! All actors of a thread run on that thread alone, so they access the worker state without locks or channels. Shards
//! hand in their results here, and the last one of a cycle ends it.

use std::sync::mpsc::Sender;
use std::time::Duration;

use super::block::{Block, BlockId, Post, Slot};
use super::message_batch::{MessageBatch, MessageList, merge};
use super::partition::Partition;
use super::runtime::Options;
use super::shard::{Outcome, Workspace};
use super::superstep::SuperstepResult;
use crate::measure::thread_cpu;

/// How a thread reaches other threads and its own shards.
pub(crate) trait Links<B: Block> {
    /// The exchange of a thread.
    type Exchange;
    /// A shard of this thread.
    type Shard: Clone;

    /// Sends a thread the mail for its blocks.
    fn send(exchange: &Self::Exchange, batch: MessageBatch<B::Mail>);

    /// Runs a cycle of a shard on this mail; the shard hands in its results.
    fn deliver(shard: &Self::Shard, mail: Vec<Post<B::Mail>>);

    /// Takes all blocks from a shard.
    fn vacate(shard: &Self::Shard, partition: Partition);
}

/// A task from the coordinator to a thread.
pub(crate) enum Task<B: Block> {
    /// Run a cycle. `deliveries` precede the posts of blocks; `carried`, the mail that was in flight during a
    /// repartition, follows them.
    Cycle { cycle: u64, budget: u64, deliveries: Vec<Post<B::Mail>>, carried: Vec<Post<B::Mail>> },
    /// Hand over all blocks and all mail, and use shards of another size from now on.
    Clear { partition: Partition },
}

/// A thread's answer to the coordinator.
pub(crate) enum Answer<B: Block> {
    /// The cycle is finished on this thread, which was busy for `work`.
    Done { result: SuperstepResult<B>, work: Duration },
    /// The thread has no blocks any more.
    Cleared(Cleared<B>),
}

/// All blocks of a thread, and the mail in flight to them in the order of the grid.
pub(crate) struct Cleared<B: Block> {
    pub(crate) slots: Vec<(BlockId, Slot<B>)>,
    pub(crate) posts: Vec<Post<B::Mail>>,
}

/// Spare buffers beyond this number are freed, so that a burst of mail does not hold memory forever.
const SPARE_BATCHES: usize = 1024;

/// A shard as seen by its thread.
struct ShardEntry<B: Block, L: Links<B>> {
    actor: L::Shard,
    /// Number of blocks in it.
    live: usize,
    /// Its mail for the cycle that begins.
    batch: Vec<Post<B::Mail>>,
    /// Whether it is already in `woken`.
    woken: bool,
}

/// The state of one thread: its shards, its peers, and the current cycle.
pub(crate) struct WorkerState<B: Block, L: Links<B>> {
    /// The number of the thread.
    thread: usize,
    /// Scratch space that its shards use in turn.
    pub(crate) workspace: Workspace<B>,
    /// The exchanges of all threads, including this one, once they are known.
    peers: Vec<L::Exchange>,
    /// Dropped when this thread cannot continue, so that the coordinator does not wait for it.
    coordinator: Option<Sender<Answer<B>>>,
    /// By local index: the shards that hold a block.
    shards: Vec<Option<ShardEntry<B, L>>>,
    /// Local indices of shards that run in the next cycle: those with busy blocks, later also those with mail.
    woken: Vec<usize>,
    /// By sender: message batches received for the next cycle.
    batches: Vec<Option<MessageBatch<B::Mail>>>,
    /// The same for the cycle after that. A thread that got its task earlier may finish the next cycle before this one
    /// has begun it; it cannot be further ahead, as the coordinator waits for all threads.
    early: Vec<Option<MessageBatch<B::Mail>>>,
    /// The task that waits for its message batches.
    task: Option<Task<B>>,
    /// Shards that have not handed in yet.
    outstanding: usize,
    /// Spare buffers for batches, at most `SPARE_BATCHES`.
    spare: Vec<Vec<Post<B::Mail>>>,
    /// CPU clock of this thread at the beginning of the cycle.
    begun: Duration,
    /// What shards have handed over since the request to clear.
    cleared: Cleared<B>,
}

impl<B: Block, L: Links<B>> WorkerState<B, L> {
    pub(crate) fn new(thread: usize, partition: Partition, options: Options, coordinator: Sender<Answer<B>>) -> Self {
        let mut state = Self {
            thread,
            workspace: Workspace::new(partition, options),
            peers: Vec::new(),
            coordinator: Some(coordinator),
            shards: Vec::new(),
            woken: Vec::new(),
            batches: Vec::new(),
            early: Vec::new(),
            task: None,
            outstanding: 0,
            spare: Vec::new(),
            begun: Duration::ZERO,
            cleared: Cleared { slots: Vec::new(), posts: Vec::new() },
        };
        state.expect_nothing();
        state
    }

    pub(crate) fn partition(&self) -> Partition {
        self.workspace.partition
    }

    /// Marks the batch of every thread for the next cycle as received and empty.
    fn expect_nothing(&mut self) {
        let cycle = self.workspace.cycle + 1;
        let empty = |from| Some(MessageBatch { cycle, from, messages: MessageList::default() });
        self.batches = (0..self.partition().threads).map(empty).collect();
        self.early.resize_with(self.partition().threads, || None);
    }

    pub(crate) fn connect(&mut self, peers: Vec<L::Exchange>) {
        self.peers = peers;
    }

    /// Releases all actors, which stop when no address of them is left.
    pub(crate) fn close(&mut self) {
        self.coordinator = None;
        self.peers.clear();
        self.shards.clear();
    }

    /// Adds a block to the shard at a local index, which `open` creates if it does not exist.
    pub(crate) fn admit(&mut self, local: usize, awake: bool, open: impl FnOnce(u32) -> L::Shard) -> L::Shard {
        if self.shards.len() <= local {
            self.shards.resize_with(local + 1, || None);
        }
        let shard = self.partition().shard_at(self.thread, local);
        let entry = self.shards[local].get_or_insert_with(|| ShardEntry {
            actor: open(shard),
            live: 0,
            batch: Vec::new(),
            woken: false,
        });
        entry.live += 1;
        let actor = entry.actor.clone();
        if awake {
            self.wake(local);
        }
        actor
    }

    /// The shard of a block.
    pub(crate) fn actor(&self, id: BlockId) -> Option<&L::Shard> {
        Some(&self.shards.get(self.partition().local(id))?.as_ref()?.actor)
    }

    /// Records that a shard has lost blocks; an empty shard is released, and its actor stops.
    pub(crate) fn lose(&mut self, local: usize, blocks: usize) {
        if let Some(entry) = &mut self.shards[local] {
            entry.live -= blocks;
            if entry.live == 0 {
                self.shards[local] = None;
            }
        }
    }

    fn wake(&mut self, local: usize) {
        if let Some(entry) = &mut self.shards[local]
            && !std::mem::replace(&mut entry.woken, true)
        {
            self.woken.push(local);
        }
    }

    pub(crate) fn receive(&mut self, batch: MessageBatch<B::Mail>) {
        let ahead = batch.cycle - self.workspace.cycle;
        assert!(ahead == 1 || ahead == 2, "a batch for the next cycle or the one after");
        let batches = if ahead == 1 { &mut self.batches } else { &mut self.early };
        let from = batch.from;
        let before = batches[from].replace(batch);
        assert!(before.is_none(), "one batch from a thread for a cycle");
        self.begin();
    }

    pub(crate) fn assign(&mut self, task: Task<B>) {
        self.task = Some(task);
        self.begin();
    }

    /// Begins the task, if there is one and all message batches have arrived.
    fn begin(&mut self) {
        if self.batches.iter().any(Option::is_none) {
            return;
        }
        let Some(task) = self.task.take() else { return };
        // Early batches move to the slots that become free here.
        std::mem::swap(&mut self.batches, &mut self.early);
        let lists = self.early.iter_mut().filter_map(Option::take).map(|batch| batch.messages).collect();
        match task {
            Task::Cycle { cycle, budget, deliveries, carried } => {
                assert_eq!(cycle, self.workspace.cycle + 1, "cycles come one by one");
                (self.workspace.cycle, self.workspace.budget) = (cycle, budget);
                self.begun = thread_cpu();
                deliveries.into_iter().for_each(|post| self.sort_in(post));
                merge(lists, |post| self.sort_in(post));
                carried.into_iter().for_each(|post| self.sort_in(post));
                self.dispatch();
            }
            Task::Clear { partition } => {
                let mut posts = Vec::new();
                merge(lists, |post| posts.push(post));
                self.clear(partition, posts);
            }
        }
    }

    /// Adds mail to the batch of its shard.
    fn sort_in(&mut self, post: Post<B::Mail>) {
        if post.1.is_empty() {
            return;
        }
        let local = self.partition().local(post.0);
        match self.shards.get_mut(local) {
            Some(Some(entry)) => {
                if entry.batch.capacity() == 0
                    && let Some(spare) = self.spare.pop()
                {
                    entry.batch = spare;
                }
                entry.batch.push(post);
                if !std::mem::replace(&mut entry.woken, true) {
                    self.woken.push(local);
                }
            }
            _ => self.workspace.result.counts.dropped += post.1.len() as u64,
        }
    }

    fn dispatch(&mut self) {
        let mut woken = std::mem::take(&mut self.woken);
        self.workspace.options.schedule.arrange(&mut woken, self.workspace.cycle, 0);
        for local in woken {
            // A local index that was released and used again occurs twice here.
            if let Some(Some(entry)) = self.shards.get_mut(local)
                && std::mem::take(&mut entry.woken)
            {
                self.outstanding += 1;
                L::deliver(&entry.actor, std::mem::take(&mut entry.batch));
            }
        }
        if self.outstanding == 0 {
            self.finish();
        }
    }

    /// Records the outcome of the shard at a local index. The last shard ends the cycle.
    pub(crate) fn hand_in(&mut self, local: usize, outcome: &Outcome, batch: Vec<Post<B::Mail>>) {
        if outcome.awake {
            self.wake(local);
        }
        self.lose(local, outcome.failed);
        if batch.capacity() > 0 && self.spare.len() < SPARE_BATCHES {
            self.spare.push(batch);
        }
        self.outstanding -= 1;
        if self.outstanding == 0 {
            self.finish();
        }
    }

    /// Sends the message batches, then the answer: when the coordinator has all answers, all batches are sent.
    fn finish(&mut self) {
        let cycle = self.workspace.cycle + 1;
        for (peer, outgoing) in self.peers.iter().zip(&mut self.workspace.outgoing) {
            L::send(peer, MessageBatch { cycle, from: self.thread, messages: outgoing.take() });
        }
        let result = std::mem::take(&mut self.workspace.result);
        let work = thread_cpu().saturating_sub(self.begun);
        self.answer(Answer::Done { result, work });
    }

    /// Takes the blocks of all shards, and starts over without shards.
    fn clear(&mut self, partition: Partition, posts: Vec<Post<B::Mail>>) {
        self.woken.clear();
        self.cleared = Cleared { slots: Vec::new(), posts };
        for entry in std::mem::take(&mut self.shards).into_iter().flatten() {
            self.outstanding += 1;
            L::vacate(&entry.actor, self.workspace.partition);
        }
        self.workspace.partition = partition;
        self.expect_nothing();
        if self.outstanding == 0 {
            self.finish_clearing();
        }
    }

    /// Takes the blocks of a shard that has stopped. The last one ends the clearing.
    pub(crate) fn vacated(&mut self, slots: Vec<(BlockId, Slot<B>)>) {
        self.cleared.slots.extend(slots);
        self.outstanding -= 1;
        if self.outstanding == 0 {
            self.finish_clearing();
        }
    }

    fn finish_clearing(&mut self) {
        let cleared = std::mem::replace(&mut self.cleared, Cleared { slots: Vec::new(), posts: Vec::new() });
        self.answer(Answer::Cleared(cleared));
    }

    fn answer(&self, answer: Answer<B>) {
        if let Some(coordinator) = &self.coordinator {
            // Nobody needs the answer if the coordinator is gone.
            let _ = coordinator.send(answer);
        }
    }

    /// After a panic on this thread: the coordinator must not wait for an answer.
    pub(crate) fn hang_up(&mut self) {
        self.coordinator = None;
    }
}
