//! `theoremata resume`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::arguments::{MAX_THREADS, RunArguments, count, seconds};
use super::output::Output;
use super::run::{self, exit_of, settings, site_is_free, write_site};
use super::stored::{find, open};
use crate::cli::exit::Exit;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ResumeArguments {
    /// The run, by the first digits of its id.
    pub(super) run: String,
    /// The database.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) site: Option<PathBuf>,
    /// Threads, at most 256; the result does not depend on it [default: one a core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Stop after so many CPU seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) cpu: Option<f64>,
    /// Stop when more memory is in use.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub(super) memory: Option<u64>,
}

impl ResumeArguments {
    /// How the run is done. What was asked for is part of it, and is not asked anew.
    fn how(&self) -> RunArguments {
        RunArguments {
            db: self.db.clone(),
            no_db: false,
            site: self.site.clone(),
            threads: self.threads,
            max_size: None,
            cpu: self.cpu,
            memory: self.memory,
            fresh: false,
        }
    }
}

/// `theoremata resume`.
pub(crate) fn run(arguments: &ResumeArguments, mut output: Output) -> Result<Exit, Failure> {
    let prefix = &arguments.run;
    let arguments = &arguments.how();
    site_is_free(arguments.site.as_deref())?;
    let store = open(&arguments.db)?;
    let known = find(&store, prefix)?;
    let settings = settings(true, arguments, output.is_quiet())?;
    let explore = known.options.contains("\"explore\"");
    let (mut ran, inputs) = run::resume(store, &known, &settings, &mut output)?;
    let written = write_site(&mut ran, &inputs, arguments.site.as_deref(), output);
    if explore {
        output.exploration(&ran);
    } else {
        output.goals(&ran);
    }
    written?;
    let (proved, all) = run::goals_status(&ran.exploration);
    Ok(match exit_of(&ran, output) {
        Exit::Done if !explore && proved < all => Exit::NotProved,
        other => other,
    })
}
