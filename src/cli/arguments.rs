//! Arguments that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

/// The theory.
#[derive(Args, Clone)]
pub(crate) struct TheoryArguments {
    /// An .mpl file, or a folder of definition files (then with --config).
    pub(super) input: PathBuf,
    /// The JSON configuration that belongs to a folder of definition files.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// How a run is done.
#[derive(Args, Clone)]
pub(crate) struct RunArguments {
    /// The database; runs are kept there and can be resumed.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
    /// Keep nothing on disk.
    #[arg(long, conflicts_with = "db")]
    pub(super) no_db: bool,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) site: Option<PathBuf>,
    /// Threads; the result does not depend on it [default: one a core].
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Largest number of atoms of a conjecture [default: the theory's own].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=12))]
    pub(super) max_size: Option<u16>,
    /// Stop after so many CPU seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(super) cpu: Option<f64>,
    /// Stop when more memory is in use.
    #[arg(long, value_name = "MB")]
    pub(super) memory: Option<u64>,
    /// Begin anew, even if the same question was asked before.
    #[arg(long)]
    pub(super) fresh: bool,
}

#[derive(Args)]
pub(crate) struct StoredArguments {
    /// The database.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
}
