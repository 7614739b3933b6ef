//! The log of a job: its events, numbered from 1 without gaps, durable before any client sees them.
//!
//! Progress between two events has no number and is not stored.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use serde_json::{Value, json};
use theoremata_actors::run::Heard;
use theoremata_store::{JournalEnd, JournalId, Store, StoreError};
use tokio::sync::watch;

/// The progress of a job.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Progress {
    /// Number of events in its log.
    pub(crate) events: usize,
    /// Whether the log is complete.
    pub(crate) ended: bool,
    /// The latest progress report of the job.
    pub(crate) state: Option<Arc<str>>,
}

/// The events of one job.
pub(crate) struct JobLog {
    store: Arc<Store>,
    journal: JournalId,
    written: RwLock<Written>,
    changed: watch::Sender<Progress>,
}

/// A logged event.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// Its kind: the member `event`.
    pub(crate) kind: String,
    text: String,
}

impl Told {
    fn new(text: String) -> Told {
        Told { kind: value(&text)["event"].as_str().unwrap_or_default().to_owned(), text }
    }
}

/// Single-line JSON.
impl std::ops::Deref for Told {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

#[derive(Default)]
struct Written {
    events: Vec<Arc<Told>>,
    end: JournalEnd,
}

impl JobLog {
    /// Opens the log of a job; that of a new one is empty.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn open(store: &Arc<Store>, job: &str) -> Result<JobLog, StoreError> {
        let journal = JournalId::of(&["server", "events", job]);
        let (records, end) = store.journal(journal)?;
        let told = |record: &Vec<u8>| Arc::new(Told::new(String::from_utf8_lossy(record).into_owned()));
        let events: Vec<Arc<Told>> = records.iter().map(told).collect();
        let ended = events.last().is_some_and(|last| last.kind == "ended");
        let progress = Progress { events: events.len(), ended, state: None };
        let (store, changed) = (Arc::clone(store), watch::Sender::new(progress));
        Ok(JobLog { store, journal, written: RwLock::new(Written { events, end }), changed })
    }

    fn written(&self) -> RwLockReadGuard<'_, Written> {
        self.written.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends events, each an object with a member `event`, makes them durable, and then notifies listeners. Costs one
    /// disk sync, however many events there are.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn append(&self, events: Vec<Value>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        // A log has one writer at a time: the thread that runs the job, or whoever cancels it before that.
        let (first, end) = {
            let written = self.written();
            (written.events.len() + 1, written.end)
        };
        let ended = events.last().is_some_and(|last| last["event"] == "ended");
        let numbered = events.into_iter().zip(first..).map(|(mut event, number)| {
            event["seq"] = json!(number);
            event.to_string()
        });
        let lines: Vec<String> = numbered.collect();
        let records: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into_bytes()).collect();
        let end = self.store.append(self.journal, end, &records)?;
        self.store.sync_journals()?;
        let mut written = self.written.write().unwrap_or_else(PoisonError::into_inner);
        written.end = end;
        written.events.extend(lines.into_iter().map(|line| Arc::new(Told::new(line))));
        let events = written.events.len();
        drop(written);
        self.changed.send_modify(|progress| (progress.events, progress.ended) = (events, ended));
        Ok(())
    }

    /// Reports progress.
    pub(crate) fn progress(&self, state: &Value) {
        self.changed.send_modify(|progress| progress.state = Some(state.to_string().into()));
    }

    /// At most `most` events after the first `after`.
    pub(crate) fn after(&self, after: usize, most: usize) -> Vec<Arc<Told>> {
        self.written().events.iter().skip(after).take(most).cloned().collect()
    }

    /// All events of a kind.
    pub(crate) fn of_kind(&self, wanted: &str) -> Vec<Arc<Told>> {
        self.written().events.iter().filter(|event| event.kind == wanted).cloned().collect()
    }

    /// The last event.
    pub(crate) fn last(&self) -> Option<Arc<Told>> {
        self.written().events.last().cloned()
    }

    /// The events of a run that are already logged.
    pub(crate) fn heard(&self) -> Heard {
        let mut heard = Heard::default();
        for event in &self.written().events {
            match &*event.kind {
                "theorem" => heard.theorems += 1,
                "goal" => heard.goals += 1,
                "round" => heard.round = value(event)["round"].as_u64().and_then(|round| u32::try_from(round).ok()),
                _ => {}
            }
        }
        heard
    }

    /// Subscribes to changes.
    pub(crate) fn listen(&self) -> watch::Receiver<Progress> {
        self.changed.subscribe()
    }
}

/// The event as JSON value.
pub(crate) fn value(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_numbered_without_a_gap_and_read_back_as_it_was_told() {
        let store = Arc::new(Store::in_memory());
        let log = JobLog::open(&store, "one").expect("a log");
        let listener = log.listen();
        log.append(vec![json!({ "event": "started" }), json!({ "event": "theorem", "number": 1 })]).expect("appended");
        log.append(vec![json!({ "event": "round", "round": 3 })]).expect("appended");
        assert_eq!(listener.borrow().events, 3);
        let again = JobLog::open(&store, "one").expect("a log");
        let events = again.after(0, 9);
        assert_eq!(events, log.after(0, 9));
        let numbers: Vec<u64> = events.iter().filter_map(|event| value(event)["seq"].as_u64()).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(again.heard(), Heard { theorems: 1, goals: 0, round: Some(3) });
        assert!(!again.listen().borrow().ended);
        again.append(vec![json!({ "event": "ended" })]).expect("appended");
        assert!(JobLog::open(&store, "one").expect("a log").listen().borrow().ended);
        assert!(JobLog::open(&store, "other").expect("a log").after(0, 9).is_empty());
    }
}
