//! Programs of branches and joins on the command line, with a tiny model of random weights.

mod common;
#[path = "reason/documents.rs"]
mod documents;
#[path = "../lm/src/tests/files.rs"]
mod files;
#[path = "reason/prover.rs"]
mod prover;
#[path = "common/skip.rs"]
mod skip;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::{answers, objects, text};
use files::{Entry, Said, Tiny};
use serde_json::Value;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/llama");

fn reason(program: &str, arguments: &[&str]) -> Output {
    let first = ["reason", program, "--model", TINY, "--prompt", "1 + 1 = "];
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    command.args(first).args(arguments).output().expect("the binary runs")
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
    // No answer of this model ends by itself, so none is returned.
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

#[test]
fn a_model_parts_its_work_by_itself() {
    let bounds = ["--characters", "8", "--max-tokens", "600", "--temperature", "1", "--width", "2", "--json"];
    // Whether a tree of random text ends within the context length depends on the seed; some seed does.
    let whole = |program: &str, more: &[&str]| {
        let seeds = (0..20).map(|seed: u32| seed.to_string());
        let answers = seeds.map(|seed| {
            let output = reason(program, &[&bounds[..], &["--seed", &seed], more].concat());
            objects(&output).into_iter().find(|object| object["event"] == "answer").expect("an answer")
        });
        answers.into_iter().find(|answer| answer["outcome"] == "concluded").expect("one that is whole")
    };
    let tags = whole("tags", &["--view", "stitch"]);
    let text = tags["whole"].as_str().expect("a text");
    let count = |tag: &str| text.matches(tag).count();
    assert!(text.starts_with("<Think>") && count("<Path>") == count("<Outline>"), "{text}");
    for more in [&["--keep", "0"][..], &["--in-branches"]] {
        let tasks = whole("tasks", more);
        let json: Value = serde_json::from_str(tasks["whole"].as_str().expect("a text")).expect("JSON");
        assert!(json["reasoning"].is_array() && json["answer"].is_string(), "{json}");
        assert_eq!(tasks["exact"], true);
    }
    let cut = reason("tasks", &["--path-tokens", "20", "--json"]);
    assert_eq!(answers(&cut, 3)[0]["outcome"], "out of tokens one after the other");
}

#[test]
fn what_was_killed_goes_on_and_ends_the_same() {
    let items = file("kill", "2 + 2\n3 + 5\n7 + 1\n");
    let db = std::env::temp_dir().join(format!("theoremata-reason-{}-db", std::process::id()));
    let path = items.to_str().expect("a path");
    let arguments = ["--file", path, "--json", "--threads", "1", "--samples", "96", "--max-tokens", "300"];
    let arguments = [&arguments[..], &["--stop", "a"]].concat();
    let expected = answers(&reason("vote", &arguments), 0);
    let kept = [&arguments[..], &["--db", db.to_str().expect("a path")]].concat();
    let first = ["reason", "vote", "--model", TINY, "--prompt", "1 + 1 = "];
    for events in [20, 200, 1500] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
        let piped = command.args(first).args(&kept).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = piped.spawn().expect("the binary runs");
        let mut said = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert!(said.by_ref().take(events).all(|line| line.is_ok()));
        // Events are flushed five times per second, whether or not anybody reads them.
        std::thread::sleep(Duration::from_millis(400));
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    let output = reason("vote", &kept);
    let lasting = |answer: &Value| ["outcome", "text", "chosen", "votes", "nodes"].map(|key| answer[key].clone());
    let found = answers(&output, 0);
    assert_eq!(found.len(), 3);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(lasting(found), lasting(expected));
    }
    for answer in &expected {
        let costs = answer["costs"].as_array().expect("costs");
        assert_eq!(costs.len(), 97, "of the question and of each sample");
        let all = |name: &str| costs.iter().map(|cost| cost[name].as_u64().expect("a count")).collect::<Vec<u64>>();
        for name in ["prompt", "cached"] {
            assert_eq!(answer[name], all(name).iter().sum::<u64>(), "{name}");
        }
        for name in ["critical_path", "pages_peak"] {
            assert_eq!(answer[name].as_u64(), all(name).into_iter().max(), "{name}");
        }
    }
    let done = |event: &Value| event["event"] == "usage" && event["rows"] == 0;
    let resumed = |event: &Value| event["event"] == "resumed" && event["tokens"].as_u64() > Some(0);
    assert!(objects(&output).iter().any(|event| done(event) || resumed(event)), "it begins where it was cut off");
    // Asked again, nothing is computed.
    let again = reason("vote", &kept);
    assert!(objects(&again).iter().any(|event| event["event"] == "usage" && event["rows"] == 0));
    assert_eq!(
        answers(&again, 0).iter().map(lasting).collect::<Vec<_>>(),
        found.iter().map(lasting).collect::<Vec<_>>()
    );
    fs::remove_file(items).expect("removed");
    fs::remove_dir_all(db).expect("removed");
}

#[test]
fn a_branch_is_cancelled_by_an_order() {
    let first = ["reason", "vote", "--model", TINY, "--prompt", "1 + 1 = ", "--json", "--orders", "--threads", "1"];
    let long = ["--samples", "96", "--max-tokens", "300"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    command.args(first).args(long).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut orders = child.stdin.take().expect("its input");
    let (mut said, mut ordered) = (Vec::<Value>::new(), false);
    for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
        said.push(serde_json::from_str(&line.expect("a line")).expect("JSON"));
        let last = said.last().expect("a line");
        if !ordered && last["event"] == "token" && last["path"] == serde_json::json!([5]) {
            orders.write_all(b"cancel 0 5\n\nstop 0\ncancel 7\ncancel 0 5 1\n").expect("it listens");
            ordered = true;
        }
    }
    drop(orders);
    child.wait().expect("it ends");
    let refused: Vec<&Value> = said.iter().filter(|event| event["event"] == "refused").collect();
    let wrong = [
        ("stop 0", "`stop 0` is no order"),
        ("cancel 7", "there is no question 7 yet"),
        ("cancel 0 5 1", "question 0 has no node 5 1"),
    ];
    assert_eq!(refused.len(), wrong.len());
    for (refused, (order, because)) in refused.iter().zip(wrong) {
        assert_eq!(refused["order"], order);
        assert!(refused["because"].as_str().is_some_and(|text| text.contains(because)), "{refused}");
    }
    let of_node = |event: &&Value| event["path"] == serde_json::json!([5]);
    let events: Vec<&str> = said.iter().filter(of_node).filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(events[events.len() - 2..], ["cancelled", "finished"]);
    let answer = said.iter().find(|event| event["event"] == "answer").expect("an answer");
    let nodes = answer["nodes"].as_array().expect("nodes");
    let outcomes = |outcome: &str| nodes[1..].iter().filter(|node| node["outcome"] == outcome).count();
    assert_eq!((nodes[6]["outcome"].as_str(), outcomes("cancelled")), (Some("cancelled"), 1));
}

#[test]
fn a_model_is_measured() {
    let small = ["--prompt", "40", "--tokens", "8", "--paths", "1,3", "--runs", "1", "--threads", "1", "--json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    let output = command.args(["bench", "lm", "--model", TINY]).args(small).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let bench = &objects(&output)[0];
    for figure in ["prefill_tokens_per_s", "decode_tokens_per_s", "stream_bytes_per_s", "load_s"] {
        assert!(bench[figure].as_f64().is_some_and(|number| number > 0.0), "{figure}: {bench}");
    }
    let paths = bench["parallel"].as_array().expect("a table");
    assert_eq!(paths.len(), 2);
    assert!(paths.iter().all(|paths| paths["same_tokens"] == true), "{bench}");
    let bytes = |place: usize| paths[place]["bytes"].as_u64().expect("bytes");
    assert!(bytes(1) < 3 * bytes(0), "the prompt is stored once: {bench}");
}

/// A model file that gives the same answer, up to a newline, to every question.
fn parrot(name: &str, said: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("theoremata-parrot-{}-{name}.gguf", std::process::id()));
    fs::write(&path, Tiny::script(&[Said::Bytes(said)], true).gguf()).expect("a file");
    path
}

#[test]
fn an_answer_that_contains_none_is_no_vote() {
    let model = parrot("vote", b"it is 42.");
    let vote = |pattern: &str| {
        let path = model.to_str().expect("a path");
        let first = ["reason", "vote", "--raw", "--model", path, "--prompt", "\n", "--samples", "3", "--threads", "1"];
        let more = ["--temperature", "0", "--pattern", pattern, "--json"];
        Command::new(env!("CARGO_BIN_EXE_theoremata")).args(first).args(more).output().expect("the binary runs")
    };
    let found = &answers(&vote("[0-9]+"), 0)[0];
    assert_eq!((found["text"].as_str(), &found["votes"][0]["votes"]), (Some("it is 42."), &Value::from(3)));
    let none = &answers(&vote("[0-9]{3}"), 1)[0];
    assert_eq!((none["outcome"].as_str(), none["votes"].as_array().map(Vec::len)), (Some("failed"), Some(0)));
    fs::remove_file(model).expect("removed");
}

#[test]
fn a_candidate_that_does_not_fit_is_not_ranked() {
    let items = file("long", &format!("\u{feff}{}\r\nshort\r\n\r\n", "x".repeat(5000)));
    let output = reason("score", &["--file", items.to_str().expect("a path")]);
    let ranked = text(&output);
    assert_eq!((ranked.lines().count(), ranked.trim_end().ends_with("short")), (1, true), "{ranked}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not ranked, out of context: xxx"));
    fs::remove_file(items).expect("removed");
}

#[test]
fn a_check_that_hangs_accepts_nothing() {
    let start = std::time::Instant::now();
    let stops = ["--samples", "1", "--stop", " ", "--stop", "a", "--stop", "e", "--max-tokens", "400"];
    let output = reason("first", &[&stops[..], &["--check", "sleep 60", "--check-seconds", "1"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(start.elapsed() < Duration::from_secs(30));
}

/// A server that answers one request and then stays silent without closing the connection.
fn silent_server(says: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{says}").as_bytes());
        std::thread::sleep(Duration::from_secs(30));
    });
    url
}

#[test]
fn a_server_that_falls_silent_is_waited_for_as_long_as_was_said() {
    let url = silent_server("data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n");
    let start = std::time::Instant::now();
    let ask = [
        "reason",
        "vote",
        "--server",
        &url,
        "--model",
        "m",
        "--prompt",
        "x",
        "--samples",
        "1",
        "--seconds",
        "1",
        "--json",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata")).args(ask).output().expect("the binary runs");
    assert_eq!(answers(&output, 3)[0]["outcome"], "out of time");
    assert!(start.elapsed() < Duration::from_secs(20));
    let key = ["--key-variable", "THEOREMATA_NO_SUCH_KEY"];
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata")).args(ask).args(key).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("THEOREMATA_NO_SUCH_KEY"), "with --json a failure is an object");
}

#[test]
fn a_tool_is_a_command_and_is_not_asked_again_after_a_kill() {
    let asked = std::env::temp_dir().join(format!("theoremata-reason-{}-asked", std::process::id()));
    let db = std::env::temp_dir().join(format!("theoremata-reason-{}-tools-db", std::process::id()));
    let command = format!("tee -a {}; echo >> {0}", asked.display());
    let parameters = serde_json::json!({
        "type": "object", "properties": { "q": { "type": "string", "maxLength": 3 } }, "required": ["q"],
        "additionalProperties": false,
    });
    let tool = |command: &str| serde_json::json!([{ "name": "look", "parameters": parameters, "command": command }]);
    let tools = file("tools", &tool(&command).to_string());
    let path = tools.to_str().expect("a path");
    let bounds = ["--characters", "4", "--max-tokens", "1200", "--temperature", "1.5", "--depth", "2", "--width", "2"];
    let ask = |seed: &str, more: &[&str]| {
        reason("tasks", &[&bounds[..], &["--tools", path, "--json", "--seed", seed], more].concat())
    };
    // Whether a tree of random text calls a tool depends on the seed; some seed does.
    let answer = |output: &Output| objects(output).into_iter().find(|object| object["event"] == "answer").expect("one");
    let seeds = (0..30).map(|seed: u32| seed.to_string());
    let (seed, expected) = seeds
        .map(|seed| (seed.clone(), answer(&ask(&seed, &[]))))
        .find(|(_, answer)| answer["calls"] == 1 && answer["outcome"] == "concluded")
        .expect("one that calls");
    let calls = || fs::read_to_string(&asked).unwrap_or_default().lines().count();
    fs::remove_file(&asked).expect("somebody was asked");
    let kept = ["--db", db.to_str().expect("a path")];
    let arguments = [&bounds[..], &["--tools", path, "--json", "--seed", &seed], &kept].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    command.args(["reason", "tasks", "--model", TINY, "--prompt", "1 + 1 = "]).args(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
    let said = BufReader::new(child.stdout.take().expect("its output")).lines();
    let called = said.map(|line| line.expect("a line")).find(|line| line.contains("\"called\"")).expect("a call");
    child.kill().expect("killed");
    child.wait().expect("ended");
    let reply = serde_json::from_str::<Value>(&called).expect("JSON");
    let value = |key: &str| serde_json::from_str::<Value>(reply[key].as_str().expect("a text")).expect("JSON");
    assert_eq!(value("reply"), value("parameters"), "`tee` says what it reads");
    assert_eq!(calls(), 1);
    let output = ask(&seed, &kept);
    assert_eq!(answer(&output)["whole"], expected["whole"]);
    assert_eq!((calls(), &answer(&output)["calls"]), (1, &Value::from(1)), "nobody is asked again");
    let unknown = file("no-tools", &tool("x").to_string().replace("command", "comand"));
    let refused = reason("tasks", &["--tools", unknown.to_str().expect("a path")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("comand"));
    [tools, asked, unknown].into_iter().for_each(|file| fs::remove_file(file).expect("removed"));
    fs::remove_dir_all(db).expect("removed");
}
