//! `theoremata lint`.

use std::io;
use std::path::Path;

use clap::Args;
use theoremata_logic::language::mpl;

use super::arguments::TheoryArguments;
use super::output::Output;
use crate::cli::exit::Exit;
use crate::exchange::input;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct LintArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
}

/// `theoremata lint`.
pub(crate) fn run(LintArguments { theory }: &LintArguments, output: Output) -> Result<Exit, Failure> {
    let report = match &theory.config {
        Some(config) => {
            let text = input::read(config)?;
            mpl::lint_gl(&text, &config.display().to_string(), &input::read_folder(&theory.input)?)
        }
        None => {
            let text = input::read(&theory.input)?;
            let mut loader = |import: &str| input::read(Path::new(import)).map_err(|failure| failure.to_string());
            mpl::lint_mpl(&theory.input.display().to_string(), &text, &mut loader)
        }
    };
    if output.is_json() {
        for line in report.json_lines().lines() {
            output.line(line);
        }
    } else {
        let colour = io::IsTerminal::is_terminal(&io::stdout());
        output.line(report.render(colour).trim_end());
    }
    Ok(if report.failed() { Exit::Input } else { Exit::Done })
}
