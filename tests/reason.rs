//! Programs that own their tree, on the command line, with a tiny model of random weights that writes nonsense.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/llama");

fn reason(program: &str, arguments: &[&str]) -> Output {
    let first = ["reason", program, "--model", TINY, "--prompt", "1 + 1 = "];
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    command.args(first).args(arguments).output().expect("the binary runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn objects(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The answers among the objects of a run that has to end with this code.
fn answers(output: &Output, code: i32) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    objects(output).into_iter().filter(|object| object["event"] == "answer").collect()
}

/// A file of items for one test.
fn file(name: &str, lines: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("theoremata-reason-{}-{name}", std::process::id()));
    fs::write(&path, lines).expect("a file of items");
    path
}

#[test]
fn candidates_are_ranked_the_likeliest_first() {
    let items = file("score", "abc\nz\n\nhello\n");
    let path = items.to_str().expect("a path");
    let output = reason("score", &["--file", path]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let means: Vec<f64> =
        text(&output).lines().map(|line| line.split('\t').nth(1).expect("a mean").parse().expect("a number")).collect();
    assert_eq!(means.len(), 3, "a blank line is no item");
    assert!(means.iter().all(|mean| *mean <= means[0] && *mean < 0.0), "{means:?}");
    let answer = &answers(&reason("score", &["--file", path, "--json", "--sum"]), 0)[0];
    let sums: Vec<f64> =
        (1..4).map(|place| answer["nodes"][place]["log_probability"].as_f64().expect("a number")).collect();
    let best = answer["chosen"].as_u64().expect("one is chosen") as usize;
    assert!(sums.iter().all(|sum| *sum <= sums[best]), "{sums:?}");
    assert_eq!(answer["nodes"][1]["text"], "abc");
    fs::remove_file(items).expect("removed");
}

#[test]
fn a_map_says_of_each_item_how_it_ended() {
    let items = file("map", "2 + 2\n3 + 5\n7 + 1\n");
    let output = reason("map", &["--file", items.to_str().expect("a path"), "--json", "--last", "And in all?"]);
    // No answer of this model comes to its end by itself, so none comes back.
    let answer = &answers(&output, 1)[0];
    assert_eq!((&answer["outcome"], answer["nodes"].as_array().map(Vec::len)), (&Value::from("failed"), Some(4)));
    assert!((1..4).all(|place| answer["nodes"][place]["outcome"] == "out of tokens"), "{answer}");
    let stops: Vec<String> = (b' '..=b'~').map(|byte| char::from(byte).to_string()).collect();
    let stops: Vec<&str> = stops.iter().flat_map(|stop| ["--stop", stop]).collect();
    let path = items.to_str().expect("a path");
    let more = ["--file", path, "--json", "--last", "And in all?"];
    let answer = &answers(&reason("map", &[&more, stops.as_slice()].concat()), 0)[0];
    assert_eq!((&answer["exact"], &answer["joins"][0]["left_out"]), (&Value::from(true), &serde_json::json!([])));
    fs::remove_file(items).expect("removed");
}

#[test]
fn an_answer_is_the_same_alone_beside_others_and_on_any_number_of_threads() {
    let items = file("vote", "2 + 2\n3 + 5\n7 + 1\n");
    let more = ["--json", "--stop", "a", "--stop", "e", "--stop", "3", "--stop", "7"];
    let path = items.to_str().expect("a path");
    let together = answers(&reason("vote", &[&["--file", path, "--threads", "3"], &more[..]].concat()), 0);
    assert_eq!(together.len(), 3);
    for (item, expected) in ["2 + 2", "3 + 5", "7 + 1"].iter().zip(&together) {
        let one = file("one", item);
        let found = answers(&reason("vote", &[&["--file", one.to_str().expect("a path")], &more[..]].concat()), 0);
        assert_eq!((&found[0]["text"], &found[0]["nodes"]), (&expected["text"], &expected["nodes"]));
        fs::remove_file(one).expect("removed");
    }
    fs::remove_file(items).expect("removed");
}

#[test]
fn an_attempt_is_taken_only_if_it_is_accepted() {
    let stops = ["--stop", "a", "--stop", "e", "--samples", "12", "--temperature", "1.5"];
    let nothing = reason("first", &[&stops[..], &["--check", "false"]].concat());
    assert_eq!((nothing.status.code(), text(&nothing)), (Some(1), String::new()));
    let all = answers(&reason("first", &[&stops[..], &["--check", "true", "--json"]].concat()), 0);
    let some = answers(&reason("first", &[&stops[..], &["--pattern", "", "--json"]].concat()), 0);
    assert_eq!(all[0]["chosen"], some[0]["chosen"], "both accept whatever ended by itself");
    let chosen = all[0]["chosen"].as_u64().expect("one is chosen") as usize;
    assert_eq!(all[0]["nodes"][chosen + 1]["outcome"], "concluded");
}

#[test]
fn events_are_numbered_and_a_node_is_opened_before_it_speaks() {
    let output = reason("decompose", &["--json", "--depth", "1"]);
    let mut opened: Vec<Value> = Vec::new();
    let numbered: Vec<Value> = objects(&output).into_iter().filter(|object| object.get("seq").is_some()).collect();
    for (place, event) in numbered.iter().enumerate() {
        assert_eq!(event["seq"], place);
        if event["event"] == "opened" {
            opened.push(event["path"].clone());
        }
        assert!(opened.contains(&event["path"]), "{event}");
    }
    assert!(numbered.len() > 5);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let refused = |program, arguments: &[&str]| {
        let output = reason(program, arguments);
        assert_eq!(output.status.code(), Some(2), "{program} {arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused("map", &[]).contains("--file"));
    assert!(refused("vote", &["--check", "true"]).contains("--check"));
    assert!(refused("first", &["--pattern", "("]).contains("regex"));
    assert!(refused("score", &["--file", "/nowhere/items"]).contains("/nowhere/items"));
    assert!(refused("first", &["--total-tokens", "x"]).contains("total-tokens"));
    let bound = reason("vote", &["--total-tokens", "0"]);
    assert_ne!(bound.status.code(), Some(0), "no token, no answer");
}
