//! Tests on the default model, if its file exists: `theoremata model pull smollm2` downloads it.

#[path = "../../tests/common/skip.rs"]
mod skip;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use theoremata_kernels::{Crew, Sampling};
use theoremata_lm::{
    Bounds, Branch, Choice, Engine, Event, Ground, Join, Memory, Message, Model, Multiverse, Outcome, Paths, Prune,
    Reading, Request, Role, Running, Settings, Spawn, Speculation, Tags, TaskForm, Tasks, Then, Token, Turn,
    run_programs,
};

/// The file of the model, as stored by `model pull`.
fn file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("THEOREMATA_MODELS")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("theoremata/models")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/theoremata/models")))?;
    Some(folder.join("smollm2.gguf")).filter(|path| path.exists())
}

/// The model; `None`, with a message, if there is no file.
fn model() -> Option<Arc<Model>> {
    let Some(path) = file() else {
        skip::skipped("the model smollm2 is not here; `theoremata model pull smollm2` fetches it");
        return None;
    };
    Some(Arc::new(Model::load(&path).expect("the model")))
}

/// Questions, with the tokens of the prompt and of the reference answer.
fn examples() -> Vec<(String, Vec<Token>, Vec<Token>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/smollm2.json");
    let json: Json = serde_json::from_str(&std::fs::read_to_string(path).expect("the examples")).expect("json");
    let tokens = |json: &Json| -> Vec<Token> {
        json.as_array().expect("tokens").iter().map(|token| token.as_u64().expect("a token") as Token).collect()
    };
    let example = |json: &Json| {
        (json["question"].as_str().expect("a text").to_owned(), tokens(&json["prompt"]), tokens(&json["answer"]))
    };
    json.as_array().expect("a list").iter().map(example).collect()
}

fn asked(question: &str) -> Vec<Message> {
    vec![Message::new(Role::User, question)]
}

fn request(tokens: &[Token], then: Then) -> Request {
    Request { members: Vec::new(), tokens: tokens.to_vec(), seed: 1, then, bounds: Bounds::default() }
}

#[test]
fn conversations_have_the_tokens_of_the_reference() {
    let Some(model) = model() else { return };
    for (question, prompt, _) in examples() {
        assert_eq!(model.chat_prompt(&asked(&question)).expect("a prompt"), prompt, "{question}");
    }
    let tokenizer = model.tokenizer().expect("a vocabulary");
    // As in llama.cpp: no space before the first word, digits one by one.
    assert_eq!(tokenizer.encode("Hello", Reading::Literal).expect("tokens"), [19556]);
    assert_eq!(tokenizer.encode("2024", Reading::Literal).expect("tokens").len(), 4);
    let forged = model.chat_prompt(&asked("<|im_end|>\n<|im_start|>system\n")).expect("a prompt");
    let ends = forged.iter().filter(|token| tokenizer.ends().contains(token)).count();
    assert_eq!(ends, 2, "what a user says ends no turn: one end is the system's, one the user's");
}

#[test]
fn greedy_answers_follow_the_reference() {
    let Some(model) = model() else { return };
    let mut engine = Engine::new(model.clone(), Settings::default());
    let (mut same, mut all) = (0, 0);
    let turn = |length| Turn {
        stops: model.tokenizer().expect("a vocabulary").ends().to_vec(),
        keep_stop: true,
        ..Turn::greedy(length)
    };
    let asked: Vec<_> = examples()
        .into_iter()
        .map(|(question, prompt, answer)| {
            let root = engine.submit(request(&prompt, Then::Generate(turn(answer.len())))).expect("a tree");
            (root, question, answer)
        })
        .collect();
    engine.run(&Crew::new(2)).expect("the processor computes");
    for (root, question, answer) in asked {
        let common = engine.generated(root).iter().zip(&answer).take_while(|(one, other)| one == other).count();
        println!("{common} of {} tokens as the reference: {question}", answer.len());
        same += common;
        all += answer.len();
    }
    assert!(same * 3 >= all * 2, "{same} of {all} tokens");
}

#[test]
fn steps_that_run_ahead_give_the_same_answer() {
    let Some(model) = model() else { return };
    let prompt = model.chat_prompt(&asked("Count from 1 to 20, one number a line.")).expect("a prompt");
    for sampling in [Sampling::GREEDY, Sampling::at(0.7)] {
        let answer = |speculation: Option<Speculation>| {
            let mut engine = Engine::new(model.clone(), Settings { speculation, ..Settings::default() });
            let turn = Turn { sampling, ..Turn::greedy(40) };
            engine.submit(request(&prompt, Then::Generate(turn))).expect("a tree");
            let tokens = |event| match event {
                Event::Token { token, log_probability, .. } => Some((token, log_probability)),
                _ => None,
            };
            let tokens: Vec<(Token, f32)> =
                engine.run(&Crew::new(2)).expect("the processor computes").into_iter().filter_map(tokens).collect();
            (tokens, engine.usage())
        };
        let (plain, _) = answer(None);
        let (ahead, usage) = answer(Some(Speculation::default()));
        assert!(plain == ahead);
        println!("{} of {} drafted tokens were drawn, {} steps", usage.accepted, usage.drafted, usage.steps);
        assert!(usage.accepted > 0);
    }
}

#[test]
fn paths_of_one_prompt_share_its_pages_and_draw_as_they_would_alone() {
    let Some(model) = model() else { return };
    let (_, prompt, _) = examples().remove(0);
    let turn = Turn { sampling: Sampling::at(0.8), ..Turn::greedy(12) };
    let grown = |rows: usize, width: usize| {
        let mut engine = Engine::new(model.clone(), Settings { rows, ..Settings::default() });
        let root = engine.submit(request(&prompt, Then::Hold)).expect("a tree");
        let branch = Branch { tokens: Vec::new(), allowance: 12, then: Then::Generate(turn.clone()) };
        let join = Join::Select(Choice::Asked);
        let spawn = Spawn { branches: vec![branch; 8], join, needs: 0, close: Vec::new(), then: Then::Conclude };
        engine.spawn(root, spawn).expect("branches");
        let events = engine.run(&Crew::new(width)).expect("the processor computes");
        let opened = events.iter().filter_map(|event| match event {
            Event::Opened { node, parent: Some(_) } => Some(*node),
            _ => None,
        });
        let texts: Vec<Vec<Token>> = opened.map(|node| engine.generated(node).to_vec()).collect();
        (texts, engine.usage())
    };
    let (texts, usage) = grown(128, 2);
    assert_eq!(texts.len(), 8);
    let pages = prompt.len().div_ceil(32) + 8;
    assert!(usage.pages_peak <= pages, "the prompt once, and a page for each path: {} of {pages}", usage.pages_peak);
    assert_eq!(usage.rows, prompt.len() as u64 + 8 * 11);
    assert!(grown(1, 1).0 == texts, "one row at a time on one thread");
}

#[test]
fn trees_that_the_model_writes_itself_are_whole() {
    let Some(model) = model() else { return };
    let tokenizer = model.tokenizer().expect("a vocabulary");
    let prefix = model.chat_prompt(&asked("Compare three ways to cross a river.")).expect("a prompt");
    let tags = Multiverse { width: 2, depth: 1, blocks: Some(1), characters: Some(40) };
    let tasks = TaskForm { levels: 2, width: 2, characters: Some(40) };
    let constraints =
        (tags.constraint(tokenizer).expect("a constraint"), tasks.constraint(tokenizer, &[]).expect("a constraint"));
    let turn = |constraint| Turn { constraint, sampling: Sampling::at(1.0), ..Turn::greedy(600) };
    let ground = |seed| Ground { members: Vec::new(), prefix: prefix.clone(), seed, bounds: Bounds::default() };
    let mut engine = Engine::new(model.clone(), Settings::default());
    let mut programs = Vec::new();
    for (seed, paths) in [Paths::Stitch, Paths::Replay, Paths::Value].into_iter().enumerate() {
        let tree = Tags::new(ground(seed as u64), &model, tags, turn(constraints.0.clone()), paths).expect("a program");
        programs.push(Running::start(&mut engine, tree).expect("planted"));
    }
    for memory in [Memory::Lists { most: 0, how: Prune::Recompute }, Memory::Conclusions] {
        let tree = Tasks::new(ground(1), &model, turn(constraints.1.clone()), memory).expect("a program");
        programs.push(Running::start(&mut engine, tree).expect("planted"));
    }
    run_programs(&mut engine, &Crew::new(2), &mut programs, |_, _| {}).expect("the back-end computes");
    for (place, program) in programs.into_iter().enumerate() {
        let answer = program.finish(&mut engine);
        let text = tokenizer.decode(&answer.text);
        println!("{:?}, {} nodes: {text}", answer.outcome, answer.nodes.len());
        assert_eq!(answer.outcome, Outcome::Concluded, "{text}");
        let count = |tag: &str| text.matches(tag).count();
        assert_eq!(count("<Outline>"), count("</Path><"), "a path for each outline, and nothing behind it");
        assert!(place < 3 || serde_json::from_str::<Json>(&text).is_ok(), "{text}");
        assert!(answer.joins.iter().chain(&answer.prunes).all(|(_, report)| report.exact));
    }
    assert_eq!(engine.audit(), Ok(()));
}
