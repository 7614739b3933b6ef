//! API calls about jobs.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::events;
use super::job::{Job, JobView, State};
use super::log::JobLog;
use super::office::Taken;
use super::problem::Problem;
use super::quota::Scope;
use super::request::{Asked, JobRequest, Kind};
use super::result;
use super::shipped;
use super::state::{Server, caller};
use super::upload;
use crate::failure::Failure;

/// Maximal and default number of jobs in a list.
const PAGE: (usize, usize) = (200, 50);

type Answer = Result<HttpResponse, Problem>;

/// Query of a list of jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only jobs in this state.
    state: Option<State>,
    /// Only jobs of this kind.
    kind: Option<Kind>,
    /// Maximal number of jobs: at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// The `next` of the previous page.
    cursor: Option<String>,
}

/// Jobs, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Jobs {
    jobs: Vec<JobView>,
    /// The cursor of the next page, if there are more jobs.
    next: Option<String>,
}

/// Submits a job.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key with the same request gives the same job.")),
    request_body(content(
        (JobRequest = "application/json"),
        (JobRequest = "multipart/form-data")
    )),
    responses(
        (status = 202, description = "Taken; `Location` has its address.", body = JobView),
        (status = 200, description = "The same request came before, with the same key.", body = JobView),
        (status = 400, description = "The request is not understood."),
        (status = 413, description = "The body is too large."),
        (status = 415, description = "The body is of another type."),
        (status = 422, description = "The theory or a goal is wrong, with places; or the key came with another request."),
        (status = 429, description = "Too many requests, or too many jobs wait."),
    )
)]
pub(crate) async fn submit(server: Data<Server>, request: HttpRequest, payload: Payload) -> Answer {
    let key = idempotency_key(&request)?;
    let wanted = upload::job(request.headers(), payload).await?;
    let taken = take(&server, caller(&request), key, wanted).await?;
    let (mut response, job) = match taken {
        Taken::New(job) => (HttpResponse::Accepted(), job),
        Taken::Known(job) => (HttpResponse::Ok(), job),
    };
    Ok(response.insert_header((header::LOCATION, format!("/v1/jobs/{}", job.id))).json(job.view()))
}

/// Submits a job, for the API or a page.
///
/// # Errors
/// If the request is invalid, or the job is refused.
pub(crate) async fn take(
    server: &Data<Server>,
    owner: String,
    key: Option<String>,
    wanted: JobRequest,
) -> Result<Taken, Problem> {
    let key_of = server.doors.known(&owner);
    key_of.as_ref().map_or(Ok(()), |known| known.lets(Scope::of(wanted.kind)))?;
    let quota = key_of.map(|known| known.quota);
    let office = Arc::clone(&server.office);
    let hash = wanted.hash();
    let wanted = if wanted.names_servers() {
        let (known, office) = (office.repeated(&owner, key.as_deref(), &hash)?, Arc::clone(&office));
        if let Some(known) = known {
            return Ok(Taken::Known(Box::new(known)));
        }
        // MCP servers may be slow; this blocks no other request.
        let ask = move || wanted.with_tools(office.means.models.as_ref().map(|models| &*models.remote));
        let asked = web::block(ask).await;
        asked.map_err(|_| Problem::new(503, "busy", "the server has no thread left; try again in a few seconds"))??
    } else {
        wanted
    };
    let work = move || {
        let wanted = wanted.with_tools(office.means.models.as_ref().map(|models| &*models.remote))?;
        let wanted = wanted.with_known(&office.means.store)?;
        let asked = wanted.meaning(office.means.model())?;
        if let Asked::Check(Some(run)) = &asked
            && office.means.store.run(run)?.is_none()
        {
            return Err(Problem::new(422, "wrong-input", format!("there is no run {run}")).saying("field", "run"));
        }
        if let (Asked::Reason(_), None) = (&asked, &office.means.models) {
            let why = "this server has no language model; `theoremata serve --model smollm2` gives it one";
            return Err(Problem::new(422, "no-model", why).saying("field", "kind"));
        }
        office.take((&owner, quota), key.as_deref().map(|key| (key, &*hash)), &wanted, &asked)
    };
    server.deep(work).await
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(key) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let wrong = || Problem::malformed("`Idempotency-Key` has 1 to 255 visible ASCII characters");
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}

/// Lists jobs, the newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", params(Filter), responses(
    (status = 200, body = Jobs), (status = 400, description = "A parameter is wrong."),
))]
pub(crate) async fn list(server: Data<Server>, request: HttpRequest) -> Answer {
    let filter = web::Query::<Filter>::from_query(request.query_string())
        .map_err(|error| Problem::malformed(format!("the address: {error}")))?;
    let limit = filter.limit.unwrap_or(PAGE.1);
    if !(1..=PAGE.0).contains(&limit) {
        return Err(Problem::malformed(format!("`limit` is a number from 1 to {}", PAGE.0)));
    }
    let cursor = filter.cursor.as_deref().map(str::parse).transpose();
    let cursor = cursor.map_err(|_| Problem::malformed("`cursor` is what `next` of the last answer says"))?;
    let owner = caller(&request);
    let wanted = |job: &Job| {
        server.may_see(&owner, job)
            && filter.state.is_none_or(|state| job.state == state)
            && filter.kind.is_none_or(|kind| job.kind == kind)
    };
    let mut jobs = server.office.list(cursor, limit + 1, wanted);
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let next = jobs.last().filter(|_| more).map(|job| job.number.to_string());
    Ok(HttpResponse::Ok().json(Jobs { jobs: jobs.iter().map(Job::view).collect(), next }))
}

/// The caller's own job with this id.
///
/// # Errors
/// If there is none.
pub(crate) fn own(server: &Server, request: &HttpRequest, id: &str) -> Result<Job, Problem> {
    let job = server.office.find(id).filter(|job| server.may_see(&caller(request), job));
    job.ok_or_else(|| Problem::not_found(format!("there is no job {id}")))
}

/// Describes a job.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path)), responses(
    (status = 200, body = JobView), (status = 404, description = "There is no such job."),
))]
pub(crate) async fn show(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(own(&server, &request, &id)?.view()))
}

/// Cancels a job; its results so far are kept. No effect on a job that has ended.
#[utoipa::path(delete, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path)), responses(
    (status = 202, description = "It is told to stop, and ends soon.", body = JobView),
    (status = 200, description = "It has ended.", body = JobView),
    (status = 404, description = "There is no such job."),
))]
pub(crate) async fn cancel(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Answer {
    let job = stop(&server, &request, &id).await?;
    let mut response = if job.state.is_ended() { HttpResponse::Ok() } else { HttpResponse::Accepted() };
    Ok(response.json(job.view()))
}

/// Cancels the caller's own job.
///
/// # Errors
/// If there is none, or the disk fails.
pub(crate) async fn stop(server: &Data<Server>, request: &HttpRequest, id: &str) -> Result<Job, Problem> {
    let id = own(server, request, id)?.id;
    let office = Arc::clone(&server.office);
    let known = id.clone();
    let job = server.deep(move || Ok(office.cancel(&known)?)).await?;
    job.ok_or_else(|| Problem::not_found(format!("there is no job {id}")))
}

/// Returns the result of a job.
#[utoipa::path(get, path = "/v1/jobs/{id}/result", tag = "jobs", params(("id" = String, Path)), responses(
    (status = 200, description = "What came of it: theorems, answers to goals, counts."),
    (status = 404, description = "There is no such job."),
    (status = 409, description = "It has not ended."),
))]
pub(crate) async fn outcome(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Answer {
    let job = own(&server, &request, &id)?;
    if !job.state.is_ended() {
        let why = format!("the job is {}; `/v1/jobs/{id}/events` tells when it ends", job.state.word());
        return Err(Problem::new(409, "not-ended", why).with(header::RETRY_AFTER, "2"));
    }
    let office = Arc::clone(&server.office);
    let value = server.long(move || {
        let log = office.log(&job.id)?;
        Ok(result::result(&office.means.store, &job, &log)?)
    });
    Ok(HttpResponse::Ok().json(value.await?))
}

/// Streams the events of a job, past and future, until it ends.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(
        ("id" = String, Path),
        ("after" = Option<usize>, Query, description = "The number of the last event that the listener has."),
        ("Last-Event-ID" = Option<usize>, Header, description = "The same, as browsers say it."),
    ),
    responses(
        (status = 200, description = "A stream of events, numbered from 1 without a gap.", content_type = "text/event-stream"),
        (status = 204, description = "It has ended, and the listener has all."),
        (status = 400, description = "The place is no number."),
        (status = 404, description = "There is no such job."),
        (status = 429, description = "Too many streams are open."),
    )
)]
pub(crate) async fn listen(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Answer {
    let job = own(&server, &request, &id)?;
    events::stream(&server, &request, log(&server, &job).await?)
}

/// The log of a job.
///
/// # Errors
/// If the disk fails.
pub(crate) async fn log(server: &Data<Server>, job: &Job) -> Result<Arc<JobLog>, Problem> {
    let (office, id) = (Arc::clone(&server.office), job.id.clone());
    let log = web::block(move || office.log(&id)).await;
    Ok(log.map_err(|_| Problem::new(503, "busy", "the server is about to stop"))??)
}

/// Reports errors and warnings in a theory and its goals, without running anything.
#[utoipa::path(post, path = "/v1/lint", tag = "theories", request_body = JobRequest, responses(
    (status = 200, description = "`diagnostics`: each with its place; `theory`: its name, if there is one."),
    (status = 400, description = "The request is not understood."),
    (status = 413, description = "The body is too large."),
    (status = 415, description = "The body is of another type."),
))]
pub(crate) async fn lint(server: Data<Server>, request: HttpRequest, payload: Payload) -> Answer {
    let wanted = upload::job(request.headers(), payload).await?;
    let lines = |report: &theoremata_logic::language::mpl::Report| -> Vec<Value> {
        report.json_lines().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    if wanted.source.is_none() && wanted.files.is_empty() {
        return Err(
            Problem::malformed("`source`: a theory is needed, as `source` or `files`").saying("field", "source")
        );
    }
    let model = server.office.means.model().map(str::to_owned);
    let work = move || match wanted.theory() {
        Ok(loaded) => {
            let mut found = lines(&loaded.report);
            if let Err(problem) = wanted.meaning(model.as_deref()) {
                found.extend(problem.document()["errors"].as_array().cloned().unwrap_or_default());
            }
            let names = loaded
                .theory
                .predicates
                .iter()
                .map(|known| json!({ "name": &*known.name, "arity": known.sorts.len() }));
            Ok(json!({ "theory": &*loaded.theory.name, "diagnostics": found, "names": names.collect::<Vec<_>>() }))
        }
        Err(Failure::Input(report)) => Ok(json!({ "theory": null, "diagnostics": lines(&report), "names": [] })),
        Err(other) => Err(other.into()),
    };
    Ok(HttpResponse::Ok().json(server.deep(work).await?))
}

/// Lists the shipped theories: examples, and what uploads may import.
#[utoipa::path(get, path = "/v1/theories", tag = "theories", responses((status = 200, description = "Names and first comments.")))]
pub(crate) async fn theories() -> Answer {
    let list: Vec<Value> = shipped::examples().map(|(name, about)| json!({ "name": name, "about": about })).collect();
    Ok(HttpResponse::Ok().json(json!({ "theories": list })))
}

/// Returns the text of a shipped theory.
#[utoipa::path(get, path = "/v1/theories/{name}", tag = "theories", params(("name" = String, Path)), responses(
    (status = 200, description = "Its text in MPL.", content_type = "text/plain"),
    (status = 404, description = "There is no such theory."),
))]
pub(crate) async fn theory(name: Path<String>) -> Answer {
    let text = shipped::file(&name).ok_or_else(|| Problem::not_found(format!("no theory {name} is shipped")))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

/// A route that rejects all methods an address does not support.
pub(crate) fn only(allowed: &'static str) -> actix_web::Route {
    web::route().to(move || async move { Err::<HttpResponse, Problem>(Problem::method(allowed)) })
}

/// The routes of these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str, allowed: &'static str| web::resource(path).default_service(only(allowed));
    config
        .service(at("/v1/jobs", "GET, POST").route(web::post().to(submit)).route(web::get().to(list)))
        .service(at("/v1/jobs/{id}", "GET, DELETE").route(web::get().to(show)).route(web::delete().to(cancel)))
        .service(at("/v1/jobs/{id}/result", "GET").route(web::get().to(outcome)))
        .service(at("/v1/jobs/{id}/events", "GET").route(web::get().to(listen)))
        .service(at("/v1/lint", "POST").route(web::post().to(lint)))
        .service(at("/v1/theories", "GET").route(web::get().to(theories)))
        .service(at("/v1/theories/{name}", "GET").route(web::get().to(theory)));
}
