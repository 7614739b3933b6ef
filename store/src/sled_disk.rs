//! The engine sled 0.34.7 as a [`Disk`].

use std::any::Any;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::directory::Directory;
use crate::disk::{Change, Disk, Entry, Tree};
use crate::error::{DiskError, StoreError};

/// Size of the engine's page cache in bytes.
const CACHE_BYTES: u64 = 32 << 20;

/// A sled database in a directory of ours.
pub(crate) struct SledDisk {
    trees: Vec<sled::Tree>,
    engine: sled::Db,
    path: PathBuf,
}

impl SledDisk {
    /// Opens the engine in `directory`. If it finds its files damaged, it is retried without its snapshots, which only
    /// shorten the replay of its log.
    pub(crate) fn open(directory: &Directory) -> Result<SledDisk, StoreError> {
        let path = directory.engine();
        match SledDisk::open_at(&path) {
            Err(error) if error.damaged && directory.set_snapshots_aside()? => Ok(SledDisk::open_at(&path)?),
            other => Ok(other?),
        }
    }

    pub(crate) fn open_at(path: &Path) -> Result<SledDisk, DiskError> {
        let act = || format!("open the database in {}", path.display());
        // A database that was just closed in this process releases its file a moment later, when the engine's threads
        // have ended. Nobody else can hold it, as LOCK is taken first; so this wait ends.
        if let Ok(file) = File::open(path.join("db")) {
            file.lock().map_err(|error| DiskError::new(act(), error))?;
        }
        guard(act, || {
            let engine = sled::Config::new()
                .path(path)
                .cache_capacity(CACHE_BYTES)
                // Durability is explicit, never left to a timer.
                .flush_every_ms(None)
                .open()?;
            let trees = Tree::ALL.iter().map(|tree| engine.open_tree(tree.name())).collect::<sled::Result<_>>()?;
            Ok(SledDisk { trees, engine, path: path.to_owned() })
        })
    }

    fn tree(&self, tree: Tree) -> &sled::Tree {
        &self.trees[tree as usize]
    }

    fn act(&self, verb: &str, tree: Tree) -> String {
        format!("{verb} {} in the database in {}", tree.name(), self.path.display())
    }
}

impl Disk for SledDisk {
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        guard(|| self.act("read", tree), || Ok(self.tree(tree).get(key)?.map(|value| value.to_vec())))
    }

    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError> {
        if from >= to {
            return Ok(Vec::new());
        }
        guard(
            || self.act("scan", tree),
            || {
                let entries = self.tree(tree).range(from..to).take(limit);
                entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
            },
        )
    }

    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError> {
        guard(
            || self.act("write", tree),
            || {
                let mut batch = sled::Batch::default();
                for change in changes {
                    match change {
                        Change::Put(key, value) => batch.insert(key, value),
                        Change::Remove(key) => batch.remove(key),
                    }
                }
                self.tree(tree).apply_batch(batch)
            },
        )
    }

    fn sync(&self) -> Result<(), DiskError> {
        let act = || format!("sync the database in {}", self.path.display());
        guard(act, || self.engine.flush().map(|_| ()))
    }
}

/// Runs an operation of the engine. On some damage of its files the engine panics instead of returning an error; both
/// are returned as errors here.
fn guard<T>(act: impl Fn() -> String, run: impl FnOnce() -> sled::Result<T>) -> Result<T, DiskError> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(DiskError {
            act: act(),
            damaged: matches!(error, sled::Error::Corruption { .. }),
            why: match error {
                sled::Error::Corruption { .. } => {
                    "the engine finds its files damaged; an export can be imported into a \
                     new store"
                        .to_owned()
                }
                other => other.to_string(),
            },
        }),
        Err(panic) => {
            Err(DiskError { act: act(), damaged: true, why: format!("the engine gave up: {}", words(panic.as_ref())) })
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason")
}
