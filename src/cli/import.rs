//! `theoremata import`.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use theoremata_store::Store;

use super::arguments::StoredArguments;
use super::output::Output;
use crate::cli::exit::Exit;
use crate::exchange::input;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// The file; `-` for standard input.
    pub(super) file: PathBuf,
}

/// `theoremata import`.
pub(crate) fn run(arguments: &ImportArguments, output: Output) -> Result<Exit, Failure> {
    let ImportArguments { store, file } = arguments;
    // The file first: where there is none, no database is made.
    let mut source: Box<dyn BufRead> = match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(input::open(file)?)),
    };
    let imported = Store::open(&store.db)?.import(&mut source);
    let imported =
        imported.map_err(|error| Failure::Usage(format!("{}: {error}; nothing was changed", file.display())))?;
    let (added, known) = (imported.added.len(), imported.known.len());
    if output.is_json() {
        output.object(&json!({ "event": "import", "added": added, "known": known }));
    } else {
        output.line(&format!("{added} runs added, {known} known"));
    }
    Ok(Exit::Done)
}
