//! The book of all jobs, in a journal of the store: what was taken, and how it ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use theoremata_store::{JournalEnd, JournalId, Store, StoreError};

use super::job::{Job, State};
use super::quota::{Used, today};
use super::request::JobRequest;
use super::webhook::Delivery;

/// A line of the book.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Taken(Box<Job>),
    Ended { id: String, state: State, at: String, error: Option<String> },
    Told { id: String, delivery: Delivery },
    Spent { owner: String, day: String, spent: Spent },
}

/// What work cost.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Tokens that the language model wrote.
    pub(crate) tokens: u64,
    /// CPU seconds of the prover.
    pub(crate) cpu: f64,
}

/// All jobs, the newest last.
pub(crate) struct Ledger {
    store: Arc<Store>,
    end: JournalEnd,
    jobs: BTreeMap<u64, Job>,
    numbers: HashMap<String, u64>,
    /// By owner and the key that the caller gave: the job.
    repeated: HashMap<(String, String), u64>,
    /// By owner: the last day on which it used something, and what.
    spent: HashMap<String, (String, Spent)>,
}

fn book() -> JournalId {
    JournalId::of(&["server", "jobs"])
}

impl Ledger {
    /// Reads the book. Jobs that had not ended wait for their turn again.
    ///
    /// # Errors
    /// If the disk fails, or a line is none of ours.
    pub(crate) fn open(store: &Arc<Store>) -> Result<Ledger, StoreError> {
        let (records, end) = store.journal(book())?;
        let mut ledger = Ledger {
            store: Arc::clone(store),
            end,
            jobs: BTreeMap::new(),
            numbers: HashMap::new(),
            repeated: HashMap::new(),
            spent: HashMap::new(),
        };
        for (place, record) in records.iter().enumerate() {
            match serde_json::from_slice(record) {
                Ok(line) => ledger.enter(line),
                Err(error) => {
                    let object = format!("line {} of the book of jobs", place + 1);
                    return Err(StoreError::Damaged { object, why: error.to_string() });
                }
            }
        }
        Ok(ledger)
    }

    fn enter(&mut self, line: Line) {
        match line {
            Line::Taken(job) => {
                self.numbers.insert(job.id.clone(), job.number);
                if let Some((key, _)) = &job.idempotency {
                    self.repeated.insert((job.owner.clone(), key.clone()), job.number);
                }
                self.jobs.insert(job.number, *job);
            }
            Line::Ended { id, state, at, error } => {
                if let Some(job) = self.find_mut(&id) {
                    (job.state, job.ended, job.error) = (state, Some(at), error);
                }
            }
            Line::Spent { owner, day, spent } => {
                let known = self.spent.entry(owner).or_default();
                if known.0 != day {
                    *known = (day, Spent::default());
                }
                known.1.tokens += spent.tokens;
                known.1.cpu += spent.cpu;
            }
            Line::Told { id, delivery } => {
                if let Some(job) = self.find_mut(&id) {
                    job.delivery = Some(delivery);
                }
            }
        }
    }

    fn find_mut(&mut self, id: &str) -> Option<&mut Job> {
        self.numbers.get(id).and_then(|number| self.jobs.get_mut(number))
    }

    fn write(&mut self, line: Line) -> Result<(), StoreError> {
        let record = serde_json::to_vec(&line).expect("plain data");
        self.end = self.store.append(book(), self.end, &[record])?;
        self.store.sync_journals()?;
        self.enter(line);
        Ok(())
    }

    /// Notes what a caller used today, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn spend(&mut self, owner: &str, spent: Spent) -> Result<(), StoreError> {
        self.write(Line::Spent { owner: owner.to_owned(), day: today(), spent })
    }

    /// What a caller used.
    pub(crate) fn used(&self, owner: &str) -> Used {
        let today = today();
        let own = || self.jobs.values().rev().filter(|job| job.owner == owner);
        let spent = self.spent.get(owner).filter(|(day, _)| *day == today).map(|(_, spent)| *spent).unwrap_or_default();
        Used {
            jobs: own().filter(|job| !job.state.is_ended()).count() as u64,
            jobs_today: own().take_while(|job| job.created.starts_with(&today)).count() as u64,
            tokens_today: spent.tokens,
            cpu_today: spent.cpu,
        }
    }

    /// The number of the next job.
    pub(crate) fn next_number(&self) -> u64 {
        self.jobs.last_key_value().map_or(1, |(number, _)| number + 1)
    }

    /// Takes a job, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn take(&mut self, job: Job, request: &JobRequest) -> Result<(), StoreError> {
        // The request first: without a line in the book it is nobody's.
        let bytes = serde_json::to_vec(request).expect("plain data");
        self.store.append(asked(&job.id), JournalEnd::default(), &[bytes])?;
        self.write(Line::Taken(Box::new(job)))
    }

    /// Notes that a job has ended, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn end(&mut self, id: &str, state: State, at: String, error: Option<String>) -> Result<(), StoreError> {
        self.write(Line::Ended { id: id.to_owned(), state, at, error })
    }

    /// Notes how far the word of a job is, durably.
    ///
    /// # Errors
    /// If the disk fails.
    pub(crate) fn told(&mut self, id: &str, delivery: Delivery) -> Result<(), StoreError> {
        self.write(Line::Told { id: id.to_owned(), delivery })
    }

    /// Notes where a job is that has not ended, which only this process knows: another one begins with all of them in the
    /// queue.
    pub(crate) fn put(&mut self, number: u64, state: State) {
        if let Some(job) = self.jobs.get_mut(&number) {
            job.state = state;
        }
    }

    /// All jobs, the oldest first.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.jobs.values()
    }

    /// The jobs before a number, the newest first.
    pub(crate) fn before(&self, number: u64) -> impl Iterator<Item = &Job> {
        self.jobs.range(..number).rev().map(|(_, job)| job)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Job> {
        self.jobs.get(self.numbers.get(id)?)
    }

    /// The job that was taken with this key.
    pub(crate) fn repeated(&self, owner: &str, key: &str) -> Option<&Job> {
        self.jobs.get(self.repeated.get(&(owner.to_owned(), key.to_owned()))?)
    }
}

/// What was asked of a job.
///
/// # Errors
/// If the disk fails, or the request is gone.
pub(crate) fn request(store: &Store, id: &str) -> Result<JobRequest, StoreError> {
    let (records, _) = store.journal(asked(id))?;
    let damaged = |why: String| StoreError::Damaged { object: format!("the request of job {id}"), why };
    let record = records.first().ok_or_else(|| damaged("it is missing".to_owned()))?;
    serde_json::from_slice(record).map_err(|error| damaged(error.to_string()))
}

fn asked(id: &str) -> JournalId {
    JournalId::of(&["server", "request", id])
}
