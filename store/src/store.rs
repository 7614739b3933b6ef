//! The store: runs that grow by whole cycles.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::codec;
use crate::directory::Directory;
use crate::disk::{Change, Disk, MemoryDisk, Tree};
use crate::error::StoreError;
use crate::layout::{self, Stream};
use crate::reader::StoreReader;
use crate::record::{Batch, Input, InputSummary, Run, RunId, Status};
use crate::sled_disk::SledDisk;
use crate::write::{Tail, first_digest};

/// Number of entries per scan.
pub(crate) const SCAN: usize = 256;

/// Number of checkpoints kept per run.
const CHECKPOINTS: usize = 2;

/// The result of [`Store::begin`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begin {
    /// A new run, without cycles.
    New(RunId),
    /// A run with the same inputs and options exists. It can be shown, resumed ([`Store::reopen`]) or removed.
    Known(Box<Run>),
}

/// The end of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conclusion {
    /// The final status.
    pub status: Status,
    /// When it ended, as given by the caller.
    pub finished: String,
    /// Counts to set; others are kept. A function of inputs and options, so that exports agree.
    pub counts: BTreeMap<String, u64>,
    /// Measures to set; others are kept.
    pub measures: BTreeMap<String, String>,
}

/// Runs with their theorems, proofs and outcomes.
///
/// One process at a time has a directory open for writing; in it, any number of threads may read and write. A reader
/// only sees whole cycles. After a [`StoreError::Disk`] from a write, the store must be opened again.
pub struct Store {
    reader: StoreReader,
    tails: Mutex<HashMap<RunId, Tail>>,
    // Declared after the disk, so that the lock is released when the engine has closed.
    directory: Option<Directory>,
}

/// Write access includes read access.
impl std::ops::Deref for Store {
    type Target = StoreReader;

    fn deref(&self) -> &StoreReader {
        &self.reader
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a directory, or creates one.
    ///
    /// # Errors
    /// If the directory holds something else, has another version, is in use by another process, or cannot be read and
    /// written. A directory that is not ours is not modified.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        let directory = Directory::open(path)?;
        Store::within(directory)
    }

    fn within(directory: Directory) -> Result<Store, StoreError> {
        let disk = Box::new(SledDisk::open(&directory)?);
        let mut store = Store { reader: StoreReader::over(disk), tails: Mutex::default(), directory: None };
        // Compared before anything is swept: records without a run may have lost it to damage.
        directory.committed.compare(&store.whole_runs()?)?;
        store.reader.doubt = directory.committed.doubt();
        store.sweep()?;
        store.directory = Some(directory);
        Ok(store)
    }

    /// A store in memory, lost when it is dropped.
    #[must_use]
    pub fn in_memory() -> Store {
        Store::over(Box::new(MemoryDisk::new())).expect("memory does not fail")
    }

    /// A store on top of the caller's engine.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn over(disk: Box<dyn Disk>) -> Result<Store, StoreError> {
        let store = Store { reader: StoreReader::over(disk), tails: Mutex::default(), directory: None };
        store.sweep()?;
        Ok(store)
    }

    /// Excludes other writers. State left by a writer that panicked is read again from the disk.
    pub(crate) fn writing(&self) -> MutexGuard<'_, HashMap<RunId, Tail>> {
        self.tails.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let mut tails = poisoned.into_inner();
            tails.clear();
            tails
        })
    }

    /// Removes records without a run, left by an interrupted removal or import.
    fn sweep(&self) -> Result<(), StoreError> {
        let mut from = Vec::new();
        let end = [0xff; 26];
        while let Some((key, _)) = self.disk().scan(Tree::Records, &from, &end, 1)?.pop() {
            let Some(id) = key.get(..16).and_then(|id| id.try_into().ok()).map(RunId) else {
                return Err(StoreError::damaged("the tree of records", "a key is too short"));
            };
            let (first, last) = layout::range_of_run(&id);
            if self.disk().read(Tree::Runs, &id.0)?.is_none() {
                layout::remove_range(self.disk(), &first, &last)?;
            }
            from = last;
        }
        Ok(())
    }

    /// Begins a run, durably. `options` must hold everything that determines its result besides the inputs, and nothing
    /// else (no number of threads, directories, times).
    ///
    /// # Errors
    /// If the disk fails.
    pub fn begin(&self, inputs: &[Input], options: &str, started: &str) -> Result<Begin, StoreError> {
        let _writing = self.writing();
        let id = run_id(inputs, options);
        if let Some(run) = self.run(&id)? {
            return Ok(Begin::Known(Box::new(run)));
        }
        self.put_inputs(&id, inputs)?;
        self.disk().sync()?;
        self.put_run(&new_run(id, inputs, options, started))?;
        Ok(Begin::New(id))
    }

    pub(crate) fn put_inputs(&self, id: &RunId, inputs: &[Input]) -> Result<(), StoreError> {
        for (number, input) in inputs.iter().enumerate() {
            let mut changes = Vec::new();
            layout::cut(id, Stream::Input, number as u32, &input.bytes, &mut changes);
            layout::write(self.disk(), changes)?;
        }
        Ok(())
    }

    /// Writes the record of a run and makes it durable, which makes a change visible.
    fn put_run(&self, run: &Run) -> Result<(), StoreError> {
        self.put_runs(std::slice::from_ref(run))
    }

    pub(crate) fn put_runs(&self, runs: &[Run]) -> Result<(), StoreError> {
        let put = |run: &Run| Change::Put(run.id.0.to_vec(), layout::frame(&run.id.0, &codec::encode_run(run)));
        self.disk().write(Tree::Runs, runs.iter().map(put).collect())?;
        self.disk().sync()?;
        if let Some(directory) = &self.directory {
            runs.iter().for_each(|run| directory.committed.raise(run));
        }
        Ok(())
    }

    /// Called before a run goes back to a cycle, or is removed.
    fn lower(&self, run: &RunId, cycle: Option<u32>) -> Result<(), StoreError> {
        self.directory.as_ref().map_or(Ok(()), |directory| directory.committed.lower(run, cycle))
    }

    /// Commits a cycle. On return it is durable and visible; if the process dies before, nothing of it is visible.
    ///
    /// # Errors
    /// If the run is not running, the cycle is not later than the last, the batch contradicts itself or what is stored
    /// (then nothing was written), or the disk fails.
    pub fn commit(&self, run: &RunId, cycle: u32, batch: &Batch) -> Result<(), StoreError> {
        let mut tails = self.writing();
        let mut record = self.known(run)?;
        if record.status != Status::Running {
            let why = format!("the run is {}", record.status.words());
            return Err(StoreError::refused(format!("cycle {cycle} of run {run}"), why));
        }
        let mut tail = match tails.remove(run) {
            Some(tail) => tail,
            None => self.tail(&record)?,
        };
        let changes = match tail.append(cycle, batch) {
            Ok(changes) => changes,
            Err(error) => {
                tails.insert(*run, tail);
                return Err(error);
            }
        };
        layout::write(self.disk(), changes)?;
        self.disk().sync()?;
        record.committed = cycle;
        record.digest = tail.seal.digest;
        record.counts.clone_from(&tail.seal.counts);
        self.put_run(&record)?;
        // Not synced: an extra checkpoint does no harm, and the next commit tries again.
        while tail.checkpoints.len() > CHECKPOINTS {
            let old = tail.checkpoints.remove(0);
            let from = layout::key(run, Stream::Checkpoint, old, 0);
            layout::remove_range(self.disk(), &from, &layout::key_after(run, Stream::Checkpoint, old))?;
        }
        tails.insert(*run, tail);
        Ok(())
    }

    /// Ends a run, durably.
    ///
    /// # Errors
    /// If there is no such run, or the disk fails.
    pub fn conclude(&self, run: &RunId, conclusion: Conclusion) -> Result<(), StoreError> {
        let _writing = self.writing();
        let mut record = self.known(run)?;
        record.status = conclusion.status;
        record.finished = conclusion.finished;
        record.counts.extend(conclusion.counts);
        record.measures.extend(conclusion.measures);
        self.put_run(&record)
    }

    /// Adds measures to a run, durably: facts established later, such as its acceptance by another checker. Measures of
    /// the same name are replaced.
    ///
    /// # Errors
    /// If there is no such run, or the disk fails.
    pub fn note(&self, run: &RunId, measures: BTreeMap<String, String>) -> Result<(), StoreError> {
        let _writing = self.writing();
        let mut record = self.known(run)?;
        record.measures.extend(measures);
        self.put_run(&record)
    }

    /// Reopens a run that has ended or was killed, to continue after `cycle`, at most the last committed one; later
    /// cycles are removed. Usually this is the cycle of [`StoreReader::checkpoint`].
    ///
    /// # Errors
    /// If there is no such run, it has no such cycle, or the disk fails.
    pub fn reopen(&self, run: &RunId, cycle: u32) -> Result<(), StoreError> {
        let mut tails = self.writing();
        let mut record = self.known(run)?;
        let (digest, counts) = if cycle == 0 {
            (first_digest(run), BTreeMap::new())
        } else if cycle > record.committed {
            let why = format!("the last committed cycle is {}", record.committed);
            return Err(StoreError::refused(format!("going on after cycle {cycle} of run {run}"), why));
        } else {
            match self.seal(run, cycle)? {
                Some(seal) => (seal.digest, seal.counts),
                None => {
                    let why = "nothing was committed under that number";
                    return Err(StoreError::refused(format!("going on after cycle {cycle} of run {run}"), why));
                }
            }
        };
        tails.remove(run);
        record.status = Status::Running;
        record.finished = String::new();
        record.committed = cycle;
        record.digest = digest;
        record.counts = counts;
        self.lower(run, Some(cycle))?;
        // Later cycles are invisible from here on, and removed by the next commit.
        self.put_run(&record)
    }

    /// Removes a run with all its data.
    ///
    /// # Errors
    /// If there is no such run, or the disk fails. The next opening completes an interrupted removal.
    pub fn remove(&self, run: &RunId) -> Result<(), StoreError> {
        let mut tails = self.writing();
        self.known(run)?;
        tails.remove(run);
        self.lower(run, None)?;
        self.disk().write(Tree::Runs, vec![Change::Remove(run.0.to_vec())])?;
        self.disk().sync()?;
        self.remove_records(run)?;
        Ok(self.disk().sync()?)
    }

    pub(crate) fn remove_records(&self, run: &RunId) -> Result<(), StoreError> {
        let (from, to) = layout::range_of_run(run);
        layout::remove_range(self.disk(), &from, &to)
    }

    /// Reclaims unused space: copies all data to a fresh database that atomically replaces the old one. No effect in
    /// memory.
    ///
    /// # Errors
    /// If the disk fails. The store must then be opened again, with unchanged contents.
    pub fn compact(self) -> Result<Store, StoreError> {
        let Store { reader, directory, .. } = self;
        let disk = reader.into_disk();
        let Some(directory) = directory else { return Store::over(disk) };
        let copy = SledDisk::open_at(&directory.copy())?;
        for tree in Tree::ALL {
            let mut from = Vec::new();
            loop {
                let entries = disk.scan(tree, &from, &[0xff; 26], SCAN)?;
                let Some((last, _)) = entries.last() else { break };
                from.clone_from(last);
                from.push(0);
                copy.write(tree, entries.into_iter().map(|(key, value)| Change::Put(key, value)).collect())?;
            }
        }
        copy.sync()?;
        drop((copy, disk));
        directory.adopt_copy()?;
        Store::within(directory)
    }

    /// Reads the end of a run, and removes the remains of an interrupted cycle.
    fn tail(&self, run: &Run) -> Result<Tail, StoreError> {
        for stream in layout::OF_CYCLE {
            let from = layout::key_after(&run.id, stream, run.committed);
            layout::remove_range(self.disk(), &from, &layout::key_after(&run.id, stream, u32::MAX))?;
        }
        let mut tail = Tail::start(run.id);
        if run.committed > 0 {
            tail.numbers = self.view(run)?.theorems.iter().map(|theorem| theorem.number).collect();
            tail.cycle = run.committed;
            tail.seal = self
                .seal(&run.id, run.committed)?
                .ok_or_else(|| StoreError::damaged(Stream::Seal.describe(&run.id, run.committed), "it is missing"))?;
            tail.checkpoints = self.checkpoint_cycles(run)?;
        }
        Ok(tail)
    }
}

/// The id of the run with these inputs and options.
#[must_use]
pub fn run_id(inputs: &[Input], options: &str) -> RunId {
    run_id_of(inputs.iter().map(|input| (input.name.as_str(), *blake3::hash(&input.bytes).as_bytes())), options)
}

pub(crate) fn run_id_of<'a>(inputs: impl Iterator<Item = (&'a str, [u8; 32])>, options: &str) -> RunId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"run\x01");
    for (name, hash) in inputs {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(&hash);
    }
    // No name has this length, so options cannot be confused with an input.
    hasher.update(&u64::MAX.to_le_bytes());
    hasher.update(options.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    RunId(id)
}

pub(crate) fn new_run(id: RunId, inputs: &[Input], options: &str, started: &str) -> Run {
    Run {
        id,
        inputs: inputs
            .iter()
            .map(|input| InputSummary {
                name: input.name.clone(),
                length: input.bytes.len() as u64,
                hash: *blake3::hash(&input.bytes).as_bytes(),
            })
            .collect(),
        options: options.to_owned(),
        status: Status::Running,
        committed: 0,
        digest: first_digest(&id),
        started: started.to_owned(),
        finished: String::new(),
        counts: BTreeMap::new(),
        measures: BTreeMap::new(),
    }
}
