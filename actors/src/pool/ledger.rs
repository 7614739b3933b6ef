//! One job as it is told: its log, what of it is new when it is done a second time, and its journal.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use theoremata_lm::{Cut, ReplayLog};
use theoremata_store::{JournalEnd, JournalId, Store, StoreError};

use super::job::Job;
use super::told::{Answer, Told, What};

/// All that was told of a job, for any number of readers.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<Arc<Told>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Told>>> {
        // Nothing between a push and the next one can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, told: Arc<Told>) {
        self.lock().push(told);
    }

    pub(super) fn len(&self) -> u64 {
        self.lock().len() as u64
    }

    pub(super) fn from(&self, seq: u64) -> Vec<Arc<Told>> {
        let told = self.lock();
        told.get(usize::try_from(seq).unwrap_or(usize::MAX)..).map(<[_]>::to_vec).unwrap_or_default()
    }

    /// What came of the job, if it is done.
    pub(super) fn answer(&self) -> Option<Answer> {
        match &self.lock().last()?.what {
            What::Answered(answer) => Some((**answer).clone()),
            _ => None,
        }
    }

    /// What its nodes wrote and which were cancelled, for a worker that goes on from there.
    pub(super) fn replay_log(&self) -> ReplayLog {
        let mut replay_log = ReplayLog::new();
        // Nodes that have not ended, with the branches that they opened.
        let mut open: BTreeMap<&[u32], u32> = BTreeMap::new();
        let told = self.lock();
        for Told { path, what, .. } in told.iter().map(Arc::as_ref) {
            match what {
                What::Opened => {
                    let above = path.split_last().and_then(|(_, above)| open.get_mut(above));
                    above.into_iter().for_each(|branches| *branches += 1);
                    open.insert(path, 0);
                }
                What::Wrote { token: Some(wrote), .. } => replay_log.push(path, (*wrote).into()),
                What::Cancelled { stages } => {
                    for (node, branches) in open.iter().filter(|(node, _)| node.starts_with(path)) {
                        let stages = stages.filter(|_| node == path);
                        replay_log.cut(node, Cut { branches: *branches, stages });
                    }
                }
                What::Finished(_) => drop(open.remove(path.as_slice())),
                _ => {}
            }
        }
        replay_log
    }

    /// Whether a node was opened and has not ended.
    pub(super) fn is_open(&self, path: &[u32]) -> bool {
        let told = self.lock();
        let mut of_node = told.iter().rev().filter(|told| told.path == path).map(|told| &told.what);
        let ended =
            of_node.clone().any(|what| matches!(what, What::Cancelled { .. } | What::Finished(_) | What::Answered(_)));
        !ended && of_node.any(|what| *what == What::Opened)
    }
}

/// Counts what is told of each node, so that a job that is done again from its record is told on, and not anew.
///
/// A node's own events have one order; what one worker mixes differently than another is nodes.
#[derive(Default)]
pub(super) struct Heard {
    ever: HashMap<Vec<u32>, [u64; KINDS]>,
    now: HashMap<Vec<u32>, [u64; KINDS]>,
}

const KINDS: usize = 6;
/// Those that say how far a node has come, and are told anew whenever a job is done again.
const PROGRESS: Range<usize> = 0..3;

impl Heard {
    /// What was told so far, before the job is done again.
    pub(super) fn of(log: &Log) -> Heard {
        let mut heard = Heard::default();
        for told in log.lock().iter() {
            heard.is_new(&told.path, &told.what);
        }
        heard.begin_again();
        heard
    }

    /// The job is done again from its beginning.
    pub(super) fn begin_again(&mut self) {
        self.now.clear();
    }

    /// Whether a node and all below it have come as far again as they had come.
    pub(super) fn has_caught_up(&self, path: &[u32]) -> bool {
        let mut below = self.ever.iter().filter(|(node, _)| node.starts_with(path));
        below.all(|(node, ever)| self.now.get(node).is_some_and(|now| now[PROGRESS] == ever[PROGRESS]))
    }

    /// Whether this was not told before.
    pub(super) fn is_new(&mut self, path: &[u32], what: &What) -> bool {
        let kind = match what {
            What::Opened => 0,
            What::Wrote { .. } => 1,
            What::Finished(_) => 2,
            What::Joined(_) => 3,
            What::Pruned(_) => 4,
            What::Cancelled { .. } => 5,
            What::Resumed { .. } | What::Answered(_) => return true,
        };
        let count = |counts: &mut HashMap<Vec<u32>, [u64; KINDS]>| match counts.get_mut(path) {
            Some(counts) => {
                counts[kind] += 1;
                counts[kind]
            }
            None => {
                let mut first = [0; KINDS];
                first[kind] = 1;
                counts.insert(path.to_vec(), first);
                1
            }
        };
        let now = count(&mut self.now);
        let ever = self.ever.entry(path.to_vec()).or_default();
        let is_new = now > ever[kind];
        ever[kind] = ever[kind].max(now);
        is_new
    }
}

/// The first record of a journal: what is asked.
#[derive(Serialize, Deserialize)]
struct Asked {
    job: Job,
    model: String,
}

/// Where a job is written down as it is told.
pub(super) struct Journal {
    id: JournalId,
    end: JournalEnd,
    waiting: Vec<Vec<u8>>,
}

impl Journal {
    /// The journal of a job, and what it has of it. A journal that does not begin with the job is another one's,
    /// or damaged: it is begun anew.
    pub(super) fn open(store: &Store, id: JournalId, job: &Job, model: &str) -> Result<(Journal, Log), StoreError> {
        let (records, end) = store.journal(id)?;
        let asked = records.first().and_then(|first| serde_json::from_slice::<Asked>(first).ok());
        let known = asked.is_some_and(|asked| asked.job == *job && asked.model == model);
        let log = Log::default();
        if known {
            let told: Result<Vec<Told>, _> = records[1..].iter().map(|record| serde_json::from_slice(record)).collect();
            if let Ok(told) = told {
                told.into_iter().for_each(|told| log.push(Arc::new(told)));
                return Ok((Journal { id, end, waiting: Vec::new() }, log));
            }
        }
        if !records.is_empty() {
            store.remove_journal(id)?;
        }
        let mut journal = Journal { id, end: JournalEnd::default(), waiting: Vec::new() };
        journal.write(&Asked { job: job.clone(), model: model.to_owned() });
        Ok((journal, log))
    }

    /// Writes something down with the next flush.
    fn write(&mut self, what: &impl Serialize) {
        // Our own types have only string keys, which is all that can go wrong.
        self.waiting.extend(serde_json::to_vec(what));
    }

    pub(super) fn tell(&mut self, told: &Told) {
        self.write(told);
    }

    /// Gives to the store what waits. Whether there was anything.
    pub(super) fn flush(&mut self, store: &Store) -> Result<bool, StoreError> {
        if self.waiting.is_empty() {
            return Ok(false);
        }
        self.end = store.append(self.id, self.end, &self.waiting)?;
        self.waiting.clear();
        Ok(true)
    }
}
