//! Comparison with llama.cpp: its server as a worker, and equal text from equal weights. Requires
//! `tests/llama_cpp/install` and `theoremata model pull smollm2`; otherwise the tests are reported as skipped.

mod common;
#[path = "common/skip.rs"]
mod skip;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use common::{answers, objects, text};
use serde_json::Value;
use theoremata_kernels::Crew;
use theoremata_lm::{Bounds, Engine, Message, Model, Precision, Request, Role, Settings, Then, Token, Turn};

fn theoremata(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_theoremata")).args(arguments).output().expect("the binary runs")
}

/// A file in the folder of these tests.
fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/llama_cpp").join(name)
}

/// A file for one test.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("theoremata-llama-cpp-{}-{name}", std::process::id()))
}

/// The default model in the location of `model pull`, if it and llama.cpp are installed.
fn smollm2() -> Option<PathBuf> {
    let here = objects(&theoremata(&["model", "list", "--json"]));
    let here = here.iter().any(|model| model["name"] == "smollm2" && model["here"] == true);
    if !here || !beside(".venv/bin/python").exists() {
        skip::skipped("needs tests/llama_cpp/install and `theoremata model pull smollm2`");
        return None;
    }
    Some(PathBuf::from(text(&theoremata(&["model", "pull", "smollm2"])).trim()))
}

/// Runs one of the scripts.
fn script(name: &str, arguments: &[&str]) -> Child {
    let mut python = Command::new(beside(".venv/bin/python"));
    python.arg(beside(name)).args(arguments);
    python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python runs")
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn a_server_does_the_work_of_a_model() {
    let Some(model) = smollm2() else { return };
    let mut server = script("serve.py", &[shown(&model)]);
    let mut url = String::new();
    let mut said = BufReader::new(server.stdout.take().expect("its output"));
    said.read_line(&mut url).expect("a line");
    let ask = |program: &str, more: &[&str]| {
        let first = ["reason", program, "--server", url.trim(), "--model", "smollm2", "--json"];
        theoremata(&[&first, more].concat())
    };
    let sentences = scratch("sentences");
    fs::write(&sentences, "Paris is in France.\nRome is in Italy.\n").expect("a file");
    let about = ["--prompt", "Name the city in this sentence.", "--file", shown(&sentences)];
    let map = ask("map", &[&about[..], &["--last", "Which is larger?"]].concat());
    let answer = &answers(&map, 0)[0];
    assert_eq!(answer["nodes"].as_array().map(Vec::len), Some(3));
    assert!(answer["nodes"][1]["text"].as_str().is_some_and(|text| text.contains("Paris")), "{answer}");
    assert!(answer["text"].as_str().is_some_and(|text| !text.is_empty()));
    // The server is responsible for enforcing a schema.
    let schema = scratch("schema");
    let number = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;
    fs::write(&schema, number).expect("a file");
    let shape = ["--prompt", "A number as JSON.", "--samples", "3", "--json-schema", shown(&schema)];
    let vote = ask("vote", &shape);
    let answer = &answers(&vote, 0)[0];
    let number: Value = serde_json::from_str(answer["text"].as_str().expect("a text")).expect("JSON");
    assert!(number["n"].is_i64(), "{answer}");
    let first = ask("first", &["--prompt", "Say hello.", "--pattern", "(?i)hello", "--samples", "4"]);
    assert!(answers(&first, 0)[0]["text"].as_str().is_some_and(|text| text.to_lowercase().contains("hello")));
    // Unsupported programs are reported.
    let refused = ask("decompose", &["--prompt", "Plan."]);
    assert_eq!(refused.status.code(), Some(2));
    let wrong = ask("vote", &["--prompt", "x", "--regex", "[a-z]+"]);
    assert!(answers(&wrong, 1)[0]["because"].as_str().is_some_and(|because| because.contains("schemas only")));
    drop(server.stdin.take());
    server.kill().expect("killed");
    server.wait().expect("ended");
    let gone = ask("vote", &["--prompt", "x", "--samples", "1"]);
    assert!(answers(&gone, 1)[0]["because"].as_str().is_some_and(|because| because.contains(url.trim())));
    fs::remove_file(sentences).expect("removed");
    fs::remove_file(schema).expect("removed");
}

/// Number of tokens of an answer that are compared.
const COMPARED: usize = 24;

/// Twenty questions, one per line.
const QUESTIONS: &str = include_str!("llama_cpp/questions.txt");

/// With 4-bit weights both programs round activations, each in its own way. So a third program first expands the
/// weights to full precision.
#[test]
fn the_same_weights_give_the_same_text() {
    let Some(file) = smollm2() else { return };
    let full = scratch("full.gguf");
    let expanded = script("expand.py", &[shown(&file), shown(&full)]).wait().expect("it ends");
    assert!(expanded.success(), "tests/llama_cpp/install brings what this needs");
    let model = Arc::new(Model::load(&full).expect("a model"));
    let ask = |question: &str| model.chat_prompt(&[Message::new(Role::User, question)]).expect("a prompt");
    let prompts: Vec<Vec<Token>> = QUESTIONS.lines().map(ask).collect();
    // The rival answers the questions concurrently.
    let mut rival = script("answer.py", &[shown(&full), &COMPARED.to_string()]);
    let lines: String = prompts.iter().map(|prompt| serde_json::to_string(prompt).expect("JSON") + "\n").collect();
    rival.stdin.take().expect("its input").write_all(lines.as_bytes()).expect("it reads");
    let mut engine = Engine::new(model.clone(), Settings { precision: Precision::Single, ..Settings::default() });
    let stops = model.tokenizer().expect("a vocabulary").ends().to_vec();
    let turn = Turn { stops, keep_stop: true, ..Turn::greedy(COMPARED) };
    let request = |tokens: &Vec<Token>| Request {
        members: Vec::new(),
        tokens: tokens.clone(),
        seed: 0,
        then: Then::Generate(turn.clone()),
        bounds: Bounds::default(),
    };
    let roots: Vec<_> = prompts.iter().map(|prompt| engine.submit(request(prompt)).expect("it fits")).collect();
    engine.run(&Crew::new(2)).expect("the processor computes");
    let output = rival.wait_with_output().expect("it ends");
    let theirs: Vec<Vec<Token>> =
        text(&output).lines().map(|line| serde_json::from_str(line).expect("tokens")).collect();
    assert_eq!(theirs.len(), 20, "llama.cpp answered");
    for ((root, theirs), question) in roots.iter().zip(&theirs).zip(QUESTIONS.lines()) {
        assert_eq!(engine.generated(*root), theirs.as_slice(), "{question}");
    }
    fs::remove_file(full).expect("removed");
}
