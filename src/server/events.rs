//! The events of a job as a stream of server-sent events: those in its log, then new ones.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::watch;

use super::log::{JobLog, Progress, Told};
use super::problem::Problem;
use super::state::{Listening, Server};

/// Interval after which a comment is sent on a silent stream, so that proxies keep it open.
const SILENCE: Duration = Duration::from_secs(10);
/// Maximal number of events in a chunk.
const PIECE: usize = 256;

/// Where a stream starts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    after: Option<usize>,
}

/// The stream of events after those that the client has, as given by a header or the query.
///
/// # Errors
/// If the position is no number, or too many streams are open.
pub(crate) fn stream(server: &Server, request: &HttpRequest, log: Arc<JobLog>) -> Result<HttpResponse, Problem> {
    let from = actix_web::web::Query::<From>::from_query(request.query_string())
        .map_err(|error| Problem::malformed(format!("the address: {error}")))?;
    let header = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let wrong = |_| Problem::malformed("`Last-Event-ID` is the number of an event");
    // On reconnecting, a browser repeats the URL and gives its actual position in the header.
    let after = header.map(str::parse).transpose().map_err(wrong)?.or(from.after).unwrap_or(0);
    let progress = log.listen();
    let now = progress.borrow().clone();
    if now.ended && after >= now.events && header.is_some() {
        // Nothing will follow: this status tells a browser not to reconnect.
        return Ok(HttpResponse::NoContent().finish());
    }
    let guard = server.listener()?;
    let listener = Listener { log, progress, closing: server.closing.clone(), after, state: None, _guard: guard };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(told(listener)))
}

/// A client of the stream. Chunks are produced on demand, so a slow reader costs no memory.
struct Listener {
    log: Arc<JobLog>,
    progress: watch::Receiver<Progress>,
    closing: watch::Receiver<bool>,
    /// Number of events sent.
    after: usize,
    /// The last progress sent.
    state: Option<Arc<str>>,
    _guard: Listening,
}

fn told(listener: Listener) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    stream::unfold(listener, |mut listener| async move {
        let piece = listener.next().await?;
        Some((Ok(Bytes::from(piece)), listener))
    })
}

impl Listener {
    async fn next(&mut self) -> Option<String> {
        loop {
            let events = self.log.after(self.after, PIECE);
            if !events.is_empty() {
                let first = self.after + 1;
                self.after += events.len();
                return Some(events.iter().zip(first..).map(|(event, number)| numbered(event, number)).collect());
            }
            let progress = self.progress.borrow_and_update().clone();
            if progress.events > self.after {
                continue;
            }
            if progress.ended || *self.closing.borrow() {
                return None;
            }
            if progress.state != self.state {
                self.state.clone_from(&progress.state);
                if let Some(state) = progress.state {
                    // Without an id, so that no client resumes from it.
                    return Some(format!("event: progress\ndata: {state}\n\n"));
                }
            }
            tokio::select! {
                changed = self.progress.changed() => changed.ok()?,
                closed = self.closing.changed() => closed.ok()?,
                () = tokio::time::sleep(SILENCE) => return Some(": still here\n\n".to_owned()),
            }
        }
    }
}

/// An event in stream format. Events are single-line JSON.
fn numbered(event: &Told, number: usize) -> String {
    format!("id: {number}\nevent: {}\ndata: {}\n\n", event.kind, &**event)
}
