//! What may be read, by those who may write and by those who may not.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::codec::Seal;
use crate::directory::{self, Copy};
use crate::disk::{Disk, Tree};
use crate::error::StoreError;
use crate::layout::{self, Stream};
use crate::record::{Run, RunId};
use crate::sled_disk::SledDisk;
use crate::store::SCAN;
use crate::view::View;

/// Runs with their theorems, proofs and outcomes, to be read.
///
/// [`StoreReader::open`] changes nothing in the directory, which may stand on a medium that cannot be
/// written or is full; a [`Store`](crate::Store) can do all this, and write. A reader sees whole cycles.
pub struct StoreReader {
    disk: Box<dyn Disk>,
    pub(crate) views: Mutex<Vec<Arc<View>>>,
    /// What is wrong with the file COMMITTED, if it says nothing.
    pub(crate) doubt: Option<String>,
    // After the disk: the copy goes when the engine has closed.
    _copy: Option<Copy>,
}

impl std::fmt::Debug for StoreReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreReader").finish_non_exhaustive()
    }
}

impl StoreReader {
    /// Opens the store in a directory to read it, and changes nothing there.
    ///
    /// The engine cannot open its files without writing to them. So they are copied, to memory where the
    /// system has files in memory, and the engine works on the copy. That costs as much room as the store
    /// takes, until the reader is dropped. While a process writes to the store, the copy is of a moment at which the
    /// process could have been killed: what it had committed by then is there.
    ///
    /// # Errors
    /// If there is no store of ours, of this version, in the directory; if another process writes to it without a
    /// pause in which it can be copied; if it cannot be read, or there is no room for the copy.
    pub fn open(path: &Path) -> Result<StoreReader, StoreError> {
        let (copy, committed) = directory::copy_to_read(path)?;
        let engine = match SledDisk::open_at(copy.path()) {
            // As in a store: snapshots only shorten the replay of the log.
            Err(error) if error.damaged && copy.remove_snapshots()? => SledDisk::open_at(copy.path())?,
            other => other?,
        };
        copy.unlink();
        let mut reader = StoreReader::over(Box::new(engine));
        committed.compare(&reader.whole_runs()?)?;
        reader.doubt = committed.doubt();
        reader._copy = Some(copy);
        Ok(reader)
    }

    pub(crate) fn over(disk: Box<dyn Disk>) -> StoreReader {
        StoreReader { disk, views: Mutex::default(), doubt: None, _copy: None }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn into_disk(self) -> Box<dyn Disk> {
        self.disk
    }

    pub(crate) fn known(&self, run: &RunId) -> Result<Run, StoreError> {
        self.run(run)?.ok_or(StoreError::UnknownRun(*run))
    }

    pub(crate) fn seal(&self, run: &RunId, cycle: u32) -> Result<Option<Seal>, StoreError> {
        let from = layout::key(run, Stream::Seal, cycle, 0);
        Ok(self.seals(run, &from, cycle)?.pop().map(|(_, seal)| seal))
    }

    /// The seals from a key up to a cycle.
    pub(crate) fn seals(&self, run: &RunId, from: &[u8], last: u32) -> Result<Vec<(u32, Seal)>, StoreError> {
        let mut from = from.to_vec();
        let to = layout::key_after(run, Stream::Seal, last);
        let mut seals: Vec<(u32, Vec<u8>)> = Vec::new();
        loop {
            let entries = self.disk().scan(Tree::Records, &from, &to, SCAN)?;
            let Some((last, _)) = entries.last() else { break };
            from.clone_from(last);
            from.push(0);
            for (key, value) in entries {
                let Some((cycle, _)) = layout::cycle_and_piece(&key) else {
                    return Err(StoreError::damaged(format!("the seals of run {run}"), "a key is of no known form"));
                };
                let payload = layout::unframe(&key, &value)
                    .map_err(|error| StoreError::damaged(Stream::Seal.describe(run, cycle), error.why))?;
                match seals.last_mut() {
                    Some((same, bytes)) if *same == cycle => bytes.extend_from_slice(&payload),
                    _ => seals.push((cycle, payload)),
                }
            }
        }
        let decode = |(cycle, bytes): (u32, Vec<u8>)| match Seal::decode(&bytes) {
            Ok(seal) => Ok((cycle, seal)),
            Err(error) => Err(StoreError::damaged(Stream::Seal.describe(run, cycle), error)),
        };
        seals.into_iter().map(decode).collect()
    }
}
