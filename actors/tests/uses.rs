//! Theories that use others: what is proved there is known here, from an empty store and from a full one alike, and whatever
//! the store says, nothing is a theorem that the checker has not accepted.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use theoremata_actors::grid::Cancel;
use theoremata_actors::run::{Done, Event, Manner, Prepared, Question, Reused, Settings};
use theoremata_logic::language::mpl::{parse_goal, read_mpl};
use theoremata_logic::search::explore::Note;
use theoremata_store::{Batch, Conclusion, Contents, Input, Node, Proof, ScopeRecord, Status, Store};

const MONOID: &str = "(theory Monoid[M,*,e]
  (& (in[e,M])
     (>[x,y,z] (in3[x,y,z,*]) (& (in[x,M]) (in[y,M]) (in[z,M])))
     (>[x,y] (& (in[x,M]) (in[y,M])) (exists[z] (in[z,M]) (in3[x,y,z,*])))
     (>[x,y] (& (in[x,M]) (in[y,M])) (>[z,w] (& (in3[x,y,z,*]) (in3[x,y,w,*])) (=[z,w])))
     (>[x] (in[x,M]) (in3[e,x,x,*])) (>[x] (in[x,M]) (in3[x,e,x,*]))
     (>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[y,z,v,*]) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*]))))))
(bounds (atoms 3) (variables 2) (predicate in (count 0)))";
/// Two monoids on one set.
const TWO: &str = "(use \"monoid.mpl\")
(theory Two[N,+,0,*,1]
  (& (Monoid[N,+,0]) (Monoid[N,*,1]) (>[x,y,z] (in3[x,y,z,+]) (in3[y,x,z,+])) (>[x] (in[x,N]) (in3[0,x,0,*]))))
(bounds (atoms 3) (variables 2) (predicate in (count 0)))";

fn inputs(files: &[(&str, &str)]) -> Vec<Input> {
    files.iter().map(|(name, text)| Input { name: (*name).to_owned(), bytes: text.as_bytes().to_vec() }).collect()
}

fn question(files: &[(&str, &str)]) -> Question {
    let mut load = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "there is no such file".to_owned())
    };
    let (theory, _) = read_mpl(files[0].0, files[0].1.as_bytes(), &mut load).expect("a theory");
    Question { theory, goals: Vec::new(), inputs: inputs(files), manner: Manner::plain(true) }
}

fn two() -> Question {
    question(&[("two.mpl", TWO), ("monoid.mpl", MONOID)])
}

fn now() -> String {
    "2026-01-01T00:00:00Z".to_owned()
}

fn settings(cpu: Option<f64>) -> Settings {
    Settings { threads: NonZeroUsize::MIN, cpu, memory: None, resident: 0, cancel: Cancel::default() }
}

/// Runs a question to its end, and what was told of used theories.
fn run(store: &Arc<Store>, question: Question, cpu: Option<f64>) -> (Done, Vec<Reused>) {
    let told = Mutex::new(Vec::new());
    let prepared = Prepared::new(store.clone(), question, false, &now()).expect("a run");
    let running = prepared.start(settings(cpu), now).expect("a thread");
    for event in &running.events {
        if let Event::Reused(reused) = event {
            told.lock().expect("one thread").push(*reused);
        }
    }
    (running.join().expect("a result"), told.into_inner().expect("one thread"))
}

/// All that a run has written, as its export says it.
fn bytes(done: &Done) -> Vec<u8> {
    let mut bytes = Vec::new();
    done.store.export(&[done.id], Contents::Record, &mut bytes).expect("an export");
    bytes
}

fn memory() -> Arc<Store> {
    Arc::new(Store::in_memory())
}

#[test]
fn the_theorems_of_a_used_theory_are_known_at_each_place_where_it_stands() {
    let store = memory();
    let (done, told) = run(&store, two(), None);
    assert_eq!(done.status, Status::Finished);
    let [reused] = &told[..] else { panic!("one theory: {told:?}") };
    assert!(!reused.stored && reused.refused.is_none() && reused.theorems > 0, "{reused:?}");
    let library = store.run(&reused.run).expect("a store").expect("what was proved first is kept");
    assert_eq!(library.status, Status::Finished);
    let known = done.exploration.theorems.iter().filter(|theorem| theorem.source.is_some()).count();
    assert_eq!(known, 2 * reused.theorems, "once for + and once for ·");
    assert_eq!(done.exploration.counts().brought, known);
    // They are theorems of this run like all others: the store has their proofs, under its own axioms.
    let records = store.theorems(&done.id).expect("a store");
    for record in &records[..known] {
        assert!(record.statement.contains("(Two["), "{}", record.statement);
        assert!(record.subject.contains_key("used"), "{record:?}");
    }
    assert!(records[known..].iter().all(|record| !record.subject.contains_key("used")));
    assert!(records.len() > known);
}

#[test]
fn an_empty_store_a_full_one_and_one_that_was_cut_off_give_the_same_bytes() {
    let (from_nothing, _) = run(&memory(), two(), None);
    let store = memory();
    let (alone, _) = run(&store, question(&[("monoid.mpl", MONOID)]), None);
    let (from_store, told) = run(&store, two(), None);
    assert!(told[0].stored && told[0].run == alone.id);
    assert_eq!(bytes(&from_nothing), bytes(&from_store));
    // Killed behind an early cycle, and gone on with.
    let store = memory();
    let (first, _) = run(&store, two(), None);
    let early = store.checkpoints(&first.id).expect("a store").first().expect("a checkpoint").cycle;
    assert!(early < store.run(&first.id).expect("a store").expect("a run").committed);
    store.reopen(&first.id, early).expect("an early cycle");
    let (resumed, told) = run(&store, two(), None);
    assert!(told.is_empty(), "what was brought in is in the run itself: {told:?}");
    assert_eq!(bytes(&from_nothing), bytes(&resumed));
}

#[test]
fn a_store_that_lies_makes_no_theorem_and_changes_no_byte() {
    let (honest, told) = run(&memory(), two(), None);
    let run_of_monoid = told[0].run;
    let source = memory();
    let (alone, _) = run(&source, question(&[("monoid.mpl", MONOID)]), None);
    let checkpoint = source.checkpoint(&alone.id).expect("a store").expect("an end").bytes;
    let options = source.run(&alone.id).expect("a store").expect("a run").options;
    let records = source.theorems(&alone.id).expect("a store");
    let proof = |number| source.proof(&alone.id, number).expect("a store").expect("a proof");
    // Runs under the same name: one in which a falsehood has a proof that is none, one in which a theorem is missing, and one
    // that says too much of a theorem.
    let falsehood = records[0].statement.replacen("(in3[e,e,e,*])", "!(in3[e,e,e,*])", 1);
    assert_ne!(falsehood, records[0].statement);
    let mut forged = Proof::new();
    let scope =
        forged.add_scope(ScopeRecord { parent: None, variables: vec![], assumptions: vec![] }).expect("a scope");
    let node = Node {
        rule: "reflexivity".into(),
        parameters: vec![],
        conclusion: falsehood.as_str().into(),
        premises: vec![],
        substitution: vec![],
        scope,
    };
    let root = forged.add(node).expect("a step");
    for lie in 0..3 {
        let liar = memory();
        liar.begin(&inputs(&[("monoid.mpl", MONOID)]), &options, &now()).expect("a run");
        let mut theorems = Vec::new();
        for record in &records {
            let mut record = record.clone();
            let mut given = proof(record.number);
            match (lie, record.number) {
                (0, 1) => {
                    record.statement.clone_from(&falsehood);
                    (given, record.root) = (forged.clone(), root);
                }
                (1, number) if number as usize == records.len() => continue,
                (2, 1) => record.assumptions.push("a great deal".to_owned()),
                _ => {}
            }
            record.cycle = 1;
            theorems.push((record, given));
        }
        let batch = Batch { theorems, checkpoint: Some(checkpoint.clone()), ..Batch::default() };
        liar.commit(&run_of_monoid, 1, &batch).expect("the store believes what it is told");
        let conclusion = Conclusion {
            status: Status::Finished,
            finished: now(),
            counts: Default::default(),
            measures: Default::default(),
        };
        liar.conclude(&run_of_monoid, conclusion).expect("an end");
        let (deceived, told) = run(&liar, two(), None);
        assert!(!told[0].stored && told[0].refused.is_some(), "lie {lie}: {told:?}");
        assert_eq!(bytes(&honest), bytes(&deceived), "lie {lie}");
    }
}

#[test]
fn the_bounds_of_a_run_hold_for_what_it_has_to_prove_first() {
    let store = memory();
    let (done, told) = run(&store, two(), Some(0.0));
    assert_eq!((done.status, told.len()), (Status::OutOfTime, 0));
    assert!(done.exploration.theorems.is_empty());
    // And it goes on from there.
    let (done, _) = run(&store, two(), None);
    assert_eq!(done.status, Status::Finished);
    let (fresh, _) = run(&memory(), two(), None);
    assert_eq!(bytes(&done), bytes(&fresh));
}

#[test]
fn a_goal_that_a_used_theory_has_proved_is_proved() {
    let mut question = two();
    question.manner.explore = false;
    let text = "(>[x,y] (& (in3[x,y,1,*]) (>[] (in3[x,y,1,*]) (in3[x,1,x,*]))) (in3[1,x,x,*]))";
    question.goals = vec![
        parse_goal(&question.theory, "(>[d] (& (in[d,N]) (>[x] (in[x,N]) (in3[d,x,x,+]))) (=[d,0]))").expect("a goal"),
        parse_goal(&question.theory, text).expect("a goal"),
    ];
    question.inputs.push(Input { name: "goals:test".to_owned(), bytes: b"two goals".to_vec() });
    let (done, told) = run(&memory(), question, None);
    assert_eq!((done.status, told.len()), (Status::Finished, 1));
    let (proved, asked) = theoremata_actors::run::goals_proved(&done.exploration);
    assert_eq!((proved, asked), (2, 2));
}

#[test]
fn theories_that_use_each_other_pass_on_what_they_know() {
    let three = "(use \"two.mpl\")
(theory Three[N,+,0,*,1] (& (Two[N,+,0,*,1]) (>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))))
(bounds (atoms 3) (variables 2) (predicate in (count 0)))";
    let files = [("three.mpl", three), ("two.mpl", TWO), ("monoid.mpl", MONOID)];
    let store = memory();
    let (done, told) = run(&store, question(&files), None);
    let theories: Vec<&str> = told.iter().map(|reused| &*reused.theory).collect();
    assert_eq!(theories, ["Monoid", "Two"]);
    let (below, _) = run(&store, two(), None);
    assert_eq!(done.exploration.counts().brought, below.exploration.theorems.len());
    let (again, told) = run(&store, question(&files), None);
    assert!(told.is_empty() && again.id == done.id, "the run is known");
}

/// The files of a shipped theory, with another main file.
fn shipped(main: (&str, &str), others: &[&str]) -> Question {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../theories");
    let read = |name: &&str| std::fs::read_to_string(folder.join(name)).expect("a file of ours");
    let texts: Vec<String> = others.iter().map(read).collect();
    let texts = others.iter().zip(&texts).map(|(name, text)| (*name, text.as_str()));
    question(&std::iter::once(main).chain(texts).collect::<Vec<_>>())
}

#[test]
fn an_axiom_more_costs_little_where_the_rest_is_known() {
    let files = ["group.mpl", "functions.mpl", "algebra.mpl"];
    let text = "(use \"group.mpl\")
(import \"algebra.mpl\")
(theory AbelianGroup[G,*,e,inv] (& (Group[G,*,e,inv]) (commutative[*])))
(bounds (atoms 4) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))";
    let alone = text.replacen("(use", "(import", 1);
    let (known, _) = run(&memory(), shipped(("abelian.mpl", text), &files), None);
    let (alone, _) = run(&memory(), shipped(("abelian.mpl", &alone), &files), None);
    let (known, alone) = (&known.exploration, &alone.exploration);
    let own: Vec<_> = known.theorems.iter().filter(|theorem| theorem.source.is_none()).collect();
    let brought = known.counts().brought as u32;
    assert!(own.iter().any(|theorem| theorem.checked.basis().theorems.iter().any(|cited| cited.0 < brought)));
    // A statement that is a theorem without is one with what is known, brought in or found.
    let lost = alone
        .theorems
        .iter()
        .filter(|one| !known.theorems.iter().any(|other| other.checked.statement() == one.checked.statement()));
    let lost = lost.count();
    assert!(lost * 20 <= alone.theorems.len(), "{lost} of {}", alone.theorems.len());
    assert!(known.counts().steps < alone.counts().steps, "{} < {}", known.counts().steps, alone.counts().steps);
}

#[test]
fn a_set_that_only_the_using_theory_calls_generated_keeps_what_was_proved_of_it() {
    let plain = "(define Chain[N,0,s]
  (& (in[0,N]) (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N]))) (>[x] (in[x,N]) (exists[y] (in[y,N]) (in2[x,y,s])))
     (>[x,y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z])) (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))
     (>[x] (in[x,N]) !(in2[x,0,s]))))
(theory Succession[N,0,s] (Chain[N,0,s]))
(conjecture twice (>[x,y,u,v,w] (& (in2[x,u,s]) (in2[u,w,s]) (in2[y,v,s]) (in2[v,w,s])) (=[x,y])))
(bounds (atoms 4) (variables 2) (predicate in (count 0)))";
    let text = "(use \"chain.mpl\")
(generated Chain[N,0,s] N 0 s[N])
(theory Numbers[N,0,s] (& (Succession[N,0,s]) (=[0,0])))
(bounds (atoms 4) (variables 2) (predicate in (count 0)))";
    let (done, told) = run(&memory(), question(&[("numbers.mpl", text), ("chain.mpl", plain)]), None);
    assert!(told[0].theorems > 0 && done.exploration.counts().brought == told[0].theorems, "{told:?}");
    assert!(!done.exploration.notes().iter().any(|note| matches!(note, Note::NotTaken(..))));
}
