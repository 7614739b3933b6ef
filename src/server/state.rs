//! State shared by all requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use governor::DefaultKeyedRateLimiter;
use tera::Tera;
use theoremata_actors::run::STACK_BYTES;
use tokio::sync::{Semaphore, oneshot, watch};

use super::job::Job;
use super::keys::Doors;
use super::models::Models;
use super::office::Office;
use super::problem::Problem;
use super::quota::Scope;
use super::search::Index;
use super::sites::Sites;

/// Number of concurrent threads with large stacks: for reading texts, and for checking whole runs to show them.
/// Separate limits, so that slow work does not delay quick work.
const READERS: (usize, usize) = (4, 2);

/// A sink for messages to the operator.
pub(crate) type Note = Box<dyn Fn(&str) + Send + Sync>;

/// A server.
pub(crate) struct Server {
    pub(crate) office: Arc<Office>,
    pub(crate) sites: Sites,
    pub(crate) doors: Doors,
    pub(crate) rates: DefaultKeyedRateLimiter<String>,
    pub(crate) templates: Tera,
    /// Its listening address.
    pub(crate) address: SocketAddr,
    /// Accepted host names, besides local ones.
    pub(crate) hosts: Vec<String>,
    /// Open event streams, and their maximal number.
    pub(crate) listeners: Arc<AtomicUsize>,
    pub(crate) most_listeners: usize,
    /// True once streams have to end.
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) readers: Readers,
    /// The search index over the statements of all runs.
    pub(crate) index: Arc<Index>,
    /// The language model, if configured.
    pub(crate) models: Option<Arc<Models>>,
    /// Reports failures to the operator.
    pub(crate) note: Note,
    /// Number of responses, and of these, error responses.
    pub(crate) answered: AtomicUsize,
    pub(crate) refused: AtomicUsize,
}

/// The caller of a request: the id of a key, or empty where none is needed.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) String);

impl Server {
    /// Runs work on formulas, which may be nested deeply, on a thread with a large stack.
    ///
    /// # Errors
    /// If there is no thread, or the work panics.
    pub(crate) async fn deep<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.readers.texts.work(work).await
    }

    /// The same for work that checks the theorems of whole runs.
    ///
    /// # Errors
    /// If there is no thread, or the work panics.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.readers.runs.work(work).await
    }

    /// Whether a caller may see and cancel a job: its owner, or a key with the scope `admin`.
    pub(crate) fn may_see(&self, caller: &str, job: &Job) -> bool {
        job.owner == caller || self.doors.known(caller).is_some_and(|key| key.scopes.contains(&Scope::Admin))
    }

    /// Registers an event stream for the lifetime of the guard.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn listener(&self) -> Result<Listening, Problem> {
        let before = self.listeners.fetch_add(1, Ordering::SeqCst);
        let guard = Listening(Arc::clone(&self.listeners));
        if before >= self.most_listeners {
            let why = format!("{} streams of events are open already", self.most_listeners);
            return Err(Problem::later("too-many-listeners", 10, why));
        }
        Ok(guard)
    }
}

/// A bounded set of threads with large stacks.
pub(crate) struct Readers {
    texts: Threads,
    runs: Threads,
}

impl Default for Readers {
    fn default() -> Readers {
        let threads = |most: usize| Threads(Arc::new(Semaphore::new(most)));
        Readers { texts: threads(READERS.0), runs: threads(READERS.1) }
    }
}

struct Threads(Arc<Semaphore>);

impl Threads {
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let failed = |why: String| Problem::new(500, "failure", why);
        let busy = || Problem::new(503, "busy", "the server reads other texts; try again in a few seconds");
        let permit = tokio::time::timeout(Duration::from_secs(20), Arc::clone(&self.0).acquire_owned());
        let permit = permit.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let (done, result) = oneshot::channel();
        let begin = move || {
            let _permit = permit;
            // The receiver may be gone.
            let _ = done.send(work());
        };
        let thread = thread::Builder::new().name("reader".to_owned()).stack_size(STACK_BYTES).spawn(begin);
        thread.map_err(|error| failed(format!("cannot start a thread: {error}")))?;
        result.await.map_err(|_| failed("a fault of this program; the server's own output has more".to_owned()))?
    }
}

/// An open event stream.
pub(crate) struct Listening(Arc<AtomicUsize>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The caller of a request.
pub(crate) fn caller(request: &HttpRequest) -> String {
    request.extensions().get::<Caller>().map(|caller| caller.0.clone()).unwrap_or_default()
}
