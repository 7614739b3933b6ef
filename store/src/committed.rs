//! The COMMITTED file: the last committed cycle of each run, stored beside the engine's files.
//!
//! sled mistakes damage in its log for a torn write and silently opens with an earlier state: it did so for 19 of 30
//! damaged databases, losing some cycles. This file detects that.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{DiskError, StoreError};
use crate::record::{Run, RunId};

/// The COMMITTED file of a store: never ahead of what is durable, possibly behind.
#[derive(Debug)]
pub(crate) struct Committed {
    path: PathBuf,
    cycles: Mutex<BTreeMap<RunId, u32>>,
    /// Why the file is unusable, if it is.
    doubt: Option<String>,
}

impl Committed {
    /// Writes the file of a store without runs.
    pub(crate) fn create(directory: &Path) -> Result<(), StoreError> {
        write(&directory.join("COMMITTED"), &BTreeMap::new(), true)
    }

    /// Reads the file in a directory.
    pub(crate) fn read(directory: &Path) -> Committed {
        Committed::of(directory, &Committed::text(directory))
    }

    /// The text of the file, or why it cannot be read.
    pub(crate) fn text(directory: &Path) -> Result<String, String> {
        fs::read_to_string(directory.join("COMMITTED")).map_err(|error| error.to_string())
    }

    /// Parses the text of the file. A missing or damaged file counts as empty, and the reason is kept.
    pub(crate) fn of(directory: &Path, text: &Result<String, String>) -> Committed {
        let path = directory.join("COMMITTED");
        let lost = "so nobody can tell whether the engine has lost cycles; any command that writes makes it anew \
                    of what stands";
        let (cycles, doubt) = match text {
            Ok(text) => match parse(text) {
                Some(cycles) => (cycles, None),
                None => (BTreeMap::new(), Some(format!("{} does not have its hash, {lost}", path.display()))),
            },
            Err(error) => (BTreeMap::new(), Some(format!("{} cannot be read: {error}; {lost}", path.display()))),
        };
        Committed { path, cycles: Mutex::new(cycles), doubt }
    }

    /// Why the file was unusable when it was read, if it was.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.doubt.clone()
    }

    /// Compares the runs of the engine with the file, and adopts their state.
    pub(crate) fn compare(&self, runs: &[Run]) -> Result<(), StoreError> {
        let mut cycles = self.cycles();
        let found: BTreeMap<RunId, u32> = runs.iter().map(|run| (run.id, run.committed)).collect();
        for (run, cycle) in cycles.iter() {
            let stands = match found.get(run) {
                Some(stands) if stands >= cycle => continue,
                Some(stands) => format!("it stands at cycle {stands}"),
                None => "it is gone".to_owned(),
            };
            let mend = format!("import an export, or remove {} to go on with what is left", self.path.display());
            let why =
                format!("cycle {cycle} was committed, and now {stands}: the engine has lost what followed; {mend}");
            return Err(StoreError::damaged(format!("run {run}"), why));
        }
        *cycles = found;
        Ok(())
    }

    /// Called after a cycle of a run has become durable.
    pub(crate) fn raise(&self, run: &Run) {
        let mut cycles = self.cycles();
        cycles.insert(run.id, run.committed);
        // The cycle is committed whether or not this succeeds: a file that is behind detects less damage, and raises no
        // false alarm.
        let _ = write(&self.path, &cycles, false);
    }

    /// Called before a run goes back to a cycle, or is removed.
    pub(crate) fn lower(&self, run: &RunId, cycle: Option<u32>) -> Result<(), StoreError> {
        let mut cycles = self.cycles();
        match cycle {
            Some(cycle) => cycles.insert(*run, cycle),
            None => cycles.remove(run),
        };
        write(&self.path, &cycles, true)
    }

    fn cycles(&self) -> MutexGuard<'_, BTreeMap<RunId, u32>> {
        self.cycles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a temporary file and renames it, so that a kill leaves the old file or the new one.
fn write(path: &Path, cycles: &BTreeMap<RunId, u32>, durably: bool) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(print(cycles).as_bytes())?;
        if durably {
            file.sync_all()?;
        }
        fs::rename(&beside, path)
    };
    write().map_err(|error| DiskError::new(format!("write {}", path.display()), error).into())
}

fn print(cycles: &BTreeMap<RunId, u32>) -> String {
    let body: String = cycles.iter().map(|(run, cycle)| format!("{run} {cycle}\n")).collect();
    format!("{body}{}\n", blake3::hash(body.as_bytes()).to_hex())
}

fn parse(text: &str) -> Option<BTreeMap<RunId, u32>> {
    let end = text.strip_suffix('\n')?.rfind('\n').map_or(0, |at| at + 1);
    let (body, hash) = text.split_at(end);
    if hash.trim_end() != blake3::hash(body.as_bytes()).to_hex().as_str() {
        return None;
    }
    body.lines()
        .map(|line| {
            let (run, cycle) = line.split_once(' ')?;
            Some((RunId::parse(run)?, cycle.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_parsed_and_nothing_else() {
        let cycles = BTreeMap::from([(RunId([1; 16]), 7), (RunId([2; 16]), u32::MAX)]);
        for cycles in [cycles, BTreeMap::new()] {
            let text = print(&cycles);
            assert_eq!(parse(&text), Some(cycles));
            for end in 0..text.len() {
                assert_eq!(parse(&text[..end]), None);
            }
        }
        assert_eq!(parse("01010101010101010101010101010101 7\nnonsense\n"), None);
    }
}
