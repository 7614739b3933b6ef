//! Workers whose devices are lost, or cannot be had.

use theoremata_kernels::cuda::Cuda;
use theoremata_kernels::cuda::stand_in::{Build, StandIn};

use super::*;

#[path = "../../../tests/common/skip.rs"]
mod skip;

/// A worker on a stand-in for a device, which is lost after so many kernels.
fn on_a_device(launches: u64) -> Option<(Arc<StandIn>, Kind)> {
    let Some(machine) = StandIn::start(Build::Fast) else {
        skip::skipped("there is no g++ that builds the kernels for this machine");
        return None;
    };
    machine.lose_after(launches);
    let settings = Settings { pages: 512, page_tokens: 4, rows: 32, ..Settings::default() };
    let device = Device::Machine(Cuda::on(machine.clone()));
    let local = Local { model: MODEL.clone(), settings, threads: NonZeroUsize::MIN, device };
    Some((machine, Kind::Local(local)))
}

fn questions() -> Vec<Job> {
    vec![
        vote("1 + 1 ="),
        Job { seed: 9, ..vote("1 + 1 =") },
        warm(Job::new("Plan.", Program::Decompose { depth: 1, width: 2 }, 12)),
    ]
}

fn pool(workers: Vec<Kind>) -> Pool {
    Pool::start(Options { workers, ..options(1) }).expect("a pool")
}

#[test]
fn a_worker_on_a_device_gives_the_answers_of_the_processor() {
    let Some((_, device)) = on_a_device(u64::MAX) else { return };
    let expected = expected(&questions(), None);
    let pool = pool(vec![device]);
    let done = finish(&pool, &ask(&pool, &questions()));
    for ((answer, told), expected) in done.iter().zip(&expected) {
        assert_eq!(lasting(answer), lasting(expected));
        check_told(answer, told);
    }
}

#[test]
fn when_a_device_is_lost_another_worker_goes_on_with_the_same_tokens() {
    let expected = expected(&questions(), None);
    for launches in [60, 300, 700] {
        let Some((_, device)) = on_a_device(launches) else { return };
        let Kind::Local(here) = options(1).workers.remove(0) else { panic!("a worker of this machine") };
        let pool = pool(vec![device, Kind::Local(here)]);
        let done = finish(&pool, &ask(&pool, &questions()));
        let mut reasons = done.iter().flat_map(|(_, told)| told).filter_map(|told| match &told.what {
            EventKind::Resumed { because, .. } => Some(because.clone()),
            _ => None,
        });
        let reason = reasons.next().expect("a job went on elsewhere");
        assert!(reason.contains("a stand-in for a device failed") && reason.contains("is lost"), "{reason}");
        for ((answer, told), expected) in done.iter().zip(&expected) {
            assert_eq!(lasting(answer), lasting(expected), "lost after {launches} kernels");
            check_told(answer, told);
        }
    }
}

#[test]
fn without_another_worker_a_job_says_that_the_device_is_lost() {
    let Some((_, device)) = on_a_device(100) else { return };
    let pool = pool(vec![device]);
    let done = finish(&pool, &ask(&pool, &[vote("1 + 1 =")]));
    let (answer, _) = &done[0];
    assert_eq!(answer.outcome, Outcome::Failed);
    let because = answer.because.as_deref().expect("a reason");
    assert!(because.contains("no worker any more") && because.contains("the device is lost"), "{because}");
}

#[test]
fn a_device_with_too_little_memory_says_what_was_wanted() {
    let Some((machine, device)) = on_a_device(u64::MAX) else { return };
    machine.give_memory(100_000);
    let pool = pool(vec![device]);
    // The job is refused, or was taken before that was known.
    let because = match pool.submit(vote("1 + 1 =")) {
        Err(refused) => refused.to_string(),
        Ok(id) => finish(&pool, &[id])[0].0.because.clone().expect("a reason"),
    };
    assert!(because.contains("MB of keys and values") && because.contains("out of memory"), "{because}");
}
