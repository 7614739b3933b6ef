//! The directory of a store: ownership, format version, and locks.
//!
//! ```text
//! DIR/LOCK      held while a process has the store open to write; says which process
//! DIR/FORMAT    "theoremata-store", then "format N", then "engine sled-0.34"; held by a writer, and by
//!               readers while they copy the engine's files, if there is no writer
//! DIR/COMMITTED how far each run has come
//! DIR/sled/     the engine's files
//! DIR/sled.new/ a copy under way (compaction); of no worth until renamed
//! DIR/sled.old/ what a finished copy replaces
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::committed::Committed;
use crate::error::{DiskError, StoreError};

/// The format version that this program writes.
pub const FORMAT: u32 = 2;

const TITLE: &str = "theoremata-store";
const ENGINE: &str = "sled-0.34";

/// A directory of ours, locked for writing.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    pub(crate) committed: Committed,
    // LOCK excludes other writers, FORMAT excludes readers. The system releases both when the process ends, in whatever
    // way.
    _locks: [File; 2],
}

impl Directory {
    /// Opens or creates a store's directory and locks it. A directory that is not ours is not modified.
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
        // The version is checked before the lock: the error about a newer store must not depend on its lock.
        read_format(path)?;
        let lock = lock(path)?;
        if read_format(path)?.is_none() {
            Committed::create(path)?;
            write_format(path)?;
        }
        // From here only readers can hold it, and only while they copy.
        let format = path.join("FORMAT");
        let shut_out = File::open(&format)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| failed("lock", &format, &error))?;
        let directory = Directory { path: path.to_owned(), committed: Committed::read(path), _locks: [lock, shut_out] };
        directory.settle_copy()?;
        directory.remove_half_snapshots()?;
        Ok(directory)
    }

    /// The folder of the engine's files.
    pub(crate) fn engine(&self) -> PathBuf {
        self.path.join("sled")
    }

    /// The folder of a compaction's copy.
    pub(crate) fn copy(&self) -> PathBuf {
        self.path.join("sled.new")
    }

    /// Replaces the engine's files by the finished copy. The engine must be closed.
    pub(crate) fn adopt_copy(&self) -> Result<(), StoreError> {
        let old = self.path.join("sled.old");
        rename(&self.engine(), &old)?;
        rename(&self.copy(), &self.engine())?;
        sync_directory(&self.path)?;
        remove_tree(&old)
    }

    /// After a crash in [`Directory::adopt_copy`], keeps whichever of old and new is complete; both hold the same data.
    fn settle_copy(&self) -> Result<(), StoreError> {
        let old = self.path.join("sled.old");
        if old.exists() && !self.engine().exists() {
            rename(&old, &self.engine())?;
        }
        remove_tree(&old)?;
        remove_tree(&self.copy())
    }

    /// sled writes `snap.N.generating` and renames it. At the next start it takes an incomplete one for the newest
    /// snapshot, and fails forever; without it, sled replays its log.
    fn remove_half_snapshots(&self) -> Result<(), StoreError> {
        for file in self.snapshots()? {
            if file.extension().is_some_and(|ending| ending == "generating") {
                fs::remove_file(&file).map_err(|error| failed("remove the unfinished snapshot", &file, &error))?;
            }
        }
        Ok(())
    }

    /// Renames all snapshots of the engine, which then replays its log from the beginning. Returns whether there were
    /// any.
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

/// A reader's copy of the engine's files, deleted on drop.
#[derive(Debug)]
pub(crate) struct Copy {
    path: PathBuf,
}

impl Copy {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Deletes the snapshots. Returns whether there were any.
    pub(crate) fn remove_snapshots(&self) -> Result<bool, StoreError> {
        let mut removed = false;
        for (name, file) in entries(&self.path)? {
            if name.starts_with("snap.") {
                fs::remove_file(&file).map_err(|error| failed("remove", &file, &error))?;
                removed = true;
            }
        }
        Ok(removed)
    }

    /// Unlinks the files that the engine has open, so that not even a kill leaves them behind. If values are stored in
    /// files of their own, which are opened later, the copy stays until it is dropped.
    pub(crate) fn unlink(&self) {
        if cfg!(unix) && entries(&self.path.join("blobs")).is_ok_and(|blobs| blobs.is_empty()) {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A failure cannot be reported here, and only wastes space.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Maximal number of passes of a reader over files that another process writes.
const MOST_LOOKS: u32 = 100;

/// Copies the engine's files of the store in a directory, with the contents of COMMITTED. The directory is not
/// modified.
///
/// While a process has the store open for writing, the copy is repeated until a pass finds all files as the previous
/// pass did. They then had this state at some moment between the two passes: no file returns to an earlier state, since
/// the engine numbers everything it writes. So the copy is what a kill of the writer at that moment would have left.
pub(crate) fn copy_to_read(path: &Path) -> Result<(Copy, Committed), StoreError> {
    if read_format(path)?.is_none() {
        let why = "it has no FORMAT file".to_owned();
        return Err(StoreError::Foreign { path: path.to_owned(), why });
    }
    let format = path.join("FORMAT");
    let lock = File::open(&format).map_err(|error| failed("open", &format, &error))?;
    let looks = match lock.try_lock_shared() {
        // No writer can open the store while this lock is held.
        Ok(()) => None,
        Err(TryLockError::WouldBlock) => Some(MOST_LOOKS),
        Err(TryLockError::Error(error)) => return Err(failed("lock", &format, &error)),
    };
    let memory = Path::new("/dev/shm").to_owned();
    let mut why = None;
    for parent in [memory, std::env::temp_dir()].into_iter().filter(|parent| parent.is_dir()) {
        let copy = match create_private(&parent) {
            Ok(path) => Copy { path },
            Err(error) => {
                why.get_or_insert(failed("make a copy to read in", &parent, &error));
                continue;
            }
        };
        match copy_engine(path, &copy.path, looks) {
            Ok(Some(committed)) => return Ok((copy, committed)),
            Ok(None) => return Err(in_use(path)),
            Err(error) => why = Some(error),
        }
    }
    Err(why.unwrap_or_else(|| failed("copy", path, &ErrorKind::NotFound.into())))
}

/// Copies the engine's files of the store in `path` to `to`: at once, or, with a number of passes, in a consistent
/// state; `None` if they never stopped changing.
fn copy_engine(path: &Path, to: &Path, looks: Option<u32>) -> Result<Option<Committed>, StoreError> {
    let mut before = None;
    for _ in 0..looks.unwrap_or(1) {
        let text = Committed::text(path);
        // A compaction was interrupted, or is at its end: both folders hold the same data.
        let engine = Some(path.join("sled")).filter(|engine| engine.exists()).unwrap_or_else(|| path.join("sled.old"));
        let changed = match copy_changes(&engine, to) {
            // A file was deleted during the pass, or the folder renamed.
            Err(failure) if looks.is_some() && failure.error.kind() == ErrorKind::NotFound => true,
            other => other.map_err(|failure| failed(&failure.act, &failure.path, &failure.error))?,
        };
        if looks.is_none() || !changed && before.as_ref() == Some(&text) {
            return Ok(Some(Committed::of(path, &text)));
        }
        before = Some(text);
    }
    Ok(None)
}

/// A failed system call.
struct Failure {
    act: String,
    path: PathBuf,
    error: std::io::Error,
}

/// Updates `to` from the engine's folder `from`; returns whether they differed.
fn copy_changes(from: &Path, to: &Path) -> Result<bool, Failure> {
    let failure = |act: &str, path: &Path, error| Failure { act: act.to_owned(), path: path.to_owned(), error };
    let list = |path: &Path| list(path).map_err(|error| failure("list", path, error));
    let files = list(from)?;
    let mut changed = false;
    for (name, left) in list(to)? {
        if !files.iter().any(|(known, _)| *known == name) {
            fs::remove_file(&left).map_err(|error| failure("remove", &left, error))?;
            changed = true;
        }
    }
    for (name, file) in files {
        let target = to.join(&name);
        if file.is_dir() {
            if name == "blobs" {
                if !target.exists() {
                    fs::create_dir(&target).map_err(|error| failure("make", &target, error))?;
                    changed = true;
                }
                changed |= copy_changes(&file, &target)?;
            }
        } else if !name.ends_with(".generating") && !name.starts_with("aside-") {
            let act = format!("copy {} to", file.display());
            changed |= copy_blocks(&file, &target).map_err(|error| failure(&act, &target, error))?;
        }
    }
    Ok(changed)
}

/// Updates one file from another, block by block; returns whether they differed.
fn copy_blocks(from: &Path, to: &Path) -> std::io::Result<bool> {
    const BLOCK: usize = 1 << 16;
    let mut from = File::open(from)?;
    let mut to = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(to)?;
    let [mut block, mut known] = [Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK)];
    let (mut at, mut changed) = (0, false);
    loop {
        block.clear();
        known.clear();
        (&mut from).take(BLOCK as u64).read_to_end(&mut block)?;
        (&mut to).take(BLOCK as u64).read_to_end(&mut known)?;
        if block != known {
            changed = true;
            to.seek(SeekFrom::Start(at))?;
            to.write_all(&block)?;
        }
        at += block.len() as u64;
        if block.len() < BLOCK {
            to.set_len(at)?;
            return Ok(changed);
        }
    }
}

/// Creates a directory with a fresh name, accessible to this user only. A process never reuses a name, so that
/// leftovers of a deleted copy cannot interfere with the next one.
fn create_private(parent: &Path) -> std::io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("theoremata-read-{}-{number}", std::process::id()));
        match builder.create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            other => return other.map(|()| path),
        }
    }
}

/// The entries of a directory.
fn entries(path: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    list(path).map_err(|error| failed("list", path, &error))
}

fn list(path: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let name = |path: PathBuf| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path);
    fs::read_dir(path)?.map(|entry| Ok(name(entry?.path()))).collect()
}

/// The first entry of the directory that a store under construction would not contain.
fn stranger(path: &Path) -> Result<Option<String>, StoreError> {
    for entry in fs::read_dir(path).map_err(|error| failed("list", path, &error))? {
        let entry = entry.map_err(|error| failed("list", path, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !["LOCK", "FORMAT.new", "COMMITTED", "COMMITTED.new"].contains(&&*name) {
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
            return Err(in_use(path));
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock", &file, &error)),
    }
    lock.set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "process {}", std::process::id()))
        .map_err(|error| failed("write the lock", &file, &error))?;
    Ok(lock)
}

/// The error for a locked directory, with the holder if it can be read.
fn in_use(path: &Path) -> StoreError {
    let mut holder = String::new();
    let _ = File::open(path.join("LOCK")).and_then(|lock| lock.take(100).read_to_string(&mut holder));
    let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
    StoreError::InUse { path: path.to_owned(), holder: holder.to_owned() }
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

/// Written to a temporary file and renamed, so that it appears atomically.
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

/// A rename is durable once its directory is synced, which only Unix supports.
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
