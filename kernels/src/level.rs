//! The level of vector instructions, which selects the siblings of operations.

use std::fmt;

/// A set of siblings. All give the same bits; they differ only in speed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// The plain definitions. They run anywhere, and are slow.
    Plain,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, VL, VNNI), and all that [`Level::Avx2`] requires.
    Avx512,
}

impl Level {
    /// Every level that this machine can run, the plainest first.
    pub fn available() -> Vec<Level> {
        [Level::Plain, Level::Avx2, Level::Avx512].into_iter().filter(|level| level.runs_here()).collect()
    }

    /// Whether this machine has the instructions.
    pub fn runs_here(self) -> bool {
        match self {
            Level::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.runs_here()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Level::Plain => "plain",
            Level::Avx2 => "AVX2",
            Level::Avx512 => "AVX-512 VNNI",
        })
    }
}

/// The operations, at one [`Level`]. Small and `Copy`: create it once and pass it on.
///
/// The level affects only the speed: tokens do not change when a run moves to another machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kernels {
    level: Level, // runs here: the constructors ensure it, and the siblings' `unsafe` depends on it
}

impl Kernels {
    /// The fastest siblings that this machine can run.
    pub fn best() -> Kernels {
        let level = Level::available().into_iter().next_back().unwrap_or(Level::Plain);
        Kernels { level }
    }

    /// The definitions.
    pub fn plain() -> Kernels {
        Kernels { level: Level::Plain }
    }

    /// The siblings of `level`; `None` if the machine lacks its instructions.
    pub fn at(level: Level) -> Option<Kernels> {
        level.runs_here().then_some(Kernels { level })
    }

    /// The level these run at.
    pub fn level(self) -> Level {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_level_is_one_that_runs_here() {
        assert!(Kernels::best().level().runs_here());
        assert_eq!(Level::available().first(), Some(&Level::Plain));
        assert_eq!(Kernels::at(Level::Plain), Some(Kernels::plain()));
    }
}
