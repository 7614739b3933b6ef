//! Invariant I11: output from before a crash is repeated token by token, and continues as it would have.

use super::programs::start_all;
use super::*;
use crate::{
    Answer, Cut, EngineError, Grammars, Ground, Grown, Multiverse, Outcome, Paths, ReplayLog, Running, Tags,
    TurnConstraint,
};

/// Runs all programs for up to `steps` steps. Returns a log of what each wrote, taken from the events, their answers,
/// and the engine's steps.
fn grow(replay_logs: &[ReplayLog], steps: usize, pages: usize) -> (Vec<ReplayLog>, Vec<Answer>, u64) {
    let mut engine = engine(pages);
    let programs = start_all(&mut engine);
    grow_on(engine, programs, replay_logs, steps)
}

/// As [`grow`], with programs that were started in an engine.
fn grow_on(
    mut engine: Engine,
    mut programs: Vec<Running<'_>>,
    replay_logs: &[ReplayLog],
    steps: usize,
) -> (Vec<ReplayLog>, Vec<Answer>, u64) {
    for (program, record) in programs.iter().zip(replay_logs) {
        engine.resume(program.root(), record.clone()).expect("a fresh tree");
    }
    let mut taken = vec![ReplayLog::new(); programs.len()];
    let mut step = 0;
    while !engine.is_idle() && step < steps {
        let events = engine.grow_once();
        hear(&mut engine, &mut programs, &mut taken, events);
        assert_eq!(engine.audit(), Ok(()));
        step += 1;
    }
    let steps = engine.usage().steps;
    (taken, programs.into_iter().map(|program| program.finish(&mut engine)).collect(), steps)
}

/// Passes events to programs, and logs what they wrote.
fn hear(engine: &mut Engine, programs: &mut [Running<'_>], taken: &mut [ReplayLog], events: Vec<Event>) {
    for event in events {
        for (program, record) in programs.iter_mut().zip(&mut *taken) {
            program.take(engine, &event);
            if let Some((node, written)) = event.written()
                && let Some(grown) = program.growth().node(node)
            {
                record.push(&grown.path, written);
            }
        }
    }
}

/// The part of answers that must not depend on a crash.
fn told(answers: &[Answer]) -> Vec<impl PartialEq + use<>> {
    let of = |answer: &Answer| {
        let Answer { outcome, tokens, text, chosen, votes, nodes, .. } = answer.clone();
        let node = |node: Grown| (node.path, node.tokens, node.log_probability.to_bits(), node.outcome);
        (outcome, tokens, text, chosen, votes, nodes.into_iter().map(node).collect::<Vec<_>>())
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
        // And once more, from where the second run was interrupted.
        let (record, _, _) = grow(&record, 4, 60);
        assert!(told(&grow(&record, usize::MAX, 60).1) == told(&expected), "cut off twice, with few pages");
    }
    let (_, answers, resumed) = grow(&whole, usize::MAX, 400);
    assert!(told(&answers) == told(&expected));
    assert!(resumed < steps / 2, "a whole record leaves only prompts to read: {resumed} of {steps}");
}

/// Programs of which one node was cancelled.
struct Without {
    /// The node.
    path: Vec<u32>,
    /// The logs of all programs at that time.
    until: Vec<ReplayLog>,
    /// What was cancelled, with the index of its program.
    cuts: Vec<(usize, Vec<u32>, Cut)>,
    answers: Vec<Answer>,
}

impl Without {
    /// The logs, with the cancellations.
    fn cut(&self, replay_logs: &[ReplayLog]) -> Vec<ReplayLog> {
        let mut replay_logs = replay_logs.to_vec();
        self.cuts.iter().for_each(|(place, path, cut)| replay_logs[*place].cut(path, *cut));
        replay_logs
    }
}

/// Runs programs for `steps` steps, cancels one of the open nodes, and runs them to their ends. `None` if there are too
/// few open nodes.
fn grow_without(mut engine: Engine, mut programs: Vec<Running<'_>>, steps: usize, which: usize) -> Option<Without> {
    let mut taken = vec![ReplayLog::new(); programs.len()];
    for _ in 0..steps {
        let events = engine.grow_once();
        hear(&mut engine, &mut programs, &mut taken, events);
    }
    loop {
        let news = engine.news();
        if news.is_empty() {
            break;
        }
        hear(&mut engine, &mut programs, &mut taken, news);
    }
    let open = |program: &Running<'_>| -> Vec<(NodeId, Grown)> {
        let nodes = program.growth().nodes().filter(|(_, grown)| grown.outcome.is_none());
        nodes.map(|(id, grown)| (id, grown.clone())).collect()
    };
    let all =
        programs.iter().enumerate().flat_map(|(place, program)| open(program).into_iter().map(move |o| (place, o)));
    let (place, (node, Grown { path, .. })) = all.collect::<Vec<_>>().get(which)?.clone();
    let mut cuts = Vec::new();
    for (_, below) in open(&programs[place]).into_iter().filter(|(_, below)| below.path.starts_with(&path)) {
        let is_branch =
            |(_, grown): &(NodeId, &Grown)| grown.path.split_last().is_some_and(|(_, above)| above == below.path);
        let branches = programs[place].growth().nodes().filter(is_branch).count() as u32;
        let stages = (below.path == path).then_some(below.stages);
        cuts.push((place, below.path, Cut { branches, stages }));
    }
    engine.cancel(node).expect("a node");
    let until = taken.clone();
    while !engine.is_idle() {
        let events = engine.grow_once();
        hear(&mut engine, &mut programs, &mut taken, events);
        assert_eq!(engine.audit(), Ok(()));
    }
    let answers = programs.into_iter().map(|program| program.finish(&mut engine)).collect();
    Some(Without { path, until, cuts, answers })
}

#[test]
fn a_node_that_was_cancelled_is_cancelled_again_at_the_same_place() {
    let (_, whole, _) = grow(&[], usize::MAX, 400);
    let (mut inner, mut without_words, mut changed) = (0, 0, 0);
    let without = |steps, which| {
        let mut engine = engine(400);
        let programs = start_all(&mut engine);
        grow_without(engine, programs, steps, which)
    };
    for steps in 1..41 {
        for without in (0..).map_while(|which| without(steps, which)) {
            let Without { path, until, answers: expected, .. } = &without;
            let nodes = expected.iter().flat_map(|answer| &answer.nodes);
            let cancelled = |grown: &&Grown| grown.path == *path && grown.outcome == Some(Outcome::Cancelled);
            let cancelled: Vec<&Grown> = nodes.filter(cancelled).collect();
            assert!(!cancelled.is_empty(), "{path:?} after {steps} steps");
            inner += usize::from(path.len() > 1);
            without_words += usize::from(cancelled.iter().all(|grown| grown.tokens.is_empty()));
            changed += usize::from(told(expected) != told(&whole));
            let (again, answers, _) = grow(&without.cut(until), usize::MAX, 400);
            assert!(told(&answers) == told(expected), "{path:?} after {steps} steps");
            // The same if the others had come further, and if pages are short.
            let (_, answers, _) = grow(&without.cut(&again), usize::MAX, 60);
            assert!(told(&answers) == told(expected), "{path:?} after {steps} steps, once more");
        }
    }
    assert!(inner > 5 && without_words > 5 && changed > 100, "{inner} {without_words} {changed}");
}

/// The text of such a tree includes its paths once they have returned: it depends on the stage of its root.
#[test]
fn a_tree_in_tags_that_was_cancelled_has_the_same_text_again() {
    let model = tiny_with(4096, &[], &[]);
    let form = Multiverse { width: 2, depth: 1, blocks: Some(2), characters: Some(3) };
    let constraint = form.constraint(model.tokenizer().expect("a vocabulary")).expect("a constraint");
    let plant = |seed, paths| {
        // With two rows a text is read in several steps, and the tree can be cancelled between two stages.
        let mut engine = device::engine(model.clone(), Settings { rows: 2, ..settings(2000) });
        let ground = Ground { members: Vec::new(), prefix: text(seed as u32, 9), seed, bounds: Bounds::default() };
        let turn = Turn { constraint: constraint.clone(), ..warm(4000) };
        let tags = Tags::new(ground, &model, form, turn, paths).expect("a program");
        let running = Running::start(&mut engine, tags).expect("planted");
        (engine, vec![running])
    };
    let mut cancelled = 0;
    for (seed, paths) in [(0, Paths::Replay), (1, Paths::Value), (2, Paths::Stitch), (3, Paths::Replay)] {
        for steps in (1..).step_by(3) {
            let (engine, programs) = plant(seed, paths);
            // The first open node is the root.
            let Some(without) = grow_without(engine, programs, steps, 0) else { break };
            let (engine, programs) = plant(seed, paths);
            let (_, answers, _) = grow_on(engine, programs, &without.cut(&without.until), usize::MAX);
            assert!(told(&answers) == told(&without.answers), "seed {seed}, {steps} steps");
            cancelled += 1;
        }
    }
    assert!(cancelled > 60, "{cancelled}");
}

#[test]
fn a_constraint_goes_along_with_what_is_read_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama");
    let model = Arc::new(Model::load(&folder).expect("the tiny model"));
    let grammars = Grammars::new(model.tokenizer().expect("a vocabulary")).expect("grammars");
    let schema = serde_json::json!({
        "type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": { "name": { "type": "string", "maxLength": 8 }, "age": { "type": "integer" } },
    });
    let constraint: TurnConstraint = grammars.json_schema(&schema).expect("a constraint").into();
    let question = request(&text(3, 9), Then::Generate(Turn { constraint, ..warm(60) }));
    let run = |record: ReplayLog, steps: usize| {
        let mut engine = device::engine(model.clone(), settings(64));
        let root = engine.submit(question.clone()).expect("a tree");
        engine.resume(root, record).expect("a fresh tree");
        let mut taken = ReplayLog::new();
        for _ in 0..steps {
            for event in engine.grow_once() {
                event.written().into_iter().for_each(|(_, written)| taken.push(&[], written));
            }
        }
        (taken, engine.generated(root).to_vec(), engine.outcome(root).cloned())
    };
    let (whole, expected, outcome) = run(ReplayLog::new(), 100);
    assert!(expected.len() > 8 && outcome.is_some());
    for cut in 1..12 {
        let (record, _, _) = run(ReplayLog::new(), cut);
        assert!(!record.is_empty() && record.len() < whole.len());
        assert_eq!(run(record, 100), (whole.clone(), expected.clone(), outcome.clone()), "after {cut} steps");
    }
}

#[test]
fn a_record_is_for_a_fresh_tree_of_the_same_vocabulary() {
    let mut engine = engine(32);
    let root = engine.submit(request(&text(1, 5), Then::Generate(warm(3)))).expect("a tree");
    let mut wrong = ReplayLog::new();
    wrong.push(&[], crate::LoggedToken { token: 10_000, log_probability: -1.0, origin: crate::Origin::Drawn });
    assert!(matches!(engine.resume(root, wrong), Err(EngineError::NoSuchToken { .. })));
    engine.grow();
    assert_eq!(engine.resume(root, ReplayLog::new()), Err(EngineError::Busy(root)));
    assert_eq!(engine.resume(NodeId(99), ReplayLog::new()), Err(EngineError::Unknown(NodeId(99))));
    assert!(matches!(engine.outcome(root), Some(Outcome::Budget(_))));
}
