//! A disk that forgets what was not synced, cut after every act in turn.
//!
//! Worse than a kill: of the changes since the last sync any part may have reached the disk, key by
//! key, in no order.

mod common;

use std::sync::{Arc, Mutex};

use common::{Random, batch, expect_run, inputs};
use theoremata_store::disk::{Change, Disk, Entry, MemoryDisk, Tree};
use theoremata_store::{Begin, DiskError, Store, StoreError, run_id};

#[derive(Default)]
struct State {
    /// What a reader sees.
    seen: MemoryDisk,
    /// What has reached the disk for certain.
    safe: MemoryDisk,
    /// What has perhaps.
    pending: Vec<(Tree, Change)>,
    /// Acts until the cut.
    left: Option<usize>,
}

#[derive(Clone, Default)]
struct Forgetful(Arc<Mutex<State>>);

impl State {
    fn act(&mut self, what: &str) -> Result<(), DiskError> {
        match &mut self.left {
            Some(0) => Err(DiskError::new(what, "the power is cut")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Disk for Forgetful {
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        self.0.lock().unwrap().seen.read(tree, key)
    }

    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError> {
        self.0.lock().unwrap().seen.scan(tree, from, to, limit)
    }

    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError> {
        let mut state = self.0.lock().unwrap();
        // A cut within a write leaves a part of it, so it is made pending before it fails.
        state.pending.extend(changes.iter().map(|change| (tree, change.clone())));
        state.act("write")?;
        state.seen.write(tree, changes)
    }

    fn sync(&self) -> Result<(), DiskError> {
        let mut state = self.0.lock().unwrap();
        state.act("sync")?;
        for (tree, change) in std::mem::take(&mut state.pending) {
            state.safe.write(tree, vec![change])?;
        }
        Ok(())
    }
}

impl Forgetful {
    /// The disk after the cut: what is safe, and some of what was pending.
    fn after_cut(&self, random: &mut Random) -> Forgetful {
        let state = self.0.lock().unwrap();
        let (seen, safe) = (MemoryDisk::new(), MemoryDisk::new());
        let share = random.below(5);
        for tree in Tree::ALL {
            for (key, value) in state.safe.scan(tree, &[], &[0xff; 30], usize::MAX).unwrap() {
                seen.write(tree, vec![Change::Put(key.clone(), value.clone())]).unwrap();
                safe.write(tree, vec![Change::Put(key, value)]).unwrap();
            }
        }
        for (tree, change) in &state.pending {
            if random.below(4) < share {
                seen.write(*tree, vec![change.clone()]).unwrap();
                safe.write(*tree, vec![change.clone()]).unwrap();
            }
        }
        Forgetful(Arc::new(Mutex::new(State { seen, safe, pending: Vec::new(), left: None })))
    }
}

/// Begins a run, or goes on with it, and commits cycles up to `last`. What was said to be committed.
fn work(store: &Store, seed: u64, last: u32, said: &mut u32) -> Result<(), StoreError> {
    let (run, committed) = match store.begin(&inputs(), "{}", "")? {
        Begin::New(run) => (run, 0),
        Begin::Known(run) => (run.id, run.committed),
    };
    let (mut numbers, mut sequence) = common::state_after(seed, committed);
    for cycle in committed + 1..=last {
        let batch = batch(seed, cycle, &mut numbers, &mut sequence);
        store.commit(&run, cycle, &batch)?;
        *said = cycle;
    }
    Ok(())
}

#[test]
fn wherever_the_power_is_cut_all_that_was_said_stands_and_the_run_goes_on() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let run = run_id(&inputs(), "{}");
    for seed in 0..seeds {
        let mut random = Random(seed);
        for acts in 0.. {
            let disk = Forgetful::default();
            disk.0.lock().unwrap().left = Some(acts);
            let mut said = 0;
            let done = Store::over(Box::new(disk.clone())).and_then(|store| work(&store, seed, 5, &mut said));
            let disk = disk.after_cut(&mut random);
            let store = Store::over(Box::new(disk.clone())).unwrap();
            if let Some(record) = store.run(&run).unwrap() {
                assert!(record.committed == said || record.committed == said + 1, "seed {seed}, {acts} acts");
                expect(&store, seed, record.committed);
            } else {
                assert_eq!(said, 0);
            }
            work(&store, seed, 7, &mut said).unwrap();
            expect(&Store::over(Box::new(disk)).unwrap(), seed, 7);
            if done.is_ok() {
                break;
            }
            assert!(matches!(done, Err(StoreError::Disk(_))), "the cut was told");
        }
    }
}

fn expect(store: &Store, seed: u64, committed: u32) {
    expect_run(store, &run_id(&inputs(), "{}"), seed, committed);
}

#[test]
fn a_removal_that_is_cut_off_is_finished_by_the_next_opening() {
    let run = run_id(&inputs(), "{}");
    for acts in 0.. {
        let disk = Forgetful::default();
        let store = Store::over(Box::new(disk.clone())).unwrap();
        work(&store, 1, 4, &mut 0).unwrap();
        disk.0.lock().unwrap().left = Some(acts);
        let done = store.remove(&run);
        let disk = disk.after_cut(&mut Random(acts as u64));
        let store = Store::over(Box::new(disk.clone())).unwrap();
        match store.run(&run).unwrap() {
            Some(_) => expect(&store, 1, 4),
            None => assert_eq!(disk.scan(Tree::Records, &[], &[0xff; 30], 10).unwrap(), []),
        }
        work(&store, 1, 5, &mut 0).unwrap();
        expect(&store, 1, 5);
        if done.is_ok() {
            break;
        }
    }
}

#[test]
fn an_import_that_is_cut_off_leaves_nothing() {
    let store = Store::in_memory();
    work(&store, 1, 4, &mut 0).unwrap();
    let run = run_id(&inputs(), "{}");
    let mut text = Vec::new();
    store.export(&[run], theoremata_store::Contents::Backup, &mut text).unwrap();
    for acts in 0.. {
        let disk = Forgetful::default();
        disk.0.lock().unwrap().left = Some(acts);
        let done = Store::over(Box::new(disk.clone())).unwrap().import(&mut &text[..], &mut common::Believing);
        let disk = disk.after_cut(&mut Random(acts as u64));
        let store = Store::over(Box::new(disk.clone())).unwrap();
        if store.run(&run).unwrap().is_none() {
            assert!(done.is_err());
            assert_eq!(disk.scan(Tree::Records, &[], &[0xff; 30], 10).unwrap(), []);
        } else {
            expect(&store, 1, 4);
        }
        if done.is_ok() {
            break;
        }
    }
}
