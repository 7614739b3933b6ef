//! Arguments that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

/// Maximal number of threads; more threads than cores cost memory and gain nothing.
pub(super) const MAX_THREADS: usize = 256;

/// A number from 1 to `MOST`.
pub(super) fn count<const MOST: usize>(text: &str) -> Result<NonZeroUsize, String> {
    let range = || format!("a number from 1 to {MOST} is needed");
    text.parse::<NonZeroUsize>().ok().filter(|number| number.get() <= MOST).ok_or_else(range)
}

/// A number from 0 to `MOST`.
pub(super) fn count_or_none<const MOST: usize>(text: &str) -> Result<usize, String> {
    let range = || format!("a number from 0 to {MOST} is needed");
    text.parse::<usize>().ok().filter(|number| *number <= MOST).ok_or_else(range)
}

/// A time in seconds, above 0 and below 30 years.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let range = || "a number of seconds above 0 and at most 1000000000 is needed".to_owned();
    text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0 && *seconds <= 1e9).ok_or_else(range)
}

/// The theory.
#[derive(Args, Clone)]
pub(crate) struct TheoryArguments {
    /// An .mpl file, or a folder of definition files (with --config).
    pub(super) input: PathBuf,
    /// The JSON configuration of a folder of definition files.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Options of a run.
#[derive(Args, Clone)]
pub(crate) struct RunArguments {
    /// The database, in which runs are stored and can be resumed.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
    /// Store nothing on disk.
    #[arg(long, conflicts_with_all = ["db", "fresh"])]
    pub(super) no_db: bool,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) site: Option<PathBuf>,
    /// Number of threads, at most 256; does not affect the result [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Maximal number of atoms of a conjecture [default: the theory's own].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=12))]
    pub(super) max_size: Option<u16>,
    /// Stop after this many CPU seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) cpu: Option<f64>,
    /// Stop when more memory is in use.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub(super) memory: Option<u64>,
    /// Start over, discarding an earlier run of the same question.
    #[arg(long)]
    pub(super) fresh: bool,
}

#[derive(Args)]
pub(crate) struct StoredArguments {
    /// The database.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
}
