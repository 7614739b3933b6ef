//! Middleware: authentication, origin checks and rate limits of requests, and headers of responses.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use governor::clock::{Clock, DefaultClock};

use super::keys::Key;
use super::openai;
use super::problem::Problem;
use super::quota::Scope;
use super::state::{Caller, Server};

/// Pages load nothing from elsewhere, run no inline script, and cannot be framed.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Maximal number of remembered callers before idle ones are dropped.
const MOST_CALLERS: usize = 10_000;

/// Admits or rejects a request.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let server = request.app_data::<web::Data<Server>>().cloned().expect("every server has its state");
    let number = server.answered.fetch_add(1, Ordering::Relaxed);
    let what = format!("{} {}", request.method(), request.path());
    let mut response = match admit(&server, &request) {
        Err(problem) if openai::is_ours(request.path()) => {
            // OpenAI clients expect errors in their own format.
            let mut response = HttpResponse::build(problem.status());
            request.into_response(response.json(openai::Refusal::from(problem).document()))
        }
        Err(problem) => request.into_response(problem.error_response()),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            match next.call(request).await {
                Ok(response) => explained(response.map_into_boxed_body()),
                Err(error) => return Err(said(&error).into()),
            }
        }
    };
    if response.status().is_server_error() {
        let why = response.response().error().map_or_else(|| response.status().to_string(), ToString::to_string);
        (server.note)(&format!("request {number}: {what}: {why}"));
    }
    if let Ok(number) = HeaderValue::from_str(&number.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), number);
    }
    if response.status().is_client_error() || response.status().is_server_error() {
        server.refused.fetch_add(1, Ordering::Relaxed);
    }
    dress(response.headers_mut());
    Ok(response)
}

/// Identifies the caller of a request, and checks that it may pass.
fn admit(server: &Server, request: &ServiceRequest) -> Result<Caller, Problem> {
    if ["/healthz", "/readyz"].contains(&request.path()) {
        return Ok(Caller(String::new()));
    }
    let locked = server.doors.are_locked();
    let caller = if locked { key(server, request)? } else { String::new() };
    if !locked {
        is_called_by_name(server, request)?;
    }
    is_of_this_site(request)?;
    if let Some(key) = server.doors.known(&caller) {
        is_in_scope(&key, request)?;
    }
    let peer = request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default();
    let who = if caller.is_empty() { peer } else { caller.clone() };
    if server.rates.len() > MOST_CALLERS {
        server.rates.retain_recent();
    }
    server.rates.check_key(&who).map_err(|until| {
        let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        Problem::later("too-many-requests", seconds, format!("too many requests; go on after {seconds} s"))
    })?;
    Ok(Caller(caller))
}

/// Checks that a key may change something. The scope of a job depends on its kind, which is checked once the body is
/// read.
fn is_in_scope(key: &Key, request: &ServiceRequest) -> Result<(), Problem> {
    let (method, path) = (request.method(), request.path());
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) || path == "/v1/lint" {
        return Ok(());
    }
    if openai::is_ours(path) || path.contains("/nodes/") {
        return key.lets(Scope::Reason);
    }
    let any = [Scope::Prove, Scope::Reason, Scope::Admin].into_iter().any(|scope| key.scopes.contains(&scope));
    if any { Ok(()) } else { key.lets(Scope::Prove) }
}

/// The key of a request: a bearer token, a header of its own, or the password of basic authentication in a browser.
fn key(server: &Server, request: &ServiceRequest) -> Result<String, Problem> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authorization = text(header::AUTHORIZATION);
    let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
    let secret = if scheme.eq_ignore_ascii_case("bearer") {
        token.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        password(token.trim()).unwrap_or_default()
    } else {
        text(HeaderName::from_static("x-api-key")).to_owned()
    };
    let known = server.doors.open(&secret);
    known.map(|key| key.id).ok_or_else(|| {
        let why = if secret.is_empty() { "this server wants a key" } else { "this key is not known here" };
        let how = "send it as `Authorization: Bearer KEY`, or as the password when a browser asks; `theoremata keys add` \
                   makes one";
        Problem::new(401, "key-needed", format!("{why}: {how}"))
            .with(header::WWW_AUTHENTICATE, "Basic realm=\"theoremata\", charset=\"UTF-8\"")
    })
}

/// The password of basic authentication.
fn password(token: &str) -> Option<String> {
    let pair = String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

/// Requires that a server without keys is called by a local host name. A foreign name may be DNS rebinding by a hostile
/// page.
fn is_called_by_name(server: &Server, request: &ServiceRequest) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_start_matches('[').trim_end_matches(']');
    let is_loopback =
        name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address == server.address.ip());
    if is_loopback || name.eq_ignore_ascii_case("localhost") || server.hosts.iter().any(|known| known == name) {
        return Ok(());
    }
    let why = format!("this server does not go by the name `{name}`; `serve --host {name}` lets it");
    Err(Problem::new(421, "wrong-host", why))
}

/// Rejects changes that originate from foreign pages (CSRF).
fn is_of_this_site(request: &ServiceRequest) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return Ok(());
    }
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let origin = text(header::ORIGIN);
    let ours = origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, site)| site == host));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if ours && site.is_none_or(|site| ["same-origin", "none"].contains(&site)) {
        return Ok(());
    }
    Err(Problem::new(403, "other-site", "this comes from a page of another site, which may change nothing here"))
}

/// Turns a response that only has a status into a problem document.
fn explained(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let silent = !response.headers().contains_key(header::CONTENT_TYPE);
    if !silent || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let path = response.request().path().to_owned();
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::not_found(format!("there is nothing at {path}")),
        other => Problem::new(other.as_u16(), "refused", other.canonical_reason().unwrap_or("refused")),
    };
    response.into_response(problem.error_response())
}

/// Converts an error of the web library to a problem.
fn said(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    let status = error.as_response_error().status_code();
    Problem::new(
        status.as_u16(),
        if status.is_client_error() { "malformed-request" } else { "failure" },
        error.to_string(),
    )
}

/// The headers of every response.
pub(crate) fn dress(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_from_basic_authentication() {
        assert_eq!(password("dXNlcjp0aGVvX2tleQ=="), Some("theo_key".to_owned()));
        assert_eq!(password("OmE="), Some("a".to_owned()));
        for wrong in ["", "?", "dXNlcg==", "/////w=="] {
            assert_eq!(password(wrong), None, "{wrong}");
        }
    }
}
