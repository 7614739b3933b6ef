//! Shared by the tests: seeds, executors, and bitwise comparison.

use std::sync::LazyLock;

use crate::skip::skipped;
use theoremata_kernels::{Crew, Inline, Kernels, Level, Parallel};

/// The seeds of a property: 200, or the number in `SEEDS`.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(200)
}

/// Every sibling that this machine supports; prints those that it does not.
pub(crate) fn siblings() -> Vec<Kernels> {
    for level in [Level::Avx2, Level::Avx512] {
        if !level.runs_here() {
            skipped(format_args!("{level} is not on this machine"));
        }
    }
    Level::available().into_iter().filter_map(Kernels::at).collect()
}

/// An executor that starts three threads for each call.
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

/// Executors, on which results must not depend.
pub(crate) fn executors() -> [(&'static str, &'static dyn Parallel); 3] {
    static CREW: LazyLock<Crew> = LazyLock::new(|| Crew::new(4));
    [("inline", &Inline), ("three threads", &Scoped), ("a crew of four", &*CREW)]
}

/// An output buffer that reveals elements never written.
pub(crate) fn unwritten(count: usize) -> Vec<f32> {
    vec![f32::NAN; count]
}

/// Fails if two outputs differ in any bit, or one contains NaN.
#[track_caller]
pub(crate) fn same_bits(found: &[f32], expected: &[f32], what: impl std::fmt::Display) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(!found.is_nan(), "{what}: output {index} is NaN");
        assert_eq!(found.to_bits(), expected.to_bits(), "{what}: output {index} is {found:e}, not {expected:e}");
    }
}

/// Fails if an output differs from the exact result by more than `tolerance`.
#[track_caller]
pub(crate) fn close(found: &[f32], exact: &[f64], tolerance: f64, what: impl std::fmt::Display) {
    assert_eq!(found.len(), exact.len(), "{what}");
    for (index, (found, exact)) in found.iter().zip(exact).enumerate() {
        let error = (f64::from(*found) - exact).abs();
        assert!(error <= tolerance, "{what}: output {index} is {found:e}, not {exact:e} (off by {error:e})");
    }
}
