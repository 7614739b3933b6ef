//! The commands of docs/reason.md, with the default model, and script files.

use std::path::Path;

use super::*;

/// The commands of the documents' first code block, each split into words with plain shell quoting.
fn commands() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reason.md");
    let text = fs::read_to_string(path).expect("the document");
    let fences = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    fences.flat_map(str::lines).filter(|line| line.starts_with("theoremata ")).map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_document_answers() {
    let commands = commands();
    assert!(commands.len() > 7, "{commands:?}");
    let pulled = Command::new(env!("CARGO_BIN_EXE_theoremata")).args(["model", "list", "--json"]).output();
    let there = pulled
        .is_ok_and(|listed| objects(&listed).iter().any(|model| model["name"] == "smollm2" && model["here"] == true));
    if !there {
        skip::skipped("the commands of docs/reason.md were not run: needs `theoremata model pull smollm2`");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("animals.txt"), "a cat\na dog\na cow\n").expect("written");
    fs::write(folder.path().join("sentences.txt"), "Paris is in France.\nIt rains in Rome.\n").expect("written");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::os::unix::fs::symlink(docs, folder.path().join("docs")).expect("linked");
    let program = Path::new(env!("CARGO_BIN_EXE_theoremata")).parent().expect("a folder").to_owned();
    for command in commands {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&command).current_dir(folder.path());
        let output = shell.env("PATH", format!("{}:{path}", program.display())).output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command}: {said}");
        assert!(!text(&output).trim().is_empty(), "{command}: {said}");
    }
}

#[test]
fn a_program_is_a_file_and_says_where_it_is_wrong() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/programs");
    let run = |path: &Path, more: &[&str]| {
        let first = ["reason", "--model", TINY, "--prompt", "1 + 1 = ", "--program", path.to_str().expect("a path")];
        Command::new(env!("CARGO_BIN_EXE_theoremata")).args(first).args(more).output().expect("the binary runs")
    };
    let shipped: Vec<PathBuf> = fs::read_dir(docs).expect("a folder").flatten().map(|entry| entry.path()).collect();
    assert!(shipped.len() > 2);
    for path in shipped {
        let stops = ["--stop", "a", "--stop", "e", "--stop", "3", "--max-tokens", "300", "--threads", "1"];
        let answer = |more: &[&str]| answers(&run(&path, &[&stops[..], more].concat()), 0).remove(0);
        let expected = answer(&["--json"]);
        assert!(expected["text"].as_str().is_some_and(|text| !text.is_empty()), "{}", path.display());
        let again = answer(&["--json", "--workers", "2", "--kv-memory", "1"]);
        assert_eq!(
            ["outcome", "text", "nodes"].map(|key| &again[key]),
            ["outcome", "text", "nodes"].map(|key| &expected[key])
        );
    }
    for (program, wrong) in [
        (
            r#"{ "steps": [{ "fork": { "count": 2, "steps": [], "join": { "mode": "slect" } } }] }"#,
            "steps[0].fork.join.mode: unknown variant `slect`, expected one of",
        ),
        (r#"{ "steps": [{ "say": "x" }, { "genrate": {} }] }"#, "steps[1]: unknown variant `genrate`, expected one of"),
        (
            r#"{ "steps": [{ "say": "x" }, { "fork": { "count": 0, "steps": [{ "say": "y" }], "join": { "mode": "value" } } }] }"#,
            "steps[1].fork: 0 is not between 1 and",
        ),
        (r#"{ "steps": [{ "say": "x" }"#, "line 1 column"),
        (r#"{ "steps": [] } x"#, "trailing characters"),
    ] {
        let path = file("program", program);
        let output = run(&path, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wrong), "{wrong}: {said}");
        fs::remove_file(path).expect("removed");
    }
}

#[test]
fn the_best_of_several_is_the_one_that_a_command_scores_highest() {
    let bounds = ["--regex", "[a-z]{1,9}", "--samples", "8", "--temperature", "1.5", "--json", "--threads", "1"];
    let ask = |program: &str, more: &[&str]| answers(&reason(program, &[&bounds[..], more].concat()), 0).remove(0);
    let texts = |answer: &Value| -> Vec<String> {
        let nodes = answer["nodes"].as_array().expect("nodes");
        nodes[1..].iter().map(|node| node["text"].as_str().expect("a text").to_owned()).collect()
    };
    // The command gets the answer in JSON: a longer answer has more characters.
    let longest = ask("best", &["--score", "wc -c"]);
    let most = texts(&longest).iter().map(String::len).max();
    assert_eq!(longest["text"].as_str().map(str::len), most, "{longest}");
    assert_eq!(longest["calls"], 8);
    let likeliest = ask("best", &[]);
    let mean =
        |node: &Value| node["log_probability"].as_f64().expect("a number") / node["tokens"].as_f64().expect("a number");
    let nodes = &likeliest["nodes"].as_array().expect("nodes")[1..];
    let chosen = &nodes[likeliest["chosen"].as_u64().expect("one") as usize];
    assert!(nodes.iter().all(|node| mean(node) <= mean(chosen)));
    // The verifier weighs votes of one letter: only those for the last letter of all count.
    let last = texts(&longest).iter().filter_map(|text| text.chars().next()).max().expect("a letter");
    let verifier = format!("grep -q '\"answer\":\"{last}' && echo 1 || echo 0");
    let weighted = ask("vote", &["--pattern", "^[a-z]", "--score", &verifier]);
    assert!(weighted["text"].as_str().is_some_and(|text| text.starts_with(last)), "{weighted}");
    let none = reason("vote", &[&bounds[..], &["--score", "echo no number"]].concat());
    assert_eq!(answers(&none, 1)[0]["outcome"], "failed");
}

#[test]
fn a_conversation_stands_before_the_question() {
    let source = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}\n";
    let tiny = Tiny::script(&[Said::Bytes(b"yes.")], true).with("tokenizer.chat_template", Entry::Text(source.into()));
    let model = std::env::temp_dir().join(format!("theoremata-messages-{}.gguf", std::process::id()));
    fs::write(&model, tiny.gguf()).expect("a file");
    let turns =
        file("messages", r#"[{ "role": "user", "content": "Hello" }, { "role": "assistant", "content": "Hi" }]"#);
    let path = [model.to_str().expect("a path"), turns.to_str().expect("a path")];
    let ask = |command: &[&str], messages: bool| {
        let first = ["--model", path[0], "--prompt", "x", "--json", "--threads", "1"];
        let before = if messages { &["--messages", path[1]][..] } else { &[] };
        let output = Command::new(env!("CARGO_BIN_EXE_theoremata")).args(command).args(first).args(before).output();
        output.expect("the binary runs")
    };
    let rows = |output: &Output| objects(output).iter().filter_map(|object| object["rows"].as_u64()).max();
    for command in [&["reason", "vote", "--samples", "1"][..], &["generate"]] {
        let (with, without) = (ask(command, true), ask(command, false));
        assert_eq!((with.status.code(), without.status.code()), (Some(0), Some(0)));
        assert!(rows(&with) > rows(&without), "{command:?}: {}", text(&with));
    }
    fs::write(&turns, r#"[{ "role": "robot", "content": "Hello" }]"#).expect("written");
    let output = ask(&["generate"], true);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("[0].role: unknown variant `robot`"), "{}", text(&output));
    [model, turns].into_iter().for_each(|file| fs::remove_file(file).expect("removed"));
}
