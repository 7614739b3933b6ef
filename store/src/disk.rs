//! The interface to a storage engine: four operations on ordered key-value trees; and an in-memory implementation.
//!
//! Commits rely on two guarantees: what was written before a successful [`Disk::sync`] survives a crash, and a single
//! change is atomic. Nothing is assumed about the order or atomicity of several unsynced changes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::DiskError;

/// A tree: an ordered map with its own key space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tree {
    /// One small mutable record per run.
    Runs,
    /// All other data of runs, immutable; keys begin with the run.
    Records,
    /// Journal records of jobs, one entry each; keys begin with the journal.
    Journals,
}

impl Tree {
    /// All trees.
    pub const ALL: [Tree; 3] = [Tree::Runs, Tree::Records, Tree::Journals];

    /// Its name on disk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tree::Runs => "runs",
            Tree::Records => "records",
            Tree::Journals => "journals",
        }
    }
}

/// A change of one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Sets the value of a key.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a key, if it is there.
    Remove(Vec<u8>),
}

/// A key with its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A storage engine. All methods may be called from any thread.
pub trait Disk: Send + Sync {
    /// The value of a key; `None` if there is none.
    ///
    /// # Errors
    /// If the engine fails.
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError>;

    /// The entries with `from <= key < to`, ascending, at most `limit`.
    ///
    /// # Errors
    /// If the engine fails.
    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError>;

    /// Applies changes, sorted by key. They are visible to later calls at once, and durable after the next
    /// [`Disk::sync`].
    ///
    /// # Errors
    /// If the engine fails; any subset of the changes may then be applied.
    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError>;

    /// Makes all earlier changes durable.
    ///
    /// # Errors
    /// If the engine fails.
    fn sync(&self) -> Result<(), DiskError>;
}

/// The entries of a tree.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// An in-memory implementation: for tests, and for runs that are not kept.
#[derive(Default)]
pub struct MemoryDisk {
    trees: Mutex<BTreeMap<Tree, Entries>>,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    fn trees(&self) -> MutexGuard<'_, BTreeMap<Tree, Entries>> {
        // No call leaves the maps in an intermediate state, so a poisoned lock is still consistent.
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemoryDisk {
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        Ok(self.trees().get(&tree).and_then(|entries| entries.get(key).cloned()))
    }

    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let trees = self.trees();
        let Some(entries) = trees.get(&tree) else { return Ok(Vec::new()) };
        let range = entries.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to)));
        Ok(range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError> {
        let mut trees = self.trees();
        let entries = trees.entry(tree).or_default();
        for change in changes {
            match change {
                Change::Put(key, value) => {
                    entries.insert(key, value);
                }
                Change::Remove(key) => {
                    entries.remove(&key);
                }
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), DiskError> {
        Ok(())
    }
}
