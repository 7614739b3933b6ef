//! What all requests to a server share.

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

use super::keys::Doors;
use super::models::Models;
use super::office::Office;
use super::problem::Problem;
use super::sites::Sites;

/// Texts that are read at the same time: each has a large stack.
const READERS: usize = 4;

/// A server.
pub(crate) struct Server {
    pub(crate) office: Arc<Office>,
    pub(crate) sites: Sites,
    pub(crate) doors: Doors,
    pub(crate) rates: DefaultKeyedRateLimiter<String>,
    pub(crate) templates: Tera,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Names by which others may call it, beside those of this machine.
    pub(crate) hosts: Vec<String>,
    /// Open streams of events, and the most that may be.
    pub(crate) listeners: Arc<AtomicUsize>,
    pub(crate) most_listeners: usize,
    /// True once streams have to end.
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) readers: Arc<Semaphore>,
    /// The language model, if there is one.
    pub(crate) models: Option<Arc<Models>>,
    /// Requests that were answered, and how many of these by a problem.
    pub(crate) answered: AtomicUsize,
    pub(crate) refused: AtomicUsize,
}

/// Whose request it is: the id of a key, or empty where none is needed.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) String);

impl Server {
    /// What it takes to read as many texts as may be read at once.
    pub(crate) fn readers() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(READERS))
    }

    /// Does what reads formulas, which may be nested deeply, on a thread that has room for it, and waits for it.
    ///
    /// # Errors
    /// If there is no thread, or the work panics.
    pub(crate) async fn deep<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let failed = |why: String| Problem::new(500, "failure", why);
        let busy = || Problem::new(503, "busy", "the server reads other texts; try again in a few seconds");
        let permit = tokio::time::timeout(Duration::from_secs(20), Arc::clone(&self.readers).acquire_owned());
        let permit = permit.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let (done, result) = oneshot::channel();
        let begin = move || {
            let _permit = permit;
            // Whoever has gone away in the meantime needs no answer.
            let _ = done.send(work());
        };
        let thread = thread::Builder::new().name("reader".to_owned()).stack_size(STACK_BYTES).spawn(begin);
        thread.map_err(|error| failed(format!("cannot start a thread: {error}")))?;
        result.await.map_err(|_| failed("a fault of this program; the server's own output has more".to_owned()))?
    }

    /// Counts a stream of events as long as the guard lives.
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

/// An open stream of events.
pub(crate) struct Listening(Arc<AtomicUsize>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whose request this is.
pub(crate) fn caller(request: &HttpRequest) -> String {
    request.extensions().get::<Caller>().map(|caller| caller.0.clone()).unwrap_or_default()
}
