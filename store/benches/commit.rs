//! What it costs to keep a run: CPU per step, bytes per step.
//!
//! `cargo bench -p theoremata-store`. Prints one line a measure. CPU is that of all threads of the
//! process, from the system's accounts; where there are none, wall time stands in and the line says so.

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::{Random, theorem};
use theoremata_store::disk::{Change, Disk, Entry, MemoryDisk, Tree};
use theoremata_store::{Batch, Begin, DiskError, Input, Outcome, Store};

const CYCLES: u32 = 20;
const THEOREMS: u32 = 25;
const STEPS: usize = 40;
const OUTCOMES: u64 = 500;

/// CPU nanoseconds that the living threads of this process have used.
fn cpu() -> Option<u64> {
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let account = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        sum += account.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(sum)
}

/// Seconds of `act`, and what it gives.
fn measured<T>(act: impl FnOnce() -> T) -> (f64, T) {
    let (start, began) = (cpu(), Instant::now());
    let value = act();
    let seconds = match (start, cpu()) {
        (Some(start), Some(end)) => end.saturating_sub(start) as f64 / 1e9,
        _ => began.elapsed().as_secs_f64(),
    };
    (seconds, value)
}

fn directory_bytes(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().flatten();
    entries
        .map(|entry| match entry.metadata().unwrap() {
            found if found.is_dir() => directory_bytes(&entry.path()),
            found => found.len(),
        })
        .sum()
}

fn batches() -> Vec<Batch> {
    let mut random = Random(1);
    let mut numbers = Vec::new();
    let mut sequence = 0;
    let mut cycle_batch = |cycle| {
        let mut batch = Batch::default();
        for _ in 0..THEOREMS {
            let number = numbers.len() as u32 + 1;
            batch.theorems.push(theorem(&mut random, number, cycle, STEPS, &numbers));
            numbers.push(number);
        }
        for _ in 0..OUTCOMES {
            sequence += 1;
            batch.outcomes.push(Outcome {
                sequence,
                cycle,
                statement: format!("(>[a,b](&(in[a,N])(in[b,N]))(in3[a,b,{},+]))", random.below(1000)),
                status: "CounterSatisfiable".into(),
                detail: format!("{{\"a\":\"{}\",\"b\":\"{}\"}}", random.below(9), random.below(9)),
            });
        }
        batch
    };
    (1..=CYCLES).map(&mut cycle_batch).collect()
}

/// A disk in memory that counts the bytes it is given, by kind of record.
#[derive(Default)]
struct Scales {
    disk: MemoryDisk,
    bytes: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Disk for Scales {
    fn read(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        self.disk.read(tree, key)
    }

    fn scan(&self, tree: Tree, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, DiskError> {
        self.disk.scan(tree, from, to, limit)
    }

    fn write(&self, tree: Tree, changes: Vec<Change>) -> Result<(), DiskError> {
        const KINDS: [&str; 9] =
            ["", "seal", "theorems", "proofs", "index", "marks", "outcomes", "checkpoint", "input"];
        for change in &changes {
            if let Change::Put(key, value) = change {
                let kind = if tree == Tree::Runs { "run" } else { KINDS[usize::from(key[16])] };
                *self.bytes.lock().unwrap().entry(kind).or_default() += key.len() + value.len();
            }
        }
        self.disk.write(tree, changes)
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.disk.sync()
    }
}

fn run(name: &str, store: &Store, batches: &[Batch], path: Option<&Path>) {
    let nodes: usize = batches.iter().flat_map(|batch| &batch.theorems).map(|(_, proof)| proof.nodes().len()).sum();
    let input = Input { name: "peano.mpl".into(), bytes: b"(theory)".to_vec() };
    let Begin::New(run) = store.begin(&[input], "{}", "").unwrap() else { panic!("the store is empty") };
    let began = Instant::now();
    let (seconds, ()) = measured(|| {
        for (at, batch) in batches.iter().enumerate() {
            store.commit(&run, at as u32 + 1, batch).unwrap();
        }
    });
    let wall = began.elapsed().as_secs_f64();
    println!(
        "{name}: commit {nodes} nodes, {} theorems, {} outcomes in {CYCLES} cycles: {:.1} ms CPU, {:.1} ms wall, {:.0} nodes per CPU second",
        CYCLES * THEOREMS,
        u64::from(CYCLES) * OUTCOMES,
        seconds * 1e3,
        wall * 1e3,
        nodes as f64 / seconds
    );
    if let Some(path) = path {
        let bytes = directory_bytes(path);
        println!("{name}: {bytes} bytes on disk, {:.0} a node with all else", bytes as f64 / nodes as f64);
    }
    let theorems = store.theorems(&run).unwrap();
    let (seconds, ()) = measured(|| {
        for theorem in &theorems {
            store.proof(&run, theorem.number).unwrap().unwrap();
        }
    });
    println!("{name}: read all proofs: {:.1} ms CPU", seconds * 1e3);
    let (seconds, ()) = measured(|| (0..20).for_each(|_| drop(store.outcomes(&run).unwrap())));
    println!("{name}: read all outcomes: {:.2} ms CPU", seconds * 1e3 / 20.0);
    let (seconds, ()) =
        measured(|| theorems.iter().for_each(|theorem| drop(store.node(&theorem.root).unwrap().unwrap())));
    println!("{name}: find a node by its id: {:.0} us CPU", seconds * 1e6 / theorems.len() as f64);
}

/// What we do not do: a value a node under its id, premises named by their ids, a batch and a flush
/// a cycle.
fn node_by_node(batches: &[Batch]) {
    let directory = tempfile::tempdir().unwrap();
    let engine = sled::Config::new().path(directory.path()).flush_every_ms(None).open().unwrap();
    let tree = engine.open_tree("nodes").unwrap();
    let (seconds, nodes) = measured(|| {
        let mut nodes = 0;
        for batch in batches {
            let mut changes = BTreeMap::new();
            for (id, node) in batch.theorems.iter().flat_map(|(_, proof)| proof.nodes()) {
                let mut value = Vec::new();
                let texts = [&node.rule, &node.conclusion].into_iter().chain(&node.substitution);
                texts.for_each(|text| value.extend_from_slice(text.as_bytes()));
                node.premises.iter().for_each(|premise| value.extend_from_slice(&premise.0));
                value.extend_from_slice(&node.scope.0);
                changes.insert(id.0, value);
            }
            nodes += changes.len();
            let mut sorted = sled::Batch::default();
            changes.into_iter().for_each(|(key, value)| sorted.insert(&key, value));
            tree.apply_batch(sorted).unwrap();
            engine.flush().unwrap();
        }
        nodes
    });
    println!(
        "for comparison, sled with a value a node: {nodes} nodes: {:.1} ms CPU, {} bytes on disk",
        seconds * 1e3,
        directory_bytes(directory.path())
    );
}

fn main() {
    let (seconds, batches) = measured(batches);
    println!("build the proofs, hashing each node twice: {:.1} ms CPU", seconds * 1e3);
    let scales = Scales::default();
    let bytes = scales.bytes.clone();
    run("memory", &Store::over(Box::new(scales)).unwrap(), &batches, None);
    println!("bytes given to the disk: {:?}", bytes.lock().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    run("sled", &store, &batches, Some(directory.path()));
    node_by_node(&batches);
    let (seconds, store) = measured(|| store.compact().unwrap());
    println!("sled: compact: {:.1} ms CPU, {} bytes on disk after", seconds * 1e3, directory_bytes(directory.path()));
    drop(store);
    let (seconds, _store) = measured(|| Store::open(directory.path()).unwrap());
    println!("sled: open: {:.1} ms CPU", seconds * 1e3);
}
