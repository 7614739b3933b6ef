//! Programs that are data: the shipped ones are instances, and whoever does one, the answer is the same.

use serde_json::{Value as Json, json};
use theoremata_actors::jobs::{JobError, NodeAnswer, Resumption, Script, Suspended, Tool, Toolbox};

use super::*;

fn script(steps: Json) -> Program {
    Program::Script(Script { steps: serde_json::from_value(steps).expect("steps") })
}

/// What hangs on the job, of a program that knows whole texts and counts its calls.
fn said(answer: &Answer) -> impl PartialEq + std::fmt::Debug + use<> {
    let Answer { outcome, text, chosen, votes, nodes, .. } = answer.clone();
    let text = if outcome == Outcome::Concluded { text.trim().to_owned() } else { String::new() };
    let node = |node: NodeAnswer| (node.path.clone(), node.outcome.clone(), node.tokens, node.log_probability());
    (outcome, text, chosen, votes, nodes.into_iter().map(node).collect::<Vec<_>>())
}

#[test]
fn the_shipped_programs_are_instances() {
    let fork = |count: usize, policy: Json| {
        let join = json!({ "mode": "select", "policy": policy });
        script(json!([{ "fork": { "count": count, "steps": [{ "generate": {} }], "join": join } }]))
    };
    let items = ["one", "two", "three"];
    let each =
        json!({ "each": items, "steps": [{ "say": "{item}" }, { "generate": {} }], "join": { "mode": "value" } });
    let map = script(json!([{ "fork": each }, { "say": "And now?" }, { "generate": {} }]));
    let shipped_map = Program::Map { items: items.map(str::to_owned).to_vec(), last: Some("And now?".into()) };
    let pattern = || Some("[a-z]".to_owned());
    let pairs = [
        ("1 + 1 =", Program::Vote { samples: 6, least: 1, pattern: None }, fork(6, json!({ "vote": {} }))),
        (
            "1 + 1 =",
            Program::Vote { samples: 9, least: 2, pattern: pattern() },
            fork(9, json!({ "vote": { "pattern": "[a-z]", "least": 2 } })),
        ),
        (
            "Try:",
            Program::First { samples: 6, accept: Accept::Pattern("[a-z]{2}".into()) },
            fork(6, json!({ "accepted": { "pattern": "[a-z]{2}" } })),
        ),
        ("Go on:", shipped_map, map),
    ];
    let (mut concluded, mut jobs) = (0, Vec::new());
    for ((prompt, shipped, script), seed) in pairs.iter().flat_map(|pair| (0..6).map(move |seed| (pair, seed))) {
        let job = |prompt: &str, program: &Program| Job { seed, ..warm(Job::new(prompt, program.clone(), 40)) };
        let begins =
            if matches!(shipped, Program::Map { .. }) { format!("{prompt}\n\n") } else { (*prompt).to_owned() };
        jobs.push(job(prompt, shipped));
        jobs.push(job(&begins, script));
    }
    for pair in expected(&jobs, None).chunks(2) {
        assert_eq!(said(&pair[0]), said(&pair[1]));
        concluded += usize::from(pair[0].outcome == Outcome::Concluded);
    }
    assert!(concluded > 12, "{concluded}");
}

fn tools() -> (Vec<Tool>, Toolbox) {
    let tool = |name: &str| Tool { seconds: 1, ..Tool::new(name, name) };
    let toolbox: Toolbox = Arc::new(|tool, parameters, _| match tool.name.as_str() {
        "length" => parameters.len().to_string(),
        _ => format!("<{parameters}>"),
    });
    (vec![tool("length"), tool("quote")], toolbox)
}

fn select(policy: Json) -> Json {
    json!({ "mode": "select", "policy": policy })
}

fn scripts() -> Vec<Program> {
    let write = || json!({ "generate": { "max_tokens": 12, "regex": "[a-z]{1,6}" } });
    let fork = |ways: (&str, Json), steps: Json, join: Json| {
        let mut fork = json!({ "steps": steps, "join": join });
        fork[ways.0] = ways.1;
        json!({ "fork": fork })
    };
    let plan =
        json!({ "generate": { "max_tokens": 30, "regex": "[a-z]{1,3}\n[a-z]{1,3}\n[a-z]{1,3}", "temperature": 1.0 } });
    let again = json!([{ "say": "Task: {item}\n" }, write(), { "say": "; " }, write()]);
    let vote = fork(("count", json!(3)), json!([write()]), select(json!({ "vote": {} })));
    vec![
        // A plan, branches about its lines in which a vote decides, and a last word.
        script(json!([
            { "say": "Plan:\n" }, plan.clone(),
            fork(("lines", json!(3)), json!([{ "say": "Do {item}: " }, vote]), json!({ "mode": "value", "between": " | " })),
            { "say": "All:" }, write(),
        ])),
        script(json!([plan, fork(("lines", json!(2)), again.clone(), json!({ "mode": "replay" })), write()])),
        // Better each time.
        script(json!([
            { "loop": { "most": 4, "until": "^[a-m]", "steps": [{ "say": "\nTry: " }, write()] } },
            { "tool": { "name": "quote", "parameters": { "said": "{last}", "n": 1 } } },
            { "say": "\nSo: " }, write(),
        ])),
        script(json!([fork(
            ("count", json!(5)),
            json!([write()]),
            select(json!({ "highest": { "tool": "length" } }))
        )])),
        script(json!([fork(
            ("count", json!(5)),
            json!([write()]),
            select(json!({ "weighted": { "tool": "length", "pattern": "^." } })),
        )])),
        script(
            json!([fork(("count", json!(4)), json!([write()]), select(json!("best"))), { "say": " and " }, write()]),
        ),
        script(json!([fork(("count", json!(4)), json!([write()]), select(json!("shortest")))])),
        script(json!([
            fork(("count", json!(4)), again, select(json!({ "accepted": { "pattern": "e|o" } }))), { "say": "." }, write(),
        ])),
    ]
}

#[test]
fn whoever_takes_the_steps_of_a_program_the_answer_is_the_same() {
    let (tools, toolbox) = tools();
    let uses_tools = |program: &Program| serde_json::to_string(program).is_ok_and(|text| text.contains("tool"));
    let jobs: Vec<Job> = scripts()
        .into_iter()
        .flat_map(|program| (0..2).map(move |seed| (program.clone(), seed)))
        .map(|(program, seed)| {
            let tools = if uses_tools(&program) { tools.clone() } else { Vec::new() };
            Job { seed, tools, stop: Vec::new(), ..warm(Job::new("Begin. ", program, 40)) }
        })
        .collect();
    let store = Arc::new(Store::in_memory());
    let kept = |workers| Options { store: Some(store.clone()), toolbox: Some(toolbox.clone()), ..options(workers) };
    let pool = Pool::start(kept(1)).expect("a pool");
    let ids = ask(&pool, &jobs);
    let done = finish(&pool, &ids);
    drop(pool);
    for ((answer, told), job) in done.iter().zip(&jobs) {
        assert_eq!(answer.outcome, Outcome::Concluded, "{job:?} {answer:?}");
        assert!(!answer.text.is_empty() && answer.exact);
        check_told(answer, told);
    }
    let journals: Vec<_> = ids.iter().map(|id| store.journal(*id).expect("a journal").0).collect();
    // Cut off at places all over, beside others, and on another number of workers.
    let mut resumed = 0;
    for round in 0..6 {
        for ((id, records), place) in ids.iter().zip(&journals).zip(0..) {
            let kept_records = 1 + (round * 37 + place * 11) % (records.len() - 1);
            store.remove_journal(*id).expect("removed");
            store.append(*id, JournalEnd::default(), &records[..kept_records]).expect("appended");
            resumed += usize::from(kept_records > 4);
        }
        let pool = Pool::start(kept(1 + round % 3)).expect("a pool");
        assert_eq!(ask(&pool, &jobs), ids);
        for ((answer, told), (expected, _)) in finish(&pool, &ids).iter().zip(&done) {
            assert_eq!(said(answer), said(expected));
            check_told(answer, told);
        }
    }
    assert!(resumed > 30, "{resumed}");
}

#[test]
fn a_text_that_is_said_too_often_ends_its_node_and_not_the_pool() {
    let often = json!([{ "loop": { "most": 1000, "steps": [{ "say": "x".repeat(1 << 16) }] } }, { "generate": {} }]);
    let fork = json!([{ "fork": { "count": 2, "steps": often, "join": { "mode": "value" } } }]);
    let answers = expected(&[often, fork].map(|steps| Job::new("x", script(steps), 8)), None);
    let outcomes: Vec<&Outcome> = answers.iter().map(|answer| &answer.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Budget(Bound::Context); 2]);
}

#[test]
fn what_is_no_program_is_refused_with_its_place() {
    let (tools, _) = tools();
    let wrong = |steps: Json| {
        let job = Job { tools: tools.clone(), ..Job::new("x", script(steps), 8) };
        match job.check() {
            Err(JobError::Script(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let fork = |more: Json, join: Json| {
        let mut fork = json!({ "steps": [{ "say": "a" }], "join": join });
        fork.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!([{ "say": "x" }, { "fork": fork }])
    };
    let value = json!({ "mode": "value" });
    for (steps, place, what) in [
        (json!([]), "steps:", "no step"),
        (json!([{ "generate": { "max_tokens": 0 } }]), "steps[0].generate.max_tokens:", "at least 1"),
        (json!([{ "generate": { "temperature": -1.0 } }]), "steps[0].generate.temperature:", "at least 0"),
        (fork(json!({}), value.clone()), "steps[1].fork:", "just one of"),
        (fork(json!({ "count": 2, "lines": 2 }), value.clone()), "steps[1].fork:", "just one of"),
        (fork(json!({ "count": 0 }), value.clone()), "steps[1].fork:", "0 is not between 1 and"),
        (fork(json!({ "count": 2 }), json!({ "mode": "select" })), "steps[1].fork.join.policy:", "needs a policy"),
        (
            fork(json!({ "count": 2 }), json!({ "mode": "value", "policy": "best" })),
            "steps[1].fork.join.policy:",
            "mode `select`",
        ),
        (
            fork(json!({ "count": 2 }), select(json!({ "highest": { "tool": "x" } }))),
            "highest.tool:",
            "(length, quote)",
        ),
        (fork(json!({ "count": 2 }), select(json!({ "vote": { "pattern": "(" } }))), "vote.pattern:", "cannot be read"),
        (json!([{ "loop": { "most": 0, "steps": [] } }]), "steps[0].loop.most:", "0 is not between"),
        (
            json!([{ "loop": { "most": 1000, "steps": [{ "loop": { "most": 1000, "steps": [{ "say": "x" }] } }] } }]),
            "steps[0].loop.steps[0].loop.most:",
            "is not between",
        ),
        (json!([{ "tool": { "name": "look" } }]), "steps[0].tool.name:", "no tool `look`"),
    ] {
        let error = wrong(steps);
        assert!(error.contains(place) && error.contains(what), "{place} {what}: {error}");
    }
}

#[test]
fn jobs_that_wait_for_a_person_leave_their_worker_to_others() {
    let steps = || {
        json!([
            { "fork": {
                "each": ["one", "two"], "join": { "mode": "value" },
                "steps": [{ "generate": { "regex": "[0-9]{3}" } }, { "approve": "Keep {last} of {item}?" }],
            } },
            { "generate": { "regex": "[a-z]{4}" } },
        ])
    };
    let job = |seed: u64| Job { seed, ..Job::new("1 + 1 =", script(steps()), 40) };
    let wait = |what: &dyn Fn() -> bool| {
        let begin = std::time::Instant::now();
        while !what() {
            assert!(begin.elapsed() < Duration::from_secs(60), "that takes too long");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let waits = |told: &[Arc<JobEvent>], node: u32| {
        told.iter().any(|told| told.path == [node] && matches!(told.what, EventKind::Awaits(_)))
    };
    // Decided as soon as it is asked, so that no job is suspended for long.
    let hasty = Pool::start(options(1)).expect("a pool");
    let one = hasty.submit(job(0)).expect("taken");
    for node in [0, 1] {
        wait(&|| hasty.decide(one, &[node], true));
    }
    let expected = &finish(&hasty, &[one])[0].0;

    for resumption in [Resumption::AtOnce, Resumption::WhenAsked] {
        let pool = Pool::start(Options { resumption, ..options(1) }).expect("a pool");
        // More than a worker does side by side.
        let ids: Vec<JobId> = (0..40).map(|seed| pool.submit(job(seed)).expect("taken")).collect();
        wait(&|| ids.iter().all(|id| pool.suspended(*id) == Some(Suspended::Waiting)));
        finish(&pool, &ask(&pool, &[vote("1 + 1 =")]));
        let told = pool.told(ids[0], 0).expect("known");
        assert!(waits(&told, 0) && waits(&told, 1));
        assert!(pool.decide(ids[0], &[1], true) && !pool.decide(ids[0], &[1], true));
        if resumption == Resumption::WhenAsked {
            assert_eq!(pool.suspended(ids[0]), Some(Suspended::Ready));
            pool.submit(job(0)).expect("known");
        }
        // The other branch waits still.
        wait(&|| pool.suspended(ids[0]) == Some(Suspended::Waiting));
        assert!(pool.decide(ids[0], &[0], true));
        pool.submit(job(0)).expect("known");
        let (answer, told) = &finish(&pool, &ids[..1])[0];
        assert_eq!(lasting(answer), lasting(expected), "a suspension changes no token");
        check_told(answer, told);
        assert_eq!(told.iter().filter(|told| matches!(told.what, EventKind::Awaits(_))).count(), 2);

        // A branch that is cancelled while its job is suspended lets the other one decide what follows.
        pool.cancel_node(ids[1], &[0]);
        assert!(pool.decide(ids[1], &[1], true));
        pool.submit(job(1)).expect("known");
        let (answer, told) = &finish(&pool, &ids[1..2])[0];
        check_told(answer, told);
        let node = |place: u32| answer.nodes.iter().find(|node| node.path == [place]).expect("a node");
        assert_eq!((&node(0).outcome, &node(1).outcome), (&Some(Outcome::Cancelled), &Some(Outcome::Concluded)));
        pool.cancel(ids[2]);
        let (answer, _) = &finish(&pool, &ids[2..3])[0];
        assert_eq!(answer.outcome, Outcome::Cancelled);
        assert!(answer.nodes.iter().any(|node| !node.text.is_empty()), "what was said stays");
        assert!(ids[3..].iter().all(|id| pool.suspended(*id) == Some(Suspended::Waiting)));
        let timed = pool.submit(Job { seconds: Some(1), ..job(50) }).expect("taken");
        let (answer, _) = &finish(&pool, &[timed])[0];
        assert_eq!(answer.outcome, Outcome::Budget(Bound::Time), "nobody decides, and its time is up");
        assert!(answer.nodes.iter().any(|node| node.text.len() == 3));
    }
}
