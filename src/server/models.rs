//! The language model of a server: a pool that everybody's questions go to, and who waits for which answer.

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

/// A model with all that is needed to run it.
pub(crate) struct Seat {
    /// What callers call it.
    pub(crate) name: String,
    /// By what it is known among all models.
    pub(crate) identity: String,
    /// The model with its memory and its threads.
    pub(crate) local: Local,
}

/// A pool with one model.
pub(crate) struct Models {
    pool: Pool,
    store: Arc<Store>,
    pub(crate) name: String,
    pub(crate) model: Arc<Model>,
    identity: String,
    /// The provers that questions name.
    pub(crate) desk: Desk,
    /// The tools of other hosts that questions may name.
    pub(crate) remote: Arc<RemoteTools>,
    asked: Mutex<HashMap<JobId, Asked>>,
    /// Who is told of a question that is answered while nobody waits for it.
    unheard: OnceLock<Box<dyn Fn(JobId) + Send + Sync>>,
}

/// A question that somebody waits for.
struct Asked {
    askers: usize,
    /// Whether what was told of it is kept when it is answered.
    kept: bool,
    news: watch::Sender<()>,
}

/// Whether what is told of a question is kept, so that it goes on after a kill.
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
            // Jobs that a person lets go on have their turn among all jobs of the server.
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
            // Nobody is left who waited for it.
            if let Some(question) = asked.remove(&id) {
                self.forget(id, question.kept);
            }
        }
    }

    /// Has somebody told of questions that are answered while nobody waits for them. Only the first one who asks is.
    pub(crate) fn tell_unheard(&self, tell: impl Fn(JobId) + Send + Sync + 'static) {
        let _ = self.unheard.set(Box::new(tell));
    }

    fn forget(&self, id: JobId, kept: bool) {
        self.pool.forget(id);
        if !kept {
            // What cannot be removed takes room, and harms nobody.
            let _ = self.store.remove_journal(id);
        }
    }

    /// Asks a question. Waits for the pool, and with the memory [`Memory::Kept`] for the disk.
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
        // Where it is refused, `asking` takes the asker back.
        self.pool.submit(job)?;
        Ok(asking)
    }

    /// By what the model is known among all models.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// The pool.
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Ends one node of a question and all below it; false if no such node is open.
    pub(crate) fn cancel_node(&self, question: &Job, path: &[u32]) -> bool {
        self.pool.cancel_node(question.id(&self.identity), path)
    }

    /// Lets a node of a question go on that waits for a person, or refuses it; false if it does not wait. It is durable then.
    pub(crate) fn decide(&self, question: &Job, path: &[u32], granted: bool) -> bool {
        self.pool.decide(question.id(&self.identity), path, granted)
    }

    /// By what the pool knows a question.
    pub(crate) fn id(&self, question: &Job) -> JobId {
        question.id(&self.identity)
    }

    /// Whether a question is suspended, once all orders that were given before have arrived: asked again, it goes on as soon as a
    /// person has decided.
    pub(crate) fn suspended(&self, id: JobId) -> Option<Suspended> {
        self.make_durable();
        self.pool.suspended(id)
    }

    /// What the prover has proved for a question, and for which node: each is read from the store, where it is written down who
    /// asked for it.
    ///
    /// # Errors
    /// In words, if the store does not hold what a reply says.
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

    /// Questions that are not answered, or whose answers somebody still reads.
    pub(crate) fn open(&self) -> usize {
        self.asked().len()
    }

    /// Waits until all that was told of kept questions is on disk. Costs at most one sync of the disk.
    pub(crate) fn make_durable(&self) {
        self.pool.usage();
    }

    /// Why answers are not written down any more, if that failed.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.pool.trouble()
    }
}

/// Somebody who waits for an answer. Whoever goes away before it is there, and was the last, ends the work.
pub(crate) struct Asking {
    models: Arc<Models>,
    id: JobId,
    told: u64,
    news: watch::Receiver<()>,
    /// Whether the work is to lie until somebody asks again.
    suspended: bool,
}

impl Asking {
    /// What was told since the last call, as soon as there is something. Nothing comes behind the answer.
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

    /// The same on a thread that may wait, for so long at most.
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

    /// What came of the question, once all that was told of it has been heard.
    pub(crate) fn answer(&self) -> Option<Answer> {
        let answer = self.models.pool.answer(self.id)?;
        // Nothing is told behind an answer.
        let heard_all = self.models.pool.told(self.id, self.told).is_some_and(|events| events.is_empty());
        heard_all.then_some(answer)
    }

    /// Whether nothing more is told before a person decides, or somebody asks anew after one has.
    pub(crate) fn is_suspended(&self) -> bool {
        self.models.pool.suspended(self.id).is_some()
            && self.models.pool.told(self.id, self.told).is_some_and(|it| it.is_empty())
    }

    /// Stops waiting for an answer that somebody will wait for later: the work is neither cancelled nor forgotten.
    pub(crate) fn suspend(mut self) {
        self.suspended = true;
    }

    /// The question.
    pub(crate) fn id(&self) -> JobId {
        self.id
    }

    /// Goes on behind what was heard before.
    pub(crate) fn skip(&mut self, events: u64) {
        self.told = events;
    }

    /// Ends the work; it is answered with what there is.
    pub(crate) fn cancel(&self) {
        self.models.pool.cancel(self.id);
    }

    /// Lets the work go on, or lie, without anybody who waits: it is neither cancelled nor forgotten.
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
