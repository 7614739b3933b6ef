//! `theoremata resume`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use theoremata_actors::run::{can_go_on, goals_proved, resume};
use theoremata_store::Store;

use super::advice::{ModelArguments, Seat};
use super::arguments::{MAX_THREADS, RunArguments, count, seconds};
use super::exit::Exit;
use super::output::Output;
use super::run::{follow, list, site_is_free, summarise, write_site};
use super::stored::{find, is_explored, open};
use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// Which run to resume, and how.
#[derive(Args)]
pub(crate) struct ResumeArguments {
    /// The run, by a prefix of its id.
    pub(super) run: String,
    /// The database.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    pub(super) db: PathBuf,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) site: Option<PathBuf>,
    /// Number of threads, at most 256; does not affect the result [default: one per core].
    #[arg(long, value_name = "N", value_parser = count::<MAX_THREADS>)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Stop after this many CPU seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) cpu: Option<f64>,
    /// Stop when more memory is in use.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub(super) memory: Option<u64>,
    #[command(flatten)]
    pub(super) model: ModelArguments,
}

impl ResumeArguments {
    /// The options of the run. Those that belong to the question are stored with it.
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
pub(crate) fn run(arguments: &ResumeArguments, output: Output) -> Result<Exit, Failure> {
    let (prefix, model) = (&arguments.run, &arguments.model);
    let arguments = &arguments.how();
    site_is_free(arguments.site.as_deref())?;
    // Validated first: a run that cannot be resumed is not modified.
    let reader = open(&arguments.db)?;
    let known = find(&reader, prefix)?;
    let manner = can_go_on(&reader, &known)?;
    let Stored { theory, goals, .. } = Stored::read(&reader, &known)?;
    let seat = manner.advised.map(|advised| Seat::again(advised.by, model, &reader, &theory)).transpose()?;
    drop(reader);
    let store = Arc::new(Store::open(&arguments.db)?);
    let prepared = resume(store.clone(), &known, (*theory).clone(), &goals)?;
    let mut done = follow(prepared, (seat, store), arguments, output)?;
    let explored = is_explored(&known);
    if explored {
        list(&done, false, output);
    }
    let written = write_site(&mut done, arguments.site.as_deref(), output);
    let (proved, all) = goals_proved(&done.exploration);
    // Results are printed even if the pages failed.
    let exit = summarise(&done, output);
    written.map(|()| match exit {
        Exit::Done if !explored && proved < all => Exit::NotProved,
        other => other,
    })
}
