//! The server as clients see it: jobs, events, results and pages over HTTP; bad input, missing authorisation, and kills
//! of the process.

#[path = "server/client.rs"]
mod client;
#[path = "server/known.rs"]
mod known;
#[path = "server/receiver.rs"]
mod receiver;
#[path = "common/skip.rs"]
mod skip;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use client::{Server, folder, theory};

const COMMUTATIVITY: &str = "(>[a,b,c] (in3[a,b,c,*]) (in3[b,a,c,*]))";

fn explore(name: &str) -> Value {
    json!({ "kind": "explore", "files": [{ "name": format!("{name}.mpl"), "text": theory(name) }] })
}

fn prove(goals: &[&str]) -> Value {
    json!({ "kind": "prove", "files": [{ "name": "peano.mpl", "text": theory("peano") }], "goals": goals })
}

/// Whether the numbers are consecutive from `first` on.
fn is_gapless(events: &[(usize, Value)], first: usize) -> bool {
    events.iter().zip(first..).all(|((number, _), expected)| *number == expected)
}

#[test]
fn an_exploration_is_asked_watched_and_read() {
    let server = Server::start(&folder("server-explore"), &[]);
    let answer = server.post("/v1/jobs", &explore("peano")).with(202);
    let job = answer.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(answer.header("location"), format!("/v1/jobs/{job}"));
    // The stream ends with the job.
    let events = server.events(&job, 0);
    assert!(is_gapless(&events, 1) && events.len() > 100, "{} events", events.len());
    assert_eq!(events[0].1["event"], "started");
    let last = &events[events.len() - 1].1;
    assert_eq!((&last["event"], &last["state"]), (&json!("ended"), &json!("finished")));
    let theorems: Vec<&Value> =
        events.iter().map(|(_, event)| event).filter(|event| event["event"] == "theorem").collect();
    assert_eq!(last["theorems"], theorems.len());
    let law = theorems.iter().find(|theorem| theorem["math"] == "∀ a b : a · b = b · a").expect("the law");

    // A client with a part of the events gets the rest; one with all is told not to reconnect.
    let rest = server.events(&job, 10);
    assert!(is_gapless(&rest, 11) && rest.len() == events.len() - 10);
    let all = events.len().to_string();
    let path = format!("/v1/jobs/{job}/events");
    assert_eq!(server.call("GET", &path, &[("last-event-id", &all)], b"").status, 204);
    assert_eq!(server.call("GET", &path, &[("last-event-id", "x")], b"").status, 400);

    let job_now = server.get(&format!("/v1/jobs/{job}")).with(200).json();
    assert_eq!((&job_now["state"], &job_now["theory"]), (&json!("finished"), &json!("Peano")));
    let result = server.get(&format!("/v1/jobs/{job}/result")).with(200);
    assert_eq!(result.json()["theorem_list"].as_array().map(Vec::len), Some(theorems.len()));

    // The pages of its theorems are those of the static site, including downloads.
    let site = job_now["links"]["site"].as_str().expect("a site");
    let run = job_now["run"].as_str().expect("a run");
    let cost = server.get(&format!("/v1/runs/{run}")).with(200).json()["cost"].clone();
    assert!(cost["messages"].as_u64() > Some(0) && cost["advice_tokens"] == 0, "{cost}");
    let index = server.get(site).with(200);
    assert!(index.body.contains("<h1>Peano</h1>") && index.header("content-type").starts_with("text/html"));
    let to = server.get(&format!("/runs/{run}/theorems/{}", law["number"])).with(303);
    let page = server.get(to.header("location")).with(200);
    assert!(page.body.contains("commutativity of ·") && page.body.contains("This was to be proved."));
    let same = server.call("GET", to.header("location"), &[("if-none-match", page.header("etag"))], b"");
    assert_eq!((same.status, &*same.body), (304, ""));
    let metamath = server.get(&format!("/runs/{run}/data/Peano.mm")).with(200).body;
    assert!(metamath.contains(&format!("t-{} $p", law["number"])), "the theorem is in the file");
    assert_eq!(server.get(&format!("/runs/{run}/theorem/none.html")).status, 404);
    let found = server.get("/search?q=y%20%C2%B7%20x%20%3D%20x%20%C2%B7%20y").with(200).body;
    assert!(found.contains("this statement"), "{found}");

    // The same question has the same run, and costs nothing.
    let again = server.submit(&explore("peano"));
    assert_eq!(server.wait(&again)["run"], job_now["run"]);
    assert_eq!(server.get(&format!("/v1/jobs/{again}/result")).with(200).body, result.body);
    let check = server.submit(&json!({ "kind": "check", "run": run }));
    server.wait(&check);
    let checked = server.get(&format!("/v1/jobs/{check}/result")).with(200).json();
    assert_eq!((&checked["theorems"], &checked["flaws"]), (&json!(theorems.len()), &json!(0)));
    let listed = server.get("/v1/jobs?limit=2").with(200).json();
    assert_eq!(listed["jobs"][0]["id"], *check);
    let next = format!("/v1/jobs?limit=2&cursor={}", listed["next"].as_str().expect("there are more"));
    assert_eq!(server.get(&next).with(200).json()["jobs"][0]["id"], *job);
    assert_eq!(server.get("/v1/jobs?kind=check").with(200).json()["jobs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn goals_are_proved_refuted_and_sent_as_files() {
    let server = Server::start(&folder("server-prove"), &[]);
    let body = prove(&[COMMUTATIVITY, "(>[a,b] (in3[a,b,1,+]) (=[a,1]))"]);
    let key = [("content-type", "application/json"), ("idempotency-key", "once")];
    let first = server.call("POST", "/v1/jobs", &key, body.to_string().as_bytes()).with(202).json();
    let again = server.call("POST", "/v1/jobs", &key, body.to_string().as_bytes()).with(200).json();
    assert_eq!(first["id"], again["id"]);
    let other = server.call("POST", "/v1/jobs", &key, explore("peano").to_string().as_bytes()).with(422).json();
    assert_eq!(other["type"], "urn:theoremata:problem:idempotency-key-reused");
    let job = first["id"].as_str().expect("an id");
    assert_eq!(server.wait(job)["state"], "finished");
    let result = server.get(&format!("/v1/jobs/{job}/result")).with(200).json();
    let szs: Vec<&Value> = result["answers"].as_array().expect("answers").iter().map(|answer| &answer["szs"]).collect();
    assert_eq!(szs, ["Theorem", "CounterSatisfiable"]);
    assert_eq!(result["answers"][1]["counterexample"], json!({ "a": "0", "b": "1" }));
    let page = server.get(&format!("/jobs/{job}")).with(200).body;
    assert!(page.contains("CounterSatisfiable") && page.contains("false for a = 0, b = 1"), "{page}");

    // The same as a multipart form, with a file that imports the other.
    let form = "--x\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\nprove\r\n\
        --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"main.mpl\"\r\n\r\n(import \"own.mpl\")\n\
        (theory T[N,f] \"One map.\" (total[N,f]))\r\n\
        --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"own.mpl\"\r\n\r\n\
        (define total[N,f] (>[x] (in[x,N]) (in2[x,x,f])))\r\n\
        --x\r\ncontent-disposition: form-data; name=\"goal\"\r\n\r\n(>[x] (in[x,N]) (in2[x,x,f]))\r\n--x--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let answer = server.call("POST", "/v1/jobs", &kind, form.as_bytes());
    if answer.status != 202 {
        panic!("{}", answer.body.replace("\\n", "\n"));
    }
    let job = answer.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(server.wait(&job)["state"], "finished");
    assert_eq!(server.get(&format!("/v1/jobs/{job}/result")).with(200).json()["answers"][0]["szs"], "Theorem");
}

#[test]
fn what_is_wrong_is_a_problem_document_and_harms_nobody() {
    let server = Server::start(&folder("server-wrong"), &[]);
    let json = [("content-type", "application/json")];
    let deep = format!("{{\"kind\":{}", "[".repeat(100_000));
    let nested = json!({ "kind": "explore", "source": format!("(theory T[x] {}", "(& ".repeat(100_000)) }).to_string();
    let large = vec![b' '; (8 << 20) + 1];
    let outside = json!({ "kind": "explore", "source": "(import \"/etc/passwd\")" }).to_string();
    type Case<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], &'c [u8], u16, &'c str);
    let cases: [Case<'_>; 20] = [
        ("POST", "/v1/jobs", &json, b"{", 400, "EOF"),
        ("POST", "/v1/jobs", &json, deep.as_bytes(), 400, "expected"),
        ("POST", "/v1/jobs", &json, nested.as_bytes(), 422, "nesting"),
        ("POST", "/v1/jobs", &json, &large, 413, "8388608"),
        ("POST", "/v1/jobs", &json, outside.as_bytes(), 422, "neither among the files that were sent"),
        ("POST", "/v1/jobs", &json, b"{\"kind\":\"explore\",\"source\":\"\",\"x\":1}", 400, "unknown field"),
        (
            "POST",
            "/v1/jobs",
            &json,
            b"{\"kind\":\"check\",\"run\":\"00000000000000000000000000000000\"}",
            422,
            "no run",
        ),
        ("POST", "/v1/jobs", &[("content-type", "text/plain")], b"{}", 415, "application/json"),
        ("POST", "/v1/jobs", &[("content-type", "multipart/form-data; boundary=x")], b"--x\r\nhalf", 400, "form"),
        (
            "POST",
            "/v1/jobs",
            &[("content-type", "application/json"), ("idempotency-key", "")],
            b"{}",
            400,
            "Idempotency",
        ),
        (
            "POST",
            "/v1/jobs",
            &[("content-type", "application/json"), ("origin", "http://evil.test")],
            b"{}",
            403,
            "another site",
        ),
        ("GET", "/v1/jobs", &[("host", "evil.test")], b"", 421, "evil.test"),
        ("PUT", "/v1/jobs", &[], b"", 405, "GET, POST"),
        ("GET", "/v1/jobs?limit=0", &[], b"", 400, "limit"),
        ("GET", "/v1/jobs?state=happy", &[], b"", 400, "happy"),
        ("GET", "/v1/jobs/none", &[], b"", 404, "none"),
        ("DELETE", "/v1/jobs/none", &[], b"", 404, "none"),
        ("GET", "/v1/jobs/none/events", &[], b"", 404, "none"),
        ("GET", "/v1/nothing", &[], b"", 404, "/v1/nothing"),
        ("POST", "/v1/lint", &json, b"{\"kind\":\"explore\",\"source\":\"\",\"goals\":[\"x\"]}", 400, "explore"),
    ];
    for (method, path, headers, body, status, word) in cases {
        let answer = server.call(method, path, headers, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        assert!(answer.body.contains(word), "{method} {path}: {}", answer.body);
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{method} {path}");
    }
    // Errors in a theory have positions.
    let wrong = server
        .post("/v1/jobs", &json!({ "kind": "explore", "source": "(theory T[x]\n  (inn[x,x]))" }))
        .with(422)
        .json();
    assert_eq!(wrong["errors"][0]["labels"][0]["line"], 2, "{wrong}");
    let looked = server.post("/v1/lint", &json!({ "kind": "explore", "source": theory("group") })).with(200).json();
    assert_eq!((&looked["theory"], &looked["diagnostics"]), (&json!("Group"), &json!([])));
    // A request that never completes times out, and a missing page is reported.
    let mut half = TcpStream::connect(server.address.trim_start_matches("http://")).expect("a connection");
    half.write_all(b"POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\n").expect("sent");
    half.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let mut said = Vec::new();
    half.read_to_end(&mut said).expect("the connection is closed");
    assert!(said.is_empty() || String::from_utf8_lossy(&said).contains("408"), "{}", String::from_utf8_lossy(&said));
    assert!(server.get("/jobs/none").with(404).body.contains("there is no job none"));
    assert!(server.get("/v1/jobs").with(200).json()["jobs"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn jobs_end_at_their_bounds_and_when_they_are_cancelled() {
    let server = Server::start(&folder("server-bounds"), &["--jobs", "1", "--waiting", "2"]);
    let mut small = explore("powers");
    small["budget"] = json!({ "cpu_seconds": 0.05 });
    let bounded = server.submit(&small);
    let long = server.submit(&explore("powers"));
    assert_eq!(server.wait(&bounded)["state"], "out_of_time");
    let waiting = server.submit(&explore("sets"));
    assert_eq!(server.call("DELETE", &format!("/v1/jobs/{waiting}"), &[], b"").status, 200);
    assert_eq!(server.wait(&waiting)["state"], "cancelled");
    assert_eq!(server.get(&format!("/v1/jobs/{long}/result")).with(409).header("retry-after"), "2");
    let told = server.call("DELETE", &format!("/v1/jobs/{long}"), &[], b"");
    assert!([200, 202].contains(&told.status), "{}", told.body);
    let state = server.wait(&long)["state"].clone();
    assert!(["cancelled", "finished"].contains(&state.as_str().expect("a word")), "{state}");
    assert_eq!(server.events(&long, 0).last().expect("an event").1["state"], state);
    server.get(&format!("/v1/jobs/{long}/result")).with(200);
}

#[test]
fn a_server_with_keys_lets_nobody_in_without_one() {
    let place = folder("server-keys");
    let theoremata = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_theoremata")).args(arguments).current_dir(&place).output().expect("it runs")
    };
    let open = theoremata(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&open.stderr).contains("theoremata keys add"));
    let key = |name: &str| {
        let made = theoremata(&["keys", "add", name, "--json"]);
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        (made["id"].as_str().expect("an id").to_owned(), made["key"].as_str().expect("a key").to_owned())
    };
    let (id, one) = key("one");
    let (_, other) = key("other");
    let server = Server::start(&place, &[]);
    let bearer = |key: &str| format!("Bearer {key}");
    let denied = server.get("/v1/jobs").with(401);
    assert!(denied.header("www-authenticate").starts_with("Basic"));
    assert_eq!(server.call("GET", "/", &[("authorization", &bearer("theo_x"))], b"").status, 401);
    assert_eq!(server.get("/healthz").status, 200);
    let mine = [("authorization", &*bearer(&one)), ("content-type", "application/json")];
    let body = explore("semigroup").to_string();
    let job = server.call("POST", "/v1/jobs", &mine, body.as_bytes()).with(202).json()["id"].clone();
    let path = format!("/v1/jobs/{}", job.as_str().expect("an id"));
    assert_eq!(server.call("GET", &path, &mine, b"").status, 200);
    assert_eq!(server.call("GET", &path, &[("x-api-key", &other)], b"").status, 404, "another's job is not shown");
    assert!(theoremata(&["keys", "revoke", &id]).status.success());
    std::thread::sleep(Duration::from_millis(1300));
    assert_eq!(server.call("GET", &path, &mine, b"").status, 401);
    let listed = String::from_utf8(theoremata(&["keys", "list"]).stdout).expect("UTF-8");
    assert!(listed.contains("other") && !listed.contains("one") && !listed.contains(&other[14..]));
}

#[test]
fn a_key_does_what_its_scopes_say_as_often_as_its_quota_says() {
    let place = folder("server-scopes");
    let key = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
        let made =
            command.args(["keys", "add", "k", "--json"]).args(arguments).current_dir(&place).output().expect("it runs");
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        format!("Bearer {}", made["key"].as_str().expect("a key"))
    };
    let reader = key(&["--scope", "read"]);
    let prover = key(&["--scope", "prove", "--quota", "jobs-a-day=2", "--quota", "cpu-a-day=100"]);
    let admin = key(&["--scope", "admin"]);
    let wrong = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(["keys", "add", "k", "--quota", "tea=1"])
        .current_dir(&place)
        .output()
        .expect("it runs");
    assert_eq!(wrong.status.code(), Some(2));
    let server = Server::start(&place, &[]);
    let call = |method: &str, path: &str, key: &str, body: &str| {
        server.call(method, path, &[("authorization", key), ("content-type", "application/json")], body.as_bytes())
    };
    let body = explore("semigroup").to_string();
    assert_eq!(call("GET", "/v1/theories", &reader, "").status, 200);
    assert_eq!(call("POST", "/v1/lint", &reader, &body).status, 200, "nothing is run");
    let refused = call("POST", "/v1/jobs", &reader, &body).with(403).json();
    assert_eq!((&refused["type"], &refused["scope"]), (&json!("urn:theoremata:problem:not-in-scope"), &json!("prove")));
    assert_eq!(
        call("POST", "/v1/chat/completions", &prover, "{}").with(403).json()["error"]["type"],
        "authentication_error"
    );
    let job = call("POST", "/v1/jobs", &prover, &body).with(202).json();
    assert_eq!(job["budget"]["cpu_seconds"], 100.0, "no job may have more than is left");
    let path = format!("/v1/jobs/{}", job["id"].as_str().expect("an id"));
    assert_eq!((call("GET", &path, &reader, "").status, call("GET", &path, &admin, "").status), (404, 200));
    let second = call("POST", "/v1/jobs", &prover, &json!({ "kind": "check" }).to_string()).with(202).json();
    let full = call("POST", "/v1/jobs", &prover, &body).with(429);
    assert_eq!(full.json()["type"], "urn:theoremata:problem:quota-used");
    assert!((1..=86_401).contains(&full.header("retry-after").parse::<u64>().expect("seconds")));
    let second = format!("/v1/jobs/{}", second["id"].as_str().expect("an id"));
    assert!([200, 202].contains(&call("DELETE", &second, &admin, "").status));
    let ids = |key: &str| call("GET", "/v1/jobs", key, "").with(200).json()["jobs"].as_array().map(Vec::len);
    assert_eq!((ids(&reader), ids(&admin), ids(&prover)), (Some(0), Some(2), Some(2)));
}

#[test]
fn two_runs_stand_beside_each_other_with_what_they_cost() {
    let place = folder("server-compare");
    let server = Server::start(&place, &[]);
    let mut small = explore("group");
    small["options"] = json!({ "max_size": 2 });
    let [one, two] = [small, explore("group")].map(|body| {
        let job = server.submit(&body);
        let run = server.wait(&job)["run"].as_str().expect("a run").to_owned();
        let page = server.get(&format!("/jobs/{job}")).with(200).body;
        assert!(page.contains("Cost of the run") && page.contains(&format!("/compare?left={run}")), "{page}");
        run
    });
    let cost = server.get(&format!("/v1/runs/{one}")).with(200).json()["cost"].clone();
    assert!(
        cost["cpu_seconds"].as_f64() > Some(0.0)
            && ["blocks", "steps"].iter().all(|name| cost[name].as_u64() > Some(0)),
        "{cost}"
    );
    assert_eq!(server.get("/v1/runs").with(200).json()["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.get("/v1/runs/0").status, 404);
    let compared = server.get(&format!("/v1/compare?left={one}&right={two}")).with(200).json();
    let count = |name: &str| compared[name].as_array().expect("a list").len() as u64;
    let theorems = |side: &str| compared[side]["theorems"].as_u64().expect("a count");
    let both = compared["both"].as_u64().expect("a count");
    assert!(both > 0 && count("only_right") > 0, "{compared}");
    assert_eq!((theorems("left"), theorems("right")), (both + count("only_left"), both + count("only_right")));
    // The comparison is symmetric.
    let turned = server.get(&format!("/v1/compare?left={two}&right={one}")).with(200).json();
    let lengths = |value: &Value, name: &str| value[name].as_array().map(Vec::len);
    assert_eq!(turned["only_left"], compared["only_right"]);
    assert_eq!(lengths(&turned, "shorter_right"), lengths(&compared, "shorter_left"));
    let same = server.get(&format!("/v1/compare?left={one}&right={one}")).with(200).json();
    let lists = ["only_left", "only_right", "shorter_left", "shorter_right", "decided_differently"];
    assert!(lists.iter().all(|name| same[name] == json!([])));
    let page = server.get(&format!("/compare?left={one}&right={two}")).with(200).body;
    assert!(page.contains("Only in the right one") && page.contains(&format!("/runs/{two}/theorems/")), "{page}");
    assert_eq!((server.get("/compare").status, server.get(&format!("/compare?left={one}&right=x")).status), (200, 400));
    let absent = "0".repeat(32);
    assert_eq!(server.get(&format!("/v1/compare?left={one}&right={absent}")).status, 404);
    server.kill();
    let output =
        Command::new(env!("CARGO_BIN_EXE_theoremata")).args(["compare", &one, &two]).current_dir(&place).output();
    let told = String::from_utf8_lossy(&output.expect("it runs").stdout).into_owned();
    assert!(
        told.contains(&format!("{both} theorems in both")) && told.lines().any(|line| line.starts_with("> ")),
        "{told}"
    );
}

/// The events and the result of a job.
fn outcome(server: &Server, job: &str) -> (Vec<(usize, Value)>, String) {
    server.wait(job);
    (server.events(job, 0), server.get(&format!("/v1/jobs/{job}/result")).with(200).body)
}

#[test]
fn a_killed_server_goes_on_and_gives_the_same_bytes() {
    let asked = [explore("peano"), prove(&[COMMUTATIVITY, "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))"])];
    let calm = Server::start(&folder("server-calm"), &["--threads", "1"]);
    let expected = asked.clone().map(|job| outcome(&calm, &calm.submit(&job)));
    let place = folder("server-killed");
    let mut server = Server::start(&place, &[]);
    let jobs = asked.map(|job| server.submit(&job));
    let mut seen = Vec::new();
    for wait in [0, 150, 400, 900] {
        std::thread::sleep(Duration::from_millis(wait));
        seen.push(server.get(&format!("/v1/jobs/{}", jobs[0])).with(200).json());
        server.kill();
        server = Server::start(&place, &[]);
    }
    for (job, (events, result)) in jobs.iter().zip(expected) {
        let (told, found) = outcome(&server, job);
        assert!(is_gapless(&told, 1));
        // Missed rounds are reported as one; everything else is in order.
        let lasting = |events: &[(usize, Value)]| -> Vec<Value> {
            let plain = events.iter().map(|(_, event)| event.clone()).filter(|event| event["event"] != "round");
            plain
                .map(|mut event| {
                    event["seq"] = Value::Null;
                    event
                })
                .collect()
        };
        assert_eq!(lasting(&told), lasting(&events));
        assert_eq!(found, result, "the result is another one");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn streams_end_first_when_the_server_stops() {
    let server = Server::start(&folder("server-stops"), &[]);
    let job = server.submit(&explore("powers"));
    let address = server.address.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "GET /v1/jobs/{job}/events HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    let mut byte = [0; 512];
    assert!(stream.read(&mut byte).expect("an answer") > 0);
    let begin = std::time::Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(4), "it took {:?}", begin.elapsed());
}

#[test]
fn the_description_names_every_call_and_the_figures_are_there() {
    let server = Server::start(&folder("server-description"), &[]);
    let document = server.get("/openapi.json").with(200).json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    let paths: Vec<&str> = document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    for path in ["/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/events", "/v1/jobs/{id}/result", "/v1/lint", "/metrics"] {
        assert!(paths.contains(&path), "{path} is not described: {paths:?}");
    }
    let metrics = server.get("/metrics").with(200).body;
    assert!(metrics.contains("theoremata_jobs{state=\"queued\"} 0"), "{metrics}");
    assert_eq!(server.get("/readyz").with(200).body, "ready\n");
}

#[test]
fn a_stranger_explores_reads_searches_and_downloads_in_a_browser() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if let Some(what) = skip::browser(&tests) {
        skip::skipped(format_args!("the server was not used in a browser, since there is no {what}"));
        return;
    }
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/lm/tests/golden/llama");
    let server = Server::start(&folder("server-browser"), &["--model", model, "--kv-memory", "64"]);
    let pictures = folder("server-pictures");
    let script = Command::new("node").arg(tests.join("server.mjs")).args([&server.address]).arg(&pictures).output();
    let output = script.expect("node runs");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{told}");
}

#[test]
fn whoever_asked_for_it_is_told_that_a_job_has_ended() {
    let (address, told) = receiver::receive(&[500, 204]);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (host, nobody) = (address.to_string(), gone.to_string());
    let more = ["--webhook-host", &host, "--webhook-host", &nobody, "--webhook-wait", "0.01"];
    let server = Server::start(&folder("server-webhooks"), &more);
    let secret = "a secret of theirs";
    let ask = |host: &str| {
        let mut job = prove(&["(>[a,b] (in3[0,a,b,+]) (=[a,b]))"]);
        job["webhook"] = json!({ "url": format!("http://{host}/hook"), "secret": secret });
        job
    };
    let job = server.submit(&ask(&host));
    // The first delivery fails; the retry has the same content.
    let words = [(); 2].map(|()| told.recv_timeout(Duration::from_secs(60)).expect("word"));
    for word in &words {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        mac.update(&word.body);
        let signed: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(word.signature, format!("sha256={signed}"));
        let body: Value = serde_json::from_slice(&word.body).expect("JSON");
        assert_eq!((&body["event"], &body["job"]["id"]), (&json!("job.ended"), &json!(job)));
        assert_eq!(body["job"]["state"], "finished");
        assert!(!String::from_utf8_lossy(&word.body).contains(secret));
    }
    let state = |job: &str| server.get(&format!("/v1/jobs/{job}")).json()["webhook"].clone();
    let becomes = |job: &str, expected: &str| {
        let begin = std::time::Instant::now();
        while state(job)["state"] != expected {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", state(job));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    becomes(&job, "delivered");
    assert_eq!(state(&job)["attempts"], 2);

    // If nobody answers, it is given up, listed, and delivered again on request.
    let lost = server.submit(&ask(&nobody));
    server.wait(&lost);
    becomes(&lost, "dead");
    let dead = server.get("/v1/webhooks?state=dead").with(200).json();
    assert_eq!((&dead["deliveries"][0]["job"], &dead["deliveries"][0]["attempts"]), (&json!(lost), &json!(5)));
    server.call("POST", &format!("/v1/jobs/{lost}/webhook"), &[], b"").with(202);
    becomes(&lost, "dead");
    // Other hosts are never called, and a job without a webhook has nothing to deliver.
    let answer = server.post("/v1/jobs", &ask("127.0.0.1:9")).with(400);
    assert!(answer.body.contains("--webhook-host"), "{}", answer.body);
    let plain = server.submit(&explore("group"));
    server.call("POST", &format!("/v1/jobs/{plain}/webhook"), &[], b"").with(409);
}

#[test]
fn a_job_may_be_advised_and_its_pages_say_what_came_of_it() {
    let server = Server::start(&folder("server-advice"), &[]);
    let mut plain = explore("semigroup");
    let without = server.wait(&server.submit(&plain));
    plain["options"] = json!({ "advice": { "by": "random", "seed": 3 } });
    let advised = server.wait(&server.submit(&plain));
    assert_eq!(advised["state"], "finished");
    assert_ne!(advised["run"], without["run"], "who advises is part of the question");
    let page = server.get(&format!("/runs/{}/index.html", advised["run"].as_str().expect("a run"))).with(200);
    assert!(page.body.contains("advice of random seed=3: 1 answer, 8 proposals"), "{}", page.body);
    for (advice, word) in [
        (json!({ "by": "oracle" }), "one of model, random, generalise, overlap"),
        (json!({ "by": "model" }), "without a model"),
        (json!({ "by": "random", "chooser": "sine" }), "no effect"),
        (json!({ "by": "random", "questions": 0 }), "from 1 to 256"),
    ] {
        plain["options"]["advice"] = advice;
        let refused = server.post("/v1/jobs", &plain).with(400);
        assert!(refused.body.contains(word), "{}", refused.body);
    }
}

#[test]
fn of_ones_own_jobs_the_more_urgent_comes_first() {
    let server = Server::start(&folder("server-priority"), &["--jobs", "1"]);
    let first = server.submit(&explore("peano"));
    let mut long = explore("lists");
    long["options"] = json!({ "max_size": 9 });
    long["priority"] = json!(-1);
    let long = server.submit(&long);
    let mut urgent = prove(&["(>[a,b] (in3[0,a,b,+]) (=[a,b]))"]);
    urgent["priority"] = json!(5);
    let urgent = server.submit(&urgent);
    assert_eq!(server.wait(&first)["state"], "finished");
    assert_eq!(server.wait(&urgent)["priority"], 5);
    let state = server.get(&format!("/v1/jobs/{long}")).json()["state"].clone();
    assert!(state == "queued" || state == "running", "{state}");
    server.call("DELETE", &format!("/v1/jobs/{long}"), &[], b"").with(202);
}

#[test]
fn no_call_that_the_description_allows_breaks_the_server() {
    if Command::new("st").arg("--version").output().is_err() {
        skip::skipped(format_args!(
            "the description was not tried, since there is no Schemathesis (`pip install schemathesis`)"
        ));
        return;
    }
    let server = Server::start(&folder("server-schemathesis"), &["--rate", "100000", "--cpu", "2"]);
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    let output = Command::new("st")
        .args(["run", &format!("{}/openapi.json", server.address), "--checks", checks, "-n", "8", "--seed", "1"])
        // An event stream only ends with its job.
        .args(["--exclude-path-regex", "events$", "--request-timeout", "20", "--no-color"])
        .current_dir(folder("server-schemathesis-work"))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
