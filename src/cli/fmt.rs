//! `theoremata fmt`.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use theoremata_logic::language::mpl;

use super::destination::replace;
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
        if !*check {
            let world = |error: io::Error| Failure::world("write", path, &error);
            replace(path, &mut |to| to.write_all(text.as_bytes()).map_err(world))?;
        }
        if output.is_json() {
            output.object(&json!({ "event": "fmt", "file": path.display().to_string(), "changed": !*check }));
        } else {
            output.line(&format!("{}{}", if *check { "would change " } else { "" }, path.display()));
        }
    }
    Ok(if *check && changed > 0 { Exit::NotProved } else { Exit::Done })
}
