//! `theoremata import`.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use theoremata_store::Store;

use super::arguments::StoredArguments;
use super::output::Output;
use crate::cli::exit::Exit;
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
    let db = &store.db;
    let store = Store::open(db)?;
    let imported = if file == Path::new("-") {
        store.import(&mut io::stdin().lock())
    } else {
        let source = fs::File::open(file).map_err(|error| Failure::world("open", file, &error))?;
        store.import(&mut BufReader::new(source))
    };
    let imported =
        imported.map_err(|error| Failure::Usage(format!("{}: {error}; nothing was changed", file.display())))?;
    output.line(&format!("{} runs added, {} known", imported.added.len(), imported.known.len()));
    Ok(Exit::Done)
}
