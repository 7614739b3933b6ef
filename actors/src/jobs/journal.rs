//! The journal of a job: its events on disk, so that it survives a kill of the process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use theoremata_store::{JournalEnd, JournalId, Store, StoreError};

use super::event::JobEvent;
use super::event_log::EventLog;
use super::job::Job;

/// The first record of a journal: the job.
#[derive(Serialize, Deserialize)]
struct Head {
    job: Job,
    model: String,
}

/// The journal of a job.
pub(super) struct Journal {
    /// The name of the journal in the store.
    id: JournalId,
    /// Position after its last record.
    end: JournalEnd,
    /// Records not yet written to the store.
    waiting: Vec<Vec<u8>>,
}

impl Journal {
    /// Opens the journal of a job, and reads its events. A journal that does not begin with this job belongs to another
    /// one or is damaged; it is started over.
    pub(super) fn open(
        store: &Store,
        id: JournalId,
        job: &Job,
        model: &str,
    ) -> Result<(Journal, EventLog), StoreError> {
        let (records, end) = store.journal(id)?;
        let asked = records.first().and_then(|first| serde_json::from_slice::<Head>(first).ok());
        let known = asked.is_some_and(|asked| asked.job == *job && asked.model == model);
        let log = EventLog::default();
        if known {
            let told: Result<Vec<JobEvent>, _> =
                records[1..].iter().map(|record| serde_json::from_slice(record)).collect();
            if let Ok(told) = told {
                told.into_iter().for_each(|told| log.push(Arc::new(told)));
                return Ok((Journal { id, end, waiting: Vec::new() }, log));
            }
        }
        if !records.is_empty() {
            store.remove_journal(id)?;
        }
        let mut journal = Journal { id, end: JournalEnd::default(), waiting: Vec::new() };
        journal.write(&Head { job: job.clone(), model: model.to_owned() });
        Ok((journal, log))
    }

    /// Queues a record for the next flush.
    fn write(&mut self, what: &impl Serialize) {
        // Cannot fail: our types have only string keys.
        self.waiting.extend(serde_json::to_vec(what));
    }

    pub(super) fn tell(&mut self, told: &JobEvent) {
        self.write(told);
    }

    /// Writes queued records to the store. Returns whether there were any.
    pub(super) fn flush(&mut self, store: &Store) -> Result<bool, StoreError> {
        if self.waiting.is_empty() {
            return Ok(false);
        }
        self.end = store.append(self.id, self.end, &self.waiting)?;
        self.waiting.clear();
        Ok(true)
    }
}
