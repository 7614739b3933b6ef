//! `theoremata resume`.

use clap::Args;
use theoremata_actors::run::{can_go_on, goals_proved, resume};
use theoremata_store::Store;

use super::arguments::RunArguments;
use super::exit::Exit;
use super::output::Output;
use super::run::{follow, summarise, write_site};
use super::stored::{find, is_explored, open};
use super::text;
use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// Which run goes on, and how.
#[derive(Args)]
pub(crate) struct ResumeArguments {
    /// The run, by the first digits of its id.
    pub(super) run: String,
    #[command(flatten)]
    pub(super) how: RunArguments,
}

/// `theoremata resume`.
pub(crate) fn run(arguments: &ResumeArguments, output: Output) -> Result<Exit, Failure> {
    let ResumeArguments { run: prefix, how: arguments } = arguments;
    // Looked at first: what cannot go on is not touched.
    let reader = open(&arguments.db)?;
    let known = find(&reader, prefix)?;
    can_go_on(&reader, &known)?;
    let Stored { theory, goals, .. } = Stored::read(&reader, &known)?;
    drop(reader);
    let prepared = resume(Store::open(&arguments.db)?, &known, (*theory).clone(), &goals)?;
    let mut done = follow(prepared, arguments, output)?;
    let explored = is_explored(&known);
    if explored && !output.is_json() {
        text::exploration(&done, output);
    }
    write_site(&mut done, arguments.site.as_deref(), output)?;
    let (proved, all) = goals_proved(&done.exploration);
    Ok(match summarise(&done, output) {
        Exit::Done if !explored && proved < all => Exit::NotProved,
        other => other,
    })
}
