//! The pool with a tiny model of random weights: whoever does a job, and however often a worker is lost, the answer
//! is the same to the token.

#[path = "jobs/devices.rs"]
mod devices;
#[path = "jobs/scripts.rs"]
mod scripts;
#[path = "jobs/tools.rs"]
mod tools;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use theoremata_actors::jobs::{
    Accept, Answer, EventKind, Forgetting, Job, JobEvent, JobId, Judge, Kind, Local, Options, OutputFormat, Pool,
    Program, Refused, Remote, TokenChoice, View,
};
use theoremata_lm::{Bound, Device, Model, Outcome, Settings};
use theoremata_store::{JournalEnd, Store};

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lm/tests/golden/llama");
    Arc::new(Model::load(&folder).expect("the tiny model"))
});

fn options(workers: usize) -> Options {
    let settings = Settings { pages: 512, page_tokens: 4, rows: 32, ..Settings::default() };
    let local =
        Kind::Local(Local { model: MODEL.clone(), settings, threads: NonZeroUsize::MIN, device: Device::Processor });
    Options::new(vec![local; workers], "tiny")
}

fn warm(job: Job) -> Job {
    let choice = TokenChoice { temperature: 1.5, ..TokenChoice::default() };
    Job { choice, stop: ["a", "e", "3", "7"].map(str::to_owned).to_vec(), ..job }
}

fn vote(prompt: &str) -> Job {
    warm(Job::new(prompt, Program::Vote { samples: 6, least: 1, pattern: None }, 40))
}

fn first(prompt: &str, judge: &str) -> Job {
    warm(Job::new(prompt, Program::First { samples: 5, accept: Accept::Judge(judge.into()) }, 40))
}

/// A tree that the model itself parts.
fn parted(program: Program) -> Job {
    Job { stop: Vec::new(), total_tokens: Some(600), ..warm(Job::new("Part it:", program, 600)) }
}

fn jobs() -> Vec<Job> {
    let items = || ["one", "two", "three"].map(str::to_owned).to_vec();
    vec![
        vote("1 + 1 ="),
        Job { seed: 9, ..vote("1 + 1 =") },
        warm(Job::new("Go on:", Program::Map { items: items(), last: Some("And now?".into()) }, 40)),
        warm(Job::new("Which?", Program::Score { items: items(), sum: false }, 8)),
        warm(Job::new("Plan.", Program::Decompose { depth: 1, width: 3 }, 30)),
        Job { shape: OutputFormat::Regex("[a-z]{4,8}".into()), stop: Vec::new(), ..vote("A word:") },
        parted(Program::Tags { width: 2, depth: 1, characters: 6, view: View::Replay }),
        parted(Program::Tasks { levels: 2, width: 2, characters: 8, memory: Forgetting::Lists(0), recall: false }),
        parted(Program::Tasks { levels: 2, width: 2, characters: 8, memory: Forgetting::Conclusions, recall: false }),
    ]
}

/// Waits until these jobs are done, and gives their answers and all that was told.
fn finish(pool: &Pool, ids: &[JobId]) -> Vec<(Answer, Vec<Arc<JobEvent>>)> {
    let news = pool.watch();
    while ids.iter().any(|id| pool.answer(*id).is_none()) {
        let _ = news.recv_timeout(Duration::from_millis(50));
    }
    ids.iter().map(|id| (pool.answer(*id).expect("done"), pool.told(*id, 0).expect("known"))).collect()
}

fn ask(pool: &Pool, jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| pool.submit(job.clone()).expect("taken")).collect()
}

/// What hangs on the job alone.
fn lasting(answer: &Answer) -> impl PartialEq + std::fmt::Debug + use<> {
    let Answer { outcome, text, chosen, votes, nodes, whole, .. } = answer.clone();
    (outcome, text, chosen, votes, nodes, whole)
}

/// The answers of the first pool that one thinks of.
fn expected(jobs: &[Job], judge: Option<Judge>) -> Vec<Answer> {
    let pool = Pool::start(Options { judge, ..options(1) }).expect("a pool");
    let ids = ask(&pool, jobs);
    finish(&pool, &ids).into_iter().map(|(answer, _)| answer).collect()
}

/// Whether what was told of a job has its order, and says what the answer says.
fn check_told(answer: &Answer, told: &[Arc<JobEvent>]) {
    let mut opened = Vec::new();
    for (seq, told) in told.iter().enumerate() {
        assert_eq!(told.seq, seq as u64, "numbers have no gaps");
        match &told.what {
            EventKind::Opened => {
                assert!(!opened.contains(&told.path), "{:?} is opened once", told.path);
                opened.push(told.path.clone());
            }
            EventKind::Resumed { .. } | EventKind::Answered(_) => {}
            _ => assert!(opened.contains(&told.path), "{:?} is opened before it is spoken of", told.path),
        }
    }
    assert!(matches!(&told.last().expect("told").what, EventKind::Answered(last) if **last == *answer));
    for node in &answer.nodes {
        let of_node = told.iter().filter(|told| told.path == node.path);
        let written: usize = of_node
            .filter(|told| matches!(&told.what, EventKind::Wrote { token: Some(token), .. } if !token.is_stop()))
            .count();
        // What losers wrote is told, and is not part of the answer.
        assert!(written == node.tokens || node.outcome == Some(Outcome::Cancelled), "{:?}", node.path);
    }
}

#[test]
fn whoever_does_a_job_the_answer_is_the_same() {
    let expected = expected(&jobs(), None);
    let concluded = expected.iter().filter(|answer| answer.outcome == Outcome::Concluded).count();
    assert!(concluded >= 3 && expected.iter().all(|answer| answer.because.is_none()), "{expected:?}");
    for workers in [2, 3] {
        let pool = Pool::start(options(workers)).expect("a pool");
        let mut turned = jobs();
        turned.reverse();
        let ids = ask(&pool, &turned);
        for ((answer, told), expected) in finish(&pool, &ids).iter().rev().zip(&expected) {
            assert_eq!(lasting(answer), lasting(expected));
            check_told(answer, told);
        }
        let generated = pool.usage().generated;
        assert_eq!(ask(&pool, &turned), ids, "the same question is one job");
        assert_eq!(pool.usage().generated, generated);
    }
}

#[test]
fn a_lost_worker_is_replaced_and_its_jobs_go_on() {
    let sound: Judge = Arc::new(|_, text| text.len() > 2);
    let asked = [jobs(), vec![first("Try:", "length"), first("Try again:", "length")]].concat();
    let expected = expected(&asked, Some(sound));
    for workers in [1, 2] {
        let calls = AtomicUsize::new(0);
        let judge: Judge = Arc::new(move |_, text| {
            // The first asked waits until the others are aboard, and trips.
            if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                std::thread::sleep(Duration::from_millis(200));
                panic!("the judge trips");
            }
            text.len() > 2
        });
        let pool = Pool::start(Options { judge: Some(judge), ..options(workers) }).expect("a pool");
        let ids = ask(&pool, &asked);
        let done = finish(&pool, &ids);
        let resumed = |told: &[Arc<JobEvent>]| told.iter().any(|told| matches!(told.what, EventKind::Resumed { .. }));
        assert!(done.iter().any(|(_, told)| resumed(told)), "a hand was lost");
        for ((answer, told), expected) in done.iter().zip(&expected) {
            assert_eq!(lasting(answer), lasting(expected));
            check_told(answer, told);
        }
    }
}

#[test]
fn a_job_that_stops_every_worker_fails_and_the_others_do_not() {
    let judge: Judge = Arc::new(|what, _| if what == "trap" { panic!("a trap") } else { true });
    let pool = Pool::start(Options { judge: Some(judge), ..options(2) }).expect("a pool");
    let ids = ask(&pool, &[vec![first("Try:", "trap")], jobs(), vec![first("Try:", "fine")]].concat());
    let done = finish(&pool, &ids);
    assert_eq!(done[0].0.outcome, Outcome::Failed);
    assert!(done[0].0.because.as_ref().is_some_and(|because| because.contains("a trap")), "{:?}", done[0].0.because);
    for ((answer, _), expected) in done[1..].iter().zip(&expected(&jobs(), None)) {
        assert_eq!(lasting(answer), lasting(expected));
    }
    assert_eq!(done.last().expect("one").0.outcome, Outcome::Concluded);
    // And the pool goes on serving.
    let more = ask(&pool, &[vote("Still there?")]);
    assert_eq!(finish(&pool, &more)[0].0.outcome, Outcome::Concluded);
}

#[test]
fn a_job_goes_on_when_the_pool_was_gone() {
    let expected = expected(&jobs(), None);
    let mut cut_off = 0;
    for stop_after in [0, 3, 20, 60, 150] {
        let store = Arc::new(Store::in_memory());
        let kept = || Options { store: Some(store.clone()), ..options(1) };
        let pool = Pool::start(kept()).expect("a pool");
        let news = pool.watch();
        let ids = ask(&pool, &jobs());
        for _ in 0..stop_after {
            let _ = news.recv_timeout(Duration::from_secs(10));
        }
        drop(pool);
        let pool = Pool::start(kept()).expect("a pool");
        assert_eq!(ask(&pool, &jobs()), ids);
        for ((answer, told), expected) in finish(&pool, &ids).iter().zip(&expected) {
            assert_eq!(lasting(answer), lasting(expected), "cut off after {stop_after}");
            check_told(answer, told);
            cut_off +=
                told.iter().filter(|told| matches!(told.what, EventKind::Resumed { tokens, .. } if tokens > 0)).count();
        }
        drop(pool);
        // What is done is not done again, unless that is asked for.
        let pool = Pool::start(kept()).expect("a pool");
        let ids = ask(&pool, &jobs());
        let done = finish(&pool, &ids);
        assert!(done.iter().zip(&expected).all(|((answer, _), expected)| lasting(answer) == lasting(expected)));
        assert_eq!(pool.usage().generated, 0);
        drop(pool);
        let pool = Pool::start(Options { fresh: true, ..kept() }).expect("a pool");
        let ids = ask(&pool, &jobs()[..1]);
        finish(&pool, &ids);
        assert!(pool.usage().generated > 0);
    }
    assert!(cut_off > 2, "some were cut off while they wrote: {cut_off}");
}

#[test]
fn more_than_may_wait_is_refused_and_a_job_can_be_ended() {
    let (judge, stops, go) = gate();
    let pool = Pool::start(Options { waiting: 3, judge: Some(judge), ..options(1) }).expect("a pool");
    // The worker waits, so that nothing ends before its time.
    let held = ask(&pool, &[self::first("Try:", "any")]);
    stops.recv().expect("it concludes");
    let long = |place: usize| Job {
        stop: Vec::new(),
        ..warm(Job::new(format!("{place}:"), Program::Vote { samples: 4, least: 1, pattern: None }, 150))
    };
    let mut taken = Vec::new();
    let refused = loop {
        match pool.submit(long(taken.len())) {
            Ok(id) => taken.push(id),
            Err(refused) => break refused,
        }
        assert!(taken.len() < 200, "somebody must be refused");
    };
    assert!(matches!(refused, Refused::Full { waiting: 3 }), "{refused}");
    let (first, last) = (taken[0], *taken.last().expect("one"));
    pool.cancel(last);
    pool.cancel(first);
    pool.usage();
    drop(go);
    finish(&pool, &held);
    let done = finish(&pool, &[first, last]);
    assert!(done.iter().all(|(answer, _)| answer.outcome == Outcome::Cancelled));
    pool.submit(long(1000)).expect("there is room again");
    pool.cancel_all();
    let all = finish(&pool, &taken);
    assert!(all.iter().all(|(answer, _)| answer.outcome != Outcome::Concluded));
    pool.forget(first);
    assert!(pool.told(first, 0).is_none());
}

/// Whether a node of an answer was cancelled, and has just the tokens that were told of it.
fn check_cancelled(answer: &Answer, told: &[Arc<JobEvent>], path: &[u32]) {
    let node = answer.nodes.iter().find(|node| node.path == path).expect("the node");
    let written = |told: &&Arc<JobEvent>| match &told.what {
        EventKind::Wrote { token: Some(token), .. } => told.path == path && !token.is_stop(),
        _ => false,
    };
    assert_eq!((&node.outcome, node.tokens), (&Some(Outcome::Cancelled), told.iter().filter(written).count()));
}

/// When a node is cancelled, and what happens then.
#[derive(Clone, Copy)]
struct When {
    /// So much has been told of its job at least.
    told: usize,
    /// It lies so deep at least.
    depth: usize,
    /// The worker is lost before it hears of it.
    lost: bool,
}

/// A judge that accepts nothing and stops its worker at each call, who hears of that, and who lets it go on: a `true`
/// trips it, and without anybody it goes on.
fn gate() -> (Judge, Receiver<()>, Sender<bool>) {
    let (stopped, stops) = channel();
    let (go, goes) = channel();
    let gate = Mutex::new((stopped, goes));
    let judge: Judge = Arc::new(move |_, _| {
        let gate = gate.lock().expect("nobody panics");
        let _ = gate.0.send(());
        let trips = gate.1.recv() == Ok(true);
        drop(gate);
        assert!(!trips, "the judge trips");
        false
    });
    (judge, stops, go)
}

/// Does a job beside another one whose judge stops the worker again and again. At one of these stops a node of the job
/// is cancelled that has not ended by what was told.
fn without_a_node(job: &Job, options: Options, when: When) -> (JobId, Answer, Vec<Arc<JobEvent>>) {
    let (judge, stops, go) = gate();
    let pool = Pool::start(Options { judge: Some(judge), ..options }).expect("a pool");
    let gate = Program::First { samples: 64, accept: Accept::Judge("any".into()) };
    let gate = Job { stop: vec!["a".into(), "e".into()], ..warm(Job::new("Try:", gate, 200)) };
    let ids = ask(&pool, &[gate, job.clone()]);
    while pool.answer(ids[1]).is_none() {
        let Ok(()) = stops.recv_timeout(Duration::from_millis(5)) else { continue };
        // What was said before has been told when this is answered, and an order has been passed on.
        pool.usage();
        let told = pool.told(ids[1], 0).expect("known");
        let ended =
            |path: &[u32]| told.iter().any(|told| told.path == path && matches!(told.what, EventKind::Finished(_)));
        let opened = told.iter().filter(|told| told.what == EventKind::Opened).map(|told| &told.path);
        let open = opened.filter(|path| path.len() >= when.depth && !ended(path)).min();
        if let Some(path) = open.filter(|_| told.len() >= when.told) {
            assert!(pool.cancel_node(ids[1], path));
            pool.usage();
            let _ = go.send(when.lost);
            break;
        }
        let _ = go.send(false);
    }
    pool.cancel(ids[0]);
    drop(go);
    let (answer, told) = finish(&pool, &ids).remove(1);
    assert!(!pool.cancel_node(ids[1], &[0]) && !pool.cancel_node(ids[1], &[]), "all of it has ended");
    check_told(&answer, &told);
    (ids[1], answer, told)
}

#[test]
fn a_node_that_was_cancelled_stays_so_whoever_goes_on() {
    let deep = [
        warm(Job::new("Plan.", Program::Decompose { depth: 2, width: 3 }, 60)),
        parted(Program::Tags { width: 2, depth: 2, characters: 6, view: View::Value }),
        parted(Program::Tasks { levels: 3, width: 2, characters: 8, memory: Forgetting::Conclusions, recall: false }),
    ];
    let (mut cancelled, mut below) = (0, 0);
    let when = |told, depth| When { told, depth, lost: false };
    let flat = jobs().into_iter().map(|job| (job, [when(0, 1), when(30, 1)]));
    let jobs: Vec<(Job, [When; 2])> = flat.chain(deep.map(|job| (job, [when(0, 2), when(60, 2)]))).collect();
    for (job, seed) in jobs.iter().flat_map(|job| [0, 1, 2].map(|seed| (job, seed))) {
        let (job, when) = (Job { seed, ..job.0.clone() }, job.1);
        for when in when {
            let store = Arc::new(Store::in_memory());
            let kept = || Options { store: Some(store.clone()), ..options(1) };
            let (id, expected, told) = without_a_node(&job, kept(), when);
            // It may have ended in the step that was under way.
            let Some(at) = told.iter().position(|told| matches!(told.what, EventKind::Cancelled { .. })) else {
                continue;
            };
            check_cancelled(&expected, &told, &told[at].path);
            (cancelled, below) = (cancelled + 1, below + usize::from(told[at].path.len() > 1));
            // As if the process had been killed at any time from then on: the first record is the question.
            let (records, _) = store.journal(id).expect("a journal");
            assert_eq!(records.len(), told.len() + 1);
            for kept_records in [at + 2, at + 3, at.midpoint(told.len()) + 1, told.len()] {
                let kept_records = kept_records.min(told.len());
                store.remove_journal(id).expect("removed");
                store.append(id, JournalEnd::default(), &records[..kept_records]).expect("appended");
                let pool = Pool::start(kept()).expect("a pool");
                assert_eq!(pool.submit(job.clone()).expect("taken"), id);
                let (answer, told) = finish(&pool, &[id]).remove(0);
                assert_eq!(lasting(&answer), lasting(&expected), "{job:?} with {kept_records} of {}", records.len());
                check_told(&answer, &told);
            }
        }
    }
    assert!(cancelled > 20 && below > 1, "{cancelled} {below}");
}

#[test]
fn the_siblings_of_a_cancelled_node_go_on_and_vote() {
    let jobs: Vec<Job> = (0..6).map(|seed| Job { seed, max_tokens: 150, ..vote("1 + 1 =") }).collect();
    let mut cancelled = 0;
    for (job, expected) in jobs.iter().zip(expected(&jobs, None)) {
        let (_, answer, told) = without_a_node(job, options(1), When { told: 0, depth: 1, lost: false });
        let Some(at) = told.iter().find(|told| matches!(told.what, EventKind::Cancelled { .. })) else { continue };
        check_cancelled(&answer, &told, &at.path);
        for (node, other) in answer.nodes.iter().zip(&expected.nodes).skip(1).filter(|(node, _)| node.path != at.path) {
            assert_eq!(node, other);
        }
        let concluded = answer.nodes.iter().skip(1).filter(|node| node.outcome == Some(Outcome::Concluded)).count();
        assert_eq!(answer.votes.iter().map(|(_, votes)| votes).sum::<usize>(), concluded);
        assert!(concluded > 0 && answer.votes.iter().all(|(place, _)| [*place] != *at.path));
        cancelled += 1;
    }
    assert!(cancelled > 2, "{cancelled}");
}

#[test]
fn a_cancellation_holds_if_the_worker_is_lost_before_it_hears_of_it() {
    let long = Job { stop: Vec::new(), max_tokens: 150, ..vote("1 + 1 =") };
    let (_, answer, told) = without_a_node(&long, options(1), When { told: 20, depth: 1, lost: true });
    let at = |wanted: fn(&EventKind) -> bool| told.iter().position(|told| wanted(&told.what)).expect("told");
    let cancelled = at(|what| matches!(what, EventKind::Cancelled { .. }));
    check_cancelled(&answer, &told, &told[cancelled].path);
    assert!(cancelled < at(|what| matches!(what, EventKind::Resumed { .. })));
    assert!(answer.nodes.iter().filter(|node| node.outcome == Some(Outcome::Cancelled)).count() == 1);
}

#[test]
fn a_cancellation_waits_until_the_job_has_caught_up() {
    let job = Job { stop: Vec::new(), max_tokens: 150, ..vote("1 + 1 =") };
    let expected = expected(std::slice::from_ref(&job), None).remove(0);
    let store = Arc::new(Store::in_memory());
    let kept = || Options { store: Some(store.clone()), ..options(1) };
    let pool = Pool::start(kept()).expect("a pool");
    let id = pool.submit(job.clone()).expect("taken");
    finish(&pool, &[id]);
    drop(pool);
    let (records, _) = store.journal(id).expect("a journal");
    store.remove_journal(id).expect("removed");
    store.append(id, JournalEnd::default(), &records[..records.len() / 3]).expect("appended");
    // The worker waits in the judge of another job, so the order is there before the first token is written again.
    let (judge, stops, go) = gate();
    let pool = Pool::start(Options { judge: Some(judge), ..kept() }).expect("a pool");
    pool.submit(first("Try:", "any")).expect("taken");
    stops.recv().expect("it concludes");
    assert_eq!(pool.submit(job).expect("taken"), id);
    let is_of_node =
        |told: &&Arc<JobEvent>| told.path == [4] && matches!(told.what, EventKind::Wrote { token: Some(_), .. });
    let before = pool.told(id, 0).expect("known").iter().filter(is_of_node).count();
    assert!(before > 0 && pool.cancel_node(id, &[4]), "it is open by what was told");
    drop(go);
    let (answer, told) = finish(&pool, &[id]).remove(0);
    check_told(&answer, &told);
    check_cancelled(&answer, &told, &[4]);
    let written = told.iter().filter(is_of_node).count();
    assert!((before..150).contains(&written), "it ends where it was, or soon after: {written}, {before}");
    for (node, other) in answer.nodes.iter().zip(&expected.nodes).skip(1).filter(|(node, _)| node.path != [4]) {
        assert_eq!(node, other);
    }
}

#[test]
fn a_node_of_a_job_that_waits_ends_where_its_log_ends() {
    // A server that takes requests and never answers, one at a time.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let store = Arc::new(Store::in_memory());
    let start = || {
        let remote = Remote { requests: 1, ..Remote::new(url.clone(), "none") };
        Pool::start(Options { store: Some(store.clone()), ..Options::new(vec![Kind::Remote(remote)], "none") })
    };
    let job = vote("1 + 1 =");
    let pool = start().expect("a pool");
    let news = pool.watch();
    let id = pool.submit(job.clone()).expect("taken");
    while !pool.cancel_node(id, &[5]) {
        let _ = news.recv_timeout(Duration::from_millis(50));
    }
    drop(pool);
    let pool = start().expect("a pool");
    let other = pool.submit(vote("2 + 2 =")).expect("taken");
    assert_eq!(pool.submit(job).expect("taken"), id);
    assert!(pool.cancel_node(id, &[1]), "it is open by what was told");
    pool.usage();
    let cancelled: Vec<Vec<u32>> = pool
        .told(id, 0)
        .expect("known")
        .iter()
        .filter(|told| matches!(told.what, EventKind::Cancelled { .. }))
        .map(|told| told.path.clone())
        .collect();
    assert_eq!(cancelled.last(), Some(&vec![1]), "{cancelled:?}");
    pool.cancel(id);
    pool.cancel(other);
    assert!(finish(&pool, &[id, other]).iter().all(|(answer, _)| answer.outcome == Outcome::Cancelled));
}

#[test]
fn a_job_goes_where_its_beginning_was_read() {
    let pool = Pool::start(options(2)).expect("a pool");
    let long = |topic: &str, place: usize| {
        let prompt = format!("{} {place}", format!("{topic} is what all of this is about. ").repeat(6));
        Job { raw: true, ..vote(&prompt) }
    };
    let ids = ask(&pool, &[long("Arithmetic", 0), long("Geometry", 0)]);
    finish(&pool, &ids);
    let before = pool.usage().cached;
    for place in 1..6 {
        for topic in ["Geometry", "Arithmetic"] {
            let ids = ask(&pool, &[long(topic, place)]);
            finish(&pool, &ids);
        }
    }
    // Prompts of 41 and 39 characters, six times, a token each: all ten were found, but for less than a page and the
    // last words. One that went to the other worker would have found nothing.
    let found = pool.usage().cached - before;
    assert!(found > 5 * (6 * 41 + 6 * 39) - 10 * 8, "{found} tokens were found computed");
}

#[test]
fn bounds_of_a_job_end_it_by_their_names() {
    let long = Job { stop: Vec::new(), ..vote("Go on:") };
    let bounded = [
        (Job { seconds: Some(0), ..long.clone() }, Bound::Time),
        (Job { held_tokens: Some(4), ..long.clone() }, Bound::Pages),
        (
            parted(Program::Tasks { levels: 1, width: 1, characters: 8, memory: Forgetting::Lists(0), recall: false }),
            Bound::Path,
        ),
    ];
    for (mut job, bound) in bounded {
        job.path_tokens = (bound == Bound::Path).then_some(5);
        let pool = Pool::start(options(1)).expect("a pool");
        let ids = ask(&pool, &[job]);
        assert_eq!(finish(&pool, &ids)[0].0.outcome, Outcome::Budget(bound));
    }
}

#[test]
fn what_cannot_be_done_is_said_at_once() {
    let pool = Pool::start(options(1)).expect("a pool");
    assert!(matches!(pool.submit(Job { max_tokens: 0, ..vote("x") }), Err(Refused::Job(_))));
    assert!(matches!(pool.submit(first("x", "any")), Err(Refused::NoJudge)));
    let wrong = [
        Job { shape: OutputFormat::Regex("(".into()), ..vote("x") },
        Job { shape: OutputFormat::Grammar("start: nothing".into()), ..vote("x") },
        vote(&"long ".repeat(5000)),
    ];
    let ids = ask(&pool, &wrong);
    for (answer, told) in finish(&pool, &ids) {
        assert_eq!((answer.outcome, told.len()), (Outcome::Failed, 1));
        assert!(answer.because.is_some_and(|because| because.len() > 10));
    }
    let none = Pool::start(Options { workers: Vec::new(), ..options(1) }).expect("a pool");
    assert!(matches!(none.submit(vote("x")), Err(Refused::NoWorker)));
}
