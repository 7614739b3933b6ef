//! What the store asks of an engine: four acts on ordered trees of keys. And the twin in memory.
//!
//! The promise that a commit rests on: what was written before a [`Disk::sync`] that returned is
//! there after a crash, and a single change is there wholly or not at all. Nothing is asked about
//! the order or the togetherness of changes that were not synced.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::DiskError;

/// A tree: an ordered map of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tree {
    /// One small mutable record a run.
    Runs,
    /// All else of runs, immutable; each key begins with its run.
    Records,
    /// What jobs told, one entry a record; each key begins with its journal.
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

/// An engine. All methods may be called from any thread.
pub trait Disk: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// If the engine fails; a key that is not there is no error.
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError>;

    /// The entries with `from <= key < to`, ascending, at most `limit`.
    ///
    /// # Errors
    /// If the engine fails.
    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError>;

    /// Applies changes, sorted by key. They are seen by later calls at once, and durable after the
    /// next [`Disk::sync`].
    ///
    /// # Errors
    /// If the engine fails; any part of the changes may then be there.
    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError>;

    /// Makes everything durable that was written before.
    ///
    /// # Errors
    /// If the engine fails.
    fn sync(&self) -> Result<(), DiskError>;
}

/// The entries of a tree.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// The twin in memory: for tests, and for runs whose result nobody keeps.
#[derive(Default)]
pub struct MemoryDisk {
    trees: Mutex<BTreeMap<Tree, Entries>>,
}

impl MemoryDisk {
    /// An empty one.
    #[must_use]
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    fn trees(&self) -> MutexGuard<'_, BTreeMap<Tree, Entries>> {
        // No call leaves the maps in between two states, so a poisoned lock is as good as another.
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
