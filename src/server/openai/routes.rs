//! Endpoints of the OpenAI-compatible API.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{self, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use theoremata_actors::jobs::{EventKind, JobEvent, Refused};

use super::answer::{Head, whole};
use super::request::{Form, Refusal, read};
use super::stream::pieces;
use crate::server::api::only;
use crate::server::ledger::Spent;
use crate::server::models::{Asking, Memory, Models};
use crate::server::office::Office;
use crate::server::problem::Problem;
use crate::server::quota::{Scope, Used};
use crate::server::state::{Server, caller};
use crate::server::upload;

pub(super) fn told(refusal: &Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status).expect("a status of ours");
    let mut response = HttpResponse::build(status);
    if refusal.status == 429 {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    response.json(refusal.document())
}

/// The server's model.
pub(super) fn models(server: &Server) -> Result<&Arc<Models>, Refusal> {
    server.models.as_ref().ok_or_else(|| Refusal {
        status: 404,
        message: "this server has no model; `theoremata serve --model smollm2` gives it one".to_owned(),
        param: Some("model".to_owned()),
        code: Some("model_not_found"),
    })
}

/// Answers a conversation, OpenAI-compatible.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai", request_body(content = Object), responses(
    (status = 200, description = "The answer, or a stream of its pieces."),
    (status = 400, description = "The request asks for what there is not; the error is in the form of the protocol."),
    (status = 404, description = "There is no such model."),
    (status = 429, description = "Too many questions wait."),
))]
pub(crate) async fn chat(server: Data<Server>, request: HttpRequest, payload: Payload) -> HttpResponse {
    complete(server, &request, payload, Form::Chat).await.unwrap_or_else(|refusal| told(&refusal))
}

/// Continues a text, OpenAI-compatible.
#[utoipa::path(post, path = "/v1/completions", tag = "openai", request_body(content = Object), responses(
    (status = 200, description = "The answer, or a stream of its pieces."),
    (status = 400, description = "The request asks for what there is not."),
    (status = 404, description = "There is no such model."),
    (status = 429, description = "Too many questions wait."),
))]
pub(crate) async fn text(server: Data<Server>, request: HttpRequest, payload: Payload) -> HttpResponse {
    complete(server, &request, payload, Form::Text).await.unwrap_or_else(|refusal| told(&refusal))
}

/// Usage of a request, charged to the caller when it is dropped.
pub(super) struct Count {
    office: Arc<Office>,
    owner: String,
    tokens: u64,
}

impl Count {
    /// Counts the tokens among events.
    pub(super) fn hear(&mut self, events: &[Arc<JobEvent>]) {
        let is_token = |event: &&Arc<JobEvent>| matches!(event.what, EventKind::Wrote { token: Some(_), .. });
        self.tokens += events.iter().filter(is_token).count() as u64;
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        if self.owner.is_empty() || self.tokens == 0 {
            return;
        }
        let (office, owner) = (Arc::clone(&self.office), std::mem::take(&mut self.owner));
        let spent = Spent { tokens: self.tokens, ..Spent::default() };
        // Blocks on the disk. If there is no thread, the usage is not charged.
        drop(std::thread::Builder::new().spawn(move || office.spend(&owner, spent)));
    }
}

async fn complete(
    server: Data<Server>,
    request: &HttpRequest,
    payload: Payload,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let models = models(&server)?.clone();
    let owner = caller(request);
    if let Some(key) = server.doors.known(&owner) {
        let used = Used { jobs: 0, jobs_today: 0, ..server.office.used(&owner) };
        if let Err(problem) = key.quota.admits(&used, Scope::Reason) {
            let wait = problem.header(&header::RETRY_AFTER).map(str::to_owned);
            let mut response = told(&problem.into());
            if let Some(wait) = wait.and_then(|wait| wait.parse().ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            return Ok(response);
        }
    }
    let mut count = Count { office: Arc::clone(&server.office), owner, tokens: 0 };
    let body = upload::body(payload).await?;
    let asked = models.clone();
    let work = move || Ok::<_, Problem>(ask(&asked, &body, form));
    let (mut asking, wanted) = server.deep(work).await??;
    let head = head(form, &models)?;
    if wanted.stream {
        let stream = pieces((asking, count), head, wanted, models.model.clone(), server.closing.clone());
        return Ok(HttpResponse::Ok()
            .content_type("text/event-stream; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .streaming(stream));
    }
    let mut events = Vec::new();
    loop {
        let news = asking.next().await;
        if news.is_empty() {
            return Err(Problem::new(503, "closing", "the server is about to stop").into());
        }
        count.hear(&news);
        events.extend(news);
        if let Some(EventKind::Answered(answer)) = events.last().map(|event| &event.what) {
            if answer.nodes.is_empty() {
                let message = answer.because.clone().unwrap_or_else(|| "the model could not answer".to_owned());
                return Err(Refusal { status: 400, message, param: None, code: None });
            }
            return Ok(HttpResponse::Ok().json(whole(&head, &wanted, &models.model, answer, &events)));
        }
    }
}

/// Parses a request and asks its question.
fn ask(models: &Arc<Models>, body: &[u8], form: Form) -> Result<(Asking, super::request::Wanted), Refusal> {
    let wanted = read(body, form, &models.name, &models.model)?;
    let asking = models.ask(wanted.job.clone(), Memory::Forgotten).map_err(|refused| {
        let (status, code) = match &refused {
            Refused::Full { .. } => (429, Some("rate_limit_exceeded")),
            Refused::Job(_) => (400, None),
            _ => (500, None),
        };
        Refusal { status, message: refused.to_string(), param: None, code }
    })?;
    Ok((asking, wanted))
}

fn head(form: Form, models: &Models) -> Result<Head, Refusal> {
    let number = getrandom::u64().map_err(|error| Problem::new(500, "failure", format!("no random bytes: {error}")))?;
    let word = if form == Form::Chat { "chatcmpl" } else { "cmpl" };
    let created = jiff::Timestamp::now().as_second();
    let created = u64::try_from(created).unwrap_or(0);
    Ok(Head { id: format!("{word}-{number:016x}"), created, model: models.name.clone() })
}

fn described(models: &Models) -> Value {
    json!({ "id": models.name, "object": "model", "created": 0, "owned_by": "theoremata" })
}

/// Lists the server's model, OpenAI-compatible.
#[utoipa::path(get, path = "/v1/models", tag = "openai", responses((status = 200, description = "The list.")))]
pub(crate) async fn list(server: Data<Server>) -> HttpResponse {
    let data: Vec<Value> = server.models.iter().map(|models| described(models)).collect();
    HttpResponse::Ok().json(json!({ "object": "list", "data": data }))
}

/// Describes a model, OpenAI-compatible.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "openai", params(("id" = String, Path)), responses(
    (status = 200, description = "The model."), (status = 404, description = "There is no such model."),
))]
pub(crate) async fn show(server: Data<Server>, request: HttpRequest, model: Path<String>) -> HttpResponse {
    let found = server.models.as_ref().filter(|models| models.name == *model);
    let missing = || Refusal {
        status: 404,
        message: format!("there is nothing at {}", request.path()),
        param: Some("model".to_owned()),
        code: Some("model_not_found"),
    };
    found.map_or_else(|| told(&missing()), |models| HttpResponse::Ok().json(described(models)))
}

/// The routes of these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str, allowed: &'static str| web::resource(path).default_service(only(allowed));
    config
        .service(at("/v1/chat/completions", "POST").route(web::post().to(chat)))
        .service(at("/v1/completions", "POST").route(web::post().to(text)))
        .service(at("/v1/models", "GET").route(web::get().to(list)))
        .service(at("/v1/models/{id:.*}", "GET").route(web::get().to(show)));
}
