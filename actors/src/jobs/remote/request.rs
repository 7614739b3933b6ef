//! One request to a server, with retries.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};
use theoremata_kernels::mix;
use theoremata_lm::Outcome;

use super::pulse::Pulse;
use super::server::Remote;
use super::stream::{Broken, brief, complaint_of, read};
use crate::jobs::event::NodeCost;
use crate::jobs::job::Job;
use crate::jobs::output_format::OutputFormat;

/// A node of a job: the root (`None`), or one of its branches.
pub(super) type Place = Option<u32>;

/// Maximal size of an answer in bytes, against servers that never end it.
const MOST_BYTES: u64 = 64 << 20;
/// Maximal number of attempts.
const TRIES: u32 = 4;
/// Delay before the first retry; each further delay is four times as long.
const WAIT: Duration = Duration::from_millis(200);
/// Upper bound on delays that servers request.
const MOST_WAIT: Duration = Duration::from_secs(30);
/// A server that sends nothing for this long counts as dead.
pub(super) const SILENCE: Duration = Duration::from_secs(120);
/// Total time limit of an answer, even if data keeps arriving.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// The result of a request.
pub(super) struct Ended {
    pub(super) text: String,
    /// Tokens of the text, if the server reports them.
    pub(super) tokens: u64,
    /// Other usage that the server reports.
    pub(super) cost: NodeCost,
    pub(super) outcome: Outcome,
    /// The error, if it failed.
    pub(super) because: Option<String>,
}

impl Ended {
    pub(super) fn of(outcome: Outcome) -> Ended {
        Ended { text: String::new(), tokens: 0, cost: NodeCost::default(), outcome, because: None }
    }

    pub(super) fn failed(because: String) -> Ended {
        Ended { because: Some(because), ..Ended::of(Outcome::Failed) }
    }
}

/// Why an attempt failed.
enum Miss {
    /// Worth retrying after a delay.
    Again { because: String, wait: Option<Duration> },
    /// Permanent.
    Never(String),
    /// The request was cancelled.
    Unwanted,
}

/// Sends a request and waits for the end of its answer, or until `stop` is raised. Then the connection is dropped,
/// which tells servers that the answer is not needed.
pub(super) fn ask(
    remote: &Remote,
    key: Option<&str>,
    job: &Job,
    place: Place,
    question: &str,
    (stop, pulse): (&AtomicBool, &Pulse),
) -> Ended {
    // The final question of a map is unconstrained.
    let shape = if place.is_some() { &job.shape } else { &OutputFormat::Free };
    let body = body(remote, job, place, question);
    let path = if job.raw { "completions" } else { "chat/completions" };
    let url = format!("{}/{path}", remote.url.trim_end_matches('/'));
    let mut wait = WAIT;
    for attempt in 1.. {
        let missed = match attempt_once(&url, key, &body, (stop, pulse), shape) {
            Ok(ended) => return ended,
            Err(Miss::Never(because)) => return Ended::failed(because),
            Err(Miss::Unwanted) => break,
            Err(missed @ Miss::Again { .. }) => missed,
        };
        let Miss::Again { because, wait: asked } = missed else { continue };
        if attempt == TRIES {
            return Ended::failed(because);
        }
        let mut left = asked.unwrap_or(wait).min(MOST_WAIT);
        while !left.is_zero() && !stop.load(Ordering::Relaxed) {
            let nap = left.min(Duration::from_millis(50));
            thread::sleep(nap);
            left -= nap;
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        wait *= 4;
    }
    Ended::of(Outcome::Cancelled)
}

fn attempt_once(
    url: &str,
    key: Option<&str>,
    body: &str,
    (stop, pulse): (&AtomicBool, &Pulse),
    shape: &OutputFormat,
) -> Result<Ended, Miss> {
    pulse.beat();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(SILENCE))
        .timeout_recv_body(Some(LONGEST))
        .build();
    let mut request = ureq::Agent::new_with_config(config).post(url).header("Content-Type", "application/json");
    if let Some(key) = key {
        request = request.header("Authorization", format!("Bearer {key}"));
    }
    let response = request.send(body).map_err(|error| match error {
        ureq::Error::BadUri(_) | ureq::Error::InvalidProxyUrl => Miss::Never(format!("{url}: {error}")),
        _ => Miss::Again { because: format!("{url}: {error}"), wait: None },
    })?;
    let status = response.status().as_u16();
    let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let reader = response.into_body().into_reader().take(MOST_BYTES);
    if status != 200 {
        let because = format!("{url}: the server answers {status}{}", complaint(reader));
        return Err(match status {
            408 | 409 | 429 | 500.. => Miss::Again { because, wait: after.map(Duration::from_secs) },
            _ => Miss::Never(because),
        });
    }
    read_answer(url, reader, stop, pulse, shape)
}

/// The error message of a server.
fn complaint(reader: impl Read) -> String {
    let mut bytes = Vec::new();
    // Unreadable parts are omitted.
    let _ = reader.take(4096).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let parsed: Option<Json> = serde_json::from_str(&text).ok();
    let said = parsed.as_ref().and_then(|json| complaint_of(json, true)).unwrap_or_else(|| brief(&text));
    if said.is_empty() { said } else { format!(": {said}") }
}

/// Reads an answer, and validates it against the constraint.
fn read_answer(
    url: &str,
    reader: impl Read,
    stop: &AtomicBool,
    pulse: &Pulse,
    shape: &OutputFormat,
) -> Result<Ended, Miss> {
    let told = |broken| match broken {
        Broken::Off(why) => Miss::Again { because: format!("{url}: {why}"), wait: None },
        Broken::Wrong(why) => Miss::Never(format!("{url}: {why}")),
        Broken::Unwanted => Miss::Unwanted,
    };
    let written = read(reader, stop, pulse).map_err(told)?;
    let outcome = written.outcome().map_err(told)?;
    let because = match outcome {
        Outcome::Concluded => unfit(shape, &written.text).map(|why| format!("{url}: {why}")),
        _ => None,
    };
    let outcome = if because.is_some() { Outcome::Invalid } else { outcome };
    Ok(Ended { text: written.text, tokens: written.tokens, cost: written.cost, outcome, because })
}

/// Why an answer violates the constraint; `None` if it does not.
fn unfit(shape: &OutputFormat, text: &str) -> Option<String> {
    let OutputFormat::JsonSchema(schema) = shape else { return None };
    let wrong = |why: String| Some(format!("the answer is invalid: {}", brief(&why)));
    let answer = match serde_json::from_str(text) {
        Ok(answer) => answer,
        Err(error) => return wrong(format!("no JSON, {error}")),
    };
    match jsonschema::options().should_validate_formats(true).build(schema) {
        Ok(validator) => validator.validate(&answer).err().and_then(|error| wrong(error.to_string())),
        Err(error) => wrong(format!("the schema cannot be read: {error}")),
    }
}

/// The request body. Parameters with default values are omitted, since not all servers know them.
fn body(remote: &Remote, job: &Job, place: Place, question: &str) -> String {
    let mut body = json!({
        "model": remote.model, "max_tokens": job.max_tokens, "temperature": job.choice.temperature,
        "seed": seed(job.seed, place), "stream": true, "stream_options": { "include_usage": true },
    });
    if job.raw {
        body["prompt"] = json!(question);
    } else {
        let system = job.system.iter().map(|text| json!({ "role": "system", "content": text }));
        let said = system.chain(job.earlier.iter().map(|said| json!(said)));
        body["messages"] = said.chain([json!({ "role": "user", "content": question })]).collect();
        if !job.template_values.is_empty() {
            body["chat_template_kwargs"] = json!(job.template_values);
        }
    }
    if job.choice.top_p < 1.0 {
        body["top_p"] = json!(job.choice.top_p);
    }
    if job.choice.min_p > 0.0 {
        body["min_p"] = json!(job.choice.min_p);
    }
    if job.choice.top_k > 0 {
        body["top_k"] = json!(job.choice.top_k);
    }
    if !job.stop.is_empty() {
        body["stop"] = json!(job.stop);
    }
    if let (OutputFormat::JsonSchema(schema), true) = (&job.shape, place.is_some()) {
        body["response_format"] =
            json!({ "type": "json_schema", "json_schema": { "name": "answer", "strict": true, "schema": schema } });
    }
    body.to_string()
}

/// A separate seed for each branch: siblings with the same seed would give the same text.
fn seed(seed: u64, place: Place) -> u32 {
    let place = place.map_or(0, |place| u64::from(place) + 1);
    // Servers take seeds of 31 bits.
    (mix(seed ^ mix(place)) >> 33) as u32
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;
    use crate::jobs::Program;

    fn job() -> Job {
        Job::new("What?", Program::Vote { samples: 3, least: 1, pattern: None }, 8)
    }

    /// Serves these answers, one per connection, and returns the number of connections.
    fn server(answers: &'static [&'static str]) -> (String, thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let serve = move || {
            let mut served = 0;
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                stream.write_all(answer.as_bytes()).expect("an answer");
                served += 1;
            }
            served
        };
        (url, thread::spawn(serve))
    }

    #[test]
    fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
        let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let good = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\
                    data: {\"choices\":[{\"text\":\"yes\",\"finish_reason\":\"stop\"}]}\n\n";
        let no = "HTTP/1.1 400 No\r\nContent-Length: 27\r\nConnection: close\r\n\r\n{\"error\":{\"message\":\"no\"}}\n";
        let (stop, pulse) = (AtomicBool::new(false), Pulse::default());
        let asked = |url: &str| ask(&Remote::new(url, "m"), None, &job(), Some(0), "What?", (&stop, &pulse));
        let (url, served) = server(Box::leak(Box::new([busy, busy, good])));
        let ended = asked(&url);
        assert_eq!((ended.text.as_str(), ended.outcome, served.join().ok()), ("yes", Outcome::Concluded, Some(3)));
        let (url, served) = server(Box::leak(Box::new([no])));
        let ended = asked(&url);
        assert_eq!((ended.outcome, served.join().ok()), (Outcome::Failed, Some(1)));
        assert!(ended.because.is_some_and(|because| because.ends_with("400: no")));
    }

    #[test]
    fn an_answer_that_does_not_fit_the_schema_is_invalid() {
        let schema = json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "required": ["a"] });
        let shape = OutputFormat::JsonSchema(schema);
        let said = |text: &str| {
            let line = format!("data: {}\n", json!({ "choices": [{ "text": text, "finish_reason": "stop" }] }));
            let read = read_answer("u", line.as_bytes(), &AtomicBool::new(false), &Pulse::default(), &shape);
            read.map(|ended| (ended.outcome, ended.because)).ok().expect("an answer")
        };
        assert_eq!(said(" {\"a\": 1}\n"), (Outcome::Concluded, None));
        for wrong in ["{\"wrong\": 1}", "{\"a\": \"1\"}", "a", ""] {
            let (outcome, because) = said(wrong);
            assert_eq!(outcome, Outcome::Invalid);
            assert!(because.is_some_and(|because| because.contains("invalid")), "{wrong}");
        }
    }

    #[test]
    fn branches_have_seeds_of_their_own() {
        let seeds: std::collections::BTreeSet<u32> =
            (0..64).flat_map(|run| (0..64).map(move |place| seed(run, Some(place)))).collect();
        assert!(seeds.len() > 4090, "{}", seeds.len());
        let body: Json = serde_json::from_str(&body(&Remote::new("u", "m"), &job(), Some(0), "What?")).expect("JSON");
        assert!(body.get("top_p").is_none() && body.get("stop").is_none());
        assert_eq!(body["messages"][0]["content"], "What?");
    }
}
