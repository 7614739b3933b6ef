//! Problem documents (RFC 9457): errors in machine-readable form.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};
use theoremata_store::StoreError;

use crate::failure::Failure;

/// Why a request failed, with a message that says how to correct it.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Said>);

#[derive(Clone, Debug)]
struct Said {
    status: StatusCode,
    /// The kind of problem: the last part of its `type`, stable for programs.
    kind: &'static str,
    detail: String,
    /// Additional members of the document.
    more: Map<String, Value>,
    headers: Vec<(HeaderName, String)>,
}

impl Problem {
    pub(crate) fn new(status: u16, kind: &'static str, detail: impl Into<String>) -> Problem {
        let status = StatusCode::from_u16(status).expect("a status of ours");
        Problem(Box::new(Said { status, kind, detail: detail.into(), more: Map::new(), headers: Vec::new() }))
    }

    /// A header of the response.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.0.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// 400: the request is malformed.
    pub(crate) fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(400, "malformed-request", detail)
    }

    /// 404: the resource does not exist.
    pub(crate) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(404, "not-found", detail)
    }

    /// 405: the method is not allowed.
    pub(crate) fn method(allowed: &str) -> Problem {
        Problem::new(405, "method-not-allowed", format!("this address takes {allowed}")).with(header::ALLOW, allowed)
    }

    /// A limit is exceeded; retry after some seconds.
    pub(crate) fn later(kind: &'static str, seconds: u64, detail: impl Into<String>) -> Problem {
        Problem::new(429, kind, detail).with(header::RETRY_AFTER, seconds.to_string())
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Problem {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Adds a member to the document.
    pub(crate) fn saying(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The message.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The document.
    pub(crate) fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("urn:theoremata:problem:{}", self.0.kind),
            "title": self.0.status.canonical_reason().unwrap_or("Error"),
            "status": self.0.status.as_u16(),
            "detail": self.0.detail,
        });
        let members = document.as_object_mut().expect("an object");
        members.extend(self.0.more.clone());
        document
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.status, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.content_type("application/problem+json").body(self.document().to_string())
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        match failure {
            Failure::Input(report) => {
                let lines = report.json_lines();
                let errors: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
                let count = report.errors();
                let plural = if count == 1 { "" } else { "s" };
                Problem::new(422, "wrong-input", format!("{count} error{plural} in the input; `errors` has the places"))
                    .saying("errors", errors)
                    .saying("rendered", report.render(false))
            }
            Failure::Usage(text) => Problem::new(422, "wrong-input", text),
            Failure::World(text) => Problem::new(500, "failure", text),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::new(500, "store", error.to_string())
    }
}
