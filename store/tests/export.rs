//! Out as lines of JSON and back in.

mod common;

use std::collections::BTreeMap;

use common::{Believing, batch, inputs};
use proptest::prelude::*;
use theoremata_store::{
    Batch, Begin, Conclusion, Contents, ImportError, Input, Outcome, Proof, Referee, Run, RunId, Status, Store, Theorem,
};

/// A store with two runs; the export of both.
fn filled() -> (Store, Vec<RunId>) {
    let store = Store::in_memory();
    let mut runs = Vec::new();
    for (options, seed) in [("{\"a\":1}", 4), ("{\"a\":2}", 9)] {
        let Begin::New(run) = store.begin(&inputs(), options, "morning").unwrap() else { panic!("new") };
        let (mut numbers, mut sequence) = (Vec::new(), 0);
        for cycle in [1, 2, 5, 6] {
            store.commit(&run, cycle, &batch(seed, cycle, &mut numbers, &mut sequence)).unwrap();
        }
        runs.push(run);
    }
    let conclusion = Conclusion {
        status: Status::Finished,
        finished: "evening".into(),
        counts: BTreeMap::from([("theorems".into(), 9)]),
        measures: BTreeMap::from([("cpu".into(), "1 s".into())]),
    };
    store.conclude(&runs[1], conclusion).unwrap();
    (store, runs)
}

fn export(store: &Store, runs: &[RunId], contents: Contents) -> Vec<u8> {
    let mut text = Vec::new();
    store.export(runs, contents, &mut text).unwrap();
    text
}

fn import(store: &Store, mut text: &[u8]) -> Result<theoremata_store::Imported, ImportError> {
    store.import(&mut text, &mut Believing)
}

/// The line and the words of the error.
fn refusal(text: &[u8]) -> (u64, String) {
    let store = Store::in_memory();
    match import(&store, text) {
        Err(ImportError::Text { line, why }) => {
            assert_eq!(store.runs().unwrap(), []);
            (line, why)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_backup_gives_the_same_store() {
    let (store, runs) = filled();
    let text = export(&store, &runs, Contents::Backup);
    let directory = tempfile::tempdir().unwrap();
    let other = Store::open(directory.path()).unwrap();
    assert_eq!(import(&other, &text).unwrap().added, runs);
    assert_eq!(export(&other, &runs, Contents::Backup), text);
    assert_eq!(other.verify().unwrap().flaws, []);
    for run in &runs {
        assert_eq!(other.run(run).unwrap(), store.run(run).unwrap());
        assert_eq!(other.theorems(run).unwrap(), store.theorems(run).unwrap());
        assert_eq!(other.checkpoints(run).unwrap(), store.checkpoints(run).unwrap());
    }
    // The run that was under way goes on.
    other.commit(&runs[0], 7, &Batch::default()).unwrap();
}

#[test]
fn a_record_does_not_depend_on_times() {
    let (store, runs) = filled();
    let text = export(&store, &runs, Contents::Record);
    let words = String::from_utf8(text.clone()).unwrap();
    assert!(!words.contains("morning") && !words.contains("evening") && !words.contains("cpu"));
    let other = Store::in_memory();
    import(&other, &text).unwrap();
    assert_eq!(export(&other, &runs, Contents::Record), text);
}

#[test]
fn a_run_that_is_there_already_stays() {
    let (store, runs) = filled();
    let text = export(&store, &runs, Contents::Record);
    let before = export(&store, &runs, Contents::Backup);
    assert_eq!(import(&store, &text).unwrap().known, runs);
    assert_eq!(export(&store, &runs, Contents::Backup), before);
    store.commit(&runs[0], 9, &Batch::default()).unwrap();
    let error = import(&store, &text).unwrap_err();
    assert!(error.to_string().contains("stands in the store already"), "{error}");
    assert_eq!(store.run(&runs[0]).unwrap().unwrap().committed, 9);
    assert_eq!(store.verify().unwrap().flaws, []);
}

/// Refuses the theorem with a number, or outcomes; believes no measure.
struct Strict {
    theorem: u32,
    outcomes: bool,
}

impl Referee for Strict {
    fn run(&mut self, claimed: &mut Run, inputs: &[Input]) -> Result<(), String> {
        assert_eq!(inputs, common::inputs());
        claimed.measures.clear();
        claimed.finished.clear();
        Ok(())
    }

    fn theorem(&mut self, theorem: &Theorem, proof: &Proof) -> Result<(), String> {
        assert!(proof.node(&theorem.root).is_some());
        if theorem.number == self.theorem { Err("it is wrong".into()) } else { Ok(()) }
    }

    fn outcome(&mut self, _outcome: &Outcome) -> Result<(), String> {
        if self.outcomes { Ok(()) } else { Err("who says so?".into()) }
    }
}

#[test]
fn what_the_referee_refuses_is_not_stored_nor_anything_beside_it() {
    let (store, runs) = filled();
    let text = export(&store, &runs, Contents::Backup);
    let last = store.theorems(&runs[1]).unwrap().last().unwrap().number;
    for (strict, words) in [
        (Strict { theorem: last, outcomes: true }, format!("theorem {last}: it is wrong")),
        (Strict { theorem: 0, outcomes: false }, "who says so?".to_owned()),
    ] {
        let mut strict = strict;
        let other = Store::in_memory();
        let error = other.import(&mut &text[..], &mut strict).unwrap_err();
        assert!(error.to_string().contains(&words), "{error}");
        assert_eq!(other.runs().unwrap(), []);
    }
    let other = Store::in_memory();
    other.import(&mut &text[..], &mut Strict { theorem: 0, outcomes: true }).unwrap();
    let run = other.run(&runs[1]).unwrap().unwrap();
    assert_eq!((run.measures.len(), &*run.finished, &*run.started), (0, "", "morning"));
    assert_eq!(other.theorems(&runs[1]).unwrap(), store.theorems(&runs[1]).unwrap());
    assert_eq!(other.verify().unwrap().flaws, []);
}

#[test]
fn foreign_text_is_told_from_damaged_text() {
    let (line, why) = refusal(b"axiom\n");
    assert!(line == 1 && why.contains("not an export"), "{why}");
    let (line, why) = refusal(b"{\"format\":\"other\",\"version\":1,\"runs\":0}\n");
    assert!(line == 1 && why.contains("of `other`"), "{why}");
    let (line, why) = refusal(b"{\"format\":\"theoremata-store\",\"version\":3,\"runs\":0}\n");
    assert!(line == 1 && why.contains("version 3"), "{why}");
    let (line, why) = refusal(b"");
    assert!(line == 1 && why.contains("cut off"), "{why}");
}

#[test]
fn damage_is_named_by_its_line() {
    let (store, runs) = filled();
    let text = String::from_utf8(export(&store, &runs, Contents::Record)).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = lines.iter().position(|line| line.starts_with("{\"theorem\"")).unwrap();
    let change = |line: String| {
        let mut changed: Vec<&str> = lines.clone();
        changed[at] = &line;
        refusal(changed.concat().as_bytes())
    };
    let here = at as u64 + 1;
    let (line, why) = change(lines[at].replacen("\"rule\":\"close\"", "\"rule\":\"closf\"", 1));
    assert!(line == here && why.contains("hash of the root"), "{why}");
    let (line, why) = change(lines[at].replacen("\"number\":", "\"nummer\":", 1));
    assert!(line == here && why.contains("unknown field"), "{why}");
    let (line, why) = change(lines[at].replacen("(>[", "(>>[", 1));
    assert!(line == here, "{line} {why}");
    let (line, why) = change(String::new());
    assert!(line >= here, "{line} {why}");
    // What no line can see by itself is seen by the digest of the run or the hash of all lines.
    let (line, _) = refusal(text.replacen("\"kind\":\"direct\"", "\"kind\":\"divine\"", 1).as_bytes());
    assert!(line > here);
    let (line, why) = refusal(text.replacen("\"status\":\"finished\"", "\"status\":\"failed\"", 1).as_bytes());
    assert!(line == lines.len() as u64 && why.contains("one of them was changed"), "{why}");
    let (line, why) = refusal(format!("{text}{{}}\n").as_bytes());
    assert!(line == lines.len() as u64 + 1 && why.contains("after the end"), "{why}");
    let (line, why) = refusal(&text.as_bytes()[..text.len() - 1]);
    assert!(line == lines.len() as u64 && why.contains("cut off"), "{why}");
}

#[test]
fn a_line_nested_without_end_is_refused() {
    let deep = format!("{{\"format\":{}\n", "[".repeat(200_000));
    assert_eq!(refusal(deep.as_bytes()).0, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_change_of_any_byte_is_seen(at in any::<prop::sample::Index>(), mask in 1u8.., cut in any::<bool>()) {
        let store = Store::in_memory();
        let Begin::New(run) = store.begin(&inputs()[..2], "{}", "morning").unwrap() else { panic!("new") };
        let (mut numbers, mut sequence) = (Vec::new(), 0);
        for cycle in 1..3 {
            store.commit(&run, cycle, &batch(8, cycle, &mut numbers, &mut sequence)).unwrap();
        }
        let mut text = export(&store, &[run], Contents::Record);
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] ^= mask }
        let other = Store::in_memory();
        prop_assert!(import(&other, &text).is_err());
        prop_assert_eq!(other.runs().unwrap(), vec![]);
        // Nothing is left that would be in the way of the undamaged text.
        import(&other, &export(&store, &[run], Contents::Backup)).unwrap();
        prop_assert_eq!(other.verify().unwrap().flaws, vec![]);
    }
}
