//! `theoremata prove`.

use std::path::PathBuf;

use clap::Args;
use theoremata_actors::run::{Question, goals_proved};
use theoremata_logic::language::mpl;
use theoremata_store::Input;

use super::advice::AdviceArguments;
use super::arguments::{RunArguments, TheoryArguments};
use super::output::Output;
use super::run::{ask, manner, site_is_free, summarise, write_site};
use super::text;
use crate::cli::exit::Exit;
use crate::exchange::input::{self, GOALS};
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ProveArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
    /// A statement in MPL; may be repeated.
    #[arg(long, value_name = "MPL", required_unless_present = "goals")]
    pub(super) goal: Vec<String>,
    /// A file of statements, one per line.
    #[arg(long, value_name = "FILE")]
    pub(super) goals: Option<PathBuf>,
    /// Show lemmas that would help with open goals, as MPL to copy.
    #[arg(long)]
    pub(super) explain: bool,
    #[command(flatten)]
    pub(super) advice: AdviceArguments,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// `theoremata prove`.
pub(crate) fn run(arguments: &ProveArguments, output: Output) -> Result<Exit, Failure> {
    let ProveArguments { theory, goal: texts, goals: file, explain, advice, run: arguments } = arguments;
    site_is_free(arguments.site.as_deref())?;
    let loaded = input::load(&theory.input, theory.config.as_deref())?;
    output.report(&loaded.report);
    let mut inputs = loaded.files;
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
        // Trimmed, because a leading blank would continue the previous goal.
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
    let question = Question { theory: loaded.theory, goals, inputs, manner: manner(false, arguments) };
    let mut done = ask(question, advice, arguments, output)?;
    let written = write_site(&mut done, arguments.site.as_deref(), output);
    if *explain && !output.is_json() {
        text::wishes(&done, output);
    }
    let (proved, all) = goals_proved(&done.exploration);
    // Results are printed even if the pages failed.
    let exit = summarise(&done, output);
    written.map(|()| match exit {
        Exit::Done if wrong => Exit::Input,
        Exit::Done if proved < all => Exit::NotProved,
        other => other,
    })
}
