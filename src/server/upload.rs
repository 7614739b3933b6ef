//! The body of a request, read whole within bounds of size and time.

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{BytesMut, Payload};
use futures_util::StreamExt;
use serde_json::Value;

use super::problem::Problem;
use super::request::{FileText, JobRequest};

/// The most bytes of a body.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body.
///
/// # Errors
/// If it is too large, takes too long, or ends early.
pub(crate) async fn body(mut payload: Payload) -> Result<BytesMut, Problem> {
    in_time(async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| Problem::malformed(format!("the body: {error}")))?;
            grow(&mut bytes, &chunk)?;
        }
        Ok(bytes)
    })
    .await
}

fn grow(bytes: &mut BytesMut, chunk: &[u8]) -> Result<(), Problem> {
    if bytes.len() + chunk.len() > MOST_BYTES {
        return Err(too_large());
    }
    bytes.extend_from_slice(chunk);
    Ok(())
}

fn too_large() -> Problem {
    Problem::new(413, "too-large", format!("a body may have {MOST_BYTES} bytes"))
}

async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let late = || Problem::new(408, "too-slow", format!("a body may take {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| late())?
}

/// What is asked, from JSON or from a form of several parts.
///
/// # Errors
/// If the body is neither, or not what it should be.
pub(crate) async fn job(headers: &HeaderMap, payload: Payload) -> Result<JobRequest, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => JobRequest::read(&body(payload).await?),
        "multipart/form-data" => in_time(parts(Multipart::new(headers, payload))).await,
        other => {
            let other = if other.is_empty() { "nothing" } else { other };
            let why =
                format!("a job is `application/json` or `multipart/form-data`, and the content type says {other}");
            Err(Problem::new(415, "unsupported-media-type", why))
        }
    }
}

/// A job from the parts of a form: files named `file`, the main one first, and fields as in JSON, `goal` as often as
/// there are goals.
async fn parts(mut form: Multipart) -> Result<JobRequest, Problem> {
    let broken = |error: actix_multipart::MultipartError| Problem::malformed(format!("the form: {error}"));
    let mut request = serde_json::Map::new();
    let (mut files, mut goals, mut size) = (Vec::new(), Vec::new(), 0);
    while let Some(field) = form.next().await {
        let mut field = field.map_err(broken)?;
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.content_disposition().and_then(|about| about.get_filename()).map(str::to_owned);
        let text = text(&mut field, &mut size).await?;
        match (&*name, file) {
            ("file", Some(name)) => files.push(FileText { name, text }),
            ("file", None) => return Err(Problem::malformed("the part `file` has no file name")),
            ("goal", _) => goals.push(Value::String(text)),
            ("kind" | "source" | "run", _) => drop(request.insert(name, Value::String(text))),
            ("options" | "budget" | "metadata", _) => {
                let value = serde_json::from_str(&text)
                    .map_err(|error| Problem::malformed(format!("the part `{name}` is no JSON: {error}")))?;
                request.insert(name, value);
            }
            _ => {
                let known = "file, goal, kind, source, run, options, budget and metadata";
                return Err(Problem::malformed(format!("the part `{name}` is not known; there are {known}")));
            }
        }
    }
    request.insert("goals".to_owned(), goals.into());
    request.insert("files".to_owned(), serde_json::to_value(files).expect("plain data"));
    JobRequest::read(Value::Object(request).to_string().as_bytes())
}

async fn text(field: &mut Field, size: &mut usize) -> Result<String, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| Problem::malformed(format!("the form: {error}")))?;
        *size += chunk.len();
        if *size > MOST_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| Problem::malformed("a part of the form is not UTF-8"))
}
