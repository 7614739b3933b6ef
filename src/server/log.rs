//! The log of a job: what it told, numbered from 1 without a gap, durable before anybody hears of it.
//!
//! How far a job is between two events is progress, which has no number and is not kept.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use serde_json::{Value, json};
use theoremata_actors::run::Heard;
use theoremata_store::{JournalEnd, JournalId, Store, StoreError};
use tokio::sync::watch;

/// How far a job is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Progress {
    /// Events in its log.
    pub(crate) events: usize,
    /// Whether nothing more will come.
    pub(crate) ended: bool,
    /// What the job says of how far it is.
    pub(crate) state: Option<Arc<str>>,
}

/// The events of one job.
pub(crate) struct JobLog {
    store: Arc<Store>,
    journal: JournalId,
    written: RwLock<Written>,
    changed: watch::Sender<Progress>,
}

/// An event as it was told.
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

/// JSON in one line.
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
    /// Reads the log of a job; that of a new one is empty.
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

    /// Appends events, each an object with a member `event`, and makes them durable; then lets listeners know.
    /// Costs one sync of the disk, however many there are.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn append(&self, events: Vec<Value>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        // One writer has a log at a time: the runner of the job, or who cancels it before it has one.
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

    /// Says how far the job is.
    pub(crate) fn progress(&self, state: &Value) {
        self.changed.send_modify(|progress| progress.state = Some(state.to_string().into()));
    }

    /// At most so many events behind the first `after`.
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

    /// What of a run stands here already.
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

    /// Hears of every change from now on.
    pub(crate) fn listen(&self) -> watch::Receiver<Progress> {
        self.changed.subscribe()
    }
}

/// An event as the value that it was.
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
