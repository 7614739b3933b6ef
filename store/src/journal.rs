//! Journals: append-only records of a job, to recover it after its process has died.
//!
//! A run is written by whole cycles, as suits a search; a language model job emits one event at a time. Each record
//! carries a digest of itself and all earlier ones, so that, whichever unsynced writes survive a crash, reading returns
//! a prefix of what was appended.

use crate::disk::{Change, Tree};
use crate::error::StoreError;
use crate::record::JournalId;
use crate::store::Store;

/// Size of the digest before each record in bytes.
const DIGEST_BYTES: usize = 16;
/// Number of records per scan.
const SCAN: usize = 1024;

/// The end of a journal, where the next append continues.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JournalEnd {
    /// Number of records.
    pub records: u64,
    digest: [u8; DIGEST_BYTES],
}

impl JournalEnd {
    fn then(self, record: &[u8]) -> JournalEnd {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.digest).update(&self.records.to_le_bytes()).update(record);
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..DIGEST_BYTES]);
        JournalEnd { records: self.records + 1, digest }
    }
}

impl Store {
    /// All records of a journal in order, and its end; an unknown journal is empty. Records after a gap left by a crash
    /// are not part of it, and are removed.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn journal(&self, journal: JournalId) -> Result<(Vec<Vec<u8>>, JournalEnd), StoreError> {
        let (mut records, mut end) = (Vec::new(), JournalEnd::default());
        let last = key(journal, u64::MAX);
        loop {
            let entries = self.disk().scan(Tree::Journals, &key(journal, end.records), &last, SCAN)?;
            let count = entries.len();
            for (found, value) in entries {
                let next = value.get(DIGEST_BYTES..).map(|record| end.then(record));
                let whole = next.filter(|next| found == key(journal, end.records) && value.starts_with(&next.digest));
                let Some(next) = whole else {
                    self.cut_journal(journal, end)?;
                    return Ok((records, end));
                };
                records.push(value[DIGEST_BYTES..].to_vec());
                end = next;
            }
            if count < SCAN {
                return Ok((records, end));
            }
        }
    }

    /// Appends records at the end returned last, and returns the new end. They are visible at once, and durable once
    /// [`Store::sync_journals`] has returned.
    ///
    /// # Errors
    /// If the disk fails; a prefix of the records may then be stored.
    pub fn append(
        &self,
        journal: JournalId,
        mut end: JournalEnd,
        records: &[Vec<u8>],
    ) -> Result<JournalEnd, StoreError> {
        let mut changes = Vec::with_capacity(records.len());
        for record in records {
            let key = key(journal, end.records);
            end = end.then(record);
            changes.push(Change::Put(key, [&end.digest, record.as_slice()].concat()));
        }
        self.disk().write(Tree::Journals, changes)?;
        Ok(end)
    }

    /// Makes all appended records durable.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn sync_journals(&self) -> Result<(), StoreError> {
        Ok(self.disk().sync()?)
    }

    /// Removes a journal.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn remove_journal(&self, journal: JournalId) -> Result<(), StoreError> {
        self.cut_journal(journal, JournalEnd::default())
    }

    /// Removes everything after an end.
    fn cut_journal(&self, journal: JournalId, end: JournalEnd) -> Result<(), StoreError> {
        let (from, last) = (key(journal, end.records), key(journal, u64::MAX));
        loop {
            let entries = self.disk().scan(Tree::Journals, &from, &last, SCAN)?;
            if entries.is_empty() {
                return Ok(());
            }
            self.disk().write(Tree::Journals, entries.into_iter().map(|(key, _)| Change::Remove(key)).collect())?;
        }
    }
}

/// Keys sort in the order of the records.
fn key(journal: JournalId, record: u64) -> Vec<u8> {
    [journal.0.as_slice(), &record.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|place| format!("record {place}").into_bytes()).collect()
    }

    #[test]
    fn a_journal_gives_back_what_was_appended() {
        let store = Store::in_memory();
        let (one, other) = (JournalId::of(&["one"]), JournalId::of(&["o", "ne"]));
        assert_ne!(one, other);
        assert_eq!(store.journal(one).expect("read"), (Vec::new(), JournalEnd::default()));
        let all = records(2500);
        let mut end = store.append(one, JournalEnd::default(), &all[..7]).expect("appended");
        end = store.append(one, end, &all[7..]).expect("appended");
        store.append(other, JournalEnd::default(), &records(1)).expect("appended");
        assert_eq!(store.journal(one).expect("read"), (all, end));
        store.remove_journal(one).expect("removed");
        assert_eq!(store.journal(one).expect("read").0.len(), 0);
        assert_eq!(store.journal(other).expect("read").0.len(), 1);
    }

    #[test]
    fn what_stands_behind_a_gap_or_damage_is_not_part_of_it() {
        let journal = JournalId::of(&["job"]);
        for (place, damage) in [(0, None), (3, None), (5, Some(vec![0; 30])), (6, Some(Vec::new()))] {
            let store = Store::in_memory();
            let end = store.append(journal, JournalEnd::default(), &records(8)).expect("appended");
            let change = match damage {
                None => Change::Remove(key(journal, place)),
                Some(bytes) => Change::Put(key(journal, place), bytes),
            };
            store.disk().write(Tree::Journals, vec![change]).expect("damaged");
            let (found, cut) = store.journal(journal).expect("read");
            assert_eq!((found, cut.records), (records(place as usize), place));
            assert_ne!(cut, end);
            // Appending continues from there.
            let more = store.append(journal, cut, &records(9)[place as usize..]).expect("appended");
            assert_eq!(store.journal(journal).expect("read"), (records(9), more));
        }
    }
}
