//! Read access to a store.

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

/// Read access to runs with their theorems, proofs and outcomes.
///
/// [`StoreReader::open`] does not modify the directory, which may be on a read-only or full medium; a
/// [`Store`](crate::Store) offers the same methods, and writes. A reader only sees whole cycles.
pub struct StoreReader {
    disk: Box<dyn Disk>,
    pub(crate) views: Mutex<Vec<Arc<View>>>,
    /// Why the COMMITTED file is unusable, if it is.
    pub(crate) doubt: Option<String>,
    // Declared after the disk, so that the copy is deleted when the engine has closed.
    _copy: Option<Copy>,
}

impl std::fmt::Debug for StoreReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreReader").finish_non_exhaustive()
    }
}

impl StoreReader {
    /// Opens the store in a directory for reading, without modifying it.
    ///
    /// The engine cannot open its files without writing to them. So they are copied, to memory where the system has an
    /// in-memory file system, and the engine opens the copy. This takes as much space as the store until the reader is
    /// dropped. While a process writes to the store, the copy is what a kill of that process at some moment would have
    /// left: everything committed by then is there.
    ///
    /// # Errors
    /// If the directory has no store of this version; if another process writes to it without a pause long enough for a
    /// copy; if it cannot be read, or there is no space for the copy.
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

    /// The seals from a key on, up to a cycle.
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
