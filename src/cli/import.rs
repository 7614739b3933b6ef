//! `theoremata import`.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use theoremata_store::Store;

use super::arguments::StoredArguments;
use super::exit::Exit;
use super::output::Output;
use crate::exchange::input;
use crate::exchange::stored::import;
use crate::failure::Failure;

/// What to import.
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
    // Opened first, so that no database is created for a missing file.
    let source = match file == Path::new("-") {
        true => None,
        false => Some(input::open(file)?),
    };
    let store = Store::open(&store.db)?;
    let imported = match source {
        None => import(&store, &mut io::stdin().lock()),
        Some(source) => import(&store, &mut BufReader::new(source)),
    };
    let imported =
        imported.map_err(|error| Failure::Usage(format!("{}: {error}; nothing was stored", file.display())))?;
    let (added, known) = (imported.added.len(), imported.known.len());
    if output.is_json() {
        output.object(&json!({ "event": "import", "added": added, "known": known }));
    } else {
        output.line(&format!("{added} runs added, {known} known"));
    }
    Ok(Exit::Done)
}
