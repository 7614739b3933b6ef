//! A server on a free local port, and calls to it.

#![allow(dead_code)] // each file of tests uses a part of it

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Method, Request, Response};

/// An empty folder for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

pub(crate) fn theory(name: &str) -> String {
    fs::read_to_string(format!("{}/theories/{name}.mpl", env!("CARGO_MANIFEST_DIR"))).expect("a theory of ours")
}

/// A server that is killed at the end of the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    agent: Agent,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The response, which must have this status.
    pub(crate) fn with(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Server {
    /// Starts a server over the database in a folder.
    pub(crate) fn start(folder: &Path, more: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_theoremata"))
            .args(["serve", "--listen", "127.0.0.1:0", "--quiet"])
            .args(more)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "the server said {line:?}");
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .into();
        Server { child, address, agent }
    }

    /// Kills it without warning, like a power failure.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop, and returns its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("kill runs").success());
        self.child.wait().expect("it ends").code()
    }

    pub(crate) fn open(&self, request: Request<Vec<u8>>) -> Response<ureq::Body> {
        self.agent.run(request).expect("the server answers")
    }

    pub(crate) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self.open(request.body(body.to_vec()).expect("a request"));
        let text = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or("?").to_owned())
        };
        let headers = response.headers().iter().map(text).collect();
        let mut body = Vec::new();
        response.body_mut().as_reader().read_to_end(&mut body).expect("a body");
        Answer { status: response.status().as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, value: &Value) -> Answer {
        self.call("POST", path, &[("content-type", "application/json")], value.to_string().as_bytes())
    }

    /// Submits a job, and returns its id.
    pub(crate) fn submit(&self, value: &Value) -> String {
        let answer = self.post("/v1/jobs", value).with(202);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until a job has ended, and returns it.
    pub(crate) fn wait(&self, job: &str) -> Value {
        let begin = Instant::now();
        loop {
            let value = self.get(&format!("/v1/jobs/{job}")).with(200).json();
            if !["queued", "running", "waiting"].contains(&value["state"].as_str().expect("a state")) {
                return value;
            }
            assert!(begin.elapsed() < Duration::from_secs(300), "{value} does not end");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// The numbered events of a job's stream after number `after`, until it ends.
    pub(crate) fn events(&self, job: &str, after: usize) -> Vec<(usize, Value)> {
        let text = self.get(&format!("/v1/jobs/{job}/events?after={after}")).with(200).body;
        let field = |block: &str, name: &str| {
            block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
        };
        let event = |block: &str| {
            let data: Value = serde_json::from_str(&field(block, "data:")?).expect("JSON");
            let number = field(block, "id:")?.parse().expect("a number");
            assert_eq!(data["seq"], json!(number));
            assert_eq!(field(block, "event:").as_deref(), data["event"].as_str());
            Some((number, data))
        };
        text.split("\n\n").filter_map(event).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that was killed or stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
