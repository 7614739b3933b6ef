//! HTML pages: to submit, watch and search; and the pages of runs, which are those of the static site.

use std::collections::HashMap;

use actix_web::http::header::{self, ETag, EntityTag, IfNoneMatch};
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};
use tera::{Context, Tera};
use theoremata_actors::jobs::APPROVAL;
use theoremata_actors::run::Cost;
use theoremata_store::RunId;

use super::api::{self, only, own};
use super::job::Job;
use super::log::value;
use super::office::Taken;
use super::problem::Problem;
use super::request::{FileText, JobOptions, JobRequest, Kind};
use super::sites::{Found, Wanted};
use super::state::{Server, caller};
use super::{nodes, shipped, upload};
use crate::failure::Failure;
use crate::site;

/// Maximal number of theorems on the page of a job.
const LATEST: usize = 200;
/// Maximal number of jobs in a list.
const LISTED: usize = 50;

const TEMPLATES: [(&str, &str); 8] = [
    ("server/base.html", include_str!("../../templates/server/base.html")),
    ("server/start.html", include_str!("../../templates/server/start.html")),
    ("server/list.html", include_str!("../../templates/server/list.html")),
    ("server/jobs.html", include_str!("../../templates/server/jobs.html")),
    ("server/job.html", include_str!("../../templates/server/job.html")),
    ("server/search.html", include_str!("../../templates/server/search.html")),
    ("server/compare.html", include_str!("../../templates/server/compare.html")),
    ("server/problem.html", include_str!("../../templates/server/problem.html")),
];

/// The templates of these pages.
///
/// # Errors
/// If one of them is malformed, which is a bug.
pub(crate) fn templates() -> Result<Tera, Failure> {
    let mut tera = Tera::new();
    tera.add_raw_templates(TEMPLATES).map_err(|error| Failure::World(format!("the templates: {error}")))?;
    Ok(tera)
}

/// A page, or a problem.
pub(super) type Page = Result<HttpResponse, Problem>;

pub(super) fn render(server: &Server, status: u16, template: &str, values: &Value) -> Page {
    let failed = |error: tera::Error| Problem::new(500, "template", format!("the page cannot be made: {error}"));
    let context = Context::from_serialize(values).map_err(failed)?;
    let html = server.templates.render(template, &context).map_err(failed)?;
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status of ours");
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(html))
}

/// Renders a problem as a page.
pub(super) fn told(server: &Server, page: Page) -> Page {
    page.or_else(|problem| {
        let status = problem.status();
        let title = status.canonical_reason().unwrap_or("Error");
        let values = json!({ "here": "", "title": title, "detail": problem.detail() });
        render(server, status.as_u16(), "server/problem.html", &values)
    })
}

/// Query of the start page.
#[derive(Deserialize)]
struct Start {
    example: Option<String>,
}

async fn start(server: Data<Server>, request: HttpRequest, query: Query<Start>) -> Page {
    let chosen = query.example.as_deref().unwrap_or("peano.mpl");
    let source = shipped::file(chosen);
    let problem = source.is_none().then(|| Problem::not_found(format!("no theory {chosen} is shipped")));
    let asked = Asked { source: source.unwrap_or_default().to_owned(), ..Asked::default() };
    editor(&server, &request, &asked, chosen, problem.as_ref())
}

fn editor(server: &Server, request: &HttpRequest, asked: &Asked, chosen: &str, problem: Option<&Problem>) -> Page {
    let examples: Vec<Value> =
        shipped::examples().map(|(name, about)| json!({ "name": name, "about": about })).collect();
    let owner = caller(request);
    let jobs: Vec<Value> = server.office.list(None, 10, |job| job.owner == owner).iter().map(row).collect();
    let values = json!({
        "here": "start", "examples": examples, "chosen": chosen, "source": asked.source, "goals": asked.goals,
        "max_size": asked.max_size, "jobs": jobs, "model": server.models.as_ref().map(|models| &models.name),
        "problem": problem.map(|problem| {
            let document = problem.document();
            json!({ "detail": problem.detail(), "rendered": document["rendered"].as_str().unwrap_or_default() })
        }),
    });
    render(server, problem.map_or(200, |problem| problem.status().as_u16()), "server/start.html", &values)
}

/// A job as a table row.
fn row(job: &Job) -> Value {
    let mut row = serde_json::to_value(job.view()).expect("plain data");
    row["words"] = json!(job.state.word().replace('_', " "));
    row["links"]["site"] = json!(job.view().links.site);
    row
}

/// The form of the start page.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    kind: String,
    source: String,
    goals: String,
    max_size: String,
}

async fn ask(server: Data<Server>, request: HttpRequest, form: web::Payload) -> Page {
    let asked = match upload::body(form).await {
        // Form bodies are encoded like query strings.
        Ok(body) => Query::<Asked>::from_query(&String::from_utf8_lossy(&body))
            .map_err(|error| Problem::malformed(format!("the form: {error}"))),
        Err(problem) => Err(problem),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(problem) => return told(&server, Err(problem)),
    };
    let taken = match asked.request() {
        Ok(wanted) => api::take(&server, caller(&request), None, wanted).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(Taken::New(job) | Taken::Known(job)) => Ok(to(&format!("/jobs/{}", job.id))),
        Err(problem) => editor(&server, &request, &asked, "", Some(&problem)),
    }
}

impl Asked {
    /// A request for a language model question.
    fn question(&self) -> Result<JobRequest, Problem> {
        let prompt = self.source.replace("\r\n", "\n");
        let request = if self.kind == "vote" {
            let choice = json!({ "temperature": 0.8 });
            let program = json!({ "vote": { "samples": 5, "least": 1, "pattern": null } });
            json!({ "kind": "reason", "question": { "prompt": prompt, "program": program, "choice": choice } })
        } else {
            json!({ "kind": "generate", "question": { "prompt": prompt } })
        };
        JobRequest::read(request.to_string().as_bytes())
    }

    fn request(&self) -> Result<JobRequest, Problem> {
        if ["generate", "vote"].contains(&&*self.kind) {
            return self.question();
        }
        let kind = if self.kind == "prove" { Kind::Prove } else { Kind::Explore };
        let size = Some(self.max_size.trim()).filter(|text| !text.is_empty());
        let size = size.map(str::parse).transpose();
        let max_size = size.map_err(|_| Problem::malformed("the most atoms are a number from 1 to 12"))?;
        // Browsers send lines that end with CRLF.
        let text = |text: &str| text.replace("\r\n", "\n");
        let goals =
            text(&self.goals).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let goals = if kind == Kind::Prove { goals } else { Vec::new() };
        let source = text(&self.source);
        // An unchanged shipped theory keeps its name, and therefore its run.
        let shipped = shipped::examples().find(|(name, _)| shipped::file(name) == Some(&*source));
        let (source, files) = match shipped {
            Some((name, _)) => (None, vec![FileText { name: name.to_owned(), text: source }]),
            None => (Some(source), Vec::new()),
        };
        let request = JobRequest {
            kind,
            source,
            files,
            goals,
            run: None,
            question: None,
            options: JobOptions { max_size, ..JobOptions::default() },
            budget: Default::default(),
            metadata: Default::default(),
            priority: 0,
            webhook: None,
            known: Vec::new(),
            origin: None,
        };
        request.checked()
    }
}

fn to(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, place)).content_type("text/plain").body("")
}

/// Position in a paged list.
#[derive(Deserialize)]
struct Cursor {
    cursor: Option<u64>,
}

async fn jobs(server: Data<Server>, request: HttpRequest, query: Query<Cursor>) -> Page {
    let owner = caller(&request);
    let mut jobs = server.office.list(query.cursor, LISTED + 1, |job| job.owner == owner);
    let more = jobs.len() > LISTED;
    jobs.truncate(LISTED);
    let next = jobs.last().filter(|_| more).map(|job| job.number);
    let rows: Vec<Value> = jobs.iter().map(row).collect();
    render(&server, 200, "server/jobs.html", &json!({ "here": "jobs", "jobs": rows, "next": next }))
}

async fn job(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Page {
    let page = match own(&server, &request, &id) {
        Ok(job) => shown(&server, &job).await,
        Err(problem) => Err(problem),
    };
    told(&server, page)
}

async fn shown(server: &Data<Server>, job: &Job) -> Page {
    let log = api::log(server, job).await?;
    // Read once, so that the number of events agrees with the content.
    let events: Vec<Value> = log.after(0, usize::MAX).iter().map(|event| value(event)).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).cloned().collect::<Vec<Value>>();
    let theorems = of("theorem");
    let latest: Vec<&Value> = theorems.iter().rev().take(LATEST).collect();
    let mut answers = of("goal");
    for answer in &mut answers {
        let values = answer["counterexample"].as_object().cloned().unwrap_or_default();
        let values = values.iter().map(|(name, value)| format!("{name} = {}", value.as_str().unwrap_or("?")));
        answer["false_for"] = json!(values.collect::<Vec<_>>().join(", "));
        for name in ["theorem", "reason"] {
            answer[name] = answer.get(name).cloned().unwrap_or_default();
        }
    }
    let last = events.last().filter(|event| event["event"] == "ended").cloned();
    let progress = of("round").last().map(|round| {
        format!("round {}, {} of {} conjectures decided", round["round"], round["decided"], round["conjectures"])
    });
    let mut checked = of("checked");
    for run in &mut checked {
        if let Some(flaw) = run["flaw"].as_object_mut() {
            flaw.entry("theorem").or_insert(Value::Null);
        }
    }
    // The log is authoritative: the ledger may be slightly behind.
    let ended = last.is_some();
    let words = last.as_ref().and_then(|last| last["state"].as_str()).unwrap_or(job.state.word()).replace('_', " ");
    let mut row = row(job);
    if let Some(error) = last.as_ref().and_then(|last| last["error"].as_str()) {
        row["error"] = json!(error);
    }
    let heading = match (job.kind, &job.theory) {
        (Kind::Explore, Some(theory)) => format!("Exploring {theory}"),
        (Kind::Prove, Some(theory)) => format!("Proving in {theory}"),
        (Kind::Generate | Kind::Reason, _) => "A question to the language model".to_owned(),
        _ => "Checking what is stored".to_owned(),
    };
    let answer = last.as_ref().map(|last| last["text"].clone()).unwrap_or_default();
    let run = job.run.as_deref().and_then(RunId::parse).filter(|_| matches!(job.kind, Kind::Explore | Kind::Prove));
    let run = run.map(|run| server.office.means.store.run(&run)).transpose()?.flatten();
    let values = json!({
        "cost": run.as_ref().and_then(Cost::of).map(|cost| {
            let mut shown = cost.json();
            shown["peak_mb"] = json!(cost.peak_bytes >> 20);
            shown
        }),
        "heading": heading, "reasons": matches!(job.kind, Kind::Generate | Kind::Reason), "answer": answer,
        "nodes": tree(&events),
        "here": "", "job": row, "words": words, "ended": ended, "events": events.len(), "theorems": theorems.len(),
        "latest": latest, "answers": answers, "checked": checked, "progress": progress.filter(|_| !ended),
        "remarks": last.map(|last| last["remarks"].clone()).unwrap_or_default(),
    });
    render(server, 200, "server/job.html", &values)
}

/// The tree of a question so far, nodes in the order of creation.
fn tree(events: &[Value]) -> Vec<Value> {
    let mut nodes: Vec<Value> = Vec::new();
    for event in events {
        let Some(path) = event["node"].as_array() else { continue };
        let parts: Vec<String> = path.iter().map(Value::to_string).collect();
        let id = parts.join("-");
        let place = nodes.iter().position(|node| node["id"] == id).unwrap_or_else(|| {
            let name = if parts.is_empty() { "question".to_owned() } else { format!("branch {}", parts.join(".")) };
            let node = if parts.is_empty() { "root".to_owned() } else { parts.join(".") };
            nodes.push(json!({ "id": id, "node": node, "name": name, "text": "", "outcome": null, "waits": null }));
            nodes.len() - 1
        });
        let node = &mut nodes[place];
        match event["event"].as_str() {
            Some("wrote") => {
                let text = format!("{}{}", node["text"].as_str().unwrap_or(""), event["text"].as_str().unwrap_or(""));
                node["text"] = json!(text);
            }
            Some("node_ended") => (node["outcome"], node["waits"]) = (event["outcome"].clone(), Value::Null),
            Some("awaits") => node["waits"] = json!(awaited(event)),
            Some("decided") => node["waits"] = Value::Null,
            _ => {}
        }
    }
    nodes
}

/// The pending request for human approval, in words.
fn awaited(event: &Value) -> String {
    let (what, parameters) = (event["what"].as_str().unwrap_or(""), event["parameters"].as_str().unwrap_or(""));
    let asked: Value = serde_json::from_str(parameters).unwrap_or_default();
    match asked["ask"].as_str().filter(|_| what == APPROVAL) {
        Some(text) => text.to_owned(),
        None => format!("{what} {parameters}"),
    }
}

async fn decide(server: Data<Server>, request: HttpRequest, path: Path<(String, String, String)>) -> Page {
    let (id, node, what) = path.into_inner();
    let decided = match &*what {
        "approve" => nodes::decide(&server, &request, (&id, &node), true).await,
        "refuse" => nodes::decide(&server, &request, (&id, &node), false).await,
        _ => Err(Problem::not_found(format!("there is nothing at {}", request.path()))),
    };
    told(&server, decided.map(|_| to(&format!("/jobs/{id}"))))
}

async fn cancel(server: Data<Server>, request: HttpRequest, id: Path<String>) -> Page {
    let stopped = api::stop(&server, &request, &id).await.map(|job| to(&format!("/jobs/{}", job.id)));
    told(&server, stopped)
}

async fn run_file(server: Data<Server>, request: HttpRequest, path: Path<(String, String)>) -> Page {
    let (run, path) = path.into_inner();
    if let Some(text) = site::asset(&path) {
        return Ok(file(&request, &path, Bytes::from_static(text.as_bytes())));
    }
    told(&server, found(&server, &request, &run, Wanted::File(path.clone()), &path).await)
}

async fn run_theorem(server: Data<Server>, request: HttpRequest, path: Path<(String, usize)>) -> Page {
    let (run, number) = path.into_inner();
    told(&server, found(&server, &request, &run, Wanted::Theorem(number), "").await)
}

async fn run_home(run: Path<String>) -> HttpResponse {
    to(&format!("/runs/{run}/index.html"))
}

async fn found(server: &Server, request: &HttpRequest, run: &str, wanted: Wanted, path: &str) -> Page {
    let nothing = || Problem::not_found(format!("there is nothing at {}", request.path()));
    let id = RunId::parse(run).ok_or_else(nothing)?;
    match server.sites.ask(id, wanted).await.map_err(|why| Problem::new(500, "pages", why))? {
        Some(Found::File(bytes)) => Ok(file(request, path, bytes)),
        Some(Found::Path(path)) => Ok(to(&format!("/runs/{run}/{path}"))),
        None => Err(nothing()),
    }
}

/// A file with the content type of its name; 304 if the caller has these bytes.
fn file(request: &HttpRequest, path: &str, bytes: Bytes) -> HttpResponse {
    let kind = match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "jsonl" => "application/x-ndjson",
        _ => "text/plain; charset=utf-8",
    };
    let tag = EntityTag::new_strong(blake3::hash(&bytes).to_hex()[..32].to_owned());
    let held = request.headers().get(header::IF_NONE_MATCH).is_some_and(|_| {
        use actix_web::http::header::Header as _;
        IfNoneMatch::parse(request).is_ok_and(|held| match held {
            IfNoneMatch::Any => true,
            IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
        })
    });
    let mut response = if held { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if held { response.finish() } else { response.content_type(kind).body(bytes) }
}

async fn asset(request: HttpRequest, name: Path<String>) -> Page {
    let text = match &**name {
        "server.js" => Some(include_str!("../../templates/server/server.js")),
        "editor.js" => Some(include_str!("../../templates/server/editor.js")),
        "codemirror.js" => Some(include_str!("../../templates/server/codemirror/codemirror.js")),
        "server.css" => Some(include_str!("../../templates/server/server.css")),
        other => site::asset(&format!("assets/{other}")),
    };
    let text = text.ok_or_else(|| Problem::not_found(format!("there is nothing at {}", request.path())))?;
    Ok(file(&request, &name, Bytes::from_static(text.as_bytes())))
}

async fn look_for(server: Data<Server>, query: Query<HashMap<String, String>>) -> Page {
    let q = query.get("q").map_or("", String::as_str).trim();
    let q: String = q.chars().take(500).collect();
    let (index, wanted) = (server.index.clone(), q.clone());
    let found = server.long(move || Ok(index.search(&wanted)?)).await;
    let page = found.and_then(|found| {
        let values = json!({ "here": "search", "q": q, "found": found.rows, "cut": found.cut, "runs": found.runs });
        render(&server, 200, "server/search.html", &values)
    });
    told(&server, page)
}

/// The routes of these pages.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str, allowed: &'static str| web::resource(path).default_service(only(allowed));
    config
        .service(at("/", "GET").route(web::get().to(start)))
        .service(at("/jobs", "GET, POST").route(web::get().to(jobs)).route(web::post().to(ask)))
        .service(at("/jobs/{id}", "GET").route(web::get().to(job)))
        .service(at("/jobs/{id}/cancel", "POST").route(web::post().to(cancel)))
        .service(at("/jobs/{id}/nodes/{node}/{what}", "POST").route(web::post().to(decide)))
        .service(at("/search", "GET").route(web::get().to(look_for)))
        .service(at("/assets/{name}", "GET").route(web::get().to(asset)))
        .service(at("/runs/{run}", "GET").route(web::get().to(run_home)))
        .service(at("/runs/{run}/theorems/{number}", "GET").route(web::get().to(run_theorem)))
        .service(at("/runs/{run}/{path:.*}", "GET").route(web::get().to(run_file)));
}
