//! Texts many times longer than the cache may hold, and resuming them.

use theoremata_kernels::Inline;

use super::*;
use crate::{
    Answer, Bound, Grammars, Ground, Memory, Multiverse, Outcome, Paths, Program, Prune, ReplayLog, Running, Tags,
    TaskForm, Tasks, TurnConstraint,
};

/// A schema of trees in which every list is as long, and every task split as deeply, as the form allows.
fn full(form: TaskForm) -> Json {
    let mut schema = form.schema(&[]).expect("a schema");
    schema["properties"]["reasoning"]["minItems"] = form.width.into();
    for level in 1..form.levels {
        let task = &mut schema["$defs"][format!("task{level}")];
        task["required"] = serde_json::json!(["thought", "subtasks", "conclusion"]);
        task["properties"]["subtasks"]["minItems"] = form.width.into();
    }
    schema
}

fn constrained(model: &Model, schema: &Json) -> TurnConstraint {
    let grammars = Grammars::new(model.tokenizer().expect("a vocabulary")).expect("grammars");
    grammars.json_schema(schema).expect("a constraint").into()
}

#[test]
fn a_tree_of_any_length_is_written_within_few_pages() {
    let model = tiny_with(768, &[], &[]);
    let lists = Memory::Lists { most: 0, how: Prune::Recompute };
    // The pool itself is the bound, or the tree has one of its own.
    for (memory, levels, pool, pages) in [(lists, 7, 192, usize::MAX), (Memory::Conclusions, 6, 400, 192)] {
        let mut engine = device::engine(model.clone(), settings(pool));
        let bounds = Bounds { pages, ..Bounds::default() };
        let ground = Ground { members: Vec::new(), prefix: text(1, 9), seed: 1, bounds };
        let constraint = constrained(&model, &full(TaskForm { levels, width: 2, characters: Some(2) }));
        let turn = Turn { constraint, ..warm(1 << 20) };
        let tasks = Tasks::new(ground, &model, turn, memory);
        let mut running = Running::start(&mut engine, tasks.expect("a program")).expect("planted");
        while !engine.is_idle() {
            for event in engine.grow_once() {
                running.take(&mut engine, &event);
            }
            assert!(engine.pages_held(running.root()) <= 192 && engine.usage().pages_used <= pool);
            assert_eq!(engine.audit(), Ok(()));
        }
        let answer = running.finish(&mut engine);
        assert_eq!(answer.outcome, Outcome::Concluded, "{memory:?}");
        assert!(answer.usage.generated > 6 * 192 * 4, "many times what may be held: {}", answer.usage.generated);
        let said = model.tokenizer().expect("a vocabulary").decode(&answer.text);
        assert!(serde_json::from_str::<Json>(&said).is_ok());
        let longest = answer.prunes.iter().map(|(_, report)| report.reencoded).max();
        assert!(longest < Some(60), "what is read again is short: {longest:?}");
    }
}

/// Runs a program for up to `steps` steps, after replaying a log. Returns what it wrote, its answer, and the steps
/// taken.
fn grow(model: &Arc<Model>, program: impl Program, record: ReplayLog, steps: usize) -> (ReplayLog, Answer, usize) {
    let mut engine = device::engine(model.clone(), settings(600));
    let mut running = Running::start(&mut engine, program).expect("planted");
    engine.resume(running.root(), record).expect("a fresh tree");
    let (mut taken, mut step) = (ReplayLog::new(), 0);
    while !engine.is_idle() && step < steps {
        for event in engine.grow_once() {
            running.take(&mut engine, &event);
            if let Some((node, written)) = event.written()
                && let Some(grown) = running.growth().node(node)
            {
                taken.push(&grown.path, written);
            }
        }
        step += 1;
    }
    (taken, running.finish(&mut engine), step)
}

/// Interrupts a program at several places, and resumes it in another engine.
fn resumes<'a, P: Program + 'a>(model: &Arc<Model>, program: impl Fn() -> P) {
    let (whole, expected, steps) = grow(model, program(), ReplayLog::new(), usize::MAX);
    assert!(expected.outcome == Outcome::Concluded && expected.nodes.iter().any(|node| !node.path.is_empty()));
    for cut in [1, 7, steps / 4, steps / 2, steps - 2] {
        let (record, answer, _) = grow(model, program(), ReplayLog::new(), cut);
        assert_eq!(answer.outcome, Outcome::Cancelled);
        let (again, answer, _) = grow(model, program(), record, usize::MAX);
        assert!(again == whole, "cut off after {cut} of {steps} steps");
        assert_eq!((answer.outcome, answer.text), (expected.outcome.clone(), expected.text.clone()));
        assert_eq!((answer.nodes, answer.pruned), (expected.nodes.clone(), expected.pruned.clone()));
    }
}

#[test]
fn a_tree_that_the_model_parts_is_resumed_to_the_token() {
    let model = tiny_with(2048, &[], &[]);
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let ground = |seed| Ground { members: Vec::new(), prefix: text(1, 9), seed, bounds: Bounds::default() };
    let form = Multiverse { width: 2, depth: 2, blocks: Some(1), characters: Some(4) };
    let constraint = form.constraint(tokenizer).expect("a constraint");
    for paths in [Paths::Stitch, Paths::Replay, Paths::Value] {
        let turn = Turn { constraint: constraint.clone(), ..warm(2000) };
        resumes(&model, || Tags::new(ground(2), &model, form, turn.clone(), paths).expect("a program"));
    }
    let turn = Turn {
        constraint: constrained(&model, &full(TaskForm { levels: 3, width: 2, characters: Some(3) })),
        ..warm(2000)
    };
    resumes(&model, || Tasks::new(ground(1), &model, turn.clone(), Memory::Conclusions).expect("a program"));
}

#[test]
fn a_tree_whose_time_is_up_says_so() {
    let model = tiny_with(2048, &[], &[]);
    let turn = Turn {
        constraint: constrained(&model, &full(TaskForm { levels: 3, width: 2, characters: Some(3) })),
        ..warm(2000)
    };
    for memory in [Memory::Lists { most: 1, how: Prune::Recompute }, Memory::Conclusions] {
        let ground = Ground { members: Vec::new(), prefix: text(1, 9), seed: 1, bounds: Bounds::default() };
        let mut engine = device::engine(model.clone(), settings(600));
        let tasks = Tasks::new(ground, &model, turn.clone(), memory).expect("a program");
        let mut running = Running::start(&mut engine, tasks).expect("planted");
        for _ in 0..60 {
            engine.grow_once().iter().for_each(|event| running.take(&mut engine, event));
        }
        running.expire(&mut engine);
        while !engine.is_idle() {
            engine.grow_once().iter().for_each(|event| running.take(&mut engine, event));
        }
        let answer = running.finish(&mut engine);
        assert_eq!(answer.outcome, Outcome::Budget(Bound::Time));
        let generated: usize = answer.nodes.iter().map(|node| node.tokens.len()).sum();
        assert_eq!(answer.text.len(), generated, "what was written so far is told");
    }
}

#[test]
fn absurd_bounds_end_a_tree_and_nobody_else() {
    let model = tiny_with(2048, &[], &[]);
    let tags = Multiverse { width: 2, depth: 2, blocks: Some(1), characters: Some(4) };
    let tags_constraint = tags.constraint(model.tokenizer().expect("a vocabulary")).expect("a constraint");
    let tasks_constraint = constrained(&model, &full(TaskForm { levels: 3, width: 2, characters: Some(3) }));
    let free = Bounds::default();
    let mut absurd = Vec::new();
    for number in [0, 1, 2, usize::MAX] {
        absurd.extend([
            Bounds { tokens: number, ..free },
            Bounds { width: number, ..free },
            Bounds { depth: number, ..free },
            Bounds { path: number, ..free },
            Bounds { pages: number, ..free },
            Bounds { calls: number, ..free },
            Bounds {
                tokens: number,
                width: number,
                depth: number,
                path: number,
                pages: number,
                calls: number,
                kv: Kv::All,
            },
        ]);
    }
    let mut engine = device::engine(model.clone(), settings(600));
    let question = request(&text(5, 9), Then::Generate(warm(30)));
    let alone = engine.submit(question.clone()).expect("a tree");
    engine.grow();
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    for bounds in absurd {
        for max_tokens in [1, usize::MAX] {
            let ground = || Ground { members: Vec::new(), prefix: text(1, 9), seed: 2, bounds };
            let turn = |constraint: &TurnConstraint| Turn { constraint: constraint.clone(), ..warm(max_tokens) };
            let mut programs = Vec::new();
            for paths in [Paths::Stitch, Paths::Value] {
                let tree = Tags::new(ground(), &model, tags, turn(&tags_constraint), paths).expect("a program");
                programs.push(Running::start(&mut engine, tree).expect("planted"));
            }
            for memory in [Memory::Lists { most: usize::MAX, how: Prune::Splice }, Memory::Conclusions] {
                let tree = Tasks::new(ground(), &model, turn(&tasks_constraint), memory).expect("a program");
                programs.push(Running::start(&mut engine, tree).expect("planted"));
            }
            let beside = engine.submit(question.clone()).expect("a tree");
            crate::run_programs(&mut engine, &Inline, &mut programs, |_, _| {}).expect("the back-end computes");
            assert_eq!(engine.generated(beside), engine.generated(alone), "{bounds:?}");
            engine.forget(beside);
            for program in programs {
                *ends.entry(format!("{:?}", program.finish(&mut engine).outcome)).or_default() += 1;
            }
            assert_eq!(engine.audit(), Ok(()));
        }
    }
    println!("{ends:?}");
    let named = ["Tokens", "Allowance", "Path", "Pages", "Width", "Depth"].map(|bound| format!("Budget({bound})"));
    for end in named.iter().map(String::as_str).chain(["Concluded", "Failed"]) {
        assert!(ends.contains_key(end), "{ends:?}");
    }
}
