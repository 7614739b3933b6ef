//! `theoremata explore`.

use clap::Args;
use theoremata_actors::run::Question;

use super::arguments::{RunArguments, TheoryArguments};
use super::exit::Exit;
use super::output::Output;
use super::run::{ask, manner, summarise, write_site};
use super::text;
use crate::exchange::input;
use crate::failure::Failure;

/// What is explored, and how.
#[derive(Args)]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// `theoremata explore`.
pub(crate) fn run(arguments: &ExploreArguments, output: Output) -> Result<Exit, Failure> {
    let ExploreArguments { theory, run: arguments } = arguments;
    let loaded = input::load(&theory.input, theory.config.as_deref())?;
    output.report(&loaded.report);
    let question =
        Question { theory: loaded.theory, goals: Vec::new(), inputs: loaded.files, manner: manner(true, arguments) };
    let mut done = ask(question, arguments, output)?;
    if !output.is_json() {
        text::exploration(&done, output);
    }
    write_site(&mut done, arguments.site.as_deref(), output)?;
    Ok(summarise(&done, output))
}
