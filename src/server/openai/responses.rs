//! The responses API: stored answers. Each response is a job of the server, so it survives a kill, can be retrieved
//! later, and its stream can be resumed after any event.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use theoremata_actors::jobs::{Calling, Functions, Job as Question, Said, Speaker};
use theoremata_lm::FunctionCall;
use tokio::sync::watch;

use super::answer::cached_of_prompt;
use super::functions;
use super::request::{Conversation, Refusal, Response, read_response};
use super::routes::{models, told};
use crate::server::api::{self, only};
use crate::server::job::{Job, State};
use crate::server::ledger;
use crate::server::log::{JobLog, Progress, value};
use crate::server::models::Models;
use crate::server::office::{Office, Taken};
use crate::server::problem::Problem;
use crate::server::request::{JobRequest, Kind};
use crate::server::state::{Server, caller};
use crate::server::upload;

/// Prefix of the ids of jobs that are responses.
const PREFIX: &str = "resp_";

/// Creates a response, OpenAI-compatible.
#[utoipa::path(post, path = "/v1/responses", tag = "openai", request_body(content = Object), responses(
    (status = 200, description = "The response, or a stream of its events."),
    (status = 400, description = "The request asks for what there is not; the error is in the form of the protocol."),
    (status = 404, description = "There is no such model, or no such earlier response."),
    (status = 429, description = "Too many questions wait."),
))]
pub(crate) async fn create(server: Data<Server>, request: HttpRequest, payload: Payload) -> HttpResponse {
    begin(server, request, payload).await.unwrap_or_else(|refusal| told(&refusal))
}

async fn begin(server: Data<Server>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Refusal> {
    let models = models(&server)?.clone();
    let body = upload::body(payload).await?;
    let (office, owner) = (Arc::clone(&server.office), caller(&request));
    let (asked, whose) = (models.clone(), owner.clone());
    let wanted = server.deep(move || {
        let earlier = |id: &str| conversation(&office, &whose, id);
        Ok(read_response(&body, &asked.name, &asked.model, &earlier))
    });
    let Response { job: question, stream, background, metadata } = wanted.await??;
    let mut question = serde_json::to_value(question).expect("plain data");
    question.as_object_mut().expect("an object").remove("program");
    let wanted = json!({ "kind": "generate", "question": question, "metadata": metadata });
    let wanted = JobRequest::read(wanted.to_string().as_bytes())?;
    let (Taken::New(job) | Taken::Known(job)) = api::take(&server, owner, None, wanted).await?;
    let log = api::log(&server, &job).await?;
    if background && !stream {
        return Ok(HttpResponse::Ok().json(described(&server, &models, &job).await?));
    }
    let patron = Patron { office: Arc::clone(&server.office), job: (!background).then(|| job.id.clone()) };
    if stream {
        return streamed(&server, &models, &job, log, patron, None).await;
    }
    let mut progress = log.listen();
    let mut closing = server.closing.clone();
    let ended = tokio::select! {
        ended = progress.wait_for(|progress| progress.ended) => ended.is_ok(),
        _ = closing.wait_for(|closing| *closing) => false,
    };
    if !ended {
        patron.stays();
        return Err(Problem::new(503, "closing", "the server is about to stop; the response goes on later").into());
    }
    patron.stays();
    Ok(HttpResponse::Ok().json(described(&server, &models, &job).await?))
}

/// A waiting client; if it disconnects before the answer is complete, the job is cancelled.
struct Patron {
    office: Arc<Office>,
    job: Option<String>,
}

impl Patron {
    /// Detaches the client: it has the answer, or leaves the job running.
    fn stays(mut self) {
        self.job = None;
    }
}

impl Drop for Patron {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            let office = Arc::clone(&self.office);
            // Blocks on the disk. A job that cannot be cancelled ends by itself.
            drop(std::thread::Builder::new().spawn(move || drop(office.cancel(&job))));
        }
    }
}

/// The caller's own response with this id.
fn own(office: &Office, owner: &str, id: &str) -> Result<Job, Refusal> {
    let missing = || Refusal {
        status: 404,
        message: format!("there is no response {id}"),
        param: Some("response_id".to_owned()),
        code: Some("not_found"),
    };
    let job = id.strip_prefix(PREFIX).and_then(|id| office.find(id));
    job.filter(|job| job.owner == owner && job.kind == Kind::Generate).ok_or_else(missing)
}

/// The question of a response.
fn question(office: &Office, job: &Job) -> Result<Question, Refusal> {
    let asked = ledger::request(&office.means.store, &job.id).map_err(Problem::from)?;
    let mut question = asked.question.unwrap_or_default();
    question["program"] = json!({ "vote": { "samples": 1, "least": 1, "pattern": null } });
    serde_json::from_value(question).map_err(|error| Problem::new(500, "failure", error.to_string()).into())
}

/// The conversation up to the end of a response.
fn conversation(office: &Office, owner: &str, id: &str) -> Result<Conversation, Refusal> {
    let job = own(office, owner, id)?;
    let log = office.log(&job.id).map_err(Problem::from)?;
    let last = log.last().map(|last| value(&last)).filter(|last| last["event"] == "ended");
    let last = last.ok_or_else(|| Refusal::of("previous_response_id", format!("the response {id} has not ended")))?;
    let question = question(office, &job)?;
    let functions = office.means.models.as_ref().and_then(|models| functions(&question, models));
    let answered = functions::read(functions.as_ref(), last["text"].as_str().unwrap_or_default());
    Ok((question, Said { calls: answered.calls, ..Said::new(Speaker::Assistant, answered.text) }))
}

/// The functions that a response may call, with the model's calling convention.
fn functions(question: &Question, models: &Models) -> Option<(Functions, Calling)> {
    question.functions.clone().map(|functions| (functions, Calling::of(&models.model)))
}

/// A response in its current state.
async fn described(server: &Data<Server>, models: &Arc<Models>, job: &Job) -> Result<Value, Refusal> {
    let (office, models, id) = (Arc::clone(&server.office), models.clone(), job.id.clone());
    let work = move || {
        let Some(job) = office.find(&id) else { return Ok(Err(Problem::not_found("the response is gone").into())) };
        let log = office.log(&id)?;
        Ok(question(&office, &job).map(|question| object(&models, &job, &question, &log)))
    };
    server.deep(work).await?
}

/// A response in the format of the API.
fn object(models: &Arc<Models>, job: &Job, question: &Question, log: &JobLog) -> Value {
    let last = log.last().map(|last| value(&last)).filter(|last| last["event"] == "ended");
    // The log may be slightly ahead of the ledger.
    let state = last.as_ref().and_then(|last| State::read(last["state"].as_str()?)).unwrap_or(job.state);
    let cut = last.as_ref().is_some_and(|last| last["outcome"].as_str().is_some_and(|word| word.starts_with("out of")));
    let status = match state {
        State::Queued => "queued",
        State::Running | State::Waiting => "in_progress",
        State::Cancelled => "cancelled",
        State::Failed => "failed",
        _ if cut => "incomplete",
        _ => "completed",
    };
    let answer = log.of_kind("answer").pop().map(|answer| value(&answer)).unwrap_or_default();
    let node = &answer["nodes"][1];
    let text = node["text"].as_str().unwrap_or_default();
    let ending = if cut { "incomplete" } else { "completed" };
    let output = last.as_ref().map(|_| output(job, question, models, text, ending)).unwrap_or_default();
    let usage = last.as_ref().map(|_| {
        let read = question.prompt_tokens(&models.model).unwrap_or(0);
        let written = node["tokens"].as_u64().unwrap_or(0) as usize;
        let root = answer["costs"].as_array().into_iter().flatten().find(|cost| cost["node"] == json!([]));
        // The format has no value for unknown: a question that could not be asked has no cached tokens.
        let cached = root.and_then(|root| root["cached"].as_u64()).unwrap_or(0);
        json!({
            "input_tokens": read, "output_tokens": written, "total_tokens": read + written,
            "input_tokens_details": { "cached_tokens": cached_of_prompt(cached as usize, read) },
            "output_tokens_details": { "reasoning_tokens": 0 },
        })
    });
    let created = job.created.parse::<jiff::Timestamp>().map_or(0, |time| time.as_second());
    let error = last.as_ref().and_then(|last| last["error"].as_str());
    json!({
        "id": format!("{PREFIX}{}", job.id), "object": "response", "created_at": created, "status": status,
        "model": models.name, "output": output, "usage": usage,
        "error": error.map(|message| json!({ "code": "server_error", "message": message })),
        "incomplete_details": cut.then(|| json!({ "reason": "max_output_tokens" })),
        "max_output_tokens": question.max_tokens, "temperature": question.choice.temperature,
        "top_p": question.choice.top_p, "metadata": job.metadata, "instructions": null, "tools": functions::listed(question.functions.as_ref()),
        "tool_choice": functions::choice(question.functions.as_ref()),
        "parallel_tool_calls": question.functions.as_ref().is_some_and(|functions| functions.several),
    })
}

/// The output items of a response.
fn output(job: &Job, question: &Question, models: &Models, text: &str, status: &str) -> Vec<Value> {
    let answered = functions::read(functions(question, models).as_ref(), text);
    let said = (answered.calls.is_empty() || !answered.text.is_empty()).then(|| item(job, &answered.text, status));
    let call = |(number, call): (usize, &FunctionCall)| {
        json!({
            "id": format!("fc_{}_{number}", job.id), "type": "function_call", "status": "completed", "name": call.name,
            "call_id": functions::id(&job.id, 0, number), "arguments": call.arguments.to_string(),
        })
    };
    said.into_iter().chain(answered.calls.iter().enumerate().map(call)).collect()
}

fn item(job: &Job, text: &str, status: &str) -> Value {
    let content = json!([{ "type": "output_text", "text": text, "annotations": [] }]);
    json!({ "id": format!("msg_{}", job.id), "type": "message", "role": "assistant", "status": status, "content": content })
}

/// Query of a response.
#[derive(Deserialize)]
pub(crate) struct View {
    #[serde(default)]
    stream: bool,
    starting_after: Option<usize>,
}

/// Retrieves a response, or streams its events, OpenAI-compatible.
#[utoipa::path(get, path = "/v1/responses/{id}", tag = "openai",
    params(
        ("id" = String, Path),
        ("stream" = Option<bool>, Query, description = "Its events, those that were and those that come."),
        ("starting_after" = Option<usize>, Query, description = "The `sequence_number` of the last event that the caller has."),
    ),
    responses(
        (status = 200, description = "The response."),
        (status = 400, description = "A parameter is wrong."),
        (status = 404, description = "There is no such response."),
    )
)]
pub(crate) async fn show(server: Data<Server>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    let shown = async {
        let models = models(&server)?.clone();
        let view = Query::<View>::from_query(request.query_string());
        let view = view.map_err(|error| Refusal::of("stream", error.to_string()))?;
        let job = own(&server.office, &caller(&request), &id)?;
        if !view.stream {
            return Ok(HttpResponse::Ok().json(described(&server, &models, &job).await?));
        }
        let log = api::log(&server, &job).await?;
        let nobody = Patron { office: Arc::clone(&server.office), job: None };
        streamed(&server, &models, &job, log, nobody, view.starting_after).await
    };
    shown.await.unwrap_or_else(|refusal: Refusal| told(&refusal))
}

/// Cancels a response, OpenAI-compatible. No effect on one that has ended.
#[utoipa::path(post, path = "/v1/responses/{id}/cancel", tag = "openai", params(("id" = String, Path)), responses(
    (status = 200, description = "The response as it then stands."), (status = 404, description = "There is no such response."),
))]
pub(crate) async fn cancel(server: Data<Server>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    let cancelled = async {
        let models = models(&server)?.clone();
        let job = own(&server.office, &caller(&request), &id)?;
        api::stop(&server, &request, &job.id).await?;
        let mut progress = api::log(&server, &job).await?.listen();
        // It ends after its current step, which the caller wants to see.
        let ended = progress.wait_for(|progress| progress.ended);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), ended).await;
        Ok(HttpResponse::Ok().json(described(&server, &models, &job).await?))
    };
    cancelled.await.unwrap_or_else(|refusal: Refusal| told(&refusal))
}

/// The events of a response. Their numbers are indices into this list, which is a function of the log, and so are
/// stable.
async fn streamed(
    server: &Data<Server>,
    models: &Arc<Models>,
    job: &Job,
    log: Arc<JobLog>,
    patron: Patron,
    starting_after: Option<usize>,
) -> Result<HttpResponse, Refusal> {
    let response = described(server, models, job).await?;
    let guard = server.listener()?;
    let (office, asked) = (Arc::clone(&server.office), job.clone());
    let question_of = server.deep(move || Ok(question(&office, &asked))).await??;
    let (progress, closing) = (log.listen(), server.closing.clone());
    let mut first = response;
    (first["status"], first["output"], first["usage"]) = (json!("in_progress"), json!([]), Value::Null);
    let next = starting_after.map_or(0, |after| after + 1);
    let teller = Teller {
        server: server.clone(),
        models: models.clone(),
        job: job.clone(),
        log,
        progress,
        closing,
        first,
        next,
        asks: question_of.functions.is_some(),
        done: false,
    };
    let stream = stream::unfold((teller, Some(patron), guard), |(mut teller, mut patron, guard)| async move {
        let piece = teller.next().await?;
        if teller.done
            && let Some(patron) = patron.take()
        {
            patron.stays();
        }
        Some((Ok::<_, actix_web::Error>(Bytes::from(piece)), (teller, patron, guard)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(stream))
}

struct Teller {
    server: Data<Server>,
    models: Arc<Models>,
    job: Job,
    log: Arc<JobLog>,
    progress: watch::Receiver<Progress>,
    closing: watch::Receiver<bool>,
    first: Value,
    /// Number of the next event.
    next: usize,
    /// Whether it may contain function calls: its text is sent only once that is known.
    asks: bool,
    done: bool,
}

impl Teller {
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.done {
                return None;
            }
            let ended = self.progress.borrow_and_update().ended;
            let last = if ended { Some(described(&self.server, &self.models, &self.job).await.ok()?) } else { None };
            let events = self.events(last.as_ref());
            self.done = ended;
            if events.len() > self.next {
                let fresh = events.iter().enumerate().skip(self.next);
                let text = fresh.map(|(number, event)| {
                    let mut event = event.clone();
                    event["sequence_number"] = json!(number);
                    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
                });
                let text = text.collect();
                self.next = events.len();
                return Some(text);
            }
            tokio::select! {
                changed = self.progress.changed() => changed.ok()?,
                closed = self.closing.changed() => { closed.ok()?; return None; }
            }
        }
    }

    /// All events so far; with the final event of the log, all events.
    fn events(&self, last: Option<&Value>) -> Vec<Value> {
        if self.asks {
            return self.whole_items(last);
        }
        let (part, of) =
            (json!({ "type": "output_text", "text": "", "annotations": [] }), format!("msg_{}", self.job.id));
        let begun = item(&self.job, "", "in_progress");
        let mut events = vec![
            json!({ "type": "response.created", "response": self.first }),
            json!({ "type": "response.in_progress", "response": self.first }),
            json!({ "type": "response.output_item.added", "output_index": 0, "item": begun }),
            json!({ "type": "response.content_part.added", "item_id": of, "output_index": 0, "content_index": 0, "part": part }),
        ];
        let place = |kind: &str| json!({ "type": kind, "item_id": of, "output_index": 0, "content_index": 0 });
        for wrote in self.log.of_kind("wrote") {
            let mut delta = place("response.output_text.delta");
            (delta["delta"], delta["logprobs"]) = (value(&wrote)["text"].clone(), json!([]));
            events.push(delta);
        }
        if let Some(last) = last {
            let item = &last["output"][0];
            let mut text = place("response.output_text.done");
            (text["text"], text["logprobs"]) = (item["content"][0]["text"].clone(), json!([]));
            let mut part = place("response.content_part.done");
            part["part"] = item["content"][0].clone();
            events.extend([
                text,
                part,
                json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
                json!({ "type": ending(last), "response": last }),
            ]);
        }
        events
    }
}

impl Teller {
    /// All events so far of a response that may contain function calls: complete items only.
    fn whole_items(&self, last: Option<&Value>) -> Vec<Value> {
        let mut events = vec![
            json!({ "type": "response.created", "response": self.first }),
            json!({ "type": "response.in_progress", "response": self.first }),
        ];
        let Some(last) = last else { return events };
        for (place, item) in last["output"].as_array().into_iter().flatten().enumerate() {
            let event = |kind: &str, more: Value| {
                let mut event = json!({ "type": kind, "item_id": item["id"], "output_index": place });
                more.as_object().into_iter().flatten().for_each(|(name, value)| event[name] = value.clone());
                event
            };
            let mut begun = item.clone();
            begun["status"] = json!("in_progress");
            let is_call = item["type"] == "function_call";
            begun[if is_call { "arguments" } else { "content" }] = if is_call { json!("") } else { json!([]) };
            events.push(json!({ "type": "response.output_item.added", "output_index": place, "item": begun }));
            if is_call {
                let arguments = &item["arguments"];
                events.push(event("response.function_call_arguments.delta", json!({ "delta": arguments })));
                events.push(event(
                    "response.function_call_arguments.done",
                    json!({ "arguments": arguments, "name": item["name"] }),
                ));
            } else {
                let part = &item["content"][0];
                let empty = json!({ "type": "output_text", "text": "", "annotations": [] });
                let (text, logprobs) = (&part["text"], json!([]));
                events.extend([
                    event("response.content_part.added", json!({ "content_index": 0, "part": empty })),
                    event(
                        "response.output_text.delta",
                        json!({ "content_index": 0, "delta": text, "logprobs": logprobs }),
                    ),
                    event(
                        "response.output_text.done",
                        json!({ "content_index": 0, "text": text, "logprobs": logprobs }),
                    ),
                    event("response.content_part.done", json!({ "content_index": 0, "part": part })),
                ]);
            }
            events.push(json!({ "type": "response.output_item.done", "output_index": place, "item": item }));
        }
        events.push(json!({ "type": ending(last), "response": last }));
        events
    }
}

/// The type of the final event of a response.
fn ending(last: &Value) -> String {
    match last["status"].as_str() {
        Some(word @ ("incomplete" | "failed")) => format!("response.{word}"),
        _ => "response.completed".to_owned(),
    }
}

/// The routes of these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str, allowed: &'static str| web::resource(path).default_service(only(allowed));
    config
        .service(at("/v1/responses", "POST").route(web::post().to(create)))
        .service(at("/v1/responses/{id}", "GET").route(web::get().to(show)))
        .service(at("/v1/responses/{id}/cancel", "POST").route(web::post().to(cancel)));
}
