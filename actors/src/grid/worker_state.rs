//! The worker state of one thread: what its exchange and its shards share.
//!
//! All actors of a thread run on that thread alone, so they reach the worker state without lock or channel. A
//! shard hands its results in here, and the last one of a cycle closes it.

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

    /// Lets a shard run a cycle on this mail; it hands in what came of it.
    fn deliver(shard: &Self::Shard, mail: Vec<Post<B::Mail>>);

    /// Asks a shard for all its blocks.
    fn vacate(shard: &Self::Shard, partition: Partition);
}

/// What the coordinator asks of a thread.
pub(crate) enum Task<B: Block> {
    /// To run a cycle. `deliveries` come before what blocks posted; `carried` after, which is where
    /// mail stands that was on its way when the blocks moved.
    Cycle { cycle: u64, budget: u64, deliveries: Vec<Post<B::Mail>>, carried: Vec<Post<B::Mail>> },
    /// To hand over all blocks and all mail, and to have shards of another size from now on.
    Clear { partition: Partition },
}

/// What a thread answers the coordinator.
pub(crate) enum Answer<B: Block> {
    /// A cycle is over here; the thread was busy for `work`.
    Done { result: SuperstepResult<B>, work: Duration },
    /// The thread has no blocks any more.
    Cleared(Cleared<B>),
}

/// All blocks of a thread, and the mail that was on its way to them in the order of the grid.
pub(crate) struct Cleared<B: Block> {
    pub(crate) slots: Vec<(BlockId, Slot<B>)>,
    pub(crate) posts: Vec<Post<B::Mail>>,
}

/// More empty buffers than this are freed: a burst of mail should not hold memory for ever.
const SPARE_BATCHES: usize = 1024;

/// A shard as its thread knows it.
struct ShardEntry<B: Block, L: Links<B>> {
    actor: L::Shard,
    /// Blocks in it.
    live: usize,
    /// Mail for the cycle that begins.
    batch: Vec<Post<B::Mail>>,
    /// Whether it is in `woken` already.
    woken: bool,
}

/// What one thread knows: its shards, its peers, and the cycle that runs.
pub(crate) struct WorkerState<B: Block, L: Links<B>> {
    /// The number of the thread.
    thread: usize,
    /// What its shards work with, one after the other.
    pub(crate) workspace: Workspace<B>,
    /// The exchanges of all threads, this one's included, once they are known.
    peers: Vec<L::Exchange>,
    /// Gone when this thread cannot go on, so that the coordinator does not wait for it.
    coordinator: Option<Sender<Answer<B>>>,
    /// By local place: the shards that hold a block.
    shards: Vec<Option<ShardEntry<B, L>>>,
    /// Local places of shards that run in the next cycle: with busy blocks, later also those with mail.
    woken: Vec<usize>,
    /// By sender: the message batches for the next cycle that have come.
    batches: Vec<Option<MessageBatch<B::Mail>>>,
    /// The same for the cycle after. A thread that was told earlier may have finished the next cycle
    /// before this one has begun it; it cannot be further ahead, as the coordinator waits for all.
    early: Vec<Option<MessageBatch<B::Mail>>>,
    /// The task that waits for its message batches.
    task: Option<Task<B>>,
    /// Shards that have not handed in yet.
    outstanding: usize,
    /// Empty buffers for batches: as many as are worth keeping.
    spare: Vec<Vec<Post<B::Mail>>>,
    /// The clock of this thread when the cycle began.
    begun: Duration,
    /// What shards have handed over since they were asked for all their blocks.
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

    /// Takes every thread's batch for the next cycle as received and empty.
    fn expect_nothing(&mut self) {
        let cycle = self.workspace.cycle + 1;
        let empty = |from| Some(MessageBatch { cycle, from, messages: MessageList::default() });
        self.batches = (0..self.partition().threads).map(empty).collect();
        self.early.resize_with(self.partition().threads, || None);
    }

    pub(crate) fn connect(&mut self, peers: Vec<L::Exchange>) {
        self.peers = peers;
    }

    /// Lets go of all actors, which end when no address of them is left.
    pub(crate) fn close(&mut self) {
        self.coordinator = None;
        self.peers.clear();
        self.shards.clear();
    }

    /// The shard at a local place, made by `open` if there is none, for one more block.
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

    /// Takes note that a shard has lost blocks; an empty shard is forgotten, and its actor ends.
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

    /// Begins the task, if there is one and all message batches have come.
    fn begin(&mut self) {
        if self.batches.iter().any(Option::is_none) {
            return;
        }
        let Some(task) = self.task.take() else { return };
        // What came early takes the places that become empty here.
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

    /// Lays mail with the shard it is for.
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
            // A local place that was given up and taken again stands here twice.
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

    /// Takes note of what became of the shard at a local place. The last one ends the cycle.
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

    /// Sends the message batches, then the answer: when the coordinator has all answers, all message batches are sent.
    fn finish(&mut self) {
        let cycle = self.workspace.cycle + 1;
        for (peer, outgoing) in self.peers.iter().zip(&mut self.workspace.outgoing) {
            L::send(peer, MessageBatch { cycle, from: self.thread, messages: outgoing.take() });
        }
        let result = std::mem::take(&mut self.workspace.result);
        let work = thread_cpu().saturating_sub(self.begun);
        self.answer(Answer::Done { result, work });
    }

    /// Asks all shards for their blocks, and starts over without any.
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

    /// Takes in the blocks of a shard that is no more. The last one ends the clearing.
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
            // A coordinator that is gone has no use for the answer.
            let _ = coordinator.send(answer);
        }
    }

    /// After a panic on this thread: the coordinator must not wait for an answer.
    pub(crate) fn hang_up(&mut self) {
        self.coordinator = None;
    }
}
