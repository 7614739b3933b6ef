//! The event log of a job, and the deduplication of events when the job is replayed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use theoremata_lm::{Cut, Outcome, ReplayLog};

use super::event::{Answer, EventKind, JobEvent, NodeAnswer};
use super::tools::{Awaited, Called};

/// All events of a job so far, for any number of readers.
#[derive(Default)]
pub(super) struct EventLog(Mutex<Vec<Arc<JobEvent>>>);

impl EventLog {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<JobEvent>>> {
        // Nothing can panic while the lock is held, so a poisoned lock is still consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, told: Arc<JobEvent>) {
        self.lock().push(told);
    }

    pub(super) fn len(&self) -> u64 {
        self.lock().len() as u64
    }

    pub(super) fn from(&self, seq: u64) -> Vec<Arc<JobEvent>> {
        let told = self.lock();
        told.get(usize::try_from(seq).unwrap_or(usize::MAX)..).map(<[_]>::to_vec).unwrap_or_default()
    }

    /// The answer of the job, if it is finished.
    pub(super) fn answer(&self) -> Option<Answer> {
        match &self.lock().last()?.what {
            EventKind::Answered(answer) => Some((**answer).clone()),
            _ => None,
        }
    }

    /// The tokens and cancellations of its nodes, from which a worker continues.
    pub(super) fn replay_log(&self) -> ReplayLog {
        let mut replay_log = ReplayLog::new();
        // Nodes that have not ended, with the number of branches that they opened.
        let mut open: BTreeMap<&[u32], u32> = BTreeMap::new();
        let told = self.lock();
        for JobEvent { path, what, .. } in told.iter().map(Arc::as_ref) {
            match what {
                EventKind::Opened => {
                    let above = path.split_last().and_then(|(_, above)| open.get_mut(above));
                    above.into_iter().for_each(|branches| *branches += 1);
                    open.insert(path, 0);
                }
                EventKind::Wrote { token: Some(wrote), .. } => replay_log.push(path, (*wrote).into()),
                EventKind::Cancelled { stages } => {
                    for (node, branches) in open.iter().filter(|(node, _)| node.starts_with(path)) {
                        let stages = stages.filter(|_| node == path);
                        replay_log.cut(node, Cut { branches: *branches, stages });
                    }
                }
                EventKind::Finished(_) => drop(open.remove(path.as_slice())),
                _ => {}
            }
        }
        replay_log
    }

    /// The nodes so far, for the answer of a job that ends here; nodes that have not ended get this outcome.
    pub(super) fn nodes(&self, outcome: &Outcome) -> Vec<NodeAnswer> {
        let mut nodes: BTreeMap<&[u32], NodeAnswer> = BTreeMap::new();
        let told = self.lock();
        for JobEvent { path, what, .. } in told.iter().map(Arc::as_ref) {
            let new = || NodeAnswer::new(path.clone(), Some(outcome.clone()), String::new());
            match what {
                EventKind::Opened => drop(nodes.entry(path).or_insert_with(new)),
                EventKind::Wrote { text, token } => {
                    let Some(node) = nodes.get_mut(path.as_slice()) else { continue };
                    node.text.push_str(text);
                    node.tokens += usize::from(token.is_some_and(|wrote| !wrote.is_stop()));
                }
                EventKind::Finished(outcome) => {
                    nodes.entry(path).or_insert_with(new).outcome = Some(outcome.clone());
                }
                _ => {}
            }
        }
        nodes.into_values().collect()
    }

    /// Answered tool calls.
    pub(super) fn calls(&self) -> Vec<Called> {
        let told = self.lock();
        let calls =
            told.iter().filter_map(|told| if let EventKind::Called(call) = &told.what { Some(call) } else { None });
        calls.cloned().collect()
    }

    /// Human decisions so far.
    pub(super) fn decided(&self) -> Vec<(Awaited, bool)> {
        let told = self.lock();
        let decided = told.iter().filter_map(|told| match &told.what {
            EventKind::Decided { what, granted } => Some((what.clone(), *granted)),
            _ => None,
        });
        decided.collect()
    }

    /// The approval that a node waits for, if any.
    pub(super) fn awaited(&self, path: &[u32]) -> Option<Awaited> {
        let told = self.lock();
        let mut of_node = told.iter().rev().filter(|told| told.path == path).map(|told| &told.what);
        match of_node.find(|what| !matches!(what, EventKind::Resumed { .. } | EventKind::Opened))? {
            EventKind::Awaits(what) => Some(what.clone()),
            _ => None,
        }
    }

    /// Whether a node was opened and has not ended.
    pub(super) fn is_open(&self, path: &[u32]) -> bool {
        let told = self.lock();
        let mut of_node = told.iter().rev().filter(|told| told.path == path).map(|told| &told.what);
        let ended = of_node
            .clone()
            .any(|what| matches!(what, EventKind::Cancelled { .. } | EventKind::Finished(_) | EventKind::Answered(_)));
        !ended && of_node.any(|what| *what == EventKind::Opened)
    }
}

/// Counts the events of each node, so that a replayed job reports only new ones.
///
/// The events of one node have a fixed order; only the interleaving of nodes may differ between workers.
#[derive(Default)]
pub(super) struct EventCounts {
    /// Events by node and kind, since the job was submitted.
    ever: HashMap<Vec<u32>, [u64; KINDS]>,
    /// Events by node and kind, since the job was last started.
    now: HashMap<Vec<u32>, [u64; KINDS]>,
}

const KINDS: usize = 8;
/// Kinds that measure the progress of a node; they recur whenever a job is replayed.
const PROGRESS: Range<usize> = 0..3;

impl EventCounts {
    /// The counts of a log, before the job is replayed.
    pub(super) fn of(log: &EventLog) -> EventCounts {
        let mut heard = EventCounts::default();
        for told in log.lock().iter() {
            heard.is_new(&told.path, &told.what);
        }
        heard.begin_again();
        heard
    }

    /// Starts over, since the job is replayed from its beginning.
    pub(super) fn begin_again(&mut self) {
        self.now.clear();
    }

    /// Whether a node and all of its descendants have reached the progress of the log.
    pub(super) fn has_caught_up(&self, path: &[u32]) -> bool {
        let mut below = self.ever.iter().filter(|(node, _)| node.starts_with(path));
        below.all(|(node, ever)| self.now.get(node).is_some_and(|now| now[PROGRESS] == ever[PROGRESS]))
    }

    /// Counts an event; whether it is new.
    pub(super) fn is_new(&mut self, path: &[u32], what: &EventKind) -> bool {
        let kind = match what {
            EventKind::Opened => 0,
            EventKind::Wrote { .. } => 1,
            EventKind::Finished(_) => 2,
            EventKind::Joined(_) => 3,
            EventKind::Pruned(_) => 4,
            EventKind::Cancelled { .. } => 5,
            EventKind::Called(_) => 6,
            EventKind::Awaits(_) => 7,
            EventKind::Resumed { .. } | EventKind::Answered(_) | EventKind::Decided { .. } => return true,
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
