//! The database that a command is about, and the runs in it.

use std::path::Path;

use theoremata_store::{Run, Store};

use crate::failure::Failure;

/// Opens a database that is there.
pub(super) fn open(db: &Path) -> Result<Store, Failure> {
    if !db.exists() {
        return Err(Failure::Usage(format!("there is no database at {}; name it with --db DIR", db.display())));
    }
    Ok(Store::open(db)?)
}

/// The one run whose id begins with `prefix`.
pub(super) fn find(store: &Store, prefix: &str) -> Result<Run, Failure> {
    let mut runs: Vec<Run> = store.runs()?.into_iter().filter(|run| run.id.to_string().starts_with(prefix)).collect();
    match (runs.len(), runs.pop()) {
        (1, Some(run)) => Ok(run),
        (0, _) => Err(Failure::Usage(format!("no run begins with {prefix}; `theoremata show` lists them"))),
        (count, _) => Err(Failure::Usage(format!("{count} runs begin with {prefix}; give more digits"))),
    }
}
