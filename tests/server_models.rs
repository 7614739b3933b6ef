//! The server's language model: reasoning jobs, and the OpenAI-compatible API, with a tiny model of random weights.

#[path = "server/client.rs"]
mod client;
#[path = "../lm/src/tests/files.rs"]
mod files;
#[path = "common/skip.rs"]
mod skip;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::{Server, folder};
use files::{Entry, Said, Tiny};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/llama");

fn start(name: &str) -> Server {
    Server::start(&folder(name), &["--model", TINY, "--kv-memory", "64", "--threads", "1"])
}

fn vote(seed: u64, max_tokens: usize) -> Value {
    json!({ "kind": "reason", "question": {
        "prompt": "1 + 1 = ", "seed": seed, "max_tokens": max_tokens, "choice": { "temperature": 0.9 },
        "program": { "vote": { "samples": 3, "least": 1, "pattern": null } },
    } })
}

/// The text of each node of a job, from its events.
fn written(events: &[(usize, Value)]) -> Vec<String> {
    let mut texts = vec![String::new(); 3];
    for (_, event) in events.iter().filter(|(_, event)| event["event"] == "wrote") {
        let place = event["node"][0].as_u64().expect("a branch");
        texts[place as usize] += event["text"].as_str().expect("a text");
    }
    texts
}

#[test]
fn a_reasoning_job_tells_its_tree_and_goes_on_after_a_kill() {
    let calm = start("models-calm");
    let job = calm.submit(&vote(7, 150));
    assert_eq!(calm.wait(&job)["state"], "finished");
    let events = calm.events(&job, 0);
    assert_eq!(
        events.iter().filter(|(_, event)| event["event"] == "opened").count(),
        4,
        "the question and its branches"
    );
    let result = calm.get(&format!("/v1/jobs/{job}/result")).with(200).body;
    let nodes = serde_json::from_str::<Value>(&result).expect("JSON")["nodes"].clone();
    let texts: Vec<&str> = (1..4).map(|place| nodes[place]["text"].as_str().expect("a text")).collect();
    assert_eq!(written(&events), texts);
    let page = calm.get(&format!("/jobs/{job}")).with(200).body;
    assert!(page.contains("branch 2") && page.contains("out of tokens"), "{page}");

    let place = folder("models-killed");
    let more = ["--model", TINY, "--kv-memory", "64", "--threads", "2"];
    let mut server = Server::start(&place, &more);
    let job = server.submit(&vote(7, 150));
    for wait in [30, 120, 300] {
        std::thread::sleep(Duration::from_millis(wait));
        server.kill();
        server = Server::start(&place, &more);
    }
    server.wait(&job);
    let told = server.events(&job, 0);
    assert!(told.iter().zip(1..).all(|((number, _), expected)| *number == expected));
    assert_eq!(written(&told), texts, "the branches wrote something else");
    assert_eq!(server.get(&format!("/v1/jobs/{job}/result")).with(200).body, result);
    // A cancelled question keeps its text so far.
    let mut long = vote(8, 400);
    long["question"]["program"]["vote"]["samples"] = json!(2000);
    let job = server.submit(&long);
    let node = |node: &str| server.call("POST", &format!("/v1/jobs/{job}/nodes/{node}/cancel"), &[], b"").status;
    while server.get(&format!("/v1/jobs/{job}")).with(200).json()["state"] == "queued" {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!((node("x"), node("0.7.1")), (400, 409));
    let begin = Instant::now();
    while node("1999") != 202 {
        assert!(begin.elapsed() < Duration::from_secs(60), "the node is not opened");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.call("DELETE", &format!("/v1/jobs/{job}"), &[], b"");
    assert_eq!(server.wait(&job)["state"], "cancelled");
    let told = server.events(&job, 0);
    assert!(told.iter().any(|(_, event)| event["event"] == "node_cancelled" && event["node"] == json!([1999])));
}

#[test]
fn a_node_draws_anew_beside_its_siblings_or_goes_on_with_another_instruction() {
    let server = start("models-nodes");
    let mut asked = vote(7, 60);
    asked["question"]["prompt"] = json!("1 + 1 = 2, and 2 + 2 = 4. ".repeat(5));
    let job = server.submit(&asked);
    let order = |job: &str, node: &str, what: &str, body: &Value| {
        server.post(&format!("/v1/jobs/{job}/nodes/{node}/{what}"), body)
    };
    server.wait(&job);
    let result = |job: &str| {
        server.wait(job);
        server.get(&format!("/v1/jobs/{job}/result")).with(200).json()
    };
    let texts = |result: &Value| -> Vec<String> {
        (1..4).map(|place| result["nodes"][place]["text"].as_str().expect("a text").to_owned()).collect()
    };
    let first = texts(&result(&job));
    let retry = |job: &str| {
        let made = order(job, "1", "retry", &json!({})).with(202);
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(made.header("location"), format!("/v1/jobs/{id}"));
        assert_eq!(made.json()["origin"], json!({ "job": job, "node": [1], "how": "retry" }));
        id
    };
    let again = retry(&job);
    let second = texts(&result(&again));
    assert_eq!((&second[0], &second[2]), (&first[0], &first[2]), "siblings stay");
    assert_ne!(second[1], first[1], "it draws anew");
    // Retried from the same job, the sample is the same; retried again, it is another one.
    assert_eq!(texts(&result(&retry(&job))), second);
    let third = texts(&result(&retry(&again)));
    assert_eq!((&third[0], &third[2]), (&first[0], &first[2]));
    assert!(third[1] != second[1] && third[1] != first[1]);
    assert_eq!(order(&job, "9", "retry", &json!({})).status, 409);
    assert_eq!(order(&job, "root", "retry", &json!({})).status, 400);

    let cached = || -> f64 {
        let figures = server.get("/metrics").with(200).body;
        let line =
            figures.lines().find(|line| line.starts_with("theoremata_model_cached_tokens_total ")).expect("the figure");
        line.rsplit(' ').next().expect("a number").parse().expect("a number")
    };
    let before = cached();
    let fork = order(&job, "2", "fork", &json!({ "prompt": " And so?", "max_tokens": 5 })).with(202).json();
    assert_eq!(fork["origin"], json!({ "job": job, "node": [2], "how": "fork" }));
    let forked = result(fork["id"].as_str().expect("an id"));
    assert!(forked["nodes"][1]["tokens"].as_u64().is_some_and(|tokens| tokens <= 5), "{forked}");
    assert!(cached() > before, "what was read before is found");
    assert_eq!(order(&job, "2", "fork", &json!({})).status, 400);

    // The costs of the nodes add up to that of the job.
    let usage = server.get(&format!("/v1/jobs/{job}/usage")).with(200).json();
    let nodes = usage["nodes"].as_array().expect("nodes");
    for name in ["prompt", "cached", "generated", "reused", "new", "reencoded", "pruned", "calls"] {
        let sum: u64 = nodes.iter().map(|node| node[name].as_u64().expect("a count")).sum();
        assert_eq!(usage["total"][name], sum, "{name}");
    }
    let written: u64 = (1..4).map(|place| result(&job)["nodes"][place]["tokens"].as_u64().expect("a count")).sum();
    assert!(
        usage["total"]["generated"].as_u64().expect("a count") >= written
            && usage["total"]["prompt"].as_u64() > Some(0)
    );
    assert!(nodes.iter().all(|node| node["milliseconds"].is_u64()), "{usage}");
    for name in ["critical_path", "pages_peak"] {
        let most = nodes.iter().map(|node| node[name].as_u64().expect("a count")).max().expect("nodes");
        assert!(most > 0 && usage["total"][name] == most, "{name}: {usage}");
    }
    let forged = json!({ "kind": "generate", "question": { "prompt": "x", "replies": [] } });
    assert!(server.post("/v1/jobs", &forged).with(400).body.contains("is what the calls about nodes say"));
}

#[test]
fn tokens_of_a_day_are_counted_by_key_also_over_a_kill() {
    let place = folder("models-quota");
    let theoremata = |arguments: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
        let made = command.args(arguments).arg("--json").current_dir(&place).output().expect("it runs");
        serde_json::from_slice(&made.stdout).expect("JSON")
    };
    let made = theoremata(&["keys", "add", "small", "--scope", "reason", "--quota", "tokens-a-day=20"]);
    assert_eq!((&made["scopes"], &made["quota"]), (&json!(["read", "reason"]), &json!({ "tokens_a_day": 20 })));
    let key = format!("Bearer {}", made["key"].as_str().expect("a key"));
    let start = || Server::start(&place, &["--model", TINY, "--kv-memory", "64", "--threads", "1"]);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let chat = json!({ "model": "llama", "messages": [{ "role": "user", "content": "1 + 1 = " }], "max_tokens": 12, "seed": 3 });
    let ask = |server: &Server| server.call("POST", "/v1/chat/completions", &headers, chat.to_string().as_bytes());
    let mut server = start();
    let body = json!({ "kind": "prove", "source": "(theory T[N] (in[N,N]))", "goals": ["x"] }).to_string();
    let refused = server.call("POST", "/v1/jobs", &headers, body.as_bytes()).with(403).json();
    assert_eq!((&refused["type"], &refused["scope"]), (&json!("urn:theoremata:problem:not-in-scope"), &json!("prove")));
    let written = |answer: &Value| answer["usage"]["completion_tokens"].as_u64().expect("a count");
    let first = written(&ask(&server).with(200).json());
    let question =
        json!({ "kind": "generate", "question": { "prompt": "1 + 1 = ", "max_tokens": 12, "seed": 5 } }).to_string();
    let job = server.call("POST", "/v1/jobs", &headers, question.as_bytes()).with(202).json()["id"].clone();
    let path = format!("/v1/jobs/{}", job.as_str().expect("an id"));
    while server.call("GET", &path, &headers, b"").with(200).json()["state"] != "finished" {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(first + 12 >= 20, "the model wrote {first} tokens");
    server.kill();
    server = start();
    let full = ask(&server).with(429);
    assert!((1..=86_401).contains(&full.header("retry-after").parse::<u64>().expect("seconds")));
    let full = server.call("POST", "/v1/jobs", &headers, question.as_bytes()).with(429).json();
    assert_eq!(full["type"], "urn:theoremata:problem:quota-used");
}

#[test]
fn what_is_no_question_is_refused() {
    let server = start("models-refused");
    let refused = |question: Value| {
        let body = json!({ "kind": "reason", "question": question });
        server.post("/v1/jobs", &body).with(400).json()["detail"].as_str().expect("a text").to_owned()
    };
    assert!(refused(json!({ "prompt": "x" })).contains("program"));
    let judge = json!({ "first": { "samples": 2, "accept": { "judge": "rm -rf /" } } });
    assert!(refused(json!({ "prompt": "x", "program": judge })).contains("runs no command"));
    assert!(refused(json!({ "prompt": "x", "program": { "dance": {} } })).contains("dance"));
    let none = Server::start(&folder("models-none"), &[]);
    let body = json!({ "kind": "generate", "question": { "prompt": "x" } });
    assert!(none.post("/v1/jobs", &body).with(422).body.contains("no language model"));
    let chat = json!({ "model": "llama", "messages": [{ "role": "user", "content": "x" }] });
    assert_eq!(none.post("/v1/chat/completions", &chat).with(404).json()["error"]["code"], "model_not_found");
    assert_eq!(none.get("/v1/models").with(200).json()["data"], json!([]));
}

#[test]
fn the_protocol_of_openai_is_spoken() {
    let server = start("models-openai");
    let ask = json!({ "model": "llama", "messages": [{ "role": "user", "content": "1 + 1 = " }], "max_tokens": 8, "seed": 3 });
    let whole = server.post("/v1/chat/completions", &ask).with(200).json();
    let text = whole["choices"][0]["message"]["content"].as_str().expect("a text");
    assert_eq!(
        (&whole["object"], &whole["choices"][0]["finish_reason"]),
        (&json!("chat.completion"), &json!("length"))
    );
    assert_eq!(whole["usage"]["completion_tokens"], 8);
    let long = json!({ "model": "llama", "messages": [{ "role": "user", "content": "1 + 1 = ".repeat(12) }], "max_tokens": 2 });
    let found = |answer: &Value| {
        let usage = &answer["usage"];
        assert!(usage["prompt_tokens_details"]["cached_tokens"].as_u64() < usage["prompt_tokens"].as_u64(), "{usage}");
        usage["prompt_tokens_details"]["cached_tokens"].as_u64().expect("a count")
    };
    let read = |seed: u64| {
        let mut long = long.clone();
        long["seed"] = json!(seed);
        found(&server.post("/v1/chat/completions", &long).with(200).json())
    };
    let (first, second) = (read(1), read(2));
    assert!(first < second, "{second} tokens of a prompt that was read before, and {first} when it was new");
    let response = json!({ "model": "llama", "input": "1 + 1 = ".repeat(12), "max_output_tokens": 2, "seed": 4 });
    let response = server.post("/v1/responses", &response).with(200).json();
    assert_eq!(response["usage"]["input_tokens_details"]["cached_tokens"], second, "{response}");
    let mut streamed = ask.clone();
    streamed["stream"] = json!(true);
    let pieces = server.post("/v1/chat/completions", &streamed).with(200).body;
    assert!(pieces.ends_with("data: [DONE]\n\n"), "{pieces}");
    let chunks = pieces.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks: Vec<Value> = chunks.map(|data| serde_json::from_str(data).expect("JSON")).collect();
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, text);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks.last().expect("chunks")["choices"][0]["finish_reason"], "length");
    let mut tools = ask;
    tools["tools"] = json!([{ "type": "function" }]);
    assert_eq!(server.post("/v1/chat/completions", &tools).with(400).json()["error"]["param"], "tools[0]");
    let broken = server.call("POST", "/v1/chat/completions", &[], b"{");
    assert_eq!(broken.with(400).json()["error"]["type"], "invalid_request_error");

    // Disconnecting cancels the work, so that it does not delay others.
    let address = server.address.trim_start_matches("http://");
    let long = json!({ "model": "llama", "prompt": "1", "max_tokens": 4000, "stream": true, "seed": 1 }).to_string();
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(
        stream,
        "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{long}",
        long.len()
    )
    .expect("sent");
    let mut some = [0; 300];
    assert!(stream.read(&mut some).expect("an answer") > 0);
    drop(stream);
    let begin = Instant::now();
    while !server.get("/metrics").with(200).body.contains("theoremata_model_questions 0\n") {
        assert!(begin.elapsed() < Duration::from_secs(20), "the work goes on for nobody");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_official_client_finds_what_it_expects() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openai");
    let python = tests.join(".venv/bin/python");
    if !python.exists() {
        skip::skipped("the official client was not tried, since tests/openai/install has not been run");
        return;
    }
    let server = start("models-client");
    let url = format!("{}/v1", server.address);
    let output =
        Command::new(python).arg(tests.join("client.py")).args([&*url, "llama"]).output().expect("python runs");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{told}");
}

/// A template with tool support, and one without.
const TEMPLATES: [&str; 2] = [
    "{% for tool in tools or [] %}{{ tool | tojson }}{% endfor %}{% for message in messages %}<|im_start|>{{ message.role }}\n\
     {{ message.content }}{% for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>\
     {% endfor %}<|im_end|>{% endfor %}<|im_start|>\n",
    "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}<|im_start|>\n",
];

#[test]
fn the_official_client_asks_for_calls_and_says_what_came_of_them() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openai");
    let python = tests.join(".venv/bin/python");
    if !python.exists() {
        skip::skipped("the official client asked for no calls, since tests/openai/install has not been run");
        return;
    }
    for (place, template) in TEMPLATES.into_iter().enumerate() {
        let folder = folder(&format!("models-functions-{place}"));
        let said = b"<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 2, \"b\": 40}}\n</tool_call>";
        let model = Tiny::script(&[Said::Bytes(said)], true)
            .with("tokenizer.chat_template", Entry::Text(template.into()))
            .with("llama.context_length", Entry::U32(4096));
        std::fs::write(folder.join("caller.gguf"), model.gguf()).expect("a model");
        let server = Server::start(&folder, &["--model", "caller.gguf", "--kv-memory", "64", "--threads", "1"]);
        let url = format!("{}/v1", server.address);
        let output =
            Command::new(&python).arg(tests.join("tools.py")).args([&*url, "caller"]).output().expect("python runs");
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success(), "template {place}: {told}");
    }
}

/// The commands of a page: lines after a dollar sign, each with its continuation lines.
fn commands(page: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut within = false;
    for line in page.lines() {
        if line.starts_with("```") {
            within = line == "```console";
        } else if let (true, Some(command)) = (within, line.strip_prefix("$ ")) {
            commands.push(command.to_owned());
        } else if let (true, Some(command)) = (within && line.starts_with("       "), commands.last_mut()) {
            *command = format!("{command}\n{line}");
        }
    }
    commands
}

#[test]
fn every_call_of_the_manual_works() {
    let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if let Some(program) = ["curl", "jq", "bash"].into_iter().find(|program| !is_there(program)) {
        skip::skipped(format_args!("the calls of docs/api.md were not run, since there is no {program}"));
        return;
    }
    let server = start("models-manual");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/api.md")).expect("the manual");
    let calls: Vec<String> = commands(&page).into_iter().filter(|command| command.contains("curl")).collect();
    assert!(calls.len() >= 6, "the calls were found: {calls:?}");
    let mut job = String::new();
    let vote = server.submit(&vote(1, 20));
    server.wait(&vote);
    for call in calls {
        let address = server.address.trim_start_matches("http://");
        let line = call.replace("localhost:8080", address).replace("smollm2", "llama");
        let output = Command::new("bash")
            .args(["-o", "pipefail", "-c", &line])
            .env("ID", &job)
            .env("VOTE", &vote)
            .current_dir(root)
            .output();
        let output = output.expect("bash runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = !output.status.success() || said.is_empty() || said.contains("urn:theoremata:problem");
        assert!(!failed && !said.contains("\"error\":{"), "{call}\n{said}{}", String::from_utf8_lossy(&output.stderr));
        if let (true, Some(id)) = (
            job.is_empty(),
            serde_json::from_str::<Value>(&said).ok().and_then(|it| it["id"].as_str().map(str::to_owned)),
        ) {
            job = id;
        }
    }
}
