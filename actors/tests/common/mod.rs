//! Blocks and runtimes that the tests share.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Once};

use theoremata_actors::grid::{
    ActixRuntime, Block, BlockId, Committed, Counts, Cycle, End, Failure, InlineRuntime, Options, Runtime, Schedule,
    ShardSize, Spawned,
};

/// Mixes two numbers into one.
pub fn mix(left: u64, right: u64) -> u64 {
    theoremata_kernels::mix(left ^ right.rotate_left(32))
}

/// A block that remembers, as a hash, every mail in the order in which it came, and lets that hash
/// decide what it does: one mail out of place, and all that follows is different.
pub struct Probe {
    pub seen: u64,
    pub temper: Temper,
    id: u64,
}

/// How often, in 256 cycles, a probe does something.
#[derive(Clone, Copy)]
pub struct Temper {
    pub spawn: u64,
    pub panic: u64,
    pub go_on: u64,
    /// Mail goes to blocks with numbers below this.
    pub reach: u64,
    pub posts: u64,
}

impl Probe {
    pub fn new(seed: u64, temper: Temper) -> Self {
        Self { seen: seed, temper, id: 0 }
    }
}

impl Block for Probe {
    type Mail = u64;
    type Report = u64;

    fn settle(&mut self, id: BlockId, parent: Option<BlockId>) {
        self.id = u64::from(id.number());
        self.seen = mix(mix(self.seen, self.id), parent.map_or(u64::MAX, |parent| parent.number().into()));
    }

    fn cycle(&mut self, mail: &[Arc<[u64]>], budget: u64) -> Cycle<Self> {
        self.seen = mix(self.seen, budget);
        for slice in mail {
            self.seen = slice.iter().fold(mix(self.seen, slice.len() as u64), |seen, item| mix(seen, *item));
        }
        let mut dice = self.seen;
        let mut throw = |sides: u64| {
            dice = mix(dice, 1);
            dice % sides
        };
        if throw(256) < self.temper.panic {
            panic!("planned: {}", self.seen);
        }
        let posts = (0..throw(self.temper.posts + 1)).map(|_| {
            let to = BlockId::new(u32::try_from(throw(self.temper.reach)).unwrap());
            (to, (0..throw(3)).map(|item| mix(self.seen, item)).collect())
        });
        let posts = posts.collect();
        let spawn = if throw(256) < self.temper.spawn {
            let calm = Temper { spawn: self.temper.spawn / 2, ..self.temper };
            (0..=throw(2)).map(|child| Self::new(mix(self.seen, child), calm)).collect()
        } else {
            Vec::new()
        };
        let reports = (0..throw(3)).map(|report| mix(self.seen, report)).collect();
        let end = if throw(256) < self.temper.go_on { End::OutOfSteps } else { End::Saturated };
        Cycle { posts, spawn, reports, end }
    }
}

/// All that a cycle came to, to be compared.
#[derive(PartialEq, Eq, Debug)]
pub struct Trace {
    pub cycle: u64,
    pub reports: Vec<(BlockId, u64)>,
    pub spawned: Vec<Spawned>,
    pub failed: Vec<Failure>,
    pub counts: Counts,
}

impl<B: Block<Report = u64>> From<Committed<B>> for Trace {
    fn from(committed: Committed<B>) -> Self {
        let Committed { cycle, reports, spawned, failed, counts } = committed;
        Self { cycle, reports, spawned, failed, counts }
    }
}

pub fn shuffled(seed: u64) -> Options {
    Options { schedule: Schedule::Shuffled(seed), ..Options::default() }
}

pub fn actix<B: Block>(threads: usize, cells: usize, options: Options) -> ActixRuntime<B> {
    let cells = NonZeroUsize::new(cells).map_or(ShardSize::Auto, ShardSize::Of);
    ActixRuntime::start(NonZeroUsize::new(threads).unwrap(), cells, options).unwrap()
}

/// Does the same with every runtime.
pub fn with_each<B: Block>(options: &Options, mut test: impl FnMut(&mut dyn Runtime<B>)) {
    test(&mut InlineRuntime::new(options.clone()));
    for (threads, cells) in [(1, 1), (1, 16), (2, 2), (4, 0)] {
        test(&mut actix(threads, cells, options.clone()));
    }
}

/// Keeps panics that are part of a test out of its output.
pub fn expect_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let payload = panic.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            if !text.is_some_and(|text| text.starts_with("planned")) {
                usual(panic);
            }
        }));
    });
}
