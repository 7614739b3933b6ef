//! Bytes that are not what was written: an error or a flaw, never a panic, never a wrong answer.

mod common;

use std::sync::Arc;

use common::{batch, inputs};
use proptest::prelude::*;
use theoremata_store::disk::{Change, Disk, Entry, MemoryDisk, Tree};
use theoremata_store::{Batch, Begin, DiskError, RunId, Store, StoreError};

/// A disk that the test keeps a hand on.
#[derive(Clone, Default)]
struct Shared(Arc<MemoryDisk>);

impl Disk for Shared {
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        self.0.read(tree, key)
    }

    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError> {
        self.0.scan(tree, from, to, limit)
    }

    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError> {
        self.0.write(tree, changes)
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.0.sync()
    }
}

fn filled() -> (Shared, RunId) {
    let disk = Shared::default();
    let store = Store::over(Box::new(disk.clone())).unwrap();
    let Begin::New(run) = store.begin(&inputs(), "{}", "").unwrap() else { panic!("new") };
    let (mut numbers, mut sequence) = (Vec::new(), 0);
    for cycle in 1..=4 {
        let mut batch = batch(21, cycle, &mut numbers, &mut sequence);
        batch.checkpoint = Some(vec![cycle as u8; 50_000]);
        store.commit(&run, cycle, &batch).unwrap();
    }
    assert_eq!(store.verify().unwrap().flaws, []);
    (disk, run)
}

fn entries(disk: &Shared) -> Vec<(Tree, Entry)> {
    Tree::ALL
        .iter()
        .flat_map(|tree| {
            disk.scan(*tree, &[], &[0xff; 30], usize::MAX).unwrap().into_iter().map(|entry| (*tree, entry))
        })
        .collect()
}

/// Everything that a reader can ask; the answers in order.
fn ask_all(store: &Store, run: &RunId) -> Vec<Result<String, StoreError>> {
    let mut answers = vec![
        store.runs().map(|value| format!("{value:?}")),
        store.inputs(run).map(|value| format!("{value:?}")),
        store.theorems(run).map(|value| format!("{value:?}")),
        store.outcomes(run).map(|value| format!("{value:?}")),
        store.checkpoints(run).map(|value| format!("{value:?}")),
    ];
    for number in 0..20 {
        answers.push(store.proof(run, number).map(|value| format!("{value:?}")));
        if let Ok(Some(theorem)) = store.theorem(run, number) {
            answers.push(store.proof_of(&theorem.root).map(|value| format!("{value:?}")));
        }
    }
    answers
}

#[test]
fn each_record_is_missed_and_its_damage_seen() {
    let (disk, run) = filled();
    for (tree, (key, value)) in entries(&disk) {
        for damage in [None, Some(0), Some(value.len() / 2), Some(value.len() - 1)] {
            let change = match damage {
                None => Change::Remove(key.clone()),
                Some(at) => {
                    let mut bad = value.clone();
                    bad[at] ^= 0x10;
                    Change::Put(key.clone(), bad)
                }
            };
            disk.write(tree, vec![change]).unwrap();
            // Opened anew, a run without its record is one whose removal was cut off; so not here.
            if !(tree == Tree::Runs && damage.is_none()) {
                let store = Store::over(Box::new(disk.clone())).unwrap();
                // A checkpoint that is missing as a whole is one that was not kept.
                let is_checkpoint = tree == Tree::Records && key[16] == 7;
                if !(is_checkpoint && damage.is_none()) {
                    let flaws = store.verify().unwrap().flaws;
                    assert!(!flaws.is_empty(), "{tree:?} {key:?} {damage:?}");
                    assert!(flaws.iter().all(|flaw| flaw.run == Some(run)));
                }
            }
            disk.write(tree, vec![Change::Put(key.clone(), value.clone())]).unwrap();
        }
    }
    assert_eq!(Store::over(Box::new(disk)).unwrap().verify().unwrap().flaws, []);
}

#[test]
fn records_that_changed_places_are_seen() {
    let (disk, _) = filled();
    let entries: Vec<_> = entries(&disk).into_iter().filter(|(tree, _)| *tree == Tree::Records).collect();
    for pair in entries.windows(2) {
        let [(tree, (first, one)), (_, (second, other))] = pair else { panic!("two") };
        let put = |key: &Vec<u8>, value: &Vec<u8>| Change::Put(key.clone(), value.clone());
        disk.write(*tree, vec![put(first, other), put(second, one)]).unwrap();
        assert!(!Store::over(Box::new(disk.clone())).unwrap().verify().unwrap().flaws.is_empty());
        disk.write(*tree, vec![put(first, one), put(second, other)]).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_damage_gives_a_wrong_answer(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0u8..), 1..4),
    ) {
        let (disk, run) = filled();
        let good = ask_all(&Store::over(Box::new(disk.clone())).unwrap(), &run);
        let entries = entries(&disk);
        for (which, at, byte) in &damage {
            let (tree, (key, value)) = &entries[which.index(entries.len())];
            let mut value = value.clone();
            let at = at.index(value.len());
            match byte {
                0..32 => value.truncate(at),
                32..64 => value.insert(at, *byte),
                _ => value[at] = *byte,
            }
            disk.write(*tree, vec![Change::Put(key.clone(), value)]).unwrap();
        }
        let store = Store::over(Box::new(disk)).unwrap();
        let known: std::collections::HashSet<String> = good.into_iter().map(|answer| answer.unwrap()).collect();
        for answer in ask_all(&store, &run) {
            match answer {
                Ok(answer) => prop_assert!(known.contains(&answer), "{answer:.600}"),
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
        let _ = store.verify().unwrap();
        let _ = store.commit(&run, 5, &Batch::default());
    }

    #[test]
    fn a_tree_full_of_nonsense_opens_or_is_refused(
        keys in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..6), value: Vec<u8>,
    ) {
        let disk = Shared::default();
        for key in keys {
            for tree in Tree::ALL {
                disk.write(tree, vec![Change::Put(key.clone(), value.clone())]).unwrap();
            }
        }
        if let Ok(store) = Store::over(Box::new(disk)) {
            let _ = store.runs();
            let _ = store.verify();
        }
    }
}
