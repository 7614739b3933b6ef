//! The grid on actix actors: coordinator side.

use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix::{Actor, Addr};
use actix_rt::{Arbiter, System};

use super::actors::{Close, Connect, Exchange, Inspect, Remove, Settle, State};
use super::block::{Block, BlockId, Look, Post};
use super::block_table::{BlockTable, Newcomers};
use super::partition::Partition;
use super::runtime::{Committed, Halt, Options, Runtime};
use super::superstep::SuperstepResult;
use super::worker_state::{Answer, Cleared, Task};

/// How many blocks share an actor. Affects speed and memory, not results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ShardSize {
    /// Chosen from measured work: the less work per block, the larger the shard.
    #[default]
    Auto,
    /// This many, rounded up to a power of two, at most 1024.
    Of(NonZeroUsize),
}

impl ShardSize {
    /// Blocks per shard at the start of a run, before anything is measured.
    const FIRST: u32 = 16;
    /// Maximum blocks per shard.
    const MOST: usize = 1024;

    fn first(self) -> u32 {
        match self {
            Self::Auto => Self::FIRST,
            Self::Of(blocks) => u32::try_from(blocks.get().min(Self::MOST).next_power_of_two()).unwrap_or(Self::FIRST),
        }
    }

    /// Blocks per shard for blocks that need `work` per cycle. Waking an actor costs up to 1.5 µs when there are many;
    /// these sizes keep that at about a twentieth of the work of a full shard, or below.
    fn fitting(work: Duration) -> u32 {
        match work.as_nanos() {
            0..5_000 => 64,
            5_000..25_000 => 16,
            _ => 1,
        }
    }
}

/// The current layout of a grid, for benchmarks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Threads that run blocks.
    pub threads: usize,
    /// Blocks that share an actor.
    pub shard_blocks: u32,
}

/// Runs blocks as actors on threads of its own. The calling thread coordinates: it broadcasts a cycle and waits for all
/// results.
pub struct ActixRuntime<B: Block> {
    /// The cancellation flag, and the order within a cycle.
    options: Options,
    /// The policy for the size of shards.
    shards: ShardSize,
    /// Where each block lives.
    partition: Partition,
    /// Which blocks exist.
    blocks: BlockTable,
    /// By thread: the actor that receives mail and tasks.
    exchanges: Vec<Addr<Exchange<B>>>,
    /// By thread: its answers.
    answers: Vec<Receiver<Answer<B>>>,
    threads: Option<(System, JoinHandle<()>)>,
    /// By thread: mail that was in flight when the blocks were repartitioned.
    carried: Vec<Vec<Post<B::Mail>>>,
    /// Blocks that run in the next cycle even without mail.
    awake: usize,
    /// Number of mails in flight.
    posted: u64,
    /// Work measured since the last review of the shard size.
    seen: Seen,
    /// Why no further cycle runs, if that is so.
    halted: Option<Halt>,
}

/// Measured work of blocks.
#[derive(Default)]
struct Seen {
    /// CPU time of threads.
    work: Duration,
    /// Block activations in that time, one per block and cycle.
    woken: u32,
    /// The cycle after which the size is reviewed next. Intervals grow by a factor of four, since repartitioning stops
    /// all blocks.
    review: u64,
}

impl<B: Block> ActixRuntime<B> {
    /// Starts `threads` threads, without blocks.
    ///
    /// Fails if a thread cannot be started.
    pub fn start(threads: NonZeroUsize, shards: ShardSize, options: Options) -> io::Result<Self> {
        let threads = threads.get();
        let partition = Partition::new(threads, shards.first());
        let (senders, answers): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::channel()).unzip();
        let (started, start) = mpsc::channel();
        let states = senders
            .into_iter()
            .enumerate()
            .map(|(thread, coordinator)| State::new(thread, partition, options.clone(), coordinator));
        let states: Vec<_> = states.collect();
        let handle = thread::Builder::new().name("grid".to_owned()).spawn(move || run_threads(states, &started))?;
        // The first thread ended without an answer: it could not start the others.
        let Ok((system, exchanges)) = start.recv() else {
            drop(handle.join());
            return Err(io::Error::other("the threads of the grid could not be started"));
        };
        for exchange in &exchanges {
            exchange.do_send(Connect(exchanges.clone()));
        }
        Ok(Self {
            options,
            shards,
            partition,
            blocks: BlockTable::default(),
            exchanges,
            answers,
            threads: Some((system, handle)),
            carried: std::iter::repeat_with(Vec::new).take(threads).collect(),
            awake: 0,
            posted: 0,
            seen: Seen { review: 2, ..Seen::default() },
            halted: None,
        })
    }

    /// The current layout.
    pub fn layout(&self) -> Layout {
        Layout { threads: self.partition.threads, shard_blocks: self.partition.shard_blocks() }
    }

    /// Sends blocks to the threads that own them.
    fn settle(&mut self, newcomers: Newcomers<B>) {
        let mut shares: Vec<Newcomers<B>> = self.exchanges.iter().map(|_| Vec::new()).collect();
        for (id, slot) in newcomers {
            shares[self.partition.thread(id)].push((id, slot));
        }
        for (exchange, share) in self.exchanges.iter().zip(shares) {
            if !share.is_empty() {
                exchange.do_send(Settle(share));
            }
        }
    }

    /// Splits mail by the receiver's thread, in stable order.
    fn sort_mail(&self, posts: impl IntoIterator<Item = Post<B::Mail>>) -> Vec<Vec<Post<B::Mail>>> {
        let mut shares: Vec<Vec<_>> = self.exchanges.iter().map(|_| Vec::new()).collect();
        for post in posts {
            shares[self.partition.thread(post.0)].push(post);
        }
        shares
    }

    /// Waits for the answer of one thread.
    fn answer(&self, thread: usize) -> Result<Answer<B>, Halt> {
        let lost = Halt::ThreadLost { thread, cycle: self.blocks.next_cycle() };
        self.answers[thread].recv().map_err(|_| lost)
    }

    /// Waits until all threads have finished the cycle.
    fn collect(&mut self) -> Result<SuperstepResult<B>, Halt> {
        let mut all = SuperstepResult::default();
        for thread in 0..self.answers.len() {
            let Answer::Done { result, work } = self.answer(thread)? else {
                unreachable!("a thread answers what it was asked");
            };
            self.seen.work += work;
            self.options.meter.add(work);
            self.seen.woken += u32::try_from(result.counts.woken).unwrap_or(u32::MAX / 2);
            all.absorb(result);
        }
        if all.torn {
            return Err(Halt::Cancelled { cycle: self.blocks.next_cycle() });
        }
        Ok(all)
    }

    /// Moves all blocks, and the mail in flight, to shards of another size.
    ///
    /// Results do not change. With [`ShardSize::Auto`] the size is reviewed again after some cycles.
    pub fn set_shard_size(&mut self, shards: ShardSize) -> Result<(), Halt> {
        if let Some(halt) = &self.halted {
            return Err(halt.clone());
        }
        self.shards = shards;
        self.repartition(shards.first()).inspect_err(|halt| self.halted = Some(halt.clone()))
    }

    /// Repartitions if the measured work calls for another size of shards.
    fn review_shard_size(&mut self) -> Result<(), Halt> {
        if self.shards != ShardSize::Auto || self.blocks.next_cycle() <= self.seen.review || self.seen.woken == 0 {
            return Ok(());
        }
        let fitting = ShardSize::fitting(self.seen.work / self.seen.woken);
        self.seen = Seen { review: self.seen.review * 4, ..Seen::default() };
        self.repartition(fitting)
    }

    fn repartition(&mut self, shard_blocks: u32) -> Result<(), Halt> {
        let partition = Partition::new(self.partition.threads, shard_blocks);
        if partition == self.partition {
            return Ok(());
        }
        self.partition = partition;
        for exchange in &self.exchanges {
            exchange.do_send(Task::Clear { partition });
        }
        let mut all = Vec::new();
        let carried = std::mem::take(&mut self.carried);
        self.carried = self.sort_mail(carried.into_iter().flatten());
        for thread in 0..self.answers.len() {
            let Answer::Cleared(Cleared { slots, posts }) = self.answer(thread)? else {
                unreachable!("a thread answers what it was asked");
            };
            all.extend(slots);
            // Mail for one block comes from one thread, so its order is preserved here.
            let shares = self.sort_mail(posts);
            for (share, more) in self.carried.iter_mut().zip(shares) {
                share.extend(more);
            }
        }
        all.sort_by_key(|(id, _)| *id);
        self.settle(all);
        Ok(())
    }

    fn try_cycle(&mut self, deliveries: Vec<Post<B::Mail>>, budget: u64) -> Result<Committed<B>, Halt> {
        let cycle = self.blocks.next_cycle();
        if self.options.cancel.is_cancelled() {
            return Err(Halt::Cancelled { cycle });
        }
        self.review_shard_size()?;
        let shares = self.sort_mail(deliveries);
        for ((exchange, deliveries), carried) in self.exchanges.iter().zip(shares).zip(&mut self.carried) {
            let carried = std::mem::take(carried);
            exchange.do_send(Task::Cycle { cycle, budget, deliveries, carried });
        }
        let result = self.collect()?;
        let (committed, newcomers) = self.blocks.commit(result);
        self.settle(newcomers);
        self.awake = committed.counts.awake;
        self.posted = committed.counts.posted;
        Ok(committed)
    }
}

/// The main function of the first thread: starts the others, then runs its share of the blocks.
fn run_threads<B: Block>(states: Vec<State<B>>, started: &Sender<(System, Vec<Addr<Exchange<B>>>)>) {
    let runner = System::new();
    let mut arbiters = Vec::new();
    let mut exchanges = Vec::new();
    for state in states {
        let open = move |_: &mut _| Exchange::new(state);
        if exchanges.is_empty() {
            exchanges.push(Exchange::start_in_arbiter(System::current().arbiter(), open));
        } else {
            let Ok(arbiter) = Arbiter::try_new() else { return };
            exchanges.push(Exchange::start_in_arbiter(&arbiter.handle(), open));
            arbiters.push(arbiter);
        }
    }
    if started.send((System::current(), exchanges)).is_err() {
        return;
    }
    // Both fail only by panics, which were already reported as lost threads.
    let _ = runner.run();
    for arbiter in arbiters {
        arbiter.stop();
        let _ = arbiter.join();
    }
}

impl<B: Block> Runtime<B> for ActixRuntime<B> {
    fn spawn(&mut self, blocks: Vec<B>) -> Vec<BlockId> {
        let newcomers = self.blocks.admit_all(blocks);
        let ids: Vec<_> = newcomers.iter().map(|(id, _)| *id).collect();
        self.awake += ids.len();
        self.settle(newcomers);
        ids
    }

    fn cycle(&mut self, deliveries: Vec<Post<B::Mail>>, budget: u64) -> Result<Committed<B>, Halt> {
        if let Some(halt) = &self.halted {
            return Err(halt.clone());
        }
        self.try_cycle(deliveries, budget).inspect_err(|halt| self.halted = Some(halt.clone()))
    }

    fn remove(&mut self, ids: &[BlockId]) -> usize {
        let mut shares: Vec<Vec<BlockId>> = self.exchanges.iter().map(|_| Vec::new()).collect();
        for &id in ids {
            if self.blocks.remove(id) && !shares.is_empty() {
                shares[self.partition.thread(id)].push(id);
            }
        }
        let removed = shares.iter().map(Vec::len).sum();
        for (exchange, ids) in self.exchanges.iter().zip(shares) {
            if !ids.is_empty() {
                exchange.do_send(Remove { ids, blocks: PhantomData });
            }
        }
        removed
    }

    fn inspect(&mut self, id: BlockId, look: Look<B>) -> bool {
        if !self.blocks.is_alive(id) {
            return false;
        }
        let Some(exchange) = self.exchanges.get(self.partition.thread(id)) else { return false };
        let (done, seen) = mpsc::channel();
        exchange.do_send(Inspect { id, look, done });
        seen.recv().unwrap_or(false)
    }

    fn live(&self) -> usize {
        self.blocks.live()
    }

    fn is_quiet(&self) -> bool {
        self.awake == 0 && self.posted == 0
    }

    fn stop(&mut self) {
        self.halted.get_or_insert(Halt::Stopped);
        let Some((system, handle)) = self.threads.take() else { return };
        for exchange in self.exchanges.drain(..) {
            exchange.do_send(Close);
        }
        system.stop();
        // A panic means that a thread was lost, which the last cycle has reported.
        drop(handle.join());
        self.blocks.remove_all();
    }
}

impl<B: Block> Drop for ActixRuntime<B> {
    fn drop(&mut self) {
        self.stop();
    }
}
