//! Trees of tasks that the model itself writes: their text matches the schema, however little of it is in view.

use std::cell::RefCell;

use theoremata_kernels::Inline;

use super::*;
use crate::{
    Answer, Bound, Call, Ground, Memory, Outcome, Prune, Running, TaskForm, Tasks, Tokenizer, TurnConstraint,
    recall_tool, run_programs,
};

const FORM: TaskForm = TaskForm { levels: 3, width: 2, characters: Some(4) };

fn kept(most: usize) -> Memory {
    Memory::Lists { most, how: Prune::Recompute }
}

fn tools() -> Vec<(String, Json)> {
    let query = serde_json::json!({
        "type": "object",
        "properties": { "query": { "type": "string", "maxLength": 3 } },
        "required": ["query"],
        "additionalProperties": false,
    });
    let (recall, mut number) = recall_tool();
    // Small numbers, so that there is something to recall.
    number["properties"]["number"]["maximum"] = 2.into();
    vec![("look".to_owned(), query), (recall, number)]
}

/// A tree in a model of 2,048 positions, with its tool calls.
struct Grown {
    answer: Answer,
    /// What the root reads at the end.
    read: String,
    calls: Vec<(String, String)>,
    engine: Engine,
    root: NodeId,
}

fn grown(model: &Arc<Model>, settings: Settings, turn: Turn, memory: Memory, seed: u64, bounds: Bounds) -> Grown {
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let mut engine = device::engine(model.clone(), settings);
    let ground = Ground { members: Vec::new(), prefix: text(seed as u32, 9), seed, bounds };
    let calls = RefCell::new(Vec::new());
    let answer = |call: Call<'_>| {
        calls.borrow_mut().push((call.tool.to_owned(), call.parameters.to_owned()));
        Some(format!("\"{}\" \\ \n\u{1}", call.parameters.len()))
    };
    let tasks = Tasks::new(ground, model, turn, memory).expect("a program").with_tools(40, answer);
    let mut programs = vec![Running::start(&mut engine, tasks).expect("planted")];
    let root = programs[0].root();
    run_programs(&mut engine, &Inline, &mut programs, |engine, _| {
        assert_eq!(engine.audit(), Ok(()));
        assert!(engine.pages_held(root) <= bounds.pages);
    })
    .expect("the back-end computes");
    let read = tokenizer.decode(&engine.tokens(root)[9..]);
    // The engine's own tree is kept, for the tests to inspect.
    let mut beside = device::engine(model.clone(), super::settings(1));
    let answer = programs.remove(0).finish(&mut beside);
    Grown { answer, read, calls: calls.take(), engine, root }
}

fn turn(constraint: &TurnConstraint) -> Turn {
    Turn { constraint: constraint.clone(), ..warm(20_000) }
}

fn constraint(model: &Model, form: TaskForm) -> TurnConstraint {
    form.constraint(model.tokenizer().expect("a vocabulary"), &tools()).expect("a constraint")
}

fn decoded(model: &Model, tokens: &[Token]) -> String {
    model.tokenizer().map(|tokenizer: &Tokenizer| tokenizer.decode(tokens)).expect("a vocabulary")
}

/// A vocabulary of characters.
fn plain() -> Arc<Model> {
    tiny_with(2048, &[], &[])
}

/// A vocabulary in which tokens span the ends of lists and tasks.
fn paired() -> Arc<Model> {
    let pairs = [
        ("\"", "}"),
        ("\"}", ","),
        ("\"}", "]"),
        ("\"}]", ","),
        ("{", "\""),
        ("Ġ", "["),
        ("Ġ[", "{"),
        ("Ġ[{", "\""),
        ("\"", ","),
        ("\"", ":"),
        ("Ġ", "\""),
        ("Ġ", "{"),
        ("Ġ{", "\""),
    ];
    tiny_with(2048, &[], &pairs)
}

/// Checks a task of the text independently; returns the number of tasks in it.
fn check_task(task: &Json, level: usize) -> usize {
    let keys: Vec<&str> = task.as_object().expect("a task").keys().map(String::as_str).collect();
    let order = ["conclusion", "subtasks", "thought", "tooluse"];
    assert!(keys.iter().all(|key| order.contains(key)) && task["thought"].is_string(), "{task}");
    assert!(task["conclusion"].as_str().is_some_and(|text| text.chars().count() <= 4), "{task}");
    if let Some(tool) = task.get("tooluse") {
        assert!(tool["tool_result"].is_string() && tool["parameters"].is_object() && level < 3, "{tool}");
    }
    let below = task.get("subtasks").map(|tasks| tasks.as_array().expect("tasks").as_slice()).unwrap_or_default();
    assert!(below.len() <= FORM.width && (below.is_empty() || level < FORM.levels));
    1 + below.iter().map(|task| check_task(task, level + 1)).sum::<usize>()
}

/// Lists of subtasks in a tree.
fn lists(task: &Json) -> usize {
    let below = task.get("subtasks").or(task.get("reasoning")).and_then(Json::as_array);
    let own = usize::from(task.get("subtasks").is_some());
    own + below.map_or(0, |tasks| tasks.iter().map(lists).sum())
}

const MEMORIES: [Memory; 6] = [
    Memory::Lists { most: usize::MAX, how: Prune::Recompute },
    Memory::Lists { most: 0, how: Prune::Recompute },
    Memory::Lists { most: 1, how: Prune::Recompute },
    Memory::Lists { most: 2, how: Prune::Recompute },
    Memory::Lists { most: 1, how: Prune::Splice },
    Memory::Conclusions,
];

#[test]
fn the_whole_text_fits_the_schema_though_most_of_it_is_not_read() {
    let (mut tasks, mut pruned, mut calls) = (0, 0, 0);
    for model in [plain(), paired()] {
        let constraint = constraint(&model, FORM);
        for (seed, memory) in (0..u64::from(seeds(16))).flat_map(|seed| MEMORIES.map(|memory| (seed, memory))) {
            let found = grown(&model, settings(600), turn(&constraint), memory, seed, Bounds::default());
            let (answer, said) = (&found.answer, format!("seed {seed}, {memory:?}"));
            assert_eq!(answer.outcome, Outcome::Concluded, "{said} {}", decoded(&model, &answer.text));
            let text = decoded(&model, &answer.text);
            let tree: Json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{said}: {error}: {text}"));
            let reasoning = tree["reasoning"].as_array().expect("tasks");
            let count: usize = reasoning.iter().map(|task| check_task(task, 1)).sum();
            assert_eq!(decoded(&model, &answer.tokens), format!(" {}}}", tree["answer"]), "{said}");
            // The text in view is a tree of tasks as well.
            let read: Json = serde_json::from_str(&found.read).unwrap_or_else(|error| panic!("{said}: {error}"));
            assert_eq!(read["answer"], tree["answer"], "{said}");
            let lists: usize = lists(&tree);
            match memory {
                Memory::Lists { most, how } => {
                    assert_eq!(answer.pruned.len(), lists.saturating_sub(most), "{said}");
                    assert_eq!(answer.prunes.len(), answer.pruned.len());
                    assert!(how == Prune::Splice || answer.prunes.iter().all(|(_, report)| report.exact), "{said}");
                    let again: usize = answer.pruned.iter().map(|pruned| decoded(&model, &pruned.tokens).len()).sum();
                    assert_eq!(found.read.len() + again, text.len(), "nothing is lost");
                    if most == 0 {
                        assert!(!found.read.contains("subtasks") || text.contains("\\\"subtasks"));
                    }
                }
                Memory::Conclusions => {
                    assert_eq!((answer.pruned.len(), answer.nodes.len()), (count, count + 1), "{said}");
                    assert!(answer.joins.iter().all(|(_, report)| report.exact && report.reused == 0), "{said}");
                    let only = |task: &Json| task.as_object().is_some_and(|task| task.len() == 1);
                    let left: Vec<&Json> = read["reasoning"].as_array().expect("tasks").iter().collect();
                    assert!(left.iter().all(|task| only(task)), "{said}: {read}");
                    let conclusions = reasoning.iter().map(|task| &task["conclusion"]);
                    assert!(conclusions.eq(left.iter().map(|task| &task["conclusion"])), "{said}");
                }
            }
            assert_eq!(answer.usage.calls, text.matches("\"tool_result\": ").count(), "{said}");
            assert_eq!(found.calls.len(), text.matches("\"tool_name\": \"look\"").count(), "{said}");
            tasks += count;
            pruned += answer.pruned.len();
            calls += answer.usage.calls;
        }
    }
    println!("{tasks} tasks, {pruned} pieces pruned, {calls} calls of tools");
    assert!(tasks > 300 && pruned > 100 && calls > 50, "{tasks} tasks, {pruned} pieces pruned, {calls} calls");
}

#[test]
fn a_tool_reads_its_parameters_and_its_reply_is_read_once() {
    let model = plain();
    let constraint = constraint(&model, FORM);
    let mut recalled = 0;
    for seed in 0..40 {
        let found = grown(&model, settings(600), turn(&constraint), kept(0), seed, Bounds::default());
        let tree: Json = serde_json::from_str(&decoded(&model, &found.answer.text)).expect("json");
        let mut uses = Vec::new();
        uses_of(&tree, &mut uses);
        let mut asked = found.calls.iter();
        for tool in uses {
            if tool["tool_name"] == "recall" {
                let reply = tool["tool_result"].as_str().expect("a text");
                assert!(reply.starts_with("there are ") || reply.starts_with("\"subtasks\": [{\"thought\""), "{reply}");
                recalled += usize::from(reply.starts_with("\"subtasks\""));
                continue;
            }
            let (name, parameters) = asked.next().expect("a call for each use");
            assert_eq!(
                (tool["tool_name"].as_str(), &tool["parameters"].to_string().len()),
                (Some(name.as_str()), &(parameters.len() - 1))
            );
            let reply: String = format!("\"{}\" \\ \n\u{1}", parameters.len()).chars().take(40).collect();
            assert_eq!(tool["tool_result"], reply.as_str(), "nothing of it is lost or escaped twice");
        }
        assert!(asked.next().is_none());
        // Tool replies do not count as generated.
        let replies: usize = found.answer.text.len() - found.answer.usage.generated;
        assert_eq!(replies > 0, found.answer.usage.calls > 0);
    }
    assert!(recalled > 1, "{recalled} lists were recalled");
}

/// The tool calls in text order.
fn uses_of<'t>(task: &'t Json, uses: &mut Vec<&'t Json>) {
    uses.extend(task.get("tooluse"));
    let below = task.get("subtasks").or(task.get("reasoning")).and_then(Json::as_array);
    below.into_iter().flatten().for_each(|task| uses_of(task, uses));
}

#[test]
fn what_is_left_is_read_as_if_nothing_else_had_been_there() {
    let model = paired();
    let constraint = constraint(&model, FORM);
    for memory in [kept(0), kept(1), Memory::Conclusions] {
        for seed in 0..3 {
            let mut found = grown(&model, settings(600), turn(&constraint), memory, seed, Bounds::default());
            let read = found.engine.tokens(found.root);
            found.engine.extend(found.root, &[3], Then::Generate(Turn::greedy(1))).expect("more");
            found.engine.grow();
            let mut plain = device::engine(model.clone(), settings(600));
            let whole = [read.as_slice(), &[3]].concat();
            let other = plain.submit(request(&whole, Then::Generate(Turn::greedy(1)))).expect("a tree");
            plain.grow();
            assert_eq!(last_logits(&found.engine, found.root), last_logits(&plain, other), "to the bit");
        }
    }
}

#[test]
fn a_text_is_the_same_whatever_the_schedule() {
    let model = paired();
    let constraint = constraint(&model, FORM);
    for memory in [kept(0), kept(2), Memory::Conclusions] {
        for seed in 0..4 {
            let expected = grown(&model, settings(600), turn(&constraint), memory, seed, Bounds::default());
            let narrow = Settings { rows: 3, page_tokens: 7, ..settings(200) };
            let found = grown(&model, narrow, turn(&constraint), memory, seed, Bounds::default());
            assert_eq!(found.answer.text, expected.answer.text);
            assert_eq!((found.read, found.answer.pruned), (expected.read, expected.answer.pruned));
        }
    }
}

#[test]
fn a_recalled_list_is_read_as_if_it_had_never_been_away() {
    let model = plain();
    let constraint = constraint(&model, FORM);
    let mut recalled = 0;
    for seed in 0..12 {
        let Grown { answer, mut engine, root, .. } =
            grown(&model, settings(600), turn(&constraint), kept(0), seed, Bounds::default());
        // The last list that was removed, if outermost: the text after it is the end of the text.
        let [.., last] = answer.pruned.as_slice() else { continue };
        let (report, read) = (&answer.prunes.last().expect("a report").1, engine.tokens(root));
        let at = report.range.start;
        let back = engine.recall(root, at, &last.tokens).expect("recalled");
        assert!(back.exact);
        let whole = [&read[..at], &last.tokens, &read[at..]].concat();
        assert_eq!(engine.tokens(root), whole);
        engine.extend(root, &[3], Then::Generate(Turn::greedy(1))).expect("more");
        engine.grow();
        let mut plain = device::engine(plain(), settings(600));
        let text = [whole.as_slice(), &[3]].concat();
        let other = plain.submit(request(&text, Then::Generate(Turn::greedy(1)))).expect("a tree");
        plain.grow();
        assert_eq!(last_logits(&engine, root), last_logits(&plain, other));
        recalled += 1;
    }
    assert!(recalled > 3, "{recalled}");
}

#[test]
fn a_tree_that_cannot_end_as_one_ends_all_the_same() {
    let model = plain();
    let with = constraint(&model, FORM);
    let outcome = |memory: Memory, bounds: Bounds, turn: Turn| {
        let found = grown(&model, settings(600), turn, memory, 1, bounds);
        assert_eq!(found.engine.audit(), Ok(()));
        assert!(found.engine.is_idle());
        found.answer.outcome
    };
    let free = Bounds::default();
    for memory in [kept(0), Memory::Conclusions] {
        let bound = |bound| Outcome::Budget(bound);
        let endless = constraint(&model, TaskForm { characters: None, ..FORM });
        assert_eq!(outcome(memory, free, Turn { constraint: endless, ..Turn::greedy(70) }), bound(Bound::Tokens));
        assert_eq!(outcome(memory, Bounds { tokens: 60, ..free }, turn(&with)), bound(Bound::Allowance));
        assert_eq!(outcome(memory, Bounds { path: 60, ..free }, turn(&with)), bound(Bound::Path));
        assert_eq!(outcome(memory, Bounds { pages: 10, ..free }, turn(&with)), bound(Bound::Pages));
        let used = (0..30).find(|seed| {
            let found = grown(&model, settings(600), turn(&with), memory, *seed, Bounds { calls: 1, ..free });
            assert!(found.answer.usage.calls <= 1);
            found.answer.outcome == bound(Bound::Calls)
        });
        assert!(used.is_some(), "some tree calls twice");
        // A model without a constraint writes no tree.
        let stops = Turn { stops: (0..96).collect(), ..warm(50) };
        assert_eq!(outcome(memory, free, stops), Outcome::Invalid);
        assert_eq!(outcome(memory, free, warm(50)), bound(Bound::Tokens));
    }
    assert_eq!(outcome(Memory::Conclusions, Bounds { depth: 0, ..free }, turn(&with)), Outcome::Budget(Bound::Depth));
}
