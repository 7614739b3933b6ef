//! Tool calls over HTTP.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};
use ureq::http::{Request, Response, StatusCode, Uri};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};

use super::hosts::{Guarded, Hosts};
use crate::jobs::{HttpCall, HttpMethod};

/// Delay before the first retry; it doubles with each further one.
const WAIT: Duration = Duration::from_millis(250);
/// Maximal characters quoted from an error response.
const FAILURE_CHARACTERS: usize = 200;

/// A client restricted to allowed hosts, which follows no redirects.
#[derive(Clone)]
pub(super) struct Web {
    agent: Agent,
    hosts: Hosts,
}

impl Web {
    pub(super) fn new(hosts: Hosts) -> Web {
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).proxy(None).build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Guarded(hosts.clone()));
        Web { agent, hosts }
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Sends a request once, with this timeout.
    pub(super) fn send(&self, request: Request<Vec<u8>>, most: Duration) -> Result<Response<Body>, ureq::Error> {
        self.agent.run(self.agent.configure_request(request).timeout_global(Some(most)).build())
    }

    /// Calls an endpoint with JSON parameters; returns its reply or an error message within the time limit.
    pub(super) fn call(&self, call: &HttpCall, parameters: &str, most: Duration) -> String {
        let failed = |why: String| format!("the tool failed: {why}");
        let Ok(Json::Object(given)) = serde_json::from_str(parameters) else {
            return failed("its parameters are no object".to_owned());
        };
        let end = Instant::now() + most;
        let mut wait = WAIT;
        for left in (0..=call.retries).rev() {
            let request = match request(call, &given) {
                Ok(request) => request,
                Err(why) => return failed(why),
            };
            let answer = self.send(request, end.saturating_duration_since(Instant::now()));
            let (again, asked_for, why) = match answer {
                Ok(answer) if answer.status().is_success() => {
                    return text(answer, call.reply_bytes).map_or_else(failed, |text| said(&text));
                }
                Ok(answer) => (is_busy(answer.status()), retry_after(&answer), refusal(answer)),
                Err(ureq::Error::Timeout(_)) => {
                    (false, None, format!("it took longer than {} seconds", most.as_secs()))
                }
                Err(error) => (may_be_repeated(&error), None, error.to_string()),
            };
            let pause = asked_for.unwrap_or(wait);
            if !again || left == 0 || Instant::now() + pause >= end {
                return failed(why);
            }
            thread::sleep(pause);
            wait *= 2;
        }
        failed("it was not called".to_owned())
    }
}

/// The request of a call: hidden default parameters are merged with those of the model.
fn request(call: &HttpCall, given: &Map<String, Json>) -> Result<Request<Vec<u8>>, String> {
    let mut parameters = given.clone();
    parameters.extend(call.defaults.clone());
    let (method, url, body) = match call.method {
        HttpMethod::Get => ("GET", with_query(&call.url, &parameters), Vec::new()),
        HttpMethod::Post => ("POST", call.url.clone(), Json::Object(parameters).to_string().into_bytes()),
        HttpMethod::Put => ("PUT", call.url.clone(), Json::Object(parameters).to_string().into_bytes()),
        HttpMethod::Patch => ("PATCH", call.url.clone(), Json::Object(parameters).to_string().into_bytes()),
    };
    let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no address: {error}"))?;
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    if call.method != HttpMethod::Get {
        request = request.header("content-type", "application/json");
    }
    request.body(body).map_err(|error| error.to_string())
}

/// A URL with a query: strings verbatim, other values as JSON.
fn with_query(url: &str, parameters: &Map<String, Json>) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, ""), |(url, fragment)| (url, fragment));
    let mut full = url.to_owned();
    for (name, value) in parameters {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        full.push(if full.contains('?') { '&' } else { '?' });
        full.push_str(&format!("{}={}", escaped(name), escaped(&value)));
    }
    if fragment.is_empty() { full } else { format!("{full}#{fragment}") }
}

/// A percent-encoded query component (RFC 3986).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Whether the status is worth a retry.
fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// Whether the request cannot have reached the server, so that repeating it is safe.
fn may_be_repeated(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    match error {
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => true,
        // Other failures of the connection may come after the request was sent.
        ureq::Error::Io(error) => {
            matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable)
        }
        _ => false,
    }
}

/// The delay that the response requests.
fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn refusal(answer: Response<Body>) -> String {
    let status = answer.status();
    if status.is_redirection() {
        return format!("HTTP {status}: redirections are not followed; name the address that it leads to");
    }
    let more: String = text(answer, 4 * FAILURE_CHARACTERS).unwrap_or_default();
    let more: String = more.trim().chars().take(FAILURE_CHARACTERS).collect();
    if more.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {more}") }
}

/// The body of a response, up to a size limit.
pub(super) fn text(answer: Response<Body>, most: usize) -> Result<String, String> {
    let read = answer.into_body().into_with_config().limit(most as u64).read_to_vec();
    match read {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(format!("its reply has more than {most} bytes")),
        Err(error) => Err(format!("its reply cannot be read: {error}")),
    }
}

/// The text of a reply: a JSON string unquoted, other JSON and plain text verbatim.
fn said(text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(Json::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_in_the_address_or_in_the_body_beside_what_is_hidden() {
        let mut call = HttpCall::new("http://a.org/x?v=1#f");
        call.defaults = serde_json::from_str(r#"{"key": "ü&"}"#).expect("an object");
        let given: Map<String, Json> =
            serde_json::from_str(r#"{"q": "a b", "key": "mine", "n": [1]}"#).expect("an object");
        let sent = request(&call, &given).expect("a request");
        assert_eq!(
            serde_json::from_slice::<Json>(sent.body()).expect("JSON"),
            serde_json::json!({"q": "a b", "key": "ü&", "n": [1]})
        );
        call.method = HttpMethod::Get;
        let sent = request(&call, &given).expect("a request");
        assert_eq!(sent.uri().to_string(), "http://a.org/x?v=1&q=a%20b&key=%C3%BC%26&n=%5B1%5D");
        assert!(sent.body().is_empty() && !sent.headers().contains_key("content-type"));
    }
}
