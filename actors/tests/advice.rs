//! Advised runs: the same bytes on any number of threads and workers, after kills, and without the advisor.

#[path = "../../lm/src/tests/files.rs"]
mod files;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use files::{Entry, Tiny};
use theoremata_actors::advice::{Advised, Advisor, By, ModelAdvisor, Recorded, RivalAdvisor};
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::{Kind, Local, Options, Pool};
use theoremata_actors::run::{Done, Event, GOALS, Manner, Prepared, Question, RunError, Settings, resume};
use theoremata_lm::{Device, Model};
use theoremata_logic::advisors::{Guide, Rival};
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl::{read_goals, read_mpl};
use theoremata_logic::search::explore::{Advice, Proposal, Query, Topic};
use theoremata_store::{Input, RunId, Status, Store};

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let tiny = Tiny::random().with("llama.context_length", Entry::U32(4096));
    let path = std::env::temp_dir().join(format!("theoremata-advice-{}.gguf", std::process::id()));
    std::fs::write(&path, tiny.gguf()).expect("a file");
    let model = Model::load(Path::new(&path)).expect("the tiny model");
    std::fs::remove_file(&path).expect("removed");
    Arc::new(model)
});

/// A goal that needs lemmas, so that it withstands the usual effort for a while.
const ASKED: &str = "(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))";

fn theory() -> (Theory, Vec<Input>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../theories/");
    let read = |name: &str| std::fs::read(format!("{folder}{name}")).expect("a theory that is shipped");
    let mut inputs = vec![Input { name: "peano.mpl".to_owned(), bytes: read("peano.mpl") }];
    let mut loader = |import: &str| {
        inputs.push(Input { name: import.to_owned(), bytes: read(import) });
        Ok(read(import))
    };
    let (theory, _) = read_mpl("peano.mpl", &read("peano.mpl"), &mut loader).expect("a theory");
    (theory, inputs)
}

fn goals(theory: &Theory) -> Vec<Goal> {
    let (goals, report) = read_goals(theory, ASKED.as_bytes(), "asked");
    assert_eq!(goals.len(), 1, "{report:?}");
    goals
}

fn question(by: By) -> Question {
    let (theory, mut inputs) = theory();
    let goals = goals(&theory);
    inputs.push(Input { name: format!("{GOALS}asked"), bytes: ASKED.as_bytes().to_vec() });
    let advice = Advice { questions: 4, proposals: 3, ..Advice::DEFAULT };
    let manner = Manner { advised: Some(Advised { by, advice }), ..Manner::plain(false) };
    Question { theory, goals, inputs, manner }
}

fn settings(threads: usize) -> Settings {
    let threads = NonZeroUsize::new(threads).expect("a thread");
    Settings { threads, cpu: None, memory: None, resident: 0, cancel: Cancel::default() }
}

fn now() -> String {
    "2026-11-29T00:00:00Z".to_owned()
}

/// Runs to the end, cut off after each round whose number `stop` names; `advisor` is called for each part.
fn run(
    store: &Arc<Store>,
    by: &By,
    threads: usize,
    stop: &[u32],
    advisor: &dyn Fn(Cancel) -> Option<Box<dyn Advisor>>,
) -> Result<Done, RunError> {
    let mut prepared = Prepared::new(store.clone(), question(by.clone()), false, &now())?;
    loop {
        let settings = settings(threads);
        let cancel = settings.cancel.clone();
        if let Some(advisor) = advisor(cancel.clone()) {
            prepared = prepared.advised_by(advisor);
        }
        let running = prepared.start(settings, now)?;
        for event in &running.events {
            if matches!(event, Event::Round { number, .. } if stop.contains(&number)) {
                cancel.cancel();
            }
        }
        let done = running.join()?;
        if done.status == Status::Finished {
            return Ok(done);
        }
        let record = store.run(&done.id)?.expect("it was committed");
        let (theory, _) = theory();
        let goals = goals(&theory);
        prepared = resume(store.clone(), &record, theory, &goals)?;
    }
}

fn digest(store: &Store, run: RunId) -> [u8; 32] {
    store.run(&run).expect("a store").expect("a run").digest
}

/// A pool of the tiny model, whose guided answers are statements that nobody thought about.
fn pool(workers: usize, store: Option<Arc<Store>>) -> Pool {
    let settings = theoremata_lm::Settings { pages: 2048, page_tokens: 16, ..theoremata_lm::Settings::default() };
    let local =
        Kind::Local(Local { model: MODEL.clone(), settings, threads: NonZeroUsize::MIN, device: Device::Processor });
    Pool::start(Options { store, ..Options::new(vec![local; workers], "tiny") }).expect("a pool")
}

#[test]
fn a_model_that_knows_nothing_changes_no_byte_by_threads_workers_or_kills() {
    let by = By::Model { identity: "tiny".to_owned(), seed: 5, tokens: 24 };
    let asks = |workers: usize, store: Option<Arc<Store>>| {
        move |cancel: Cancel| -> Option<Box<dyn Advisor>> {
            Some(Box::new(ModelAdvisor::new(pool(workers, store.clone()), 5, 24, cancel)))
        }
    };
    let first = Arc::new(Store::in_memory());
    let whole = run(&first, &by, 1, &[], &asks(1, None)).expect("a run");
    let asked = whole.exploration.asked();
    assert!(asked.iter().any(|asked| asked.answer.as_ref().is_some_and(|answer| !answer.is_empty())), "{asked:?}");
    let expected = digest(&first, whole.id);

    let second = Arc::new(Store::in_memory());
    let other = run(&second, &by, 2, &[], &asks(2, None)).expect("a run");
    assert_eq!((digest(&second, other.id), other.exploration.save()), (expected, whole.exploration.save()));

    // Cut off ten times, each time with a new pool that knows what was answered.
    let third = Arc::new(Store::in_memory());
    let rounds: Vec<u32> = (1..=10).collect();
    let cut = run(&third, &by, 1, &rounds, &asks(1, Some(third.clone()))).expect("a run");
    assert_eq!((digest(&third, cut.id), cut.exploration.save()), (expected, whole.exploration.save()));

    // The run is done again from what was kept of it.
    let fourth = Arc::new(Store::in_memory());
    let recorded = |_: Cancel| -> Option<Box<dyn Advisor>> { Some(Box::new(Recorded::new(asked))) };
    let again = run(&fourth, &by, 1, &[], &recorded).expect("a run");
    assert_eq!((digest(&fourth, again.id), again.exploration.save()), (expected, whole.exploration.save()));
}

#[test]
fn a_run_without_its_advisor_waits_and_goes_on_when_there_is_one() {
    let by = By::Random { seed: 2 };
    let store = Arc::new(Store::in_memory());
    let alone = run(&store, &by, 1, &[], &|_| None);
    let Err(RunError::Unadvised { run: id, why }) = alone else { panic!("{alone:?}") };
    assert!(why.contains("nobody"), "{why}");
    let record = store.run(&id).expect("a store").expect("it stays");
    assert!(record.committed > 0 && record.status != Status::Finished);
    let random =
        |_: Cancel| -> Option<Box<dyn Advisor>> { Some(Box::new(RivalAdvisor::new(Rival::Drawn(Guide::random(2))))) };
    let later = run(&store, &by, 1, &[], &random).expect("a run");
    let fresh = Arc::new(Store::in_memory());
    let whole = run(&fresh, &by, 2, &[], &random).expect("a run");
    assert_eq!(digest(&store, later.id), digest(&fresh, whole.id));
}

/// Claims that what it proposes is proved, and names what there is not.
#[derive(Debug, Default)]
struct Liar(Vec<Query>);

impl Advisor for Liar {
    fn post(&mut self, queries: Vec<Query>) {
        self.0.extend(queries);
    }

    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String> {
        let lie = |query: &Query| match query.topic {
            Topic::Premises => vec![Proposal::Premises(vec![999])],
            _ => vec![
                Proposal::Statement("0 = 1".to_owned()),
                Proposal::Statement("theorem 1: x = y".to_owned()),
                Proposal::Statement("x + y = x".to_owned()),
            ],
        };
        Ok(std::mem::take(&mut self.0).iter().map(lie).collect())
    }
}

#[test]
fn no_lie_gets_into_the_store() {
    let store = Arc::new(Store::in_memory());
    let by = By::Random { seed: 0 };
    let done = run(&store, &by, 1, &[], &|_| Some(Box::new(Liar::default()))).expect("a run");
    assert!(!done.exploration.asked().is_empty());
    assert!(done.exploration.inconsistency.is_none());
    // Restoring checks every proof; and none of the statements is among what was accepted.
    let record = store.run(&done.id).expect("a store").expect("a run");
    let (theory, _) = theory();
    let goals = goals(&theory);
    resume(store.clone(), &record, theory, &goals).expect("every proof is accepted again");
    for theorem in store.theorems(&done.id).expect("a store") {
        assert!(!["(=[0,1])", "(=[x,y])"].contains(&&*theorem.statement), "{theorem:?}");
    }
}
