//! `theoremata resume`.

use clap::Args;

use super::arguments::RunArguments;
use super::output::Output;
use super::run::{self, exit_of, settings, write_site};
use super::stored::{find, open};
use crate::cli::exit::Exit;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ResumeArguments {
    /// The run, by the first digits of its id.
    pub(super) run: String,
    #[command(flatten)]
    pub(super) how: RunArguments,
}

/// `theoremata resume`.
pub(crate) fn run(arguments: &ResumeArguments, mut output: Output) -> Result<Exit, Failure> {
    let ResumeArguments { run: prefix, how: arguments } = arguments;
    let store = open(&arguments.db)?;
    let known = find(&store, prefix)?;
    let settings = settings(true, arguments, output.is_quiet())?;
    let explore = known.options.contains("\"explore\"");
    let (mut ran, inputs) = run::resume(store, &known, &settings, &mut output)?;
    write_site(&mut ran, &inputs, arguments.site.as_deref(), output)?;
    if explore {
        output.exploration(&ran);
    } else {
        output.goals(&ran);
    }
    let (proved, all) = run::goals_status(&ran.exploration);
    Ok(match exit_of(&ran, output) {
        Exit::Done if !explore && proved < all => Exit::NotProved,
        other => other,
    })
}
