//! The same run on every runtime: plain loop, any number of threads, any cells, any order in a cycle.

mod common;

use std::num::NonZeroUsize;
use std::sync::Arc;

use common::{Probe, Temper, Trace, actix, expect_panics, mix, shuffled};
use theoremata_actors::grid::{BlockId, InlineRuntime, Options, Runtime, ShardSize, ask};

/// All that can be seen of a run: its cycles, and what every block remembers in the end.
type Run = (Vec<Trace>, Vec<Option<u64>>);

/// What is done to a grid from outside, drawn from a seed.
struct Script {
    seed: u64,
    blocks: u64,
    cycles: u64,
    temper: Temper,
}

impl Script {
    fn random(seed: u64) -> Self {
        let draw = |salt: u64, sides: u64| mix(mix(seed, 77), salt) % sides;
        let blocks = 1 + draw(0, 60);
        let temper = Temper {
            spawn: draw(1, 60),
            panic: draw(2, 8),
            go_on: draw(3, 128),
            reach: blocks + draw(4, 30),
            posts: draw(5, 6),
        };
        Self { seed, blocks, cycles: 10, temper }
    }

    /// Runs the script. `between` is called before every cycle.
    fn run<R: Runtime<Probe>>(&self, mut grid: R, mut between: impl FnMut(&mut R, u64)) -> Run {
        let draw = |cycle: u64, salt: u64, sides: u64| mix(mix(self.seed, cycle), salt) % sides;
        let block = |number: u64| BlockId::new(u32::try_from(number).unwrap());
        let new = |count: u64, salt: u64| {
            (0..count).map(|number| Probe::new(mix(salt, number), self.temper)).collect::<Vec<_>>()
        };
        let mut last = grid.spawn(new(self.blocks, self.seed)).len();
        let mut traces = Vec::new();
        for cycle in 0..self.cycles {
            between(&mut grid, cycle);
            let gone: Vec<_> =
                (0..draw(cycle, 1, 4)).map(|salt| block(draw(cycle, 10 + salt, self.blocks * 2))).collect();
            grid.remove(&gone);
            last += grid.spawn(new(draw(cycle, 2, 3), cycle)).len();
            let deliveries = (0..draw(cycle, 3, 8)).map(|salt| {
                let to = block(draw(cycle, 20 + salt, self.blocks * 2));
                (to, Arc::from([cycle, salt]))
            });
            let trace = Trace::from(grid.cycle(deliveries.collect(), 100 + cycle).unwrap());
            assert_eq!(trace.counts.live, grid.live());
            last += trace.spawned.len();
            traces.push(trace);
        }
        let memories = (0..last as u64).map(|number| ask(&mut grid, block(number), |probe| probe.seen));
        let memories = memories.collect();
        grid.stop();
        (traces, memories)
    }
}

/// The cycles in which two runs part, as a whole run does not fit a screen.
fn first_difference(left: &Run, right: &Run) -> String {
    let parted = left.0.iter().zip(&right.0).find(|(left, right)| left != right);
    parted.map_or("memories differ".to_owned(), |(left, right)| format!("{left:?}\nbut\n{right:?}"))
}

fn steady<R>(_: &mut R, _: u64) {}

#[test]
fn every_runtime_gives_the_same_run() {
    expect_panics();
    for seed in 0..200 {
        let script = Script::random(seed);
        let plain = script.run(InlineRuntime::new(Options::default()), steady);
        for (threads, cells) in [(1, 0), (1, 1), (2, 4), (4, 1), (4, 0)] {
            let run = script.run(actix(threads, cells, Options::default()), steady);
            assert!(
                run == plain,
                "seed {seed}, {threads} threads, cells of {cells}: {}",
                first_difference(&run, &plain)
            );
        }
    }
}

#[test]
fn the_order_inside_a_cycle_does_not_matter() {
    expect_panics();
    for seed in 0..200 {
        let script = Script::random(seed);
        let plain = script.run(InlineRuntime::new(Options::default()), steady);
        let run = script.run(InlineRuntime::new(shuffled(seed)), steady);
        assert!(run == plain, "seed {seed}, plain loop: {}", first_difference(&run, &plain));
        let run = script.run(actix(2, 4, shuffled(seed)), steady);
        assert!(run == plain, "seed {seed}, 2 threads: {}", first_difference(&run, &plain));
    }
}

#[test]
fn blocks_may_move_to_other_cells_with_their_mail() {
    expect_panics();
    for seed in 0..200 {
        let script = Script::random(seed);
        let plain = script.run(InlineRuntime::new(Options::default()), steady);
        let threads = 1 + usize::try_from(seed % 3).unwrap();
        let run = script.run(actix(threads, 4, Options::default()), |grid, cycle| {
            let cells = 1 << (mix(seed, cycle) % 7);
            grid.set_shard_size(ShardSize::Of(NonZeroUsize::new(cells).unwrap())).unwrap();
        });
        assert!(run == plain, "seed {seed}, {threads} threads: {}", first_difference(&run, &plain));
    }
}

#[test]
fn ten_thousand_blocks_give_the_same_run() {
    expect_panics();
    let temper = Temper { spawn: 8, panic: 1, go_on: 40, reach: 11_000, posts: 8 };
    let script = Script { seed: 5, blocks: 10_000, cycles: 8, temper };
    let plain = script.run(InlineRuntime::new(Options::default()), steady);
    let last = &plain.0[7];
    assert!(last.counts.live > 10_000 && last.counts.mails > 20_000, "a run worth the name: {:?}", last.counts);
    assert!(plain.0.iter().any(|trace| !trace.failed.is_empty()), "with failures");
    assert!(plain.0.iter().any(|trace| trace.counts.dropped > 0), "and mail for the dead");
    for (threads, cells) in [(1, 64), (2, 16), (4, 0)] {
        let run = script.run(actix(threads, cells, Options::default()), steady);
        assert!(run == plain, "{threads} threads, cells of {cells}");
    }
    assert!(script.run(actix(2, 16, shuffled(9)), steady) == plain, "shuffled");
}

#[test]
fn a_mail_out_of_place_would_be_noticed() {
    let temper = Temper { spawn: 0, panic: 0, go_on: 0, reach: 1, posts: 0 };
    let remember = |mail: [u64; 2]| {
        let mut grid = InlineRuntime::new(Options::default());
        let ids = grid.spawn(vec![Probe::new(1, temper)]);
        grid.cycle(mail.map(|item| (ids[0], Arc::from([item]))).into(), 1).unwrap();
        ask(&mut grid, ids[0], |probe| probe.seen).unwrap()
    };
    assert_ne!(remember([1, 2]), remember([2, 1]));
}
