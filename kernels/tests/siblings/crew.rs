//! The thread pool.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use theoremata_kernels::{Crew, Parallel};

/// Work that ends when all `count` chunks are taken.
fn count_up(crew: &Crew, count: usize) -> usize {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    crew.run(&|| {
        while next.fetch_add(1, Ordering::Relaxed) < count {
            done.fetch_add(1, Ordering::Relaxed);
        }
    });
    done.load(Ordering::Relaxed)
}

#[test]
fn all_work_is_done_when_a_call_returns() {
    let crew = Crew::new(3);
    for call in 0..5000 {
        assert_eq!(count_up(&crew, call % 50), call % 50);
        if call % 1000 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(5)); // let the pool go to sleep
        }
    }
}

#[test]
fn other_threads_take_part() {
    let crew = Crew::new(2);
    let seen = Mutex::new(HashSet::new());
    // The caller waits inside the work, so that the other thread has enough time.
    crew.run(&|| {
        seen.lock().expect("no panic").insert(std::thread::current().id());
        while seen.lock().expect("no panic").len() < 2 {
            std::thread::yield_now();
        }
    });
    assert_eq!(seen.into_inner().expect("no panic").len(), 2);
}

#[test]
fn a_call_within_a_call_runs_where_it_is() {
    let crew = Crew::new(3);
    let inner = AtomicUsize::new(0);
    crew.run(&|| {
        inner.fetch_add(count_up(&crew, 10), Ordering::Relaxed);
    });
    let inner = inner.into_inner();
    assert!(inner >= 10 && inner.is_multiple_of(10), "{inner}");
}

#[test]
fn several_callers_share_a_crew() {
    let crew = Crew::new(2);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for call in 0..500 {
                    assert_eq!(count_up(&crew, call % 20), call % 20);
                }
            });
        }
    });
}

#[test]
fn a_panic_of_the_work_reaches_the_caller_and_leaves_the_crew_usable() {
    let crew = Crew::new(2);
    let caller = std::thread::current().id();
    for from_caller in [true, false] {
        let joined = AtomicUsize::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            crew.run(&|| {
                joined.fetch_add(1, Ordering::SeqCst);
                while joined.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
                assert!((std::thread::current().id() == caller) != from_caller, "as the test wants");
            });
        }));
        assert!(outcome.is_err(), "from the caller: {from_caller}");
        assert_eq!(count_up(&crew, 100), 100);
    }
}
