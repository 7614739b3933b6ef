//! Access to the database of a command, and to runs in it.

use std::path::Path;

use theoremata_actors::run::Manner;
use theoremata_store::{Run, StoreReader};

use crate::failure::Failure;

/// Opens an existing database read-only.
pub(super) fn open(db: &Path) -> Result<StoreReader, Failure> {
    exists(db)?;
    Ok(StoreReader::open(db)?)
}

/// Checks that there is a database.
pub(super) fn exists(db: &Path) -> Result<(), Failure> {
    match db.exists() {
        true => Ok(()),
        false => Err(Failure::Usage(format!("there is no database at {}; name it with --db DIR", db.display()))),
    }
}

/// The unique run whose id begins with `prefix`.
pub(super) fn find(store: &StoreReader, prefix: &str) -> Result<Run, Failure> {
    let mut runs: Vec<Run> = store.runs()?.into_iter().filter(|run| run.id.to_string().starts_with(prefix)).collect();
    match (runs.len(), runs.pop()) {
        (1, Some(run)) => Ok(run),
        (0, _) => Err(Failure::Usage(format!("no run begins with {prefix}; `theoremata show` lists them"))),
        (count, _) => Err(Failure::Usage(format!("{count} runs begin with {prefix}; give more digits"))),
    }
}

/// Whether a run is an exploration, not a list of goals.
pub(super) fn is_explored(run: &Run) -> bool {
    Manner::read(&run.options).is_ok_and(|manner| manner.explore)
}
