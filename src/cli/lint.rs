//! `theoremata lint`.

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
    let TheoryArguments { input, config } = theory;
    let report = match config {
        Some(config) => {
            input::together(input, Some(config.as_path()))?;
            let text = input::read(config)?;
            mpl::lint_gl(&text, &config.display().to_string(), &input::read_folder(input)?)
        }
        None => {
            input::together(input, None)?;
            let text = input::read(input)?;
            let mut loader = |import: &str| input::read(Path::new(import)).map_err(|failure| failure.to_string());
            mpl::lint_mpl(&input.display().to_string(), &text, &mut loader)
        }
    };
    output.reported(&report);
    Ok(if report.failed() { Exit::Input } else { Exit::Done })
}
