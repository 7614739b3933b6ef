//! `theoremata remove` and `theoremata compact`: delete runs, and reclaim space.

use std::fs;
use std::path::Path;

use clap::Args;
use serde_json::json;
use theoremata_store::Store;

use super::arguments::StoredArguments;
use super::exit::Exit;
use super::output::Output;
use super::stored::{exists, find};
use crate::failure::Failure;

/// What to remove.
#[derive(Args)]
pub(crate) struct RemoveArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// The run, by a prefix of its id.
    pub(super) run: String,
}

/// What to compact.
#[derive(Args)]
pub(crate) struct CompactArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
}

/// `theoremata remove`.
pub(crate) fn remove(RemoveArguments { store, run }: &RemoveArguments, output: Output) -> Result<Exit, Failure> {
    exists(&store.db)?;
    let opened = Store::open(&store.db)?;
    let known = find(&opened, run)?;
    let before = bytes(&store.db);
    opened.remove(&known.id)?;
    drop(opened.compact()?);
    tell(Some(&known.id.to_string()), before, bytes(&store.db), output);
    Ok(Exit::Done)
}

/// `theoremata compact`.
pub(crate) fn compact(CompactArguments { store }: &CompactArguments, output: Output) -> Result<Exit, Failure> {
    exists(&store.db)?;
    let opened = Store::open(&store.db)?;
    let before = bytes(&store.db);
    drop(opened.compact()?);
    tell(None, before, bytes(&store.db), output);
    Ok(Exit::Done)
}

fn tell(removed: Option<&str>, before: u64, after: u64, output: Output) {
    if output.is_json() {
        return output.object(&json!({
            "event": "compacted", "removed": removed, "bytes_before": before, "bytes_after": after,
        }));
    }
    if let Some(run) = removed {
        output.line(&format!("run {run} is removed"));
    }
    output.line(&format!("the database took {} KB and takes {} KB", before.div_ceil(1024), after.div_ceil(1024)));
}

/// Total size of the files in a folder, in bytes.
fn bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
