//! The journal of a job: its events on disk, so that a killed process goes on where it was.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use theoremata_store::{JournalEnd, JournalId, Store, StoreError};

use super::event::JobEvent;
use super::event_log::EventLog;
use super::job::Job;

/// The first record of a journal: what is asked.
#[derive(Serialize, Deserialize)]
struct Head {
    job: Job,
    model: String,
}

/// Where a job is written down as it is told.
pub(super) struct Journal {
    /// The name of the journal in the store.
    id: JournalId,
    /// Behind its last record.
    end: JournalEnd,
    /// Records that are not in the store yet.
    waiting: Vec<Vec<u8>>,
}

impl Journal {
    /// The journal of a job, and what it has of it. A journal that does not begin with the job is another one's,
    /// or damaged: it is begun anew.
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

    /// Writes something down with the next flush.
    fn write(&mut self, what: &impl Serialize) {
        // Our own types have only string keys, which is all that can go wrong.
        self.waiting.extend(serde_json::to_vec(what));
    }

    pub(super) fn tell(&mut self, told: &JobEvent) {
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
