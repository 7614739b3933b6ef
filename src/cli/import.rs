//! `theoremata import`.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use theoremata_store::Store;

use super::arguments::StoredArguments;
use super::exit::Exit;
use super::output::Output;
use crate::exchange::stored::import;
use crate::failure::Failure;

/// What is imported.
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
    // Before a database is made for it.
    let source = match file == Path::new("-") {
        true => None,
        false => Some(fs::File::open(file).map_err(|error| Failure::world("open", file, &error))?),
    };
    let store = Store::open(&store.db)?;
    let imported = match source {
        None => import(&store, &mut io::stdin().lock()),
        Some(source) => import(&store, &mut BufReader::new(source)),
    };
    let imported =
        imported.map_err(|error| Failure::Usage(format!("{}: {error}; nothing was stored", file.display())))?;
    output.line(&format!("{} runs added, {} known", imported.added.len(), imported.known.len()));
    Ok(Exit::Done)
}
