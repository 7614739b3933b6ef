//! `theoremata explore`.

use clap::Args;

use super::arguments::{RunArguments, TheoryArguments};
use super::output::Output;
use super::run::{self, exit_of, settings, site_is_free, write_site};
use crate::cli::exit::Exit;
use crate::exchange::input;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// `theoremata explore`.
pub(crate) fn run(arguments: &ExploreArguments, mut output: Output) -> Result<Exit, Failure> {
    let ExploreArguments { theory, run: arguments } = arguments;
    site_is_free(arguments.site.as_deref())?;
    let loaded = input::load(&theory.input, theory.config.as_deref())?;
    output.report(&loaded.report);
    let settings = settings(true, arguments, output.is_quiet())?;
    let mut ran = run::run(loaded.theory, &[], &loaded.files, &settings, &mut output)?;
    let written = write_site(&mut ran, &loaded.files, arguments.site.as_deref(), output);
    // What was found is said, whatever became of the pages.
    output.exploration(&ran);
    written?;
    Ok(exit_of(&ran, output))
}
