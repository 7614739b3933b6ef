//! The desk of one thread: what its exchange and its cells share.
//!
//! All actors of a thread run on that thread alone, so they reach the desk without lock or channel. A
//! cell hands its results in here, and the last one of a cycle closes it.

use std::sync::mpsc::Sender;
use std::time::Duration;

use actix::Addr;

use super::block::{Block, BlockId, Post, Slot};
use super::cell::{Bench, Outcome};
use super::exchange::{CellActor, Deliver, Exchange, Vacate};
use super::house::{Bundle, House, Parcel, merge};
use super::register::Tally;
use super::runtime::Options;

/// What the coordinator asks of a thread.
pub(crate) enum Task<B: Block> {
    /// To run a cycle. `deliveries` come before what blocks posted; `carried` after, which is where
    /// mail stands that was on its way when the blocks moved.
    Cycle { cycle: u64, budget: u64, deliveries: Vec<Post<B::Mail>>, carried: Vec<Post<B::Mail>> },
    /// To hand over all blocks and all mail, and to have cells of another size from now on.
    Clear { house: House },
}

/// What a thread answers the coordinator.
pub(crate) enum Answer<B: Block> {
    /// A cycle is over here; the thread was busy for `work`.
    Done { tally: Tally<B>, work: Duration },
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

/// A cell as its thread knows it.
struct Seat<B: Block> {
    actor: Addr<CellActor<B>>,
    /// Blocks in it.
    live: usize,
    /// Mail for the cycle that begins.
    batch: Vec<Post<B::Mail>>,
    /// Whether it is in `woken` already.
    woken: bool,
}

/// See the module's page.
pub(crate) struct Desk<B: Block> {
    thread: usize,
    pub(crate) bench: Bench<B>,
    /// The exchanges of all threads, this one's included, once they are known.
    peers: Vec<Addr<Exchange<B>>>,
    /// Gone when this thread cannot go on, so that the coordinator does not wait for it.
    coordinator: Option<Sender<Answer<B>>>,
    seats: Vec<Option<Seat<B>>>,
    /// Seats that run in the next cycle: with busy blocks, later also those with mail.
    woken: Vec<usize>,
    /// By sender: the parcels for the next cycle that have come.
    parcels: Vec<Option<Parcel<B::Mail>>>,
    /// The same for the cycle after. A thread that was told earlier may have finished the next cycle
    /// before this one has begun it; it cannot be further ahead, as the coordinator waits for all.
    early: Vec<Option<Parcel<B::Mail>>>,
    /// The task that waits for its parcels.
    task: Option<Task<B>>,
    /// Cells that have not handed in yet.
    outstanding: usize,
    /// Empty buffers for batches: as many as are worth keeping.
    spare: Vec<Vec<Post<B::Mail>>>,
    /// The clock of this thread when the cycle began.
    begun: Duration,
    cleared: Cleared<B>,
}

impl<B: Block> Desk<B> {
    pub(crate) fn new(thread: usize, house: House, options: Options, coordinator: Sender<Answer<B>>) -> Self {
        let mut desk = Self {
            thread,
            bench: Bench::new(house, options),
            peers: Vec::new(),
            coordinator: Some(coordinator),
            seats: Vec::new(),
            woken: Vec::new(),
            parcels: Vec::new(),
            early: Vec::new(),
            task: None,
            outstanding: 0,
            spare: Vec::new(),
            begun: Duration::ZERO,
            cleared: Cleared { slots: Vec::new(), posts: Vec::new() },
        };
        desk.expect_nothing();
        desk
    }

    pub(crate) fn house(&self) -> House {
        self.bench.house
    }

    /// Nobody has posted anything for the next cycle.
    fn expect_nothing(&mut self) {
        let cycle = self.bench.cycle + 1;
        let empty = |from| Some(Parcel { cycle, from, bundle: Bundle::default() });
        self.parcels = (0..self.house().threads).map(empty).collect();
        self.early.resize_with(self.house().threads, || None);
    }

    pub(crate) fn connect(&mut self, peers: Vec<Addr<Exchange<B>>>) {
        self.peers = peers;
    }

    /// Lets go of all actors, which end when nobody knows them any more.
    pub(crate) fn close(&mut self) {
        self.coordinator = None;
        self.peers.clear();
        self.seats.clear();
    }

    /// The cell at a seat, made by `open` if there is none, for one more block.
    pub(crate) fn admit(
        &mut self,
        seat: usize,
        awake: bool,
        open: impl FnOnce(u32) -> Addr<CellActor<B>>,
    ) -> Addr<CellActor<B>> {
        if self.seats.len() <= seat {
            self.seats.resize_with(seat + 1, || None);
        }
        let cell = self.house().cell_at(self.thread, seat);
        let entry = self.seats[seat].get_or_insert_with(|| Seat {
            actor: open(cell),
            live: 0,
            batch: Vec::new(),
            woken: false,
        });
        entry.live += 1;
        let actor = entry.actor.clone();
        if awake {
            self.wake(seat);
        }
        actor
    }

    /// The cell of a block.
    pub(crate) fn actor(&self, id: BlockId) -> Option<&Addr<CellActor<B>>> {
        Some(&self.seats.get(self.house().seat(id))?.as_ref()?.actor)
    }

    /// Takes note that a cell has lost blocks; an empty cell is forgotten, and its actor ends.
    pub(crate) fn lose(&mut self, seat: usize, blocks: usize) {
        if let Some(entry) = &mut self.seats[seat] {
            entry.live -= blocks;
            if entry.live == 0 {
                self.seats[seat] = None;
            }
        }
    }

    fn wake(&mut self, seat: usize) {
        if let Some(entry) = &mut self.seats[seat]
            && !std::mem::replace(&mut entry.woken, true)
        {
            self.woken.push(seat);
        }
    }

    pub(crate) fn receive(&mut self, parcel: Parcel<B::Mail>) {
        let ahead = parcel.cycle - self.bench.cycle;
        assert!(ahead == 1 || ahead == 2, "a parcel for the next cycle or the one after");
        let parcels = if ahead == 1 { &mut self.parcels } else { &mut self.early };
        let from = parcel.from;
        let before = parcels[from].replace(parcel);
        assert!(before.is_none(), "one parcel from a thread for a cycle");
        self.begin();
    }

    pub(crate) fn assign(&mut self, task: Task<B>) {
        self.task = Some(task);
        self.begin();
    }

    /// Begins the task, if there is one and all parcels have come.
    fn begin(&mut self) {
        if self.parcels.iter().any(Option::is_none) {
            return;
        }
        let Some(task) = self.task.take() else { return };
        // What came early takes the places that become empty here.
        std::mem::swap(&mut self.parcels, &mut self.early);
        let bundles = self.early.iter_mut().filter_map(Option::take).map(|parcel| parcel.bundle).collect();
        match task {
            Task::Cycle { cycle, budget, deliveries, carried } => {
                assert_eq!(cycle, self.bench.cycle + 1, "cycles come one by one");
                (self.bench.cycle, self.bench.budget) = (cycle, budget);
                self.begun = busy_time();
                deliveries.into_iter().for_each(|post| self.sort_in(post));
                merge(bundles, |post| self.sort_in(post));
                carried.into_iter().for_each(|post| self.sort_in(post));
                self.dispatch();
            }
            Task::Clear { house } => {
                let mut posts = Vec::new();
                merge(bundles, |post| posts.push(post));
                self.clear(house, posts);
            }
        }
    }

    /// Lays mail with the cell it is for.
    fn sort_in(&mut self, post: Post<B::Mail>) {
        if post.1.is_empty() {
            return;
        }
        let seat = self.house().seat(post.0);
        match self.seats.get_mut(seat) {
            Some(Some(entry)) => {
                if entry.batch.capacity() == 0
                    && let Some(spare) = self.spare.pop()
                {
                    entry.batch = spare;
                }
                entry.batch.push(post);
                if !std::mem::replace(&mut entry.woken, true) {
                    self.woken.push(seat);
                }
            }
            _ => self.bench.tally.counts.dropped += post.1.len() as u64,
        }
    }

    fn dispatch(&mut self) {
        let mut woken = std::mem::take(&mut self.woken);
        self.bench.options.schedule.arrange(&mut woken, self.bench.cycle, 0);
        for seat in woken {
            // A seat that was given up and taken again stands here twice.
            if let Some(Some(entry)) = self.seats.get_mut(seat)
                && std::mem::take(&mut entry.woken)
            {
                self.outstanding += 1;
                entry.actor.do_send(Deliver(std::mem::take(&mut entry.batch)));
            }
        }
        if self.outstanding == 0 {
            self.finish();
        }
    }

    /// Takes note of what became of the cell at `seat`. The last one ends the cycle.
    pub(crate) fn hand_in(&mut self, seat: usize, outcome: &Outcome, batch: Vec<Post<B::Mail>>) {
        if outcome.awake {
            self.wake(seat);
        }
        self.lose(seat, outcome.failed);
        if batch.capacity() > 0 && self.spare.len() < SPARE_BATCHES {
            self.spare.push(batch);
        }
        self.outstanding -= 1;
        if self.outstanding == 0 {
            self.finish();
        }
    }

    /// Sends the parcels, then the answer: when the coordinator has all answers, all parcels are sent.
    fn finish(&mut self) {
        let cycle = self.bench.cycle + 1;
        for (peer, outgoing) in self.peers.iter().zip(&mut self.bench.outgoing) {
            peer.do_send(Parcel { cycle, from: self.thread, bundle: outgoing.take() });
        }
        let tally = std::mem::take(&mut self.bench.tally);
        let work = busy_time().saturating_sub(self.begun);
        self.answer(Answer::Done { tally, work });
    }

    /// Asks all cells for their blocks, and starts over without any.
    fn clear(&mut self, house: House, posts: Vec<Post<B::Mail>>) {
        self.woken.clear();
        self.cleared = Cleared { slots: Vec::new(), posts };
        for entry in std::mem::take(&mut self.seats).into_iter().flatten() {
            self.outstanding += 1;
            entry.actor.do_send(Vacate { house: self.house() });
        }
        self.bench.house = house;
        self.expect_nothing();
        if self.outstanding == 0 {
            self.finish_clearing();
        }
    }

    /// Takes in the blocks of a cell that is no more. The last one ends the clearing.
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

/// How long this thread has been working, which other programs on the machine cannot make longer.
#[cfg(unix)]
fn busy_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Where threads have no clock of their own, time is the nearest thing. It decides on speed alone.
#[cfg(not(unix))]
fn busy_time() -> Duration {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}
