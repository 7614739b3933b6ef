//! Runs made of a seed, for all tests and the bench.
#![allow(dead_code, unreachable_pub)] // Each test uses a part.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use theoremata_store::{
    Batch, Input, Mark, Node, Outcome, Parameter, Proof, Referee, Run, RunId, ScopeRecord, StoreReader, Theorem,
};

/// A counter-based generator: the same seed, the same run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Takes every import at its word: proofs of a seed are no proofs.
pub struct Believing;

impl Referee for Believing {
    fn run(&mut self, _claimed: &mut Run, _inputs: &[Input]) -> Result<(), String> {
        Ok(())
    }

    fn theorem(&mut self, _theorem: &Theorem, _proof: &Proof) -> Result<(), String> {
        Ok(())
    }

    fn outcome(&mut self, _outcome: &Outcome) -> Result<(), String> {
        Ok(())
    }
}

pub fn inputs() -> Vec<Input> {
    vec![
        Input { name: "peano.mpl".into(), bytes: b"(theory)".to_vec() },
        Input { name: "binary".into(), bytes: vec![0, 255, 128, 10] },
        Input { name: "large".into(), bytes: (0..100_000u32).map(|at| (at ^ (at >> 3)) as u8).collect() },
        Input { name: "empty".into(), bytes: vec![] },
    ]
}

/// A proof with nested scopes that proves something like the associativity of addition: about
/// `steps` steps whose formulas have the length of real ones.
pub fn proof(random: &mut Random, steps: usize, statement: &str, cited: &[u32]) -> Proof {
    let mut proof = Proof::new();
    let outer = proof.add_scope(ScopeRecord::default()).unwrap();
    let names: Vec<Arc<str>> = (0..8).map(|number| format!("v{}", random.below(40) + 40 * number).into()).collect();
    let atom = |random: &mut Random| -> Arc<str> {
        let mut name = || &names[random.below(8) as usize];
        let (a, b, c) = (name().clone(), name().clone(), name().clone());
        let function = ["s", "+", "*"][random.below(3) as usize];
        match random.below(3) {
            0 => format!("(in2[{a},{b},{function}])").into(),
            1 => format!("(in3[{a},{b},{c},{function}])").into(),
            _ => format!("(&(in3[{a},{b},{c},{function}])(=[{a},{c}]))").into(),
        }
    };
    let mut scopes = vec![outer];
    let mut nodes = Vec::new();
    for number in 0..steps {
        if random.below(12) == 0 {
            let parent = scopes[random.below(scopes.len() as u64) as usize];
            let scope = ScopeRecord {
                parent: Some(parent),
                variables: vec![names[random.below(8) as usize].clone(), format!("w{number}").into()],
                assumptions: vec![atom(random)],
            };
            scopes.push(proof.add_scope(scope).unwrap());
        }
        let scope = scopes[random.below(scopes.len() as u64) as usize];
        let mut premises = Vec::new();
        for _ in 0..random.below(4).min(nodes.len() as u64) {
            premises.push(nodes[nodes.len() - 1 - random.below(nodes.len().min(10) as u64) as usize]);
        }
        let (rule, parameters) = match random.below(5) {
            0 => ("assumption", vec![Parameter::Number(random.below(3) as u32)]),
            1 => ("generalise", vec![Parameter::Scope(scope)]),
            2 => ("unfold", vec![Parameter::Text("addition".into())]),
            _ => ("instantiate", vec![]),
        };
        let substitution = if rule == "instantiate" { names[..random.below(5) as usize].to_vec() } else { Vec::new() };
        let node = Node { rule: rule.into(), parameters, conclusion: atom(random), premises, substitution, scope };
        nodes.push(proof.add(node).unwrap());
    }
    let root = Node {
        rule: "close".into(),
        parameters: cited.iter().map(|number| Parameter::Theorem(*number)).collect(),
        conclusion: statement.into(),
        premises: nodes,
        substitution: vec![],
        scope: outer,
    };
    proof.add(root).unwrap();
    proof
}

pub fn theorem(random: &mut Random, number: u32, cycle: u32, steps: usize, earlier: &[u32]) -> (Theorem, Proof) {
    let statement = format!("(>[n{number}](in[n{number},N])(in3[n{number},i0,n{number},+]))");
    let mut citations = Vec::new();
    for _ in 0..random.below(3).min(earlier.len() as u64) {
        citations.push(earlier[random.below(earlier.len() as u64) as usize]);
    }
    citations.sort_unstable();
    citations.dedup();
    let proof = proof(random, steps, &statement, &citations);
    let theorem = Theorem {
        number,
        cycle,
        statement,
        root: proof.root().unwrap(),
        kind: ["direct", "induction"][random.below(2) as usize].into(),
        corollary: random.below(2) == 0,
        essential: random.below(2) == 0,
        assumptions: (0..random.below(2)).map(|_| "induction on N".to_owned()).collect(),
        citations,
        subject: (0..random.below(3)).map(|at| (format!("key {at}"), "ⁿ \"value\"\n".to_owned())).collect(),
    };
    // The canonical form is what comes back.
    let proof = proof.from_root(&theorem.root).unwrap();
    (theorem, proof)
}

/// What cycle `cycle` of a run writes, given the numbers of the theorems before it.
pub fn batch(seed: u64, cycle: u32, earlier: &mut Vec<u32>, next_sequence: &mut u64) -> Batch {
    let mut random = Random(seed ^ u64::from(cycle) << 32);
    let mut batch = Batch::default();
    for _ in 0..random.below(5) {
        let number = earlier.last().map_or(1, |last| last + 1 + random.below(2) as u32);
        let steps = random.below(30) as usize;
        batch.theorems.push(theorem(&mut random, number, cycle, steps, earlier));
        earlier.push(number);
    }
    if !earlier.is_empty() {
        for _ in 0..random.below(3) {
            let number = earlier[random.below(earlier.len() as u64) as usize];
            batch.marks.push(Mark { number, corollary: random.below(2) == 0, essential: random.below(2) == 0 });
        }
    }
    for _ in 0..random.below(40) {
        *next_sequence += 1 + random.below(2);
        batch.outcomes.push(Outcome {
            sequence: *next_sequence,
            cycle,
            statement: format!("(=[a,{}])", random.below(100)),
            status: ["CounterSatisfiable", "GaveUp"][random.below(2) as usize].into(),
            detail: format!("{{\"a\":{}}}", random.below(100)),
        });
    }
    batch.counts.insert("refuted".into(), *next_sequence);
    if random.below(3) > 0 {
        let length = random.below(90_000) as usize;
        batch.checkpoint = Some((0..length).map(|_| random.next() as u8).collect());
    }
    batch
}

/// The numbers and the sequence that [`batch`] needs to go on after a cycle.
pub fn state_after(seed: u64, committed: u32) -> (Vec<u32>, u64) {
    let (mut numbers, mut sequence) = (Vec::new(), 0);
    for cycle in 1..=committed {
        batch(seed, cycle, &mut numbers, &mut sequence);
    }
    (numbers, sequence)
}

/// Holds that a run stands exactly as if the cycles up to `committed` had been written and no other.
pub fn expect_run(store: &StoreReader, run: &RunId, seed: u64, committed: u32) {
    assert_eq!(store.inputs(run).unwrap(), inputs());
    assert_eq!(store.run(run).unwrap().unwrap().committed, committed);
    let (mut numbers, mut sequence) = (Vec::new(), 0);
    let mut theorems = store.theorems(run).unwrap();
    let mut outcomes = store.outcomes(run).unwrap().into_iter();
    let mut marks = Vec::new();
    let mut found = theorems.iter_mut();
    let mut checkpoint = None;
    for cycle in 1..=committed {
        let batch = batch(seed, cycle, &mut numbers, &mut sequence);
        for (theorem, proof) in batch.theorems {
            let found = found.next().expect("as many theorems as were written");
            assert_eq!(store.proof(run, theorem.number).unwrap().unwrap().nodes(), proof.nodes());
            // Marks are compared apart.
            (found.corollary, found.essential) = (theorem.corollary, theorem.essential);
            assert_eq!(*found, theorem);
        }
        marks.extend(batch.marks);
        for outcome in batch.outcomes {
            assert_eq!(outcomes.next(), Some(outcome));
        }
        checkpoint = batch.checkpoint.map(|bytes| (cycle, bytes)).or(checkpoint);
    }
    assert_eq!(found.next(), None);
    assert_eq!(outcomes.next(), None);
    for (at, mark) in marks.iter().enumerate() {
        if marks[at + 1..].iter().all(|later| later.number != mark.number) {
            let theorem = store.theorem(run, mark.number).unwrap().unwrap();
            assert_eq!((theorem.corollary, theorem.essential), (mark.corollary, mark.essential));
        }
    }
    assert_eq!(store.checkpoint(run).unwrap().map(|found| (found.cycle, found.bytes)), checkpoint);
    assert_eq!(store.verify().unwrap().flaws, []);
}

/// Copies a directory.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.metadata().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
