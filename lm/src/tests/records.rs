//! Invariant I11: what was written before a crash is written again to the token, and what follows is the same.

use theoremata_kernels::Inline;

use super::programs::start_all;
use super::*;
use crate::{Answer, EngineError, Grammars, Guidance, Outcome, Record};

/// Grows all programs for so many steps, or to their ends. Gives what each wrote, as somebody takes it down who
/// hears the events, and their answers.
fn grow(records: &[Record], steps: usize, pages: usize) -> (Vec<Record>, Vec<Answer>, u64) {
    let mut engine = engine(pages);
    let mut programs = start_all(&mut engine);
    for (program, record) in programs.iter().zip(records) {
        engine.resume(program.root(), record.clone()).expect("a fresh tree");
    }
    let mut taken = vec![Record::new(); programs.len()];
    let mut step = 0;
    while !engine.is_idle() && step < steps {
        for event in engine.step(&Inline) {
            for (program, record) in programs.iter_mut().zip(&mut taken) {
                program.take(&mut engine, &event);
                if let Some((node, written)) = event.written()
                    && let Some(grown) = program.growth().node(node)
                {
                    record.push(&grown.path, written);
                }
            }
        }
        assert_eq!(engine.audit(), Ok(()));
        step += 1;
    }
    let steps = engine.usage().steps;
    (taken, programs.into_iter().map(|program| program.finish(&mut engine)).collect(), steps)
}

/// What must not depend on a crash.
fn told(answers: &[Answer]) -> Vec<impl PartialEq + use<>> {
    let of = |answer: &Answer| {
        let Answer { outcome, tokens, chosen, votes, nodes, .. } = answer.clone();
        (outcome, tokens, chosen, votes, nodes)
    };
    answers.iter().map(of).collect()
}

#[test]
fn a_tree_that_is_resumed_ends_like_one_that_was_never_cut_off() {
    let (whole, expected, steps) = grow(&[], usize::MAX, 400);
    assert!(steps > 40, "{steps}");
    for cut in [1, 2, 5, 9, 17, 30, steps as usize - 1] {
        let (record, _, _) = grow(&[], cut, 400);
        let (again, answers, resumed) = grow(&record, usize::MAX, 400);
        assert!(told(&answers) == told(&expected), "cut off after {cut} steps");
        assert!(again == whole, "what is written again is told again, cut off after {cut} steps");
        assert!(resumed < steps || cut < 17, "what is recorded is not computed token by token: {resumed} of {steps}");
        // And once more, from where that was cut off.
        let (record, _, _) = grow(&record, 4, 60);
        assert!(told(&grow(&record, usize::MAX, 60).1) == told(&expected), "cut off twice, with few pages");
    }
    let (_, answers, resumed) = grow(&whole, usize::MAX, 400);
    assert!(told(&answers) == told(&expected));
    assert!(resumed < steps / 2, "a whole record leaves only prompts to read: {resumed} of {steps}");
}

#[test]
fn a_guide_goes_along_with_what_is_read_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama");
    let model = Arc::new(Model::load(&folder).expect("the tiny model"));
    let grammars = Grammars::new(model.tokenizer().expect("a vocabulary")).expect("grammars");
    let schema = serde_json::json!({
        "type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": { "name": { "type": "string", "maxLength": 8 }, "age": { "type": "integer" } },
    });
    let guide: Guidance = grammars.json_schema(&schema).expect("a guide").into();
    let question = request(&text(3, 9), Then::Generate(Turn { guide, ..warm(60) }));
    let run = |record: Record, steps: usize| {
        let mut engine = Engine::new(model.clone(), settings(64));
        let root = engine.submit(question.clone()).expect("a tree");
        engine.resume(root, record).expect("a fresh tree");
        let mut taken = Record::new();
        for _ in 0..steps {
            for event in engine.step(&Inline) {
                event.written().into_iter().for_each(|(_, written)| taken.push(&[], written));
            }
        }
        (taken, engine.generated(root).to_vec(), engine.outcome(root).cloned())
    };
    let (whole, expected, outcome) = run(Record::new(), 100);
    assert!(expected.len() > 8 && outcome.is_some());
    for cut in 1..12 {
        let (record, _, _) = run(Record::new(), cut);
        assert!(!record.is_empty() && record.len() < whole.len());
        assert_eq!(run(record, 100), (whole.clone(), expected.clone(), outcome.clone()), "after {cut} steps");
    }
}

#[test]
fn a_record_is_for_a_fresh_tree_of_the_same_vocabulary() {
    let mut engine = engine(32);
    let root = engine.submit(request(&text(1, 5), Then::Generate(warm(3)))).expect("a tree");
    let mut wrong = Record::new();
    wrong.push(&[], crate::Written { token: 10_000, log_probability: -1.0, origin: crate::Origin::Drawn });
    assert!(matches!(engine.resume(root, wrong), Err(EngineError::NoSuchToken { .. })));
    engine.run(&Inline);
    assert_eq!(engine.resume(root, Record::new()), Err(EngineError::Busy(root)));
    assert_eq!(engine.resume(NodeId(99), Record::new()), Err(EngineError::Unknown(NodeId(99))));
    assert!(matches!(engine.outcome(root), Some(Outcome::Budget(_))));
}
