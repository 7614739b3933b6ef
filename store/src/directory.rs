//! The directory of a store: whose it is, which format it has, and that nobody else is in it.
//!
//! ```text
//! DIR/LOCK      held while a process has the store open; says which process
//! DIR/FORMAT    "theoremata-store", then "format N", then "engine sled-0.34"
//! DIR/COMMITTED how far each run has come
//! DIR/sled/     the engine's files
//! DIR/sled.new/ a copy under way (compaction); of no worth until renamed
//! DIR/sled.old/ what a finished copy replaces
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::committed::Committed;
use crate::error::{DiskError, StoreError};

/// The format that this program writes.
pub const FORMAT: u32 = 2;

const TITLE: &str = "theoremata-store";
const ENGINE: &str = "sled-0.34";

/// A directory that is ours and locked.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    pub(crate) committed: Committed,
    // The system lets go of the lock when the process ends, in whatever way.
    _lock: File,
}

impl Directory {
    /// Makes or recognises a store's directory and locks it. Nothing is changed in a directory that
    /// is not ours.
    pub(crate) fn open(path: &Path) -> Result<Directory, StoreError> {
        let foreign = |why: String| StoreError::Foreign { path: path.to_owned(), why };
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(|error| failed("create the directory", path, &error))?;
            }
            Err(error) => return Err(failed("look at", path, &error)),
            Ok(found) if !found.is_dir() => return Err(foreign("it is a file, not a directory".into())),
            Ok(_) => {}
        }
        if !path.join("FORMAT").exists()
            && let Some(stranger) = stranger(path)?
        {
            return Err(foreign(format!("it has no FORMAT file but holds `{stranger}`")));
        }
        // The version comes before the lock: the words for a newer store must not depend on what
        // its lock looks like.
        read_format(path)?;
        let lock = lock(path)?;
        if read_format(path)?.is_none() {
            write_format(path)?;
        }
        let directory = Directory { path: path.to_owned(), committed: Committed::read(path), _lock: lock };
        directory.settle_copy()?;
        directory.remove_half_snapshots()?;
        Ok(directory)
    }

    /// Where the engine keeps its files.
    pub(crate) fn engine(&self) -> PathBuf {
        self.path.join("sled")
    }

    /// Where a compaction writes its copy.
    pub(crate) fn copy(&self) -> PathBuf {
        self.path.join("sled.new")
    }

    /// Puts the finished copy in the place of the engine's files. The engine must be closed.
    pub(crate) fn adopt_copy(&self) -> Result<(), StoreError> {
        let old = self.path.join("sled.old");
        rename(&self.engine(), &old)?;
        rename(&self.copy(), &self.engine())?;
        sync_directory(&self.path)?;
        remove_tree(&old)
    }

    /// After a crash in [`Directory::adopt_copy`], whichever of old and new is complete counts; the
    /// two hold the same.
    fn settle_copy(&self) -> Result<(), StoreError> {
        let old = self.path.join("sled.old");
        if old.exists() && !self.engine().exists() {
            rename(&old, &self.engine())?;
        }
        remove_tree(&old)?;
        remove_tree(&self.copy())
    }

    /// sled writes `snap.N.generating` and renames it. A left-over half of one is taken for the
    /// newest snapshot at the next start and makes it fail for ever; without it the log is replayed.
    fn remove_half_snapshots(&self) -> Result<(), StoreError> {
        for file in self.snapshots()? {
            if file.extension().is_some_and(|ending| ending == "generating") {
                fs::remove_file(&file).map_err(|error| failed("remove the unfinished snapshot", &file, &error))?;
            }
        }
        Ok(())
    }

    /// Renames all snapshots of the engine, which then replays its log from the beginning. Whether
    /// there were any.
    pub(crate) fn set_snapshots_aside(&self) -> Result<bool, StoreError> {
        let snapshots = self.snapshots()?;
        for file in &snapshots {
            let mut name = std::ffi::OsString::from("aside-");
            name.push(file.file_name().unwrap_or_default());
            rename(file, &file.with_file_name(name))?;
        }
        Ok(!snapshots.is_empty())
    }

    fn snapshots(&self) -> Result<Vec<PathBuf>, StoreError> {
        let engine = self.engine();
        let entries = match fs::read_dir(&engine) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| failed("list", &engine, &error))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed("list", &engine, &error))?;
            if entry.file_name().to_string_lossy().starts_with("snap.") {
                found.push(entry.path());
            }
        }
        Ok(found)
    }
}

/// The first thing in the directory that a store under construction would not hold.
fn stranger(path: &Path) -> Result<Option<String>, StoreError> {
    for entry in fs::read_dir(path).map_err(|error| failed("list", path, &error))? {
        let entry = entry.map_err(|error| failed("list", path, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "LOCK" && name != "FORMAT.new" {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let file = path.join("LOCK");
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&file)
        .map_err(|error| failed("open the lock", &file, &error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Who it is is a courtesy; that it is locked is known.
            let _ = (&lock).take(100).read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
            return Err(StoreError::InUse { path: path.to_owned(), holder: holder.to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock", &file, &error)),
    }
    lock.set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "process {}", std::process::id()))
        .map_err(|error| failed("write the lock", &file, &error))?;
    Ok(lock)
}

fn read_format(path: &Path) -> Result<Option<()>, StoreError> {
    let file = path.join("FORMAT");
    let mut text = String::new();
    match File::open(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &file, &error)),
        Ok(opened) => match opened.take(1000).read_to_string(&mut text) {
            Err(error) if error.kind() != ErrorKind::InvalidData => return Err(failed("read", &file, &error)),
            _ => {}
        },
    }
    let foreign = |why: &str| StoreError::Foreign { path: path.to_owned(), why: why.to_owned() };
    let mut lines = text.lines();
    if lines.next() != Some(TITLE) {
        return Err(foreign("its FORMAT file was written by another program"));
    }
    let version = lines.next().and_then(|line| line.strip_prefix("format ")).and_then(|number| number.parse().ok());
    let version: u32 = version.ok_or_else(|| foreign("its FORMAT file names no version"))?;
    let mend = match version.cmp(&FORMAT) {
        std::cmp::Ordering::Less => {
            "give the commands of its runs again, with another directory: what they find is recorded with sorts now"
        }
        std::cmp::Ordering::Greater => "use a newer program, or export the store with that one and import it here",
        std::cmp::Ordering::Equal => {
            return match lines.next() {
                Some(line) if line == format!("engine {ENGINE}") => Ok(Some(())),
                _ => Err(foreign("its FORMAT file names another engine")),
            };
        }
    };
    Err(StoreError::Version { path: path.to_owned(), found: version, supported: FORMAT, mend })
}

/// Written beside and renamed, so that it is there as a whole or not at all.
fn write_format(path: &Path) -> Result<(), StoreError> {
    let draft = path.join("FORMAT.new");
    File::create(&draft)
        .and_then(|mut file| {
            write!(file, "{TITLE}\nformat {FORMAT}\nengine {ENGINE}\n")?;
            file.sync_all()
        })
        .map_err(|error| failed("write", &draft, &error))?;
    rename(&draft, &path.join("FORMAT"))?;
    sync_directory(path)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|error| failed(&format!("rename {} to", from.display()), to, &error))
}

fn remove_tree(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// A rename is durable once its directory is. Only Unix can say so.
fn sync_directory(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(path)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| failed("sync the directory", path, &error))?;
    }
    Ok(())
}

fn failed(act: &str, object: &Path, error: &std::io::Error) -> StoreError {
    DiskError::new(format!("{act} {}", object.display()), error).into()
}
