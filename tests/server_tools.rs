//! Remote tools, with a tiny model of random weights: HTTP endpoints, MCP servers, and human approval of calls.

#[path = "server/client.rs"]
mod client;
#[path = "server/helper.rs"]
mod helper;
#[path = "common/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::{Server, folder};
use helper::Helper;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/llama");

fn start(place: &Path, hosts: &[String]) -> Server {
    let mut more = vec!["--model", TINY, "--kv-memory", "64", "--threads", "1"];
    hosts.iter().for_each(|host| more.extend(["--tool-host", host]));
    Server::start(place, &more)
}

/// A question that takes these steps with tool calls, and then lets the model generate.
fn script(tools: &Value, steps: &Value) -> Value {
    json!({ "kind": "reason", "question": {
        "prompt": "1 + 1 = ", "max_tokens": 12, "tools": tools, "program": { "script": { "steps": steps } },
    } })
}

fn call(name: &str, parameters: &Value) -> Value {
    json!({ "tool": { "name": name, "parameters": parameters } })
}

/// The replies of a job's tools, from its events.
fn replies(server: &Server, job: &str) -> Vec<String> {
    let events = server.events(job, 0);
    let called = events.iter().filter(|(_, event)| event["event"] == "called");
    called.map(|(_, event)| event["reply"].as_str().expect("a text").to_owned()).collect()
}

fn two_numbers() -> Value {
    let number = json!({ "type": "integer" });
    json!({ "type": "object", "properties": { "a": number, "b": number }, "required": ["a", "b"], "additionalProperties": false })
}

#[test]
fn an_address_is_a_tool_and_what_goes_wrong_is_a_reply() {
    let helper = Helper::start(|asked, number| match asked.line.as_str() {
        "POST /add" => {
            let given: Value = serde_json::from_str(&asked.body).expect("JSON");
            let sum = given["a"].as_i64().expect("a number") + given["b"].as_i64().expect("a number");
            (200, String::new(), json!({ "sum": sum, "unit": given["unit"] }).to_string())
        }
        "GET /find?q=a%20b&unit=metre" => (200, String::new(), "\"found\"".to_owned()),
        "POST /busy" if number.is_multiple_of(2) => (503, String::new(), "later".to_owned()),
        "POST /busy" => (200, String::new(), "free".to_owned()),
        "POST /gone" => (404, String::new(), "no such thing".to_owned()),
        "POST /elsewhere" => (302, "location: http://127.0.0.1:1/\r\n".to_owned(), String::new()),
        "POST /long" => (200, String::new(), "x".repeat(3000)),
        "POST /slow" => {
            thread::sleep(Duration::from_secs(4));
            (200, String::new(), "late".to_owned())
        }
        other => panic!("nobody asks for {other}"),
    });
    let host = helper.address.to_string();
    let tool = |name: &str, more: Value| {
        let mut tool = json!({ "name": name, "http": { "url": format!("http://{host}/{name}"), "retries": 0 } });
        let more = more.as_object().expect("an object").clone();
        for (name, value) in more {
            if name == "http" {
                tool["http"].as_object_mut().expect("an object").extend(value.as_object().expect("an object").clone());
            } else {
                tool[name] = value;
            }
        }
        tool
    };
    let tools = json!([
        tool(
            "add",
            json!({ "parameters": two_numbers(), "http": { "defaults": { "unit": "metre" }, "headers": { "x-key": "s3cret" } } })
        ),
        tool(
            "find",
            json!({
                "parameters": { "type": "object", "properties": { "q": { "type": "string" } } },
                "http": { "method": "GET", "defaults": { "unit": "metre" } },
            })
        ),
        tool("busy", json!({ "http": { "retries": 1 } })),
        tool("gone", json!({})),
        tool("elsewhere", json!({})),
        tool("long", json!({ "http": { "reply_bytes": 1000 } })),
        tool("slow", json!({ "seconds": 1 })),
    ]);
    let none = json!({});
    let steps = json!([
        call("add", &json!({ "a": 2, "b": 3 })),
        call("find", &json!({ "q": "a b" })),
        call("add", &json!({ "a": 2 })),
        call("add", &json!({ "a": 2, "b": 3 })),
        call("busy", &none), call("gone", &none), call("elsewhere", &none), call("long", &none), call("slow", &none),
        { "generate": {} },
    ]);
    let server = start(&folder("tools-http"), std::slice::from_ref(&host));
    let job = server.submit(&script(&tools, &steps));
    assert_eq!(server.wait(&job)["state"], "finished");
    let replies = replies(&server, &job);
    assert_eq!(replies[0], "{\"sum\":5,\"unit\":\"metre\"}");
    assert_eq!((&*replies[1], &replies[3], &*replies[4]), ("found", &replies[0], "free"));
    for (place, said) in [
        (2, "its parameters do not fit: \"b\" is a required property"),
        (5, "the tool failed: HTTP 404 Not Found: no such thing"),
        (6, "redirections are not followed"),
        (7, "its reply has more than 1000 bytes"),
        (8, "it took longer than 1 seconds"),
    ] {
        assert!(replies[place].contains(said), "{place}: {}", replies[place]);
    }
    let asked = helper.asked();
    let count = |line: &str| asked.iter().filter(|asked| asked.line == line).count();
    assert_eq!((count("POST /add"), count("POST /busy")), (1, 2), "the same call is made once, and a busy one again");
    assert!(asked[0].headers.contains(&("x-key".to_owned(), "s3cret".to_owned())));
    // The same question repeats no call, even in another process.
    let result = server.get(&format!("/v1/jobs/{job}/result")).with(200).body;
    assert!(!result.contains("s3cret"), "{result}");
    let again = server.submit(&script(&tools, &steps));
    server.wait(&again);
    assert_eq!(helper.asked().len(), asked.len());
}

#[test]
fn a_model_calls_an_address_in_its_tasks_and_nobody_is_called_that_the_operator_did_not_name() {
    let helper = Helper::start(|_, number| (200, String::new(), format!("reply {number}")));
    let host = helper.address.to_string();
    let property = json!({ "type": "string", "maxLength": 3 });
    let tools = json!([{
        "name": "look", "description": "Looks it up.", "http": { "url": format!("http://{host}/") },
        "parameters": { "type": "object", "properties": { "q": property }, "required": ["q"], "additionalProperties": false },
    }]);
    let ask = |seed: u64| {
        let program =
            json!({ "tasks": { "levels": 3, "width": 2, "characters": 4, "memory": { "lists": 0 }, "recall": false } });
        json!({ "kind": "reason", "question": {
            "prompt": "Part it:", "seed": seed, "max_tokens": 1200, "total_tokens": 1200, "choice": { "temperature": 1.5 },
            "tools": tools, "program": program,
        } })
    };
    let server = start(&folder("tools-tasks"), std::slice::from_ref(&host));
    // Whether a tree of random text calls a tool depends on the seed.
    let called = (0..40).map(|seed| server.submit(&ask(seed))).find(|job| {
        server.wait(job);
        !replies(&server, job).is_empty()
    });
    assert!(called.is_some_and(|job| replies(&server, &job)[0].starts_with("reply ")), "no tree called the tool");
    assert!(helper.asked()[0].body.starts_with("{\"q\":"));

    let strict = start(&folder("tools-strict"), &["example.org".to_owned()]);
    let refused = |question: &Value| {
        strict.post("/v1/jobs", question).with(400).json()["detail"].as_str().expect("a text").to_owned()
    };
    assert!(
        refused(&ask(0)).contains("may not be called; the operator names those that may be"),
        "{}",
        refused(&ask(0))
    );
    let with = |tool: Value| script(&json!([tool]), &json!([{ "generate": {} }]));
    for (tool, why) in [
        (json!({ "name": "x", "command": "rm -rf /" }), "a server runs no commands"),
        (json!({ "name": "x", "http": { "url": "ftp://example.org/" } }), "does not begin with http"),
        (json!({ "name": "x", "http": { "url": "http://example.org@127.0.0.1/" } }), "names no host, or a user"),
        (json!({ "name": "x" }), "one of `command`, `http` and `mcp`"),
        (json!({ "mcp": { "stdio": { "command": ["sh", "-c", "true"] } } }), "starts no programs"),
        (json!({ "mcp": { "http": { "url": "http://127.0.0.1:1/mcp" } } }), "may not be called"),
        (
            json!({ "name": "x", "http": { "url": "http://example.org/", "headers": { "Host": "a" } } }),
            "by this program itself",
        ),
    ] {
        let said = refused(&with(tool.clone()));
        assert!(said.contains(why), "{tool}: {said}");
    }
}

#[test]
fn a_call_that_was_answered_is_not_made_again_after_a_kill_and_no_other_question_waits_for_a_slow_one() {
    let helper = Helper::start(|asked, _| {
        if asked.line.ends_with("slow") {
            thread::sleep(Duration::from_secs(6));
        }
        (200, String::new(), "42".to_owned())
    });
    let host = helper.address.to_string();
    let tool = |name: &str| json!({ "name": name, "http": { "url": format!("http://{host}/{name}") } });
    let tools = json!([tool("quick"), tool("slow")]);
    let place = folder("tools-killed");
    let server = start(&place, std::slice::from_ref(&host));
    let none = json!({});
    let slow = server.submit(&script(&tools, &json!([call("quick", &none), call("slow", &none), { "generate": {} }])));
    let begin = Instant::now();
    let plain = server.submit(&json!({ "kind": "generate", "question": { "prompt": "1 + 1 = ", "max_tokens": 5 } }));
    assert_eq!(server.wait(&plain)["state"], "finished");
    assert!(begin.elapsed() < Duration::from_secs(4), "it waited for the tool of another question");
    while helper.asked().len() < 2 {
        thread::sleep(Duration::from_millis(20));
    }
    server.kill();
    let server = start(&place, std::slice::from_ref(&host));
    assert_eq!(server.wait(&slow)["state"], "finished");
    assert_eq!(replies(&server, &slow), ["42", "42"]);
    let quick = helper.asked().iter().filter(|asked| asked.line.ends_with("quick")).count();
    assert_eq!(quick, 1, "its reply was on disk");
}

#[test]
fn a_node_waits_for_a_person_also_over_a_kill() {
    let helper = Helper::start(|_, _| (200, String::new(), "sent".to_owned()));
    let host = helper.address.to_string();
    let tools = json!([{ "name": "send", "approve": true, "http": { "url": format!("http://{host}/") } }]);
    let steps = json!([
        { "fork": { "count": 2, "join": { "mode": "value" }, "steps": [{ "generate": { "regex": "[0-9]" } }, { "approve": "Keep {last}?" }] } },
        call("send", &json!({})), { "generate": { "max_tokens": 4 } },
    ]);
    let place = folder("tools-persons");
    let mut server = start(&place, std::slice::from_ref(&host));
    let job = server.submit(&script(&tools, &steps));
    let order = |server: &Server, node: &str, what: &str| {
        server.call("POST", &format!("/v1/jobs/{job}/nodes/{node}/{what}"), &[], b"").status
    };
    let patient = |server: &Server, node: &str, what: &str| {
        let begin = Instant::now();
        while order(server, node, what) != 202 {
            assert!(begin.elapsed() < Duration::from_secs(30), "node {node} does not wait");
            thread::sleep(Duration::from_millis(20));
        }
    };
    patient(&server, "1", "refuse");
    assert_eq!(
        (order(&server, "1", "approve"), order(&server, "7", "approve"), order(&server, "x", "approve")),
        (409, 409, 400)
    );
    server.kill();
    server = start(&place, std::slice::from_ref(&host));
    patient(&server, "0", "approve");
    server.kill();
    server = start(&place, std::slice::from_ref(&host));
    thread::sleep(Duration::from_millis(300));
    assert!(helper.asked().is_empty(), "nobody has said yes");
    // Decisions can be made on the page of the job.
    let begin = Instant::now();
    let page = loop {
        let page = server.get(&format!("/jobs/{job}")).with(200).body;
        if page.contains("Waits for you:") {
            break page;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "nothing waits: {page}");
        thread::sleep(Duration::from_millis(20));
    };
    assert!(page.contains("<code>send {}</code>"), "{page}");
    let said = server.call("POST", &format!("/jobs/{job}/nodes/root/approve"), &[], b"");
    assert_eq!((said.status, said.header("location")), (303, &*format!("/jobs/{job}")));
    assert_eq!(server.wait(&job)["state"], "finished");
    assert_eq!(helper.asked().len(), 1);
    let events = server.events(&job, 0);
    let of = |kind: &str| events.iter().map(|(_, event)| event).filter(|event| event["event"] == kind).count();
    assert_eq!((of("awaits"), of("decided"), of("called")), (3, 3, 1));
    let result = server.get(&format!("/v1/jobs/{job}/result")).with(200).json();
    let outcome = |place: usize| result["nodes"][place]["outcome"].as_str().expect("an outcome").to_owned();
    assert_eq!((outcome(1), outcome(2)), ("concluded".to_owned(), "cancelled".to_owned()));
}

#[test]
fn jobs_that_wait_for_a_person_take_no_place() {
    let place = folder("tools-places");
    let mut server = start(&place, &[]);
    let state = |server: &Server, job: &str| server.get(&format!("/v1/jobs/{job}")).with(200).json()["state"].clone();
    let reach = |server: &Server, jobs: &[String], wanted: &str| {
        let begin = Instant::now();
        while let Some(other) = jobs.iter().find(|job| state(server, job) != wanted) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{other} is {}, not {wanted}", state(server, other));
            thread::sleep(Duration::from_millis(50));
        }
    };
    // More than the server and its worker run concurrently.
    let steps = json!([{ "generate": { "regex": "[0-9]{3}" } }, { "approve": "Keep {last}?" }, { "generate": { "regex": "[a-z]{2}" } }]);
    let question = |seed: u64| {
        let mut asked = script(&json!([]), &steps);
        asked["question"]["seed"] = json!(seed);
        asked
    };
    let jobs: Vec<String> = (0..40).map(|seed| server.submit(&question(seed))).collect();
    reach(&server, &jobs, "waiting");
    let other = json!({ "kind": "generate", "question": { "prompt": "1 + 1 = ", "max_tokens": 3 } });
    let other = server.submit(&other);
    assert_eq!(server.wait(&other)["state"], "finished", "the 41st has a place");
    let chat = json!({ "model": "llama", "messages": [{ "role": "user", "content": "x" }], "max_tokens": 2 });
    server.post("/v1/chat/completions", &chat).with(200);
    // Two jobs with the same question share it in the pool: both get the decision.
    let twin = server.submit(&question(0));
    reach(&server, std::slice::from_ref(&twin), "waiting");

    server.kill();
    server = start(&place, &[]);
    reach(&server, &jobs, "waiting");
    reach(&server, std::slice::from_ref(&twin), "waiting");
    let order = |server: &Server, job: &str, what: &str| {
        server.call("POST", &format!("/v1/jobs/{job}/nodes/root/{what}"), &[], b"").with(202);
    };
    order(&server, &jobs[0], "approve");
    order(&server, &jobs[1], "refuse");
    order(&server, &jobs[2], "cancel");
    let done = server.call("DELETE", &format!("/v1/jobs/{}", jobs[3]), &[], b"");
    assert_eq!((done.status, done.json()["state"].clone()), (200, json!("cancelled")), "nothing has to end first");
    let result = |job: &str| server.get(&format!("/v1/jobs/{job}/result")).with(200).json();
    let outcome = |job: &str| {
        assert!(!["queued", "running", "waiting"].contains(&server.wait(job)["state"].as_str().expect("a state")));
        result(job)["nodes"][0]["outcome"].clone()
    };
    assert_eq!([&jobs[0], &twin].map(|job| outcome(job)), [json!("concluded"), json!("concluded")]);
    assert_eq!(
        [&jobs[1], &jobs[2], &jobs[3]].map(|job| outcome(job)),
        ["cancelled", "cancelled", "cancelled"].map(|it| json!(it))
    );
    assert!(result(&jobs[3])["nodes"][0]["text"].as_str().is_some_and(|text| text.len() == 3), "what was said stays");
    let of = |job: &str, kind: &str| server.events(job, 0).iter().filter(|(_, event)| event["event"] == kind).count();
    assert_eq!((of(&jobs[0], "awaits"), of(&jobs[0], "decided"), of(&jobs[3], "decided")), (1, 1, 0));
    assert!(jobs[4..].iter().all(|job| state(&server, job) == "waiting"), "the others wait still");
    let mut timed = question(70);
    timed["question"]["seconds"] = json!(2);
    let timed = server.submit(&timed);
    assert_eq!(outcome(&timed), json!("out of time"), "nobody decides, and its time is up");
    // The text after an approval is that of an uninterrupted job.
    let text = |job: &str| result(job)["text"].clone();
    assert_eq!(text(&jobs[0]), text(&twin));
}

/// The test environment's Python with the MCP package.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp/.venv/bin/python");
    if !python.exists() {
        skip::skipped("no MCP server was tried, since tests/mcp/install has not been run");
        return None;
    }
    Some(python)
}

const MCP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcp/server.py");

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_tools_of_an_mcp_server_are_listed_and_called() {
    let Some(python) = python() else { return };
    let place = folder("tools-mcp");
    let calls = place.join("calls");
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let mut command = Command::new(&python);
    command.args([MCP, "http", &port.to_string()]).env("CALLS", &calls).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Running(command.spawn().expect("python runs"));
    let host = format!("127.0.0.1:{port}");
    let begin = Instant::now();
    while std::net::TcpStream::connect(&host).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the MCP server does not start");
        thread::sleep(Duration::from_millis(50));
    }
    let mcp = json!({ "http": { "url": format!("http://{host}/mcp") } });
    let steps = json!([call("add", &json!({ "a": 2, "b": 40 })), call("fail", &json!({})), { "generate": {} }]);
    let server = start(&place, std::slice::from_ref(&host));
    let job = server.submit(&script(&json!([{ "mcp": mcp, "seconds": 20 }]), &steps));
    assert_eq!(server.wait(&job)["state"], "finished");
    let said = replies(&server, &job);
    assert_eq!(said[0], "42");
    assert!(said[1].starts_with("the tool failed: "), "{}", said[1]);
    assert_eq!(fs::read_to_string(&calls).expect("calls"), "2+40\n");
    let missing = json!([{ "mcp": mcp, "only": ["subtract"] }]);
    let refused = server.post("/v1/jobs", &script(&missing, &steps)).with(400).body;
    assert!(refused.contains("has no tool `subtract`; it has add, fail"), "{refused}");
    // Recorded replies are available even when the server is gone.
    drop(process);
    let again = json!([{ "mcp": mcp }]);
    assert!(server.post("/v1/jobs", &script(&again, &steps)).with(400).body.contains("MCP server"));
    server.kill();
    let server = start(&place, std::slice::from_ref(&host));
    assert_eq!(server.get(&format!("/v1/jobs/{job}")).with(200).json()["state"], "finished");

    // On the command line, a local program is allowed as well.
    let program = json!({ "steps": steps });
    fs::write(place.join("program.json"), program.to_string()).expect("written");
    let tools = json!([{ "mcp": { "stdio": { "command": [python, MCP, "stdio"] } }, "only": ["add", "fail"] }]);
    fs::write(place.join("tools.json"), tools.to_string()).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args([
            "reason",
            "--program",
            "program.json",
            "--tools",
            "tools.json",
            "--model",
            TINY,
            "--prompt",
            "1 + 1 = ",
            "--json",
        ])
        .current_dir(&place)
        .env("CALLS", &calls)
        .output()
        .expect("the binary runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("\"reply\":\"42\"") && told.contains("the tool failed: "),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(fs::read_to_string(&calls).expect("calls"), "2+40\n2+40\n");
}
