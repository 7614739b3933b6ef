//! The price of actors: the same blocks in the plain loop and on actix, in one run.
//!
//! Every block takes in slices of mail from eight others in each cycle, looks every item up in a table
//! of its own a number of times, and posts one slice to eight others. The unit of work is one
//! activation: one block in one cycle. The plain loop of the library has an inbox for every block; as
//! that costs more in cache misses than cells of blocks do, a bare loop over cells is measured beside it,
//! with no actor, no register, no panics caught: the least that moving the same mail can cost. Figures are CPU time of the whole process, threads included; the
//! runtimes take turns, and the median of the rounds is printed.
//!
//! `cargo bench -p theoremata-actors` prints the tables; `-- BLOCKS ROUNDS` sets the size and the rounds.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use theoremata_actors::grid::{
    ActixRuntime, Block, BlockId, Cycle, End, InlineRuntime, Options, Post, Runtime, ShardSize,
};

const NEIGHBOURS: u32 = 8;
const TABLE: usize = 32;
/// Activations that are measured for one figure.
const ACTIVATIONS: usize = 100_000;

struct Worker {
    id: u32,
    blocks: u32,
    look_ups: u32,
    table: [u64; TABLE],
}

impl Block for Worker {
    type Mail = u64;
    type Report = u64;

    fn settle(&mut self, id: BlockId, _: Option<BlockId>) {
        self.id = id.number();
    }

    fn cycle(&mut self, mail: &[Arc<[u64]>], _: u64) -> Cycle<Self> {
        let mut state = u64::from(self.id);
        for item in mail.iter().flat_map(|slice| slice.iter()) {
            for _ in 0..self.look_ups {
                state = (state ^ item).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
                let place = usize::try_from(state % TABLE as u64).unwrap_or(0);
                self.table[place] = self.table[place].wrapping_add(state);
                state ^= self.table[place];
            }
        }
        let post: Arc<[u64]> = Arc::new([state]);
        // Some near, some far away.
        let to = |step: u32| BlockId::new((self.id + 1 + step * step * step * 37) % self.blocks);
        let posts: Vec<Post<u64>> = (0..NEIGHBOURS).map(|step| (to(step), Arc::clone(&post))).collect();
        Cycle { posts, ..Cycle::silent(End::Saturated) }
    }
}

/// The same blocks and the same mail in the same order, and nothing else.
struct Bare {
    blocks: Vec<Worker>,
    posted: Vec<Post<u64>>,
    batches: Vec<Vec<Post<u64>>>,
    inboxes: Vec<Vec<Arc<[u64]>>>,
}

impl Bare {
    const CELL: usize = 64;

    fn new(mut blocks: Vec<Worker>) -> Self {
        blocks.iter_mut().zip(0..).for_each(|(block, id)| block.id = id);
        let batches = blocks.chunks(Self::CELL).map(|_| Vec::new()).collect();
        Self { blocks, posted: Vec::new(), batches, inboxes: vec![Vec::new(); Self::CELL] }
    }

    fn cycle(&mut self) {
        for post in self.posted.drain(..) {
            self.batches[post.0.number() as usize / Self::CELL].push(post);
        }
        for (cell, batch) in self.blocks.chunks_mut(Self::CELL).zip(&mut self.batches) {
            for (to, mail) in batch.drain(..) {
                self.inboxes[to.number() as usize % Self::CELL].push(mail);
            }
            for (block, inbox) in cell.iter_mut().zip(&mut self.inboxes) {
                self.posted.extend(block.cycle(inbox, 1).posts);
                inbox.clear();
            }
        }
    }
}

fn workers(blocks: u32, look_ups: u32) -> Vec<Worker> {
    (0..blocks).map(|_| Worker { id: 0, blocks, look_ups, table: [1; TABLE] }).collect()
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU and wall nanoseconds for one activation.
fn measure(grid: &mut dyn Runtime<Worker>, blocks: u32, cycles: usize) -> (f64, f64) {
    time(blocks, cycles, || match grid.cycle(Vec::new(), 1) {
        Ok(committed) => assert_eq!(committed.counts.woken, blocks as usize, "every block has mail"),
        Err(halt) => panic!("{halt}"),
    })
}

fn time(blocks: u32, cycles: usize, mut run: impl FnMut()) -> (f64, f64) {
    let (before, started) = (cpu(), Instant::now());
    (0..cycles).for_each(|_| run());
    let activations = cycles as f64 * f64::from(blocks);
    let wall = started.elapsed();
    ((cpu() - before).as_nanos() as f64 / activations, wall.as_nanos() as f64 / activations)
}

fn actix(threads: usize, cells: ShardSize) -> ActixRuntime<Worker> {
    let threads = NonZeroUsize::new(threads).expect("at least one thread");
    ActixRuntime::start(threads, cells, Options::default()).expect("threads can be started")
}

fn of(blocks: usize) -> ShardSize {
    NonZeroUsize::new(blocks).map_or(ShardSize::Auto, ShardSize::Of)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare(blocks: u32, look_ups: u32, rounds: usize) {
    let mut inline = InlineRuntime::new(Options::default());
    let mut grids = [
        ("actix, 1 thread, auto", actix(1, ShardSize::Auto)),
        ("actix, 2 threads, auto", actix(2, ShardSize::Auto)),
        ("actix, 1 thread, cells of 1", actix(1, of(1))),
        ("actix, 1 thread, cells of 16", actix(1, of(16))),
        ("actix, 1 thread, cells of 64", actix(1, of(64))),
        ("actix, 2 threads, cells of 64", actix(2, of(64))),
    ];
    let cycles = (ACTIVATIONS / blocks as usize).max(8);
    inline.spawn(workers(blocks, look_ups));
    measure(&mut inline, blocks, 10);
    let mut bare = Bare::new(workers(blocks, look_ups));
    time(blocks, 10, || bare.cycle());
    for (_, grid) in &mut grids {
        grid.spawn(workers(blocks, look_ups));
        measure(grid, blocks, 10);
    }
    let (mut base, mut least) = (Vec::new(), Vec::new());
    let mut figures = vec![(Vec::new(), Vec::new(), Vec::new(), Vec::new()); grids.len()];
    let mut base_wall = Vec::new();
    for _ in 0..rounds {
        let (without, _) = time(blocks, cycles, || bare.cycle());
        least.push(without);
        let (plain, wall) = measure(&mut inline, blocks, cycles);
        base.push(plain);
        base_wall.push(wall);
        for ((_, grid), (cpu, wall, ratio, bare_ratio)) in grids.iter_mut().zip(&mut figures) {
            let (own_cpu, own_wall) = measure(grid, blocks, cycles);
            cpu.push(own_cpu);
            wall.push(own_wall);
            // Against the plain loop of the same round: the machine is not equally fast all the time.
            ratio.push(own_cpu / plain);
            bare_ratio.push(own_cpu / without);
        }
    }
    println!("\n{blocks} blocks, {cycles} cycles, {look_ups} look-ups an item, {rounds} rounds");
    println!("{:<30} {:>8} {:>8} {:>9} {:>8} {:>6}", "runtime", "CPU ns", "wall ns", "to plain", "to bare", "cells");
    println!("{:<30} {:>8.0}", "bare loop over cells", median(&mut least));
    println!("{:<30} {:>8.0} {:>8.0} {:>9.3}", "plain loop", median(&mut base), median(&mut base_wall), 1.0);
    for ((name, grid), (cpu, wall, ratio, bare_ratio)) in grids.iter().zip(&mut figures) {
        let cells = grid.layout().shard_blocks;
        let (cpu, wall, ratio, bare_ratio) = (median(cpu), median(wall), median(ratio), median(bare_ratio));
        println!("{name:<30} {cpu:>8.0} {wall:>8.0} {ratio:>9.3} {bare_ratio:>8.3} {cells:>6}");
    }
}

/// Resident bytes of this process.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as f64)
}

/// A block that does nothing, so that what is measured is the grid.
struct Idle;

impl Block for Idle {
    type Mail = ();
    type Report = ();

    fn cycle(&mut self, _: &[Arc<[()]>], _: u64) -> Cycle<Self> {
        Cycle::silent(End::Saturated)
    }
}

fn memory(blocks: usize, name: &str, mut grid: impl Runtime<Idle>) {
    let idle = || std::iter::repeat_with(|| Idle).take(blocks).collect::<Vec<_>>();
    let before = resident();
    let ids = grid.spawn(idle());
    assert!(grid.cycle(Vec::new(), 1).is_ok() && grid.is_quiet(), "idle blocks come to rest");
    let after = resident();
    let mut free = f64::NAN;
    if let (Some(before), Some(after)) = (before, after) {
        free = (after - before) / blocks as f64;
    }
    println!("{name:<32} {free:>8.0}");
    assert_eq!(grid.remove(&ids), blocks, "all of them were there");
    grid.stop();
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let blocks = arguments.next().unwrap_or(10_000);
    let rounds = arguments.next().unwrap_or(5);
    for look_ups in [16, 64, 300] {
        compare(blocks, look_ups, rounds as usize);
    }
    println!("\nresident bytes for an idle block, {} of them", blocks * 10);
    let idle = blocks as usize * 10;
    memory(idle, "actix, 2 threads, cells of 64", start_idle(of(64)));
    memory(idle, "actix, 2 threads, cells of 16", start_idle(of(16)));
    memory(idle, "actix, 2 threads, cells of 1", start_idle(of(1)));
    memory(idle, "plain loop", InlineRuntime::new(Options::default()));
}

fn start_idle(cells: ShardSize) -> ActixRuntime<Idle> {
    let threads = NonZeroUsize::new(2).expect("two is not zero");
    ActixRuntime::start(threads, cells, Options::default()).expect("threads can be started")
}
