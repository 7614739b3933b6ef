//! `theoremata prove`.

use std::path::PathBuf;

use clap::Args;
use theoremata_actors::run::{Question, goals_proved};
use theoremata_logic::language::mpl;
use theoremata_store::Input;

use super::arguments::{RunArguments, TheoryArguments};
use super::output::Output;
use super::run::{ask, manner, summarise, write_site};
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
pub(crate) fn run(arguments: &ProveArguments, output: Output) -> Result<Exit, Failure> {
    let ProveArguments { theory, goal: texts, goals: file, run: arguments } = arguments;
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
    if !texts.is_empty() {
        let text = texts.join("\n");
        let (read, report) = mpl::read_goals(&loaded.theory, text.as_bytes(), "--goal");
        if report.failed() {
            return Err(Failure::Input(report));
        }
        goals.extend(read);
        inputs.push(Input { name: format!("{GOALS}--goal"), bytes: text.into_bytes() });
    }
    if goals.is_empty() && wrong {
        return Err(Failure::Usage("no line of the goals could be read".to_owned()));
    }
    let question = Question { theory: loaded.theory, goals, inputs, manner: manner(false, arguments) };
    let mut done = ask(question, arguments, output)?;
    write_site(&mut done, arguments.site.as_deref(), output)?;
    let (proved, all) = goals_proved(&done.exploration);
    Ok(match summarise(&done, output) {
        Exit::Done if wrong => Exit::Input,
        Exit::Done if proved < all => Exit::NotProved,
        other => other,
    })
}
