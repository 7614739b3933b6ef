//! What a grid does, one behaviour a test, on every runtime.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{actix, expect_panics, with_each};
use theoremata_actors::grid::{
    Block, BlockId, Cancel, Committed, Coordinator, Cycle, End, Ended, Halt, InlineRuntime, Next, Observer, Options,
    Post, Progress, Runtime, Silent, Spawned, Watch, ask, drive,
};

/// A block that follows a script: what it does in its n-th cycle.
struct Actor {
    id: u32,
    script: Vec<Act>,
    step: usize,
    /// Counts the actors that are there.
    #[expect(dead_code, reason = "is there to be dropped")]
    count: Option<Counted>,
}

enum Act {
    Rest,
    GoOn,
    Post(Vec<u32>),
    Spawn(Vec<Actor>),
    Panic,
    Cancel(Cancel),
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(counter: &Arc<AtomicUsize>) -> Option<Self> {
        counter.fetch_add(1, Ordering::SeqCst);
        Some(Self(Arc::clone(counter)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Does the given things, then rests.
fn actor(script: impl IntoIterator<Item = Act>) -> Actor {
    Actor { id: 0, script: script.into_iter().collect(), step: 0, count: None }
}

impl Block for Actor {
    type Mail = u32;
    /// What was in the mail.
    type Report = Vec<u32>;

    fn settle(&mut self, id: BlockId, _: Option<BlockId>) {
        self.id = id.number();
    }

    fn cycle(&mut self, mail: &[Arc<[u32]>], _: u64) -> Cycle<Self> {
        let reports = vec![mail.iter().flat_map(|slice| slice.iter().copied()).collect()];
        let act = self.script.get_mut(self.step).map_or(Act::Rest, |act| std::mem::replace(act, Act::Rest));
        self.step += 1;
        let mut cycle = Cycle { reports, ..Cycle::silent(End::Saturated) };
        match act {
            Act::Rest => {}
            Act::GoOn => cycle.end = End::OutOfSteps,
            Act::Post(to) => {
                let mail: Arc<[u32]> = Arc::from([self.id]);
                cycle.posts = to.into_iter().map(|to| (BlockId::new(to), Arc::clone(&mail))).collect();
            }
            Act::Spawn(children) => cycle.spawn = children,
            Act::Panic => panic!("planned by {}", self.id),
            Act::Cancel(cancel) => cancel.cancel(),
        }
        cycle
    }
}

fn next(grid: &mut dyn Runtime<Actor>) -> Committed<Actor> {
    grid.cycle(Vec::new(), 1).unwrap()
}

/// Who said what, with plain numbers.
fn said(committed: &Committed<Actor>) -> Vec<(u32, Vec<u32>)> {
    committed.reports.iter().map(|(id, mail)| (id.number(), mail.clone())).collect()
}

fn each(test: impl FnMut(&mut dyn Runtime<Actor>)) {
    with_each(&Options::default(), test);
}

/// Runtimes with the flags that cancel them.
fn some_with_own_flag() -> Vec<(Box<dyn Runtime<Actor>>, Cancel)> {
    let some = [0, 1, 2, 4].map(|threads| {
        let options = Options::default();
        let cancel = options.cancel.clone();
        let grid: Box<dyn Runtime<Actor>> = match threads {
            0 => Box::new(InlineRuntime::new(options)),
            _ => Box::new(actix(threads, 16, options)),
        };
        (grid, cancel)
    });
    some.into()
}

#[test]
fn mail_comes_from_the_coordinator_first_and_then_by_sender() {
    each(|grid| {
        let post = || actor([Act::Post(vec![2])]);
        grid.spawn(vec![post(), post(), actor([]), post(), post()]);
        assert_eq!(said(&next(grid)), [0, 1, 2, 3, 4].map(|id| (id, vec![])));
        let deliveries = vec![(BlockId::new(2), Arc::from([90, 91])), (BlockId::new(2), Arc::from([80]))];
        let committed = grid.cycle(deliveries, 1).unwrap();
        assert_eq!(said(&committed), [(2, vec![90, 91, 80, 0, 1, 3, 4])]);
        assert_eq!(committed.counts.mails, 7);
    });
}

#[test]
fn only_blocks_with_mail_or_more_to_do_are_woken() {
    each(|grid| {
        grid.spawn(vec![actor([]), actor([Act::GoOn, Act::GoOn]), actor([Act::Post(vec![0])])]);
        assert_eq!(next(grid).counts.woken, 3);
        assert_eq!(said(&next(grid)), [(0, vec![2]), (1, vec![])]);
        assert!(!grid.is_quiet());
        assert_eq!(said(&next(grid)), [(1, vec![])]);
        assert!(grid.is_quiet());
        assert_eq!(next(grid).counts.woken, 0);
    });
}

#[test]
fn an_empty_slice_is_no_mail() {
    each(|grid| {
        let ids = grid.spawn(vec![actor([])]);
        next(grid);
        let committed = grid.cycle(vec![(ids[0], Arc::from([]))], 1).unwrap();
        assert_eq!(committed.counts.woken, 0);
    });
}

#[test]
fn children_are_numbered_by_their_parents() {
    each(|grid| {
        let family = |children: usize| actor([Act::Spawn((0..children).map(|_| actor([])).collect())]);
        grid.spawn(vec![family(2), actor([]), family(1)]);
        let committed = next(grid);
        let spawned = [(0, 3), (0, 4), (2, 5)]
            .map(|(parent, child)| Spawned { parent: BlockId::new(parent), child: BlockId::new(child) });
        assert_eq!(committed.spawned, spawned);
        assert_eq!((committed.counts.live, committed.counts.awake), (6, 3));
        assert_eq!(said(&next(grid)), [3, 4, 5].map(|id| (id, vec![])));
        assert_eq!(ask(grid, BlockId::new(5), |actor| actor.id), Some(5));
    });
}

#[test]
fn a_panic_removes_one_block_and_disturbs_no_other() {
    expect_panics();
    let counter = Arc::<AtomicUsize>::default();
    each(|grid| {
        let doomed = Actor { count: Counted::new(&counter), ..actor([Act::Panic]) };
        grid.spawn(vec![actor([Act::Post(vec![1, 2])]), doomed, actor([Act::Post(vec![0])])]);
        let committed = next(grid);
        assert_eq!(said(&committed), [(0, vec![]), (2, vec![])]);
        let failure = &committed.failed[0];
        assert_eq!((failure.block.number(), failure.message.as_str()), (1, "planned by 1"));
        assert_eq!((committed.counts.woken, grid.live()), (3, 2));
        assert_eq!(counter.load(Ordering::SeqCst), 0, "its memory is free");
        let committed = next(grid);
        assert_eq!(said(&committed), [(0, vec![2]), (2, vec![0])]);
        assert_eq!(committed.counts.dropped, 1);
        assert_eq!(ask(grid, BlockId::new(1), |_| ()), None);
    });
}

#[test]
fn mail_to_a_removed_block_is_dropped_and_counted() {
    each(|grid| {
        let ids = grid.spawn(vec![actor([Act::Post(vec![1, 2, 77])]), actor([Act::GoOn]), actor([])]);
        next(grid);
        assert_eq!(grid.remove(&[ids[1], ids[1], BlockId::new(50)]), 1, "there was one of them");
        let committed = grid.cycle(vec![(ids[1], Arc::from([5, 6]))], 1).unwrap();
        assert_eq!(said(&committed), [(2, vec![0])]);
        assert_eq!((committed.counts.mails, committed.counts.dropped), (1, 4));
        assert_eq!(committed.counts.live, 2);
    });
}

#[test]
fn ids_are_not_used_twice() {
    each(|grid| {
        let ids = grid.spawn(vec![actor([]), actor([])]);
        grid.remove(&ids);
        next(grid);
        assert_eq!(grid.spawn(vec![actor([])]), [BlockId::new(2)]);
        assert_eq!(said(&next(grid)), [(2, vec![])]);
    });
}

#[test]
fn a_block_in_the_place_of_a_removed_one_runs_once() {
    each(|grid| {
        let ids = grid.spawn(vec![actor([])]);
        grid.remove(&ids);
        grid.spawn(vec![actor([])]);
        assert_eq!(next(grid).counts.woken, 1);
    });
}

#[test]
fn removed_blocks_are_freed_and_so_are_the_rest_in_the_end() {
    let counter = Arc::<AtomicUsize>::default();
    each(|grid| {
        let counted = || Actor { count: Counted::new(&counter), ..actor([Act::GoOn, Act::GoOn, Act::GoOn]) };
        let ids = grid.spawn((0..100).map(|_| counted()).collect());
        next(grid);
        assert_eq!(grid.remove(&ids[..70]), 70);
        next(grid);
        // The threads free them beside the cycle.
        let deadline = Instant::now() + Duration::from_secs(30);
        while counter.load(Ordering::SeqCst) != 30 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!((counter.load(Ordering::SeqCst), grid.live()), (30, 30));
        grid.stop();
        assert_eq!((counter.load(Ordering::SeqCst), grid.live()), (0, 0));
        assert_eq!(grid.cycle(Vec::new(), 1).err(), Some(Halt::Stopped));
        assert_eq!(ask(grid, ids[99], |_| ()), None);
    });
}

#[test]
fn a_raised_flag_ends_the_run_before_the_next_cycle() {
    for mut grid in some_with_own_flag() {
        let (grid, cancel) = (grid.0.as_mut(), &grid.1);
        grid.spawn(vec![actor([]), actor([Act::Rest, Act::Cancel(cancel.clone())])]);
        assert_eq!(next(grid).counts.woken, 2);
        let committed = grid.cycle(vec![(BlockId::new(1), Arc::from([1]))], 1).unwrap();
        assert_eq!(committed.counts.woken, 1, "the last block of the cycle raised it: the cycle is whole");
        for _ in 0..2 {
            assert_eq!(grid.cycle(Vec::new(), 1).err(), Some(Halt::Cancelled { cycle: 3 }));
        }
    }
}

#[test]
fn a_flag_raised_inside_a_cycle_stops_it_between_blocks() {
    for mut grid in some_with_own_flag() {
        let (grid, cancel) = (grid.0.as_mut(), &grid.1);
        let mut blocks: Vec<_> = (0..200).map(|_| actor([])).collect();
        blocks[0] = actor([Act::Cancel(cancel.clone())]);
        let ids = grid.spawn(blocks);
        assert_eq!(grid.cycle(Vec::new(), 1).err(), Some(Halt::Cancelled { cycle: 1 }));
        // Its neighbour is next on the same thread, and was not run.
        assert_eq!(ask(grid, ids[1], |actor| actor.step), Some(0));
    }
}

#[test]
fn a_question_that_panics_harms_nobody() {
    expect_panics();
    each(|grid| {
        let ids = grid.spawn(vec![actor([])]);
        assert_eq!(ask(grid, ids[0], |_| -> u32 { panic!("planned") }), None);
        assert_eq!(ask(grid, ids[0], |actor| actor.id), Some(0));
        assert_eq!(next(grid).counts.woken, 1);
    });
}

/// Sends every report on to block 0, until it has had enough.
struct Relay {
    cycles: u64,
    enough: u64,
}

impl Coordinator<Actor> for Relay {
    fn digest(&mut self, committed: Committed<Actor>, _: &mut dyn Runtime<Actor>) -> Next<Actor> {
        self.cycles += 1;
        if self.cycles == self.enough {
            return Next::Stop;
        }
        let mail = |(_, report): (BlockId, Vec<u32>)| -> Option<Post<u32>> {
            (!report.is_empty()).then(|| (BlockId::new(0), report.into()))
        };
        Next::Go(committed.reports.into_iter().filter_map(mail).collect())
    }
}

#[derive(Default)]
struct Diary(Vec<Progress>);

impl Observer for Diary {
    fn observe(&mut self, progress: &Progress) {
        self.0.push(*progress);
    }
}

fn run(enough: u64, cycles: u64, mut bound: impl FnMut() -> Result<(), String>, first: bool) -> (Ended, Vec<Progress>) {
    let mut grid = InlineRuntime::new(Options::default());
    let ids = grid.spawn(vec![actor([])]);
    let first = if first { vec![(ids[0], Arc::from([7]))] } else { Vec::new() };
    let mut diary = Diary::default();
    let mut watch = Watch { budget: 1, cycles, bound: &mut bound, observer: &mut diary };
    let ended = drive(&mut grid, &mut Relay { cycles: 0, enough }, first, &mut watch);
    (ended, diary.0)
}

#[test]
fn a_run_ends_when_nothing_is_left_to_do() {
    let (ended, diary) = run(9, 9, || Ok(()), false);
    assert_eq!((ended, diary.len()), (Ended::Quiet, 1));
    assert_eq!((diary[0].cycle, diary[0].reports, diary[0].counts.live), (1, 1, 1));
}

#[test]
fn a_run_ends_when_the_coordinator_has_enough() {
    let (ended, diary) = run(3, 9, || Ok(()), true);
    assert_eq!((ended, diary.len()), (Ended::Stopped, 3));
}

#[test]
fn a_run_ends_after_the_most_cycles() {
    let (ended, diary) = run(9, 4, || Ok(()), true);
    assert_eq!((ended, diary.iter().map(|progress| progress.cycle).collect()), (Ended::OutOfCycles, vec![1, 2, 3, 4]));
}

#[test]
fn a_run_ends_at_a_bound_with_its_reason() {
    let mut asked = 0;
    let bound = || {
        asked += 1;
        if asked > 2 { Err("more than 300 MB".to_owned()) } else { Ok(()) }
    };
    let (ended, diary) = run(9, 9, bound, true);
    assert_eq!((ended, diary.len()), (Ended::Bound("more than 300 MB".to_owned()), 2));
}

#[test]
fn a_cancelled_run_says_so() {
    let options = Options::default();
    options.cancel.cancel();
    with_each(&options, |grid| {
        grid.spawn(vec![actor([])]);
        let mut watch = Watch { budget: 1, cycles: 9, bound: &mut || Ok(()), observer: &mut Silent };
        let ended = drive(grid, &mut Relay { cycles: 0, enough: 9 }, Vec::new(), &mut watch);
        assert_eq!(ended, Ended::Halted(Halt::Cancelled { cycle: 1 }));
    });
}
