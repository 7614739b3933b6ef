//! Operations: health, readiness and metrics.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, http::header};
use theoremata_actors::measure::{cpu_seconds, resident_bytes};

use super::api::only;
use super::problem::Problem;
use super::state::Server;

/// Health: the process responds.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "It answers.")))]
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// Readiness: whether the server accepts jobs.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, description = "It takes jobs."), (status = 503, description = "It is about to stop, or its database fails."),
))]
pub(crate) async fn ready(server: Data<Server>) -> Result<HttpResponse, Problem> {
    if server.office.means.is_closing() {
        return Err(Problem::new(503, "closing", "the server is about to stop"));
    }
    server.office.means.store.runs().map_err(|error| Problem::new(503, "store", error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}

/// Metrics of the server for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses(
    (status = 200, description = "Figures in the text format of Prometheus.", content_type = "text/plain"),
))]
pub(crate) async fn metrics(server: Data<Server>) -> HttpResponse {
    let cached = match server.models.clone() {
        Some(models) => web::block(move || models.pool().usage().cached).await.unwrap_or(0),
        None => 0,
    };
    let mut text = String::new();
    let mut figure = |name: &str, kind: &str, about: &str, rows: &[(String, f64)]| {
        let _ = write!(text, "# HELP theoremata_{name} {about}\n# TYPE theoremata_{name} {kind}\n");
        for (labels, value) in rows {
            let _ = writeln!(text, "theoremata_{name}{labels} {value}");
        }
    };
    let counts = server.office.counts();
    let states = ["queued", "running", "waiting", "finished", "cancelled", "out_of_time", "out_of_memory", "failed"];
    let row = |state: &&str| (format!("{{state=\"{state}\"}}"), counts.get(state).copied().unwrap_or(0) as f64);
    let one = |value: f64| [(String::new(), value)];
    let loaded = |count: &std::sync::atomic::AtomicUsize| count.load(Ordering::Relaxed) as f64;
    figure("jobs", "gauge", "Jobs by state.", &states.iter().map(row).collect::<Vec<_>>());
    figure("listeners", "gauge", "Open streams of events.", &one(loaded(&server.listeners)));
    let questions = server.models.as_ref().map_or(0, |models| models.open());
    figure("model_questions", "gauge", "Questions to the language model that are open.", &one(questions as f64));
    let about = "Tokens of questions to the language model that were found computed.";
    figure("model_cached_tokens_total", "counter", about, &one(cached as f64));
    figure("requests_total", "counter", "Requests that were answered.", &one(loaded(&server.answered)));
    figure("problems_total", "counter", "Requests that were answered by a problem.", &one(loaded(&server.refused)));
    figure("cpu_seconds_total", "counter", "CPU seconds of the process.", &one(cpu_seconds()));
    figure("resident_bytes", "gauge", "Bytes in memory.", &one(resident_bytes().unwrap_or(0) as f64));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, kind)).body(text)
}

/// The routes of these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str| web::resource(path).default_service(only("GET"));
    config
        .service(at("/healthz").route(web::get().to(health)))
        .service(at("/readyz").route(web::get().to(ready)))
        .service(at("/metrics").route(web::get().to(metrics)));
}
