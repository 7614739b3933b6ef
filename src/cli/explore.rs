//! `theoremata explore`.

use clap::Args;
use theoremata_actors::run::Question;

use super::advice::AdviceArguments;
use super::arguments::{RunArguments, TheoryArguments};
use super::exit::Exit;
use super::output::Output;
use super::run::{ask, list, manner, site_is_free, summarise, write_site};
use super::stored::{find, is_explored, open};
use crate::exchange::input;
use crate::failure::Failure;

/// What to explore, and how.
#[derive(Args)]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
    /// Show all theorems, with the variants of each.
    #[arg(long)]
    pub(super) all: bool,
    /// Start from the theorems of this run, given by a prefix of its id. Its theory must have axioms among those of
    /// this one, such as the same file before an axiom was added.
    #[arg(long, value_name = "RUN", conflicts_with = "no_db")]
    pub(super) known: Option<String>,
    #[command(flatten)]
    pub(super) advice: AdviceArguments,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// `theoremata explore`.
pub(crate) fn run(arguments: &ExploreArguments, output: Output) -> Result<Exit, Failure> {
    let ExploreArguments { theory, all, known, advice, run: arguments } = arguments;
    site_is_free(arguments.site.as_deref())?;
    let mut loaded = input::load(&theory.input, theory.config.as_deref())?;
    output.report(&loaded.report);
    if let Some(known) = known {
        let store = open(&arguments.db)?;
        let run = find(&store, known)?;
        if !is_explored(&run) {
            return Err(Failure::Usage(format!("run {} is no exploration, so nothing is known from it", run.id)));
        }
        input::with_known(&mut loaded, store.inputs(&run.id)?)?;
    }
    let question =
        Question { theory: loaded.theory, goals: Vec::new(), inputs: loaded.files, manner: manner(true, arguments) };
    let mut done = ask(question, advice, arguments, output)?;
    list(&done, *all, output);
    let written = write_site(&mut done, arguments.site.as_deref(), output);
    // Results are printed even if the pages failed.
    let exit = summarise(&done, output);
    written.map(|()| exit)
}
