//! The calls about single nodes of a question to the language model.

use std::sync::Arc;

use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use theoremata_actors::jobs::Job as Question;

use super::api::{only, own};
use super::job::{Job, JobView};
use super::ledger;
use super::models::Models;
use super::problem::Problem;
use super::request::Asked;
use super::state::Server;

type Answer = Result<HttpResponse, Problem>;

/// Cancels one node of a question to the language model and all below it; its siblings go on.
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
    order(&server, &request, &path, no, Models::cancel_node).await
}

/// Lets a node go on that waits for a person.
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
    let say = |models: &Models, question: &Question, node: &[u32]| models.decide(question, node, true);
    order(&server, &request, &path, nobody_waits, say).await
}

/// Refuses a node that waits for a person: a call of a tool is not made, and a step of a program ends the node.
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
    let say = |models: &Models, question: &Question, node: &[u32]| models.decide(question, node, false);
    order(&server, &request, &path, nobody_waits, say).await
}

fn nobody_waits(node: &str) -> Problem {
    Problem::new(409, "no-waiting-node", format!("there is no node {node} of this job that waits for a person"))
}

/// Gives an order to a node of the caller's own job; `no` says that it cannot be carried out.
async fn order(
    server: &Data<Server>,
    request: &HttpRequest,
    path: &(String, String),
    no: impl FnOnce(&str) -> Problem,
    order: impl FnOnce(&Models, &Question, &[u32]) -> bool + Send + 'static,
) -> Answer {
    let (id, node) = path;
    let job = own(server, request, id)?;
    let branches = branches(node)?;
    let office = Arc::clone(&server.office);
    let known = job.clone();
    let done = server.deep(move || {
        let question = question(&office.means, &known)?;
        Ok(office
            .means
            .models
            .as_ref()
            .zip(question)
            .is_some_and(|(models, question)| order(models, &question, &branches)))
    });
    if !done.await? {
        return Err(no(node));
    }
    Ok(HttpResponse::Accepted().json(job.view()))
}

/// The branches that lead to a node.
fn branches(node: &str) -> Result<Vec<u32>, Problem> {
    let wrong =
        || Problem::malformed(format!("`{node}` is no node: numbers with dots between them are needed, or `root`"));
    match node {
        "root" => Ok(Vec::new()),
        _ => node.split('.').map(|part| part.parse().map_err(|_| wrong())).collect(),
    }
}

/// What a job asks the language model, if it does.
fn question(means: &super::means::Means, job: &Job) -> Result<Option<Question>, Problem> {
    Ok(match ledger::request(&means.store, &job.id)?.meaning(means.model())? {
        Asked::Reason(reasoning) => Some(reasoning.job),
        _ => None,
    })
}

/// The addresses of these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |what: &str| web::resource(format!("/v1/jobs/{{id}}/nodes/{{node}}/{what}")).default_service(only("POST"));
    config
        .service(at("cancel").route(web::post().to(cancel)))
        .service(at("approve").route(web::post().to(approve)))
        .service(at("refuse").route(web::post().to(refuse)));
}
