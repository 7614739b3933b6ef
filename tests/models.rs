//! Language models on the command line, with a tiny model of random weights.

mod common;
#[path = "../lm/src/tests/files.rs"]
mod files;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{objects, text};
use files::{Entry, Said, Tiny};
use serde_json::Value;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/llama");
/// A model without a tokenizer.
const MUTE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/qwen2");

fn theoremata(arguments: &[&str], models: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    command.args(arguments).env("THEOREMATA_MODELS", models);
    command.output().expect("the binary runs")
}

fn generate(arguments: &[&str]) -> Output {
    let first = ["generate", "--model", TINY, "--prompt", "1 + 1 ="];
    theoremata(&[&first, arguments].concat(), Path::new("/nowhere"))
}

#[test]
fn the_same_seed_writes_the_same_text_on_any_number_of_threads() {
    let warm = ["--temperature", "1.5", "--max-tokens", "40"];
    let written = |more: &[&str]| {
        let output = generate(&[&warm, more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        text(&output)
    };
    let first = written(&["--seed", "1", "--threads", "1"]);
    assert_eq!(first.chars().count(), 40 + 1, "a token of this model is a character; a line ends the text");
    assert_eq!(written(&["--seed", "1", "--threads", "3"]), first);
    assert_ne!(written(&["--seed", "2"]), first);
}

#[test]
fn a_stop_text_ends_the_answer_and_is_not_part_of_it() {
    let whole = text(&generate(&["--max-tokens", "40", "--temperature", "1.5"]));
    let stop: String = whole.chars().skip(10).take(2).collect();
    let cut = text(&generate(&["--max-tokens", "40", "--temperature", "1.5", "--stop", &stop]));
    let expected = &whole[..whole.find(&stop).expect("it is there")];
    assert_eq!(cut, format!("{expected}\n"));
}

#[test]
fn a_guide_leaves_the_model_no_other_text() {
    for seed in ["1", "2", "3"] {
        let output = generate(&["--regex", "[0-9]{3} ab", "--temperature", "2", "--seed", seed]);
        let text = text(&output);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.len() == 7 && text.ends_with(" ab\n"), "{text}");
        assert!(text[..3].bytes().all(|byte| byte.is_ascii_digit()), "{text}");
    }
    assert_eq!(generate(&["--regex", "("]).status.code(), Some(2));
}

#[test]
fn paths_are_told_apart_and_one_can_be_picked() {
    let output = generate(&["--json", "--paths", "4", "--temperature", "1.5", "--max-tokens", "20"]);
    let objects = objects(&output);
    let paths: Vec<&Value> = objects.iter().filter(|object| object["event"] == "path").collect();
    assert_eq!(paths.len(), 4);
    for (place, path) in paths.iter().enumerate() {
        let tokens = objects.iter().filter(|object| object["event"] == "token" && object["path"] == place);
        let said: String = tokens.map(|token| token["text"].as_str().expect("a text").to_owned()).collect();
        assert_eq!((path["text"].as_str(), path["outcome"].as_str()), (Some(said.as_str()), Some("out of tokens")));
    }
    assert_ne!(paths[0]["text"], paths[1]["text"]);
    let usage = objects.last().expect("the usage");
    assert_eq!((usage["event"].as_str(), usage["generated_tokens"].as_u64()), (Some("usage"), Some(80)));
    // With these stop strings, texts end soon.
    let ended = ["--paths", "4", "--temperature", "1.5", "--stop", " ", "--stop", "a", "--stop", "e"];
    let picked = generate(&[&ended[..], &["--pick", "first", "--max-tokens", "400"]].concat());
    assert_eq!(picked.status.code(), Some(0));
    assert!(!text(&picked).contains([' ', 'a', 'e']));
    let none = generate(&["--paths", "2", "--pick", "best", "--max-tokens", "2"]);
    assert_eq!((none.status.code(), text(&none).as_str()), (Some(1), ""));
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_else_happens() {
    let folder = std::env::temp_dir().join(format!("theoremata-models-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let damaged = folder.join("damaged.gguf");
    std::fs::write(&damaged, b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff").expect("a file");
    let refused = |arguments: &[&str], word: &str| {
        let output = theoremata(arguments, &folder);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(word), "{said}");
    };
    refused(&["generate", "--prompt", "x"], "model pull smollm2");
    refused(&["generate", "--model", "nothing", "--prompt", "x"], "there is no model nothing");
    refused(&["generate", "--model", MUTE, "--prompt", "x"], "vocabulary");
    refused(&["generate", "--model", TINY, "--prompt", ""], "no token");
    refused(&["generate", "--model", TINY, "--prompt", &"x ".repeat(600)], "tokens");
    refused(&["generate", "--model", TINY, "--prompt", "x", "--system", "y"], "template");
    refused(&["generate", "--model", TINY, "--prompt", "x", "--top-p", "2"], "between 0 and 1");
    refused(&["generate", "--model", "damaged", "--prompt", "x"], "more than the bound");
    refused(&["model", "pull", "nothing"], "smollm2");
    let listed = text(&theoremata(&["model", "list"], &folder));
    assert!(listed.contains("smollm2") && listed.contains("damaged"), "{listed}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_model_is_described() {
    let shown = text(&theoremata(&["model", "show", TINY], Path::new("/nowhere")));
    for line in ["family       Llama", "context      512 tokens", "tokenizer    in the file", "template     none"] {
        assert!(shown.contains(line), "{shown}");
    }
}

/// A file of a tiny model, gone when the test is done.
struct TinyFile(PathBuf);

impl TinyFile {
    fn new(name: &str, tiny: &Tiny) -> TinyFile {
        let path = std::env::temp_dir().join(format!("theoremata-tiny-{}-{name}.gguf", std::process::id()));
        std::fs::write(&path, tiny.gguf()).expect("a file");
        TinyFile(path)
    }

    fn generate(&self, arguments: &[&str]) -> Output {
        let model = self.0.to_str().expect("a path");
        let first = ["generate", "--model", model, "--threads", "1", "--max-tokens", "20"];
        theoremata(&[&first, arguments].concat(), Path::new("/nowhere"))
    }
}

impl Drop for TinyFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).expect("the file is there");
    }
}

#[test]
fn tokens_that_makers_added_are_printed_and_those_that_steer_are_not() {
    let pieces = [
        Said::Name("<think>", 4),
        Said::Bytes(b"hmm"),
        Said::Name("</think>", 4),
        Said::Name("<tool>", 3),
        Said::Bytes(b"42"),
    ];
    let model = TinyFile::new("think", &Tiny::script(&pieces, true));
    let asked = ["--raw", "--prompt", "\n"];
    assert_eq!(text(&model.generate(&asked)), "<think>hmm</think>42\n");
    assert_eq!(text(&model.generate(&[&asked[..], &["--stop", "</think>"]].concat())), "<think>hmm\n");
}

#[test]
fn the_texts_of_tokens_are_the_text_of_the_path() {
    let crab = [
        Said::Bytes(b"a"),
        Said::Bytes(b"\xf0\x9f"),
        Said::Bytes(b"\xa6\x80"),
        Said::Bytes(b"b."),
        Said::Bytes(b"\xc3"),
    ];
    let model = TinyFile::new("crab", &Tiny::script(&crab, true));
    for stop in [&[][..], &["--stop", ".Z"]] {
        let objects = objects(&model.generate(&[&["--raw", "--prompt", "\n", "--json"], stop].concat()));
        let of = |event: &str| objects.iter().filter(|object| object["event"] == event).collect::<Vec<_>>();
        let told: String = of("token").iter().map(|token| token["text"].as_str().expect("a text")).collect();
        assert_eq!((told.as_str(), of("token").len()), ("a🦀b.\u{fffd}", 5));
        assert_eq!(of("path")[0]["text"], told);
    }
}

#[test]
fn weights_that_are_no_numbers_are_told() {
    let broken = Tiny::random().with_tensor("output_norm.weight", &[files::WIDTH], f32::NAN);
    let output = TinyFile::new("nan", &broken).generate(&["--raw", "--prompt", "x"]);
    assert_eq!((output.status.code(), text(&output).trim()), (Some(1), ""));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no number"));
}

#[test]
fn a_template_is_told_the_day_and_other_values() {
    let source = "{{ strftime_now('%Y-%m-%d') }}{{ effort }}{% if enable_thinking is false %}!{% endif %}{{ messages[0].content }}";
    let tiny = Tiny::random().with("tokenizer.chat_template", Entry::Text(source.into()));
    let model = TinyFile::new("day", &tiny);
    let read = |more: &[&str]| {
        let output = model.generate(&[&["--prompt", "hi", "--json"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        objects(&output).last().expect("the usage")["prompt_tokens"].as_u64().expect("a count")
    };
    assert_eq!(read(&[]), 12, "a day and two letters");
    assert_eq!(read(&["--date", "2026-11-29", "--template-value", "effort=low", "--no-thinking"]), 16);
    let wrong = model.generate(&["--prompt", "hi", "--date", "tomorrow"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn exact_rows_are_taken_and_change_nothing_where_nothing_is_rounded() {
    let model = TinyFile::new("exact", &Tiny::random());
    let said = |more: &[&str]| text(&model.generate(&[&["--raw", "--prompt", "abc"], more].concat()));
    assert_eq!(said(&[]), said(&["--exact-rows"]));
}
