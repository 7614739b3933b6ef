//! API calls about single nodes of a language model question.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use theoremata_actors::jobs::Job as Question;
use utoipa::ToSchema;

use super::api::{self, only, own};
use super::derived;
use super::job::{Job, JobView};
use super::ledger;
use super::models::Models;
use super::office::Taken;
use super::problem::Problem;
use super::request::{Asked, JobRequest, Kind};
use super::state::{Server, caller};
use super::upload;

type Answer = Result<HttpResponse, Problem>;

/// Cancels one node of a language model question with all of its descendants; its siblings continue.
#[utoipa::path(post, path = "/v1/jobs/{id}/nodes/{node}/cancel", tag = "jobs",
    params(
        ("id" = String, Path),
        ("node" = String, Path, description = "The branches that lead to it from the question, with dots between them: `0.2`; `root` is the question's own."),
    ),
    responses(
        (status = 202, description = "It is told to stop.", body = JobView),
        (status = 400, description = "This is no node."),
        (status = 404, description = "There is no such job."),
        (status = 409, description = "There is no such node that has not ended."),
    )
)]
pub(crate) async fn cancel(server: Data<Server>, request: HttpRequest, path: Path<(String, String)>) -> Answer {
    let no = |node: &str| {
        Problem::new(409, "no-open-node", format!("there is no node {node} of this job that has not ended"))
    };
    order(&server, &request, (&path.0, &path.1), no, Models::cancel_node).await
}

/// Approves a node that waits for a human decision.
#[utoipa::path(post, path = "/v1/jobs/{id}/nodes/{node}/approve", tag = "jobs",
    params(("id" = String, Path), ("node" = String, Path, description = "The node; `root` is the question's own.")),
    responses(
        (status = 202, description = "It goes on; this outlives a kill.", body = JobView),
        (status = 400, description = "This is no node."),
        (status = 404, description = "There is no such job."),
        (status = 409, description = "There is no such node that waits for a person."),
    )
)]
pub(crate) async fn approve(server: Data<Server>, request: HttpRequest, path: Path<(String, String)>) -> Answer {
    decide(&server, &request, (&path.0, &path.1), true).await
}

/// Refuses a node that waits for a human decision: a tool call is not made, and a script step ends the node.
#[utoipa::path(post, path = "/v1/jobs/{id}/nodes/{node}/refuse", tag = "jobs",
    params(("id" = String, Path), ("node" = String, Path, description = "The node; `root` is the question's own.")),
    responses(
        (status = 202, description = "It hears of it; this outlives a kill.", body = JobView),
        (status = 400, description = "This is no node."),
        (status = 404, description = "There is no such job."),
        (status = 409, description = "There is no such node that waits for a person."),
    )
)]
pub(crate) async fn refuse(server: Data<Server>, request: HttpRequest, path: Path<(String, String)>) -> Answer {
    decide(&server, &request, (&path.0, &path.1), false).await
}

/// Decides on a node that waits.
///
/// # Errors
/// If the caller has no such job, or the node is not waiting.
pub(super) async fn decide(server: &Data<Server>, request: &HttpRequest, at: (&str, &str), granted: bool) -> Answer {
    let say = move |models: &Models, question: &Question, node: &[u32]| models.decide(question, node, granted);
    order(server, request, at, nobody_waits, say).await
}

fn nobody_waits(node: &str) -> Problem {
    Problem::new(409, "no-waiting-node", format!("there is no node {node} of this job that waits for a person"))
}

/// Sends a command to a node of the caller's own job; `no` is the error if it has no effect.
async fn order(
    server: &Data<Server>,
    request: &HttpRequest,
    (id, node): (&str, &str),
    no: impl FnOnce(&str) -> Problem,
    order: impl FnOnce(&Models, &Question, &[u32]) -> bool + Send + 'static,
) -> Answer {
    let job = own(server, request, id)?;
    let branches = branches(node)?;
    let office = Arc::clone(&server.office);
    let known = job.clone();
    let done = server.deep(move || {
        let question = question(&office.means, &known)?;
        let Some((models, question)) = office.means.models.as_ref().zip(question) else { return Ok(false) };
        let done = order(models, &question, &branches);
        if done {
            // A job that waited for a human decision is queued again.
            office.requeue(models.id(&question));
        }
        Ok(done)
    });
    if !done.await? {
        return Err(no(node));
    }
    Ok(HttpResponse::Accepted().json(job.view()))
}

/// Parses the path of a node.
fn branches(node: &str) -> Result<Vec<u32>, Problem> {
    let wrong =
        || Problem::malformed(format!("`{node}` is no node: numbers with dots between them are needed, or `root`"));
    match node {
        "root" => Ok(Vec::new()),
        _ => node.split('.').map(|part| part.parse().map_err(|_| wrong())).collect(),
    }
}

/// The language model question of a job, if it is one.
fn question(means: &super::means::Means, job: &Job) -> Result<Option<Question>, Problem> {
    Ok(match ledger::request(&means.store, &job.id)?.meaning(means.model())? {
        Asked::Reason(reasoning) => Some(reasoning.job),
        _ => None,
    })
}

/// Resamples a node, as a new job; its siblings and everything else stay the same.
#[utoipa::path(post, path = "/v1/jobs/{id}/nodes/{node}/retry", tag = "jobs",
    params(("id" = String, Path), ("node" = String, Path, description = "The node; one that ended, however it did.")),
    responses(
        (status = 202, description = "A new job; `Location` has its address.", body = JobView),
        (status = 400, description = "This is no node."),
        (status = 404, description = "There is no such job."),
        (status = 409, description = "The job has not answered, or has no such node."),
        (status = 429, description = "Too many jobs wait."),
    )
)]
pub(crate) async fn retry(server: Data<Server>, request: HttpRequest, path: Path<(String, String)>) -> Answer {
    let (id, node) = path.into_inner();
    let job = own(&server, &request, &id)?;
    let node = branches(&node)?;
    let office = Arc::clone(&server.office);
    let wanted = server.deep(move || {
        let asked = ledger::request(&office.means.store, &job.id)?;
        if !matches!(asked.kind, Kind::Generate | Kind::Reason) {
            return Err(Problem::new(409, "no-such-node", "only questions to the language model have nodes"));
        }
        derived::retried(asked, &job, &*office.log(&job.id)?, &node)
    });
    taken(&server, &request, wanted.await?).await
}

/// The instruction for a node to continue with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instruction {
    /// The text appended to that of the node.
    prompt: String,
    /// Maximal tokens of the answer; by default those of the job.
    max_tokens: Option<usize>,
}

/// Continues the text of a node with another instruction, as a new job that begins with everything read and generated.
#[utoipa::path(post, path = "/v1/jobs/{id}/nodes/{node}/fork", tag = "jobs", request_body = Instruction,
    params(("id" = String, Path), ("node" = String, Path, description = "The node; one that said something.")),
    responses(
        (status = 202, description = "A new job; `Location` has its address.", body = JobView),
        (status = 400, description = "This is no node, or no instruction."),
        (status = 404, description = "There is no such job."),
        (status = 409, description = "The job has not answered, or has no such node, or it said nothing."),
        (status = 429, description = "Too many jobs wait."),
    )
)]
pub(crate) async fn fork(
    server: Data<Server>,
    request: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
) -> Answer {
    let (id, node) = path.into_inner();
    let job = own(&server, &request, &id)?;
    let node = branches(&node)?;
    let body = upload::body(payload).await?;
    let said: Instruction =
        serde_json::from_slice(&body).map_err(|error| Problem::malformed(format!("the body: {error}")))?;
    let office = Arc::clone(&server.office);
    let wanted = server.deep(move || {
        let Some(question) = question(&office.means, &job)? else {
            return Err(Problem::new(409, "no-such-node", "only questions to the language model have nodes"));
        };
        let asked = ledger::request(&office.means.store, &job.id)?;
        let log = office.log(&job.id)?;
        derived::forked(&office.means, (asked, &question), (&job, &log, &node), (&said.prompt, said.max_tokens))
    });
    taken(&server, &request, wanted.await?).await
}

/// Submits a job that derives from another one.
async fn taken(server: &Data<Server>, request: &HttpRequest, wanted: JobRequest) -> Answer {
    let (Taken::New(job) | Taken::Known(job)) = api::take(server, caller(request), None, wanted).await?;
    let address = format!("/v1/jobs/{}", job.id);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, address)).json(job.view()))
}

/// The cost so far of each node of a language model question, and their total.
#[utoipa::path(get, path = "/v1/jobs/{id}/usage", tag = "jobs", params(("id" = String, Path)), responses(
    (status = 200, description = "Tokens of each node: of the prompt, cached, generated, reused, new, reencoded and pruned; its critical path, its peak of pages, its calls and its time."),
    (status = 404, description = "There is no such job, or it asks no language model."),
))]
pub(crate) async fn usage(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Answer {
    let job = own(&server, &request, &id)?;
    let office = Arc::clone(&server.office);
    let value = server.deep(move || {
        let question = question(&office.means, &job)?;
        let Some((models, question)) = office.means.models.as_ref().zip(question) else {
            return Err(Problem::not_found("this job asks no language model of this server"));
        };
        let read = question.prompt_tokens(&models.model).unwrap_or(0);
        Ok(derived::usage(&*office.log(&job.id)?, read))
    });
    Ok(HttpResponse::Ok().json(value.await?))
}

/// The routes of these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |what: &str| web::resource(format!("/v1/jobs/{{id}}/nodes/{{node}}/{what}")).default_service(only("POST"));
    config
        .service(at("cancel").route(web::post().to(cancel)))
        .service(at("approve").route(web::post().to(approve)))
        .service(at("refuse").route(web::post().to(refuse)))
        .service(at("retry").route(web::post().to(retry)))
        .service(at("fork").route(web::post().to(fork)))
        .service(web::resource("/v1/jobs/{id}/usage").default_service(only("GET")).route(web::get().to(usage)));
}
