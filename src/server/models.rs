//! The language model of a server: a shared pool of questions, and the clients that wait for their answers.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use theoremata_actors::examine::{Desk, Origin, Proved};
use theoremata_actors::jobs::{
    Answer, EventKind, Job, JobEvent, JobId, Kind, Local, Options, Pool, Refused, Resumption, Suspended,
};
use theoremata_actors::remote_tools::{Hosts, RemoteTools};
use theoremata_lm::Model;
use theoremata_store::Store;
use tokio::sync::watch;

/// A model with the resources to run it.
pub(crate) struct Seat {
    /// The name that callers use.
    pub(crate) name: String,
    /// Its identity among all models.
    pub(crate) identity: String,
    /// The model with its memory and threads.
    pub(crate) local: Local,
}

/// A pool with one model.
pub(crate) struct Models {
    pool: Pool,
    store: Arc<Store>,
    pub(crate) name: String,
    pub(crate) model: Arc<Model>,
    identity: String,
    /// The provers that questions may call.
    pub(crate) desk: Desk,
    /// The remote tools that questions may call.
    pub(crate) remote: Arc<RemoteTools>,
    asked: Mutex<HashMap<JobId, Asked>>,
    /// Called for questions that are answered while nobody waits for them.
    unheard: OnceLock<Box<dyn Fn(JobId) + Send + Sync>>,
}

/// A question with waiting clients.
struct Asked {
    askers: usize,
    /// Whether its events are kept when it is answered.
    kept: bool,
    news: watch::Sender<()>,
}

/// Whether the events of a question are kept, so that it survives a kill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Memory {
    Kept,
    Forgotten,
}

impl Models {
    /// Starts the pool.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub(crate) fn start(seat: Seat, store: &Arc<Store>, hosts: Hosts) -> io::Result<Arc<Models>> {
        let Seat { name, identity, local } = seat;
        let model = local.model.clone();
        let (desk, remote) = (Desk::default(), RemoteTools::new(hosts, false));
        let options = Options {
            store: Some(store.clone()),
            toolbox: Some(desk.toolbox(Some(remote.toolbox(None)))),
            // The server schedules resumed jobs itself, among all of its jobs.
            resumption: Resumption::WhenAsked,
            ..Options::new(vec![Kind::Local(local)], &identity)
        };
        let pool = Pool::start(options)?;
        let events = pool.watch();
        let (store, asked) = (store.clone(), Mutex::default());
        let unheard = OnceLock::new();
        let models = Arc::new(Models { pool, store, name, model, identity, desk, remote, asked, unheard });
        let listener = Arc::downgrade(&models);
        thread::Builder::new().name("model-news".to_owned()).spawn(move || {
            for (id, event) in events {
                let Some(models) = listener.upgrade() else { return };
                models.hear(id, &event);
            }
        })?;
        Ok(models)
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<JobId, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, id: JobId, event: &JobEvent) {
        let mut asked = self.asked();
        let Some(question) = asked.get(&id) else {
            drop(asked);
            if matches!(event.what, EventKind::Answered(_)) {
                self.unheard.get().into_iter().for_each(|tell| tell(id));
            }
            return;
        };
        question.news.send_replace(());
        if question.askers == 0 && matches!(event.what, EventKind::Answered(_)) {
            // No client is left.
            if let Some(question) = asked.remove(&id) {
                self.forget(id, question.kept);
            }
        }
    }

    /// Sets the callback for questions that are answered while nobody waits for them. Only the first call has an
    /// effect.
    pub(crate) fn tell_unheard(&self, tell: impl Fn(JobId) + Send + Sync + 'static) {
        let _ = self.unheard.set(Box::new(tell));
    }

    fn forget(&self, id: JobId, kept: bool) {
        self.pool.forget(id);
        if !kept {
            // A journal that cannot be removed only takes space.
            let _ = self.store.remove_journal(id);
        }
    }

    /// Asks a question. Blocks on the pool, and with [`Memory::Kept`] on the disk.
    ///
    /// # Errors
    /// If the pool refuses it.
    pub(crate) fn ask(self: &Arc<Models>, job: Job, memory: Memory) -> Result<Asking, Refused> {
        let id = job.id(&self.identity);
        let news = {
            let mut asked = self.asked();
            let new = || Asked { askers: 0, kept: false, news: watch::Sender::new(()) };
            let question = asked.entry(id).or_insert_with(new);
            question.askers += 1;
            question.kept |= memory == Memory::Kept;
            question.news.subscribe()
        };
        let asking = Asking { models: self.clone(), id, told: 0, news, suspended: false };
        // If it is refused, dropping `asking` unregisters the client.
        self.pool.submit(job)?;
        Ok(asking)
    }

    /// The identity of the model among all models.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// The pool.
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Cancels a node of a question with all of its descendants; false if no such node is open.
    pub(crate) fn cancel_node(&self, question: &Job, path: &[u32]) -> bool {
        self.pool.cancel_node(question.id(&self.identity), path)
    }

    /// Approves or refuses what a node waits for; false if it is not waiting. Durable on return.
    pub(crate) fn decide(&self, question: &Job, path: &[u32], granted: bool) -> bool {
        self.pool.decide(question.id(&self.identity), path, granted)
    }

    /// The id of a question in the pool.
    pub(crate) fn id(&self, question: &Job) -> JobId {
        question.id(&self.identity)
    }

    /// Whether a question is suspended, once all earlier commands have been processed. If it is, asking it again
    /// resumes it after the human decision.
    pub(crate) fn suspended(&self, id: JobId) -> Option<Suspended> {
        self.make_durable();
        self.pool.suspended(id)
    }

    /// The theorems that the prover has proved for a question, each with the node that requested it. Each is read from
    /// the store, which also records who requested it.
    ///
    /// # Errors
    /// A message, if the store does not hold what a reply claims.
    pub(crate) fn proved(&self, question: &Job) -> Result<Vec<(Vec<u32>, Proved)>, String> {
        let job = question.id(&self.identity);
        let (mut proved, mut earlier) = (Vec::new(), Vec::new());
        for told in self.pool.told(job, 0).unwrap_or_default() {
            let EventKind::Called(call) = &told.what else { continue };
            let Some(tool) = question.tools.iter().find(|tool| tool.name == call.tool) else { continue };
            let found = self.desk.note(tool, &Origin { job, path: told.path.clone() }, call, &earlier)?;
            proved.extend(found.map(|found| (told.path.clone(), found)));
            earlier.push(call.clone());
        }
        Ok(proved)
    }

    /// Number of questions that are unanswered, or whose answers are still being read.
    pub(crate) fn open(&self) -> usize {
        self.asked().len()
    }

    /// Makes all events of kept questions durable. Costs at most one disk sync.
    pub(crate) fn make_durable(&self) {
        self.pool.usage();
    }

    /// The error that ended journaling, if there was one.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.pool.trouble()
    }
}

/// A client that waits for an answer. Dropping the last client of an unanswered question cancels it.
pub(crate) struct Asking {
    models: Arc<Models>,
    id: JobId,
    told: u64,
    news: watch::Receiver<()>,
    /// Whether the question stays suspended until it is asked again.
    suspended: bool,
}

impl Asking {
    /// Events since the last call, as soon as there are any. Nothing follows the answer.
    pub(crate) async fn next(&mut self) -> Vec<Arc<JobEvent>> {
        loop {
            self.news.borrow_and_update();
            let events = self.models.pool.told(self.id, self.told).unwrap_or_default();
            if !events.is_empty() {
                self.told += events.len() as u64;
                return events;
            }
            if self.news.changed().await.is_err() {
                return Vec::new();
            }
        }
    }

    /// Blocking variant, with a timeout.
    pub(crate) fn wait(&mut self, most: std::time::Duration) -> Vec<Arc<JobEvent>> {
        let begin = std::time::Instant::now();
        loop {
            let events = self.models.pool.told(self.id, self.told).unwrap_or_default();
            if !events.is_empty() || begin.elapsed() >= most {
                self.told += events.len() as u64;
                return events;
            }
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// The answer, once all events of the question have been received.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let answer = self.models.pool.answer(self.id)?;
        // Nothing follows an answer.
        let heard_all = self.models.pool.told(self.id, self.told).is_some_and(|events| events.is_empty());
        heard_all.then_some(answer)
    }

    /// Whether no event will follow before a human decision, and a new request after it.
    pub(crate) fn is_suspended(&self) -> bool {
        self.models.pool.suspended(self.id).is_some()
            && self.models.pool.told(self.id, self.told).is_some_and(|it| it.is_empty())
    }

    /// Stops waiting for an answer that a later client will wait for: the question is neither cancelled nor forgotten.
    pub(crate) fn suspend(mut self) {
        self.suspended = true;
    }

    /// The id of the question.
    pub(crate) fn id(&self) -> JobId {
        self.id
    }

    /// Skips events that were received before.
    pub(crate) fn skip(&mut self, events: u64) {
        self.told = events;
    }

    /// Cancels the question; it is answered with the results so far.
    pub(crate) fn cancel(&self) {
        self.models.pool.cancel(self.id);
    }

    /// Leaves the question running or suspended without a client: it is neither cancelled nor forgotten.
    pub(crate) fn leave(self) {
        self.models.asked().remove(&self.id);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut asked = self.models.asked();
        let Some(question) = asked.get_mut(&self.id) else { return };
        question.askers -= 1;
        if question.askers > 0 {
            return;
        }
        if self.models.pool.answer(self.id).is_some() {
            if let Some(question) = asked.remove(&self.id) {
                self.models.forget(self.id, question.kept);
            }
        } else if self.suspended {
            asked.remove(&self.id);
        } else {
            self.models.pool.cancel(self.id);
        }
    }
}
