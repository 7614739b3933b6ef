//! The server under load, through its binary: `cargo bench --bench server`. Prints response times of readers while jobs
//! run, and whether listeners receive every event. Arguments after `--`: seconds, readers, listeners.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A persistent connection.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: &str) -> Client {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Client { stream: BufReader::new(stream) }
    }

    /// Status and body of a response.
    fn call(&mut self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let (status, headers) = self.head();
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (status, body)
    }

    fn head(&mut self) -> (u16, BTreeMap<String, String>) {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a status");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            match line.trim().split_once(':') {
                Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
                None => return (status, headers),
            };
        }
    }

    fn json(&mut self, method: &str, path: &str, body: &str) -> Value {
        let (status, bytes) = self.call(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).expect("JSON")
    }
}

fn ask(name: &str, file: &str, change: &str) -> String {
    let path = format!("{}/theories/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a theory of ours");
    json!({ "kind": "explore", "files": [{ "name": name, "text": format!("{text}; {change}\n") }] }).to_string()
}

fn wait(client: &mut Client, job: &str) {
    while ["queued", "running"].contains(&client.json("GET", job, "")["state"].as_str().expect("a state")) {
        thread::sleep(Duration::from_millis(50));
    }
}

fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_ascii_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn percentiles(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len() - 1)).copied();
    let shown = |time: Option<Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let (half, most, worst) = (shown(at(0.5)), shown(at(0.99)), shown(times.last().copied()));
    println!("{name:<44} {:>8} answers   p50 {half:>7.1} ms   p99 {most:>7.1} ms   most {worst:>7.1} ms", times.len());
}

/// Reads pages for some time over several concurrent connections.
fn read_pages(address: &str, pages: &Arc<Vec<String>>, readers: usize, seconds: u64) -> Vec<Duration> {
    let stop = Arc::new(AtomicBool::new(false));
    let begin = |number: usize| {
        let (address, pages, stop) = (address.to_owned(), Arc::clone(pages), Arc::clone(&stop));
        let work = move || {
            let mut client = Client::connect(&address);
            let mut times = Vec::new();
            for page in pages.iter().cycle().skip(number * 7) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let begin = Instant::now();
                let (status, _) = client.call("GET", page, "");
                times.push(begin.elapsed());
                assert_eq!(status, 200, "{page}");
                // The think time of a reader.
                thread::sleep(Duration::from_millis(500));
            }
            times
        };
        thread::Builder::new().stack_size(256 << 10).spawn(work).expect("a thread")
    };
    let threads: Vec<_> = (0..readers).map(begin).collect();
    thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().flat_map(|thread| thread.join().expect("a reader")).collect()
}

/// Listens to a job until it ends, and returns the numbers of its events.
fn listen(address: &str, job: &str) -> Vec<u64> {
    let mut client = Client::connect(address);
    write!(client.stream.get_mut(), "GET {job}/events HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    assert_eq!(client.head().0, 200);
    let lines = client.stream.lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect()
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let number = |place: usize, otherwise: u64| numbers.get(place).copied().unwrap_or(otherwise);
    let (seconds, readers, listeners) = (number(0, 20), number(1, 200) as usize, number(2, 1000) as usize);
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(["serve", "--listen", "127.0.0.1:0", "--rate", "1000000", "--quiet"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut line).expect("an address");
    let address = line.trim().trim_start_matches("http://").to_owned();
    let mut client = Client::connect(&address);
    let job = client.json("POST", "/v1/jobs", &ask("peano.mpl", "peano.mpl", ""));
    let path = job["links"]["self"].as_str().expect("an address").to_owned();
    wait(&mut client, &path);
    let site = job["links"]["site"].as_str().expect("a site").trim_end_matches("index.html").to_owned();
    let (_, data) = client.call("GET", &format!("{site}data/theorems.jsonl"), "");
    let theorems = String::from_utf8_lossy(&data).into_owned();
    let page = |line: &str| {
        format!("{site}{}", serde_json::from_str::<Value>(line).expect("JSON")["page"].as_str().expect("a page"))
    };
    let pages: Arc<Vec<String>> = Arc::new(
        theorems
            .lines()
            .map(page)
            .chain(["index.html", "graph.html", "theorems.html"].map(|name| format!("{site}{name}")))
            .collect(),
    );

    println!("{readers} readers, half a second between two pages, {} pages, for {seconds} s", pages.len());
    percentiles("pages, nothing else to do", read_pages(&address, &pages, readers, seconds));
    let before = resident(&server);
    // The server has closed the idle connection in the meantime.
    let mut client = Client::connect(&address);
    for number in 0..20 {
        client.json("POST", "/v1/jobs", &ask("peano.mpl", "peano.mpl", &format!("job {number}")));
    }
    percentiles("pages, 20 jobs beside them", read_pages(&address, &pages, readers, seconds));
    let mut client = Client::connect(&address);
    let job = client.json("POST", "/v1/jobs", &ask("group.mpl", "group.mpl", "listened to"))["links"]["self"]
        .as_str()
        .expect("it")
        .to_owned();
    let begin = Instant::now();
    let threads: Vec<_> = (0..listeners)
        .map(|_| {
            let (address, job) = (address.clone(), job.clone());
            thread::Builder::new().stack_size(256 << 10).spawn(move || listen(&address, &job)).expect("a thread")
        })
        .collect();
    let heard: Vec<Vec<u64>> = threads.into_iter().map(|thread| thread.join().expect("a listener")).collect();
    let all = heard
        .iter()
        .filter(|numbers| !numbers.is_empty() && numbers.iter().copied().eq(1..=heard[0].len() as u64))
        .count();
    println!(
        "{all} of {listeners} listeners got all {} events of a job, without a gap, {:.1} s after it was asked",
        heard[0].len(),
        begin.elapsed().as_secs_f64()
    );
    println!("memory: {before} MB after the first readers, {} MB at the end", resident(&server));
    server.kill().expect("it can be killed");
    server.wait().expect("it ends");
}
