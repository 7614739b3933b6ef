//! What a store promises, asked of both engines.

mod common;

use std::collections::BTreeMap;

use common::{Random, batch, inputs, theorem};
use proptest::prelude::*;
use theoremata_store::{
    Batch, Begin, Conclusion, Mark, Node, NodeId, Outcome, Proof, Run, RunId, ScopeRecord, Status, Store, StoreError,
    Theorem,
};

/// Runs a test on the twin in memory, and on sled with `reopen` being a real closing and opening.
fn on_both(test: impl Fn(Store, &dyn Fn(Store) -> Store)) {
    test(Store::in_memory(), &|store| store);
    let directory = tempfile::tempdir().unwrap();
    test(Store::open(directory.path()).unwrap(), &|store| {
        drop(store);
        Store::open(directory.path()).unwrap()
    });
}

fn begin(store: &Store) -> RunId {
    match store.begin(&inputs(), "{\"size\":3}", "morning").unwrap() {
        Begin::New(run) => run,
        Begin::Known(run) => panic!("known: {run:?}"),
    }
}

fn ended(status: Status) -> Conclusion {
    Conclusion {
        status,
        finished: "evening".into(),
        counts: BTreeMap::from([("theorems".into(), 7)]),
        measures: BTreeMap::from([("cpu".into(), "1 s".into())]),
    }
}

/// The definition of a run, as plain maps.
#[derive(Default, Clone)]
struct Model {
    cycles: BTreeMap<u32, Batch>,
}

impl Model {
    fn expect(&self, store: &Store, run: &RunId) {
        let mut theorems: BTreeMap<u32, (Theorem, Proof)> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for batch in self.cycles.values() {
            theorems.extend(
                batch.theorems.iter().map(|(theorem, proof)| (theorem.number, (theorem.clone(), proof.clone()))),
            );
            for mark in &batch.marks {
                let (theorem, _) = theorems.get_mut(&mark.number).unwrap();
                (theorem.corollary, theorem.essential) = (mark.corollary, mark.essential);
            }
            counts.extend(batch.counts.clone());
        }
        let outcomes: Vec<Outcome> = self.cycles.values().flat_map(|batch| batch.outcomes.clone()).collect();
        let record = store.run(run).unwrap().unwrap();
        assert_eq!(record.committed, self.cycles.keys().last().copied().unwrap_or(0));
        assert_eq!(record.counts, counts);
        assert_eq!(
            store.theorems(run).unwrap(),
            theorems.values().map(|(theorem, _)| theorem.clone()).collect::<Vec<_>>()
        );
        assert_eq!(store.outcomes(run).unwrap(), outcomes);
        assert_eq!(store.inputs(run).unwrap(), inputs());
        for (number, (theorem, proof)) in &theorems {
            assert_eq!(store.theorem(run, *number).unwrap().as_ref(), Some(theorem));
            assert_eq!(store.theorem_by_statement(run, &theorem.statement).unwrap().as_ref(), Some(theorem));
            assert_eq!(store.proof(run, *number).unwrap().unwrap().nodes(), proof.nodes());
            assert_eq!(store.proof_of(&theorem.root).unwrap().unwrap().scopes(), proof.scopes());
            assert_eq!(store.uses(run, *number).unwrap().as_ref(), Some(&theorem.citations));
            let users: Vec<u32> = theorems
                .values()
                .filter(|(user, _)| user.citations.contains(number))
                .map(|(user, _)| user.number)
                .collect();
            assert_eq!(store.used_by(run, *number).unwrap(), Some(users));
            for (id, node) in proof.nodes() {
                assert_eq!(store.node(id).unwrap().as_ref(), Some(node));
            }
        }
        let checkpoints: Vec<(u32, &Vec<u8>)> =
            self.cycles.iter().filter_map(|(cycle, batch)| Some((*cycle, batch.checkpoint.as_ref()?))).collect();
        let newest = &checkpoints[checkpoints.len().saturating_sub(2)..];
        let found = store.checkpoints(run).unwrap();
        // After going back, the older of the two may be gone.
        assert!(found.len() <= newest.len());
        for (found, expected) in found.iter().rev().zip(newest.iter().rev()) {
            assert_eq!((found.cycle, &found.bytes), *expected);
        }
    }
}

#[test]
fn a_run_comes_back_as_it_was_written() {
    on_both(|store, reopen| {
        let run = begin(&store);
        let mut model = Model::default();
        let (mut numbers, mut sequence) = (Vec::new(), 0);
        for cycle in [1, 2, 3, 7, 8, 300] {
            let batch = batch(5, cycle, &mut numbers, &mut sequence);
            store.commit(&run, cycle, &batch).unwrap();
            model.cycles.insert(cycle, batch);
            model.expect(&store, &run);
        }
        let store = reopen(store);
        model.expect(&store, &run);
        assert_eq!(store.checkpoints(&run).unwrap().len(), 2);
    });
}

#[test]
fn the_record_of_a_run_says_how_it_began_and_ended() {
    on_both(|store, reopen| {
        let run = begin(&store);
        store.commit(&run, 1, &Batch::default()).unwrap();
        store.conclude(&run, ended(Status::Finished)).unwrap();
        let later = |text: &str| [("accepted by metamath".to_owned(), text.to_owned())].into();
        store.note(&run, later("once")).unwrap();
        store.note(&run, later("again")).unwrap();
        assert!(matches!(store.note(&RunId([0; 16]), later("never")), Err(StoreError::UnknownRun(_))));
        let store = reopen(store);
        let record: Run = store.runs().unwrap().pop().unwrap();
        assert_eq!((record.id, record.status, record.committed), (run, Status::Finished, 1));
        assert_eq!(&*record.measures["accepted by metamath"], "again");
        assert_eq!((&*record.started, &*record.finished, &*record.options), ("morning", "evening", "{\"size\":3}"));
        assert_eq!((record.counts["theorems"], &*record.measures["cpu"]), (7, "1 s"));
        assert_eq!(record.inputs[1].name, "binary");
        assert_eq!(store.begin(&inputs(), "{\"size\":3}", "later").unwrap(), Begin::Known(Box::new(record)));
        assert!(matches!(store.begin(&inputs(), "{\"size\":4}", "later").unwrap(), Begin::New(_)));
        assert!(matches!(store.begin(&inputs()[1..], "{\"size\":3}", "later").unwrap(), Begin::New(_)));
        assert_eq!(store.runs().unwrap().len(), 3);
    });
}

#[test]
fn what_is_not_there_is_none() {
    on_both(|store, _| {
        let run = begin(&store);
        store.commit(&run, 1, &Batch::default()).unwrap();
        assert_eq!(store.theorem(&run, 1).unwrap(), None);
        assert_eq!(store.theorem_by_statement(&run, "(=[a,a])").unwrap(), None);
        assert_eq!(store.proof(&run, 1).unwrap(), None);
        assert_eq!(store.used_by(&run, 1).unwrap(), None);
        assert_eq!(store.node(&NodeId([7; 32])).unwrap(), None);
        assert_eq!(store.proof_of(&NodeId([7; 32])).unwrap(), None);
        assert_eq!(store.checkpoint(&run).unwrap(), None);
        let other = RunId([7; 16]);
        assert_eq!(store.run(&other).unwrap(), None);
        assert!(matches!(store.theorems(&other), Err(StoreError::UnknownRun(id)) if id == other));
    });
}

/// Commits `change`d theorem 3 after theorems 1 and 2; the words of the refusal.
fn refusal(change: impl Fn(&mut Theorem, &mut Proof)) -> String {
    let words = std::cell::RefCell::new(Vec::new());
    on_both(|store, _| {
        let run = begin(&store);
        let mut random = Random(1);
        let good = [theorem(&mut random, 1, 1, 5, &[]), theorem(&mut random, 2, 1, 5, &[1])];
        store.commit(&run, 1, &Batch { theorems: good.to_vec(), ..Batch::default() }).unwrap();
        let before = store.run(&run).unwrap();
        let (mut bad, mut proof) = theorem(&mut random, 3, 2, 5, &[1]);
        change(&mut bad, &mut proof);
        let error = store.commit(&run, 2, &Batch { theorems: vec![(bad, proof)], ..Batch::default() }).unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        words.borrow_mut().push(error.to_string());
        // Nothing has changed, and the next cycle goes in.
        assert_eq!(store.run(&run).unwrap(), before);
        let next = theorem(&mut random, 3, 2, 5, &[1, 2]);
        store.commit(&run, 2, &Batch { theorems: vec![next], ..Batch::default() }).unwrap();
        assert_eq!(store.theorems(&run).unwrap().len(), 3);
    });
    let words = words.into_inner();
    assert_eq!(words[0], words[1]);
    words[0].clone()
}

#[test]
fn a_theorem_that_contradicts_its_proof_is_refused() {
    assert!(refusal(|theorem, _| theorem.statement.push(' ')).contains("its proof ends with"));
    assert!(refusal(|theorem, _| theorem.root = NodeId([1; 32])).contains("does not hold the root"));
    assert!(refusal(|theorem, _| theorem.cycle = 1).contains("it says cycle 1, and the cycle is 2"));
    assert!(refusal(|theorem, _| theorem.number = 2).contains("theorem 2 stands already"));
    assert!(refusal(|theorem, _| theorem.citations = vec![3]).contains("cites theorem 3"));
    assert!(refusal(|theorem, _| theorem.citations = vec![1, 2]).contains("its proof cites"));
    let inside = refusal(|theorem, proof| {
        let scope = ScopeRecord { assumptions: vec!["(=[a,b])".into()], ..ScopeRecord::default() };
        let scope = proof.add_scope(scope).unwrap();
        let root = Node { scope, ..proof.node(&theorem.root).unwrap().clone() };
        theorem.root = proof.add(root).unwrap();
    });
    assert!(inside.contains("inside an assumption"), "{inside}");
}

#[test]
fn cycles_marks_and_outcomes_must_fit_what_stands() {
    on_both(|store, _| {
        let run = begin(&store);
        let outcome = |sequence| Outcome {
            sequence,
            cycle: 4,
            statement: "s".into(),
            status: "GaveUp".into(),
            detail: String::new(),
        };
        let refused = |batch: Batch| assert!(matches!(store.commit(&run, 4, &batch), Err(StoreError::Refused { .. })));
        store
            .commit(&run, 3, &Batch { outcomes: vec![Outcome { cycle: 3, ..outcome(5) }], ..Batch::default() })
            .unwrap();
        refused(Batch { outcomes: vec![outcome(5)], ..Batch::default() });
        refused(Batch { outcomes: vec![outcome(7), outcome(6)], ..Batch::default() });
        refused(Batch { outcomes: vec![Outcome { cycle: 3, ..outcome(6) }], ..Batch::default() });
        refused(Batch { marks: vec![Mark { number: 1, corollary: true, essential: true }], ..Batch::default() });
        assert!(matches!(store.commit(&run, 3, &Batch::default()), Err(StoreError::Refused { .. })));
        assert!(matches!(store.commit(&RunId([0; 16]), 3, &Batch::default()), Err(StoreError::UnknownRun(_))));
        store.conclude(&run, ended(Status::Cancelled)).unwrap();
        assert!(matches!(store.commit(&run, 4, &Batch::default()), Err(StoreError::Refused { .. })));
    });
}

#[test]
fn a_run_goes_on_after_an_earlier_cycle_as_if_nothing_had_been() {
    on_both(|store, reopen| {
        let run = begin(&store);
        let mut states = vec![(Vec::new(), 0)];
        let mut model = Model::default();
        let mut digests = vec![store.run(&run).unwrap().unwrap().digest];
        for cycle in 1..=6 {
            let (mut numbers, mut sequence) = states[cycle as usize - 1].clone();
            let batch = batch(11, cycle, &mut numbers, &mut sequence);
            store.commit(&run, cycle, &batch).unwrap();
            model.cycles.insert(cycle, batch);
            states.push((numbers, sequence));
            digests.push(store.run(&run).unwrap().unwrap().digest);
        }
        store.conclude(&run, ended(Status::Cancelled)).unwrap();
        assert!(matches!(store.reopen(&run, 7), Err(StoreError::Refused { .. })));
        store.reopen(&run, 4).unwrap();
        let mut short = model.clone();
        short.cycles.split_off(&5);
        let store = reopen(store);
        short.expect(&store, &run);
        for cycle in 5..=6 {
            store.commit(&run, cycle, &model.cycles[&cycle]).unwrap();
        }
        model.expect(&store, &run);
        assert_eq!(store.run(&run).unwrap().unwrap().digest, digests[6]);
        store.reopen(&run, 0).unwrap();
        Model::default().expect(&store, &run);
        assert_eq!(store.run(&run).unwrap().unwrap().digest, digests[0]);
    });
}

#[test]
fn removing_a_run_leaves_the_others() {
    on_both(|store, reopen| {
        let run = begin(&store);
        let Begin::New(other) = store.begin(&inputs(), "other", "").unwrap() else { panic!("new") };
        let mut model = Model::default();
        for cycle in 1..=3 {
            let (mut numbers, mut sequence) = (vec![], 0);
            let batch = batch(3, cycle, &mut numbers, &mut sequence);
            let batch = if cycle == 1 { batch } else { Batch::default() };
            store.commit(&run, cycle, &batch).unwrap();
            store.commit(&other, cycle, &batch).unwrap();
            model.cycles.insert(cycle, batch);
        }
        store.remove(&run).unwrap();
        assert!(matches!(store.remove(&run), Err(StoreError::UnknownRun(_))));
        let store = reopen(store).compact().unwrap();
        assert_eq!(store.run(&run).unwrap(), None);
        model.expect(&store, &other);
        let store = reopen(store);
        model.expect(&store, &other);
        assert_eq!(begin(&store), run);
        Model::default().expect(&store, &run);
    });
}

#[test]
fn steps_name_only_what_was_added() {
    let mut proof = Proof::new();
    let scope = ScopeRecord::default().id();
    let node = Node {
        rule: "assumption".into(),
        parameters: vec![],
        conclusion: "(=[a,a])".into(),
        premises: vec![],
        substitution: vec![],
        scope,
    };
    assert!(proof.add(node.clone()).is_err());
    proof.add_scope(ScopeRecord::default()).unwrap();
    let first = proof.add(node.clone()).unwrap();
    assert_eq!(proof.add(node.clone()).unwrap(), first);
    assert!(proof.add(Node { premises: vec![NodeId([0; 32])], ..node }).is_err());
    assert_eq!(proof.nodes().len(), 1);
}

#[test]
fn a_proof_deeper_than_a_thread_s_stack_comes_back() {
    on_both(|store, _| {
        let run = begin(&store);
        let mut proof = Proof::new();
        let scope = proof.add_scope(ScopeRecord::default()).unwrap();
        let mut premises = vec![];
        for number in 0..100_000 {
            let node = Node {
                rule: "step".into(),
                parameters: vec![],
                conclusion: format!("{number}").into(),
                premises: premises.clone(),
                substitution: vec![],
                scope,
            };
            premises = vec![proof.add(node).unwrap()];
        }
        let (mut theorem, _) = theorem(&mut Random(1), 1, 1, 1, &[]);
        theorem.root = premises[0];
        theorem.statement = "99999".into();
        store.commit(&run, 1, &Batch { theorems: vec![(theorem, proof)], ..Batch::default() }).unwrap();
        assert_eq!(store.proof(&run, 1).unwrap().unwrap().nodes().len(), 100_000);
    });
}

/// One act of the property test.
#[derive(Clone, Debug)]
enum Act {
    Commit { skip: u32, seed: u64 },
    GoBack { to: prop::sample::Index },
    Reopen,
    Compact,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (1u32..3, any::<u64>()).prop_map(|(skip, seed)| Act::Commit { skip, seed }),
        1 => any::<prop::sample::Index>().prop_map(|to| Act::GoBack { to }),
        1 => Just(Act::Reopen),
        1 => Just(Act::Compact),
    ];
    proptest::collection::vec(act, 1..12)
}

/// Plays the acts on a store and on the model.
fn play(acts: &[Act], mut store: Store, reopen: &dyn Fn(Store) -> Store) {
    let run = begin(&store);
    let mut model = Model::default();
    for act in acts {
        match act {
            Act::Commit { skip, seed } => {
                let cycle = model.cycles.keys().last().copied().unwrap_or(0) + skip;
                let mut numbers: Vec<u32> = model
                    .cycles
                    .values()
                    .flat_map(|batch| batch.theorems.iter().map(|(theorem, _)| theorem.number))
                    .collect();
                let last = model.cycles.values().rev().find_map(|batch| batch.outcomes.last());
                let mut sequence = last.map_or(0, |outcome| outcome.sequence);
                let batch = batch(*seed, cycle, &mut numbers, &mut sequence);
                store.commit(&run, cycle, &batch).unwrap();
                model.cycles.insert(cycle, batch);
            }
            Act::GoBack { to } => {
                let cycles: Vec<u32> = std::iter::once(0).chain(model.cycles.keys().copied()).collect();
                let cycle = cycles[to.index(cycles.len())];
                store.reopen(&run, cycle).unwrap();
                model.cycles.split_off(&(cycle + 1));
            }
            Act::Reopen => store = reopen(store),
            Act::Compact => store = store.compact().unwrap(),
        }
    }
    model.expect(&store, &run);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn memory_agrees_with_plain_maps(acts in acts()) {
        play(&acts, Store::in_memory(), &|store| store);
    }
}

proptest! {
    // Each case opens a database several times.
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn sled_agrees_with_plain_maps(acts in acts()) {
        let directory = tempfile::tempdir().unwrap();
        play(&acts, Store::open(directory.path()).unwrap(), &|store| {
            drop(store);
            Store::open(directory.path()).unwrap()
        });
    }
}
