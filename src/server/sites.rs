//! The sites of runs, made page by page. Each has a thread of its own, which holds what all its pages have in common,
//! and ends when others are asked for instead.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam::channel::{Receiver, Sender, unbounded};
use theoremata_actors::run::STACK_BYTES;
use theoremata_store::{RunId, Status, Store};
use tokio::sync::oneshot;

use crate::exchange::stored::Stored;
use crate::failure::Failure;
use crate::site::Served;
use crate::site::values::report::Report;

/// Sites that are kept ready.
const READY: usize = 8;

/// What may be asked of a site.
pub(crate) enum Wanted {
    /// A file, by its path.
    File(String),
    /// Where the page of the theorem with this number is.
    Theorem(usize),
}

/// What a site answers.
pub(crate) enum Found {
    File(Vec<u8>),
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
    /// What of the run it shows.
    state: Vec<u8>,
    questions: Sender<Question>,
}

impl Sites {
    pub(crate) fn new(store: Arc<Store>) -> Sites {
        Sites { store, ready: Mutex::default() }
    }

    /// Asks the site of a run, as the run stands now.
    ///
    /// # Errors
    /// If the store fails, or what is stored is refused.
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

/// Answers until nobody can ask any more.
fn serve(store: &Store, run: &theoremata_store::Run, asked: &Receiver<Question>) {
    let made = report(store, run);
    let site = made
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|(stored, report)| Served::new(report, &stored.theory).map_err(|error| error.to_string()));
    for Question { wanted, answer } in asked {
        let found = site.as_ref().map_err(Clone::clone).and_then(|site| match wanted {
            Wanted::File(path) => Ok(site.file(&path).map_err(|error| error.to_string())?.map(Found::File)),
            Wanted::Theorem(number) => Ok(site.theorem(number).map(Found::Path)),
        });
        // Whoever has gone away in the meantime needs no answer.
        let _ = answer.send(found);
    }
}

fn report(store: &Store, run: &theoremata_store::Run) -> Result<(Stored, Report), Failure> {
    let stored = Stored::read(store, run)?;
    let theorems = stored.checked()?;
    // Without a checkpoint, or while it goes on, the pages have the theorems alone.
    let settled = run.status != Status::Running;
    let exploration = settled.then(|| stored.exploration(store).ok()).flatten();
    let report = Report::new(&stored, theorems, exploration.as_ref());
    Ok((stored, report))
}
