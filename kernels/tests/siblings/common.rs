//! What the tests share: seeds, numbers, executors, and the comparison of bits.

use std::sync::LazyLock;

use theoremata_kernels::{Crew, Draw, Inline, Kernels, Level, Parallel};

/// Seeds of a property: 200, or as many as `SEEDS` says.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(200)
}

/// Numbers that follow from a seed.
pub(crate) struct Random {
    seed: u64,
    next: u32,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { seed, next: 0 }
    }

    pub(crate) fn word(&mut self) -> u32 {
        self.next += 1;
        Draw { seed: self.seed, path: 0x7e57, position: 0 }.word(self.next)
    }

    /// A number of `0..bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.word()) * bound as u64) >> 32) as usize
    }

    /// A number between -1 and 1.
    pub(crate) fn float(&mut self) -> f32 {
        self.word() as f32 / 2_147_483_648.0 - 1.0
    }

    pub(crate) fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }
}

/// Every sibling that this machine can run; says which it cannot.
pub(crate) fn siblings() -> Vec<Kernels> {
    for level in [Level::Avx2, Level::Avx512] {
        if !level.runs_here() {
            println!("SKIPPED: {level} is not on this machine");
        }
    }
    Level::available().into_iter().filter_map(Kernels::at).collect()
}

/// Three threads for each call.
pub(crate) struct Scoped;

impl Parallel for Scoped {
    fn width(&self) -> usize {
        3
    }

    fn run(&self, work: &(dyn Fn() + Sync)) {
        std::thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
            work();
        });
    }
}

/// The executors that results must not depend on.
pub(crate) fn executors() -> [(&'static str, &'static dyn Parallel); 3] {
    static CREW: LazyLock<Crew> = LazyLock::new(|| Crew::new(4));
    [("inline", &Inline), ("three threads", &Scoped), ("a crew of four", &*CREW)]
}

/// An output that shows what is not written.
pub(crate) fn unwritten(count: usize) -> Vec<f32> {
    vec![f32::NAN; count]
}

/// Fails if two outputs differ in a bit, or one holds NaN.
#[track_caller]
pub(crate) fn same_bits(found: &[f32], expected: &[f32], what: impl std::fmt::Display) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(!found.is_nan(), "{what}: output {index} is NaN");
        assert_eq!(found.to_bits(), expected.to_bits(), "{what}: output {index} is {found:e}, not {expected:e}");
    }
}

/// Fails if an output is further from the exact one than `tolerance`.
#[track_caller]
pub(crate) fn close(found: &[f32], exact: &[f64], tolerance: f64, what: impl std::fmt::Display) {
    assert_eq!(found.len(), exact.len(), "{what}");
    for (index, (found, exact)) in found.iter().zip(exact).enumerate() {
        let error = (f64::from(*found) - exact).abs();
        assert!(error <= tolerance, "{what}: output {index} is {found:e}, not {exact:e} (off by {error:e})");
    }
}
