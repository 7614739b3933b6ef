//! `theoremata prove`.

use std::path::PathBuf;

use clap::Args;
use theoremata_logic::language::mpl;
use theoremata_store::Input;

use super::arguments::{RunArguments, TheoryArguments};
use super::output::Output;
use super::run::{self, exit_of, settings, site_is_free, write_site};
use crate::cli::exit::Exit;
use crate::exchange::input::{self, GOALS};
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ProveArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
    /// A statement in MPL; may be given several times.
    #[arg(long, value_name = "MPL", required_unless_present = "goals")]
    pub(super) goal: Vec<String>,
    /// A file of statements, one a line.
    #[arg(long, value_name = "FILE")]
    pub(super) goals: Option<PathBuf>,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// `theoremata prove`.
pub(crate) fn run(arguments: &ProveArguments, mut output: Output) -> Result<Exit, Failure> {
    let ProveArguments { theory, goal: texts, goals: file, run: arguments } = arguments;
    site_is_free(arguments.site.as_deref())?;
    let loaded = input::load(&theory.input, theory.config.as_deref())?;
    output.report(&loaded.report);
    let mut inputs = loaded.files.clone();
    let mut goals = Vec::new();
    let mut wrong = false;
    if let Some(path) = file {
        let (read, report, mut input) = input::goals(&loaded.theory, path)?;
        wrong |= report.failed();
        output.report(&report);
        goals.extend(read);
        input.name = format!("{GOALS}{}", input.name);
        inputs.push(input);
    }
    if let Some(place) = texts.iter().position(|text| text.trim().is_empty()) {
        return Err(Failure::Usage(format!("goal {} of the command line is empty: write a statement", place + 1)));
    }
    if !texts.is_empty() {
        // A blank in front would make a goal go on with the one before.
        let text = texts.iter().map(|text| text.trim()).collect::<Vec<_>>().join("\n");
        let (read, report) = mpl::read_goals(&loaded.theory, text.as_bytes(), "--goal");
        if report.failed() {
            return Err(Failure::Input(report));
        }
        goals.extend(read);
        inputs.push(Input { name: format!("{GOALS}--goal"), bytes: text.into_bytes() });
    }
    if goals.is_empty() {
        let why = if wrong { "no line of the goals could be read" } else { "there is no goal: nothing but comments" };
        return Err(Failure::Usage(why.to_owned()));
    }
    let settings = settings(false, arguments, output.is_quiet())?;
    let mut ran = run::run(loaded.theory, &goals, &inputs, &settings, &mut output)?;
    let written = write_site(&mut ran, &loaded.files, arguments.site.as_deref(), output);
    // What was found is said, whatever became of the pages.
    output.goals(&ran);
    written?;
    let (proved, all) = run::goals_status(&ran.exploration);
    let exit = exit_of(&ran, output);
    Ok(match exit {
        Exit::Done if wrong => Exit::Input,
        Exit::Done if proved < all => Exit::NotProved,
        other => other,
    })
}
