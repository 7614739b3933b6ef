//! A process killed at any moment loses at most the cycle in flight.
//!
//! A child, which is this same program, commits cycles and says each number once it is committed; it
//! is killed at a random moment, one time in three while it opens the store. Then a copy of the
//! directory is opened and compared byte by byte with what was said. The database lives on through
//! all kills. `SEEDS=n` kills n times.
//!
//! Whoever reads while it writes sees what a kill would have left, without killing it.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Random, copy, expect_run, inputs};
use theoremata_store::{Begin, Store, StoreError, StoreReader, run_id};

const SEED: u64 = 77;

/// Tells the child where its store is.
const DIRECTORY: &str = "THEOREMATA_KILL_TEST";

/// The child: commits cycles until it is killed. In a run of the tests by themselves it does nothing.
#[test]
fn victim() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = Store::open(Path::new(&directory)).unwrap();
    let (run, committed) = match store.begin(&inputs(), "{}", "").unwrap() {
        Begin::New(run) => (run, 0),
        Begin::Known(run) => (run.id, run.committed),
    };
    let (mut numbers, mut sequence) = common::state_after(SEED, committed);
    for cycle in committed + 1.. {
        store.commit(&run, cycle, &common::batch(SEED, cycle, &mut numbers, &mut sequence)).unwrap();
        println!("committed {cycle}");
    }
}

fn committed(line: &str) -> Option<u32> {
    line.strip_prefix("committed ")?.parse().ok()
}

#[test]
fn a_killed_process_loses_at_most_the_cycle_in_flight() {
    let kills: u64 = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let home = tempfile::tempdir().unwrap();
    let live = home.path().join("live");
    let run = run_id(&inputs(), "{}");
    let mut random = Random(std::process::id().into());
    let mut said = 0;
    let mut in_flight_kept = 0;
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--nocapture"])
            .env(DIRECTORY, &live)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        if random.below(3) == 0 {
            std::thread::sleep(Duration::from_micros(random.below(30_000)));
        } else {
            // Some more cycles, and then a moment within one.
            let wanted = 1 + random.below(20) as usize;
            said = lines.by_ref().filter_map(|line| committed(&line)).take(wanted).last().unwrap_or(said);
            std::thread::sleep(Duration::from_micros(random.below(5_000)));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        said = lines.filter_map(|line| committed(&line)).last().unwrap_or(said);
        let mut words = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut words).unwrap();
        assert_eq!(words, "", "kill {kill}: the child failed by itself");

        let image = home.path().join(format!("copy{kill}"));
        if !live.exists() {
            continue; // It was killed before it did anything.
        }
        copy(&live, &image);
        let store = Store::open(&image).unwrap();
        match store.run(&run).unwrap() {
            None => assert_eq!(said, 0, "kill {kill}"),
            Some(record) => {
                // The last cycle may have been committed and not yet said.
                assert!(record.committed == said || record.committed == said + 1, "kill {kill}: {record:?}, {said}");
                in_flight_kept += record.committed - said;
                expect_run(&store, &run, SEED, record.committed);
                said = record.committed;
            }
        }
        drop(store);
        fs::remove_dir_all(&image).unwrap();
    }
    println!("{kills} kills, {said} cycles, {in_flight_kept} committed and not yet said");
}

#[test]
fn a_reader_beside_a_writer_sees_whole_cycles() {
    let home = tempfile::tempdir().unwrap();
    let live = home.path().join("live");
    let run = run_id(&inputs(), "{}");
    let last = 60;
    let said = AtomicU32::new(0);
    let (mut read, mut between, mut refused) = (0, 0, 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut store = Store::open(&live).unwrap();
            assert_eq!(store.begin(&inputs(), "{}", "").unwrap(), Begin::New(run));
            let (mut numbers, mut sequence) = (Vec::new(), 0);
            let mut random = Random(SEED);
            for cycle in 1..=last {
                store.commit(&run, cycle, &common::batch(SEED, cycle, &mut numbers, &mut sequence)).unwrap();
                said.store(cycle, Ordering::SeqCst);
                if cycle == last / 2 {
                    store = store.compact().unwrap();
                }
                std::thread::sleep(Duration::from_micros(random.below(20_000)));
            }
        });
        while !writer.is_finished() {
            let before = said.load(Ordering::SeqCst);
            if before == 0 {
                continue; // The store is being made.
            }
            match StoreReader::open(&live) {
                Ok(reader) => {
                    let after = said.load(Ordering::SeqCst);
                    let committed = reader.run(&run).unwrap().expect("it was begun").committed;
                    // The last cycle may be committed and not yet said.
                    assert!((before..=after + 1).contains(&committed), "{committed} not in {before}..={after}");
                    expect_run(&reader, &run, SEED, committed);
                    read += 1;
                    between += u32::from(before < after);
                }
                Err(StoreError::InUse { .. }) => refused += 1,
                Err(error) => panic!("behind cycle {before}: {error}"),
            }
        }
    });
    println!("{read} readers, {between} while a cycle was written, {refused} refused");
    assert!(read > 10 && read > refused, "{read} of {}", read + refused);
    expect_run(&StoreReader::open(&live).unwrap(), &run, SEED, last);
}
