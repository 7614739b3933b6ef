//! The sites of runs, rendered page by page. Each site has its own threads, which hold the data that its pages share
//! and cache rendered pages, and end when other sites displace it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use actix_web::web::Bytes;
use crossbeam::channel::{Receiver, Sender, unbounded};
use theoremata_actors::run::STACK_BYTES;
use theoremata_store::{RunId, Status, Store};
use tokio::sync::oneshot;

use crate::exchange::stored::Stored;
use crate::failure::Failure;
use crate::site::Served;
use crate::site::values::report::Report;

/// Maximal number of sites kept ready.
const READY: usize = 8;

/// Rendering threads per site, for simultaneous readers.
const MAKERS: usize = 2;
/// Cache size of a site in bytes.
const KEPT_BYTES: usize = 16 << 20;

/// A request to a site.
pub(crate) enum Wanted {
    /// A file, by its path.
    File(String),
    /// The location of the page of a theorem, by its number.
    Theorem(usize),
}

/// The response of a site.
pub(crate) enum Found {
    File(Bytes),
    Path(String),
}

type Answer = Result<Option<Found>, String>;

struct Question {
    wanted: Wanted,
    answer: oneshot::Sender<Answer>,
}

/// The sites of a store.
pub(crate) struct Sites {
    store: Arc<Store>,
    ready: Mutex<Vec<Site>>,
}

struct Site {
    run: RunId,
    /// The state of the run that it shows.
    state: Vec<u8>,
    questions: Sender<Question>,
}

impl Sites {
    pub(crate) fn new(store: Arc<Store>) -> Sites {
        Sites { store, ready: Mutex::default() }
    }

    /// Queries the site of a run in its current state.
    ///
    /// # Errors
    /// If the store fails, or its contents are refused.
    pub(crate) async fn ask(&self, run: RunId, wanted: Wanted) -> Answer {
        let (answer, answered) = oneshot::channel();
        let Some(questions) = self.site(run)? else { return Ok(None) };
        let gone = || "the pages could not be made".to_owned();
        questions.send(Question { wanted, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    fn site(&self, run: RunId) -> Result<Option<Sender<Question>>, String> {
        let Some(record) = self.store.run(&run).map_err(|error| error.to_string())? else { return Ok(None) };
        let state = [&record.digest[..], record.status.words().as_bytes()].concat();
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = ready.iter().position(|site| site.run == run && site.state == state) {
            let site = ready.remove(place);
            let questions = site.questions.clone();
            ready.push(site);
            return Ok(Some(questions));
        }
        let (questions, asked) = unbounded();
        let store = Arc::clone(&self.store);
        thread::Builder::new()
            .name("site".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(&store, &record, &asked))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        ready.retain(|site| site.run != run);
        if ready.len() >= READY {
            ready.remove(0);
        }
        ready.push(Site { run, state, questions: questions.clone() });
        Ok(Some(questions))
    }
}

/// Serves requests until all senders are gone.
fn serve(store: &Store, run: &theoremata_store::Run, asked: &Receiver<Question>) {
    let made = report(store, run);
    let site = made
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|(stored, report)| Served::new(report, &stored.theory).map_err(|error| error.to_string()));
    let kept = Mutex::new(Kept::default());
    let file = |site: &Served<'_>, path: String| -> Result<Option<Bytes>, String> {
        let find = || kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = find().pages.get(&path) {
            return Ok(Some(page.clone()));
        }
        let page = site.file(&path).map_err(|error| error.to_string())?.map(Bytes::from);
        page.iter().for_each(|page| find().keep(path.clone(), page.clone()));
        Ok(page)
    };
    let answer_all = || {
        for Question { wanted, answer } in asked {
            let found = site.as_ref().map_err(Clone::clone).and_then(|site| match wanted {
                Wanted::File(path) => Ok(file(site, path)?.map(Found::File)),
                Wanted::Theorem(number) => Ok(site.theorem(number).map(Found::Path)),
            });
            // The receiver may be gone.
            let _ = answer.send(found);
        }
    };
    thread::scope(|scope| {
        for _ in 1..MAKERS {
            let maker = thread::Builder::new().name("site".to_owned()).stack_size(STACK_BYTES);
            // If the system cannot create another thread, this one renders all pages.
            let _ = maker.spawn_scoped(scope, answer_all);
        }
        answer_all();
    });
}

/// A cache of rendered pages. The page of a run in a given state never changes.
#[derive(Default)]
struct Kept {
    pages: HashMap<String, Bytes>,
    bytes: usize,
}

impl Kept {
    /// Caches a page. If there is no room, the cache is emptied: pages in use soon return. Large files are not cached.
    fn keep(&mut self, path: String, page: Bytes) {
        if page.len() > KEPT_BYTES / 16 {
            return;
        }
        if self.bytes + page.len() > KEPT_BYTES {
            *self = Kept::default();
        }
        self.bytes += page.len();
        if let Some(before) = self.pages.insert(path, page) {
            self.bytes -= before.len();
        }
    }
}

fn report(store: &Store, run: &theoremata_store::Run) -> Result<(Stored, Report), Failure> {
    let stored = Stored::read(store, run)?;
    let theorems = stored.checked()?;
    // Without a checkpoint, or during a run, pages only have the theorems.
    let settled = run.status != Status::Running;
    let exploration = settled.then(|| stored.exploration(store).ok()).flatten();
    let report = Report::new(&stored, theorems, exploration.as_ref());
    Ok((stored, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_kept_within_a_bound() {
        let mut kept = Kept::default();
        let page = Bytes::from(vec![b'x'; KEPT_BYTES / 16]);
        for number in 0..40 {
            kept.keep(number.to_string(), page.clone());
            kept.keep(number.to_string(), page.clone());
            assert!(kept.pages.contains_key(&number.to_string()));
            assert_eq!(kept.bytes, kept.pages.values().map(Bytes::len).sum::<usize>());
            assert!(kept.bytes <= KEPT_BYTES);
        }
        kept.keep("large".to_owned(), Bytes::from(vec![b'x'; KEPT_BYTES / 16 + 1]));
        assert!(!kept.pages.contains_key("large"));
    }
}
