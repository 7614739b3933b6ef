//! `theoremata fmt`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use theoremata_logic::language::mpl;

use super::output::Output;
use crate::cli::exit::Exit;
use crate::exchange::input;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct FmtArguments {
    /// The files.
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file would change.
    #[arg(long)]
    pub(super) check: bool,
}

/// `theoremata fmt`.
pub(crate) fn run(arguments: &FmtArguments, output: Output) -> Result<Exit, Failure> {
    let FmtArguments { files, check } = arguments;
    let mut changed = 0;
    for path in files {
        let bytes = input::read(path)?;
        let text = mpl::format(&path.display().to_string(), &bytes).map_err(Failure::Input)?;
        if text.as_bytes() == bytes {
            continue;
        }
        changed += 1;
        output.line(&format!("{}{}", if *check { "would change " } else { "" }, path.display()));
        if !*check {
            // Beside it first: a cut-off write must not cost the file.
            let beside = path.with_extension("mpl.new");
            fs::write(&beside, &text).map_err(|error| Failure::world("write", &beside, &error))?;
            fs::rename(&beside, path).map_err(|error| Failure::world("replace", path, &error))?;
        }
    }
    Ok(if *check && changed > 0 { Exit::NotProved } else { Exit::Done })
}
