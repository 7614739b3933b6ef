//! Stored runs as JSON, with their cost, and comparison of two runs, also as a page.

use actix_web::web::{self, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};
use theoremata_store::RunId;
use utoipa::IntoParams;

use super::api::only;
use super::pages;
use super::problem::Problem;
use super::state::Server;
use crate::exchange::compare::{Side, compare};
use crate::exchange::json as told;

/// Maximal number of theorems per list on the page.
const SHOWN: usize = 200;

/// Lists the stored runs, the oldest first, with their cost.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", responses((status = 200, description = "The runs.")))]
pub(crate) async fn list(server: Data<Server>) -> Result<HttpResponse, Problem> {
    let store = server.office.means.store.clone();
    let runs = server.deep(move || Ok(store.runs()?));
    let runs: Vec<Value> = runs.await?.iter().map(described).collect();
    Ok(HttpResponse::Ok().json(json!({ "runs": runs })))
}

/// Describes a stored run, with its cost.
#[utoipa::path(get, path = "/v1/runs/{run}", tag = "runs", params(("run" = String, Path)), responses(
    (status = 200, description = "The run."), (status = 404, description = "There is no such run."),
))]
pub(crate) async fn show(server: Data<Server>, run: Path<String>) -> Result<HttpResponse, Problem> {
    let store = server.office.means.store.clone();
    let id = RunId::parse(&run);
    let found = server.deep(move || Ok(id.map(|id| store.run(&id)).transpose()?.flatten())).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no run {run}")))?;
    Ok(HttpResponse::Ok().json(described(&found)))
}

fn described(run: &theoremata_store::Run) -> Value {
    let mut value = told::run(run);
    value.as_object_mut().into_iter().for_each(|members| drop(members.remove("event")));
    value
}

/// The runs to compare.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pair {
    /// The id of one run.
    left: String,
    /// The id of the other.
    right: String,
}

/// Compares two runs: theorems that only one has, shorter proofs, statements decided differently.
#[utoipa::path(get, path = "/v1/compare", tag = "runs", params(Pair), responses(
    (status = 200, description = "What only one has, whose proofs are shorter, what was decided differently."),
    (status = 400, description = "A run is not named by its 32 digits."),
    (status = 404, description = "There is no such run."),
))]
pub(crate) async fn compared(server: Data<Server>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let pair = Query::<Pair>::from_query(request.query_string())
        .map_err(|error| Problem::malformed(format!("the address: {error}")))?;
    Ok(HttpResponse::Ok().json(of(&server, &pair).await?))
}

async fn of(server: &Data<Server>, pair: &Pair) -> Result<Value, Problem> {
    let id = |name: &str, text: &str| {
        let wrong = || Problem::malformed(format!("`{name}` is the id of a run, of 32 hexadecimal digits"));
        RunId::parse(text.trim()).ok_or_else(wrong)
    };
    let ids = [id("left", &pair.left)?, id("right", &pair.right)?];
    let store = server.office.means.store.clone();
    let work = move || {
        let side = |id: &RunId| {
            let run = store.run(id)?.ok_or_else(|| Problem::not_found(format!("there is no run {id}")))?;
            Ok::<_, Problem>(Side::read(&store, &run)?)
        };
        Ok(compare(&side(&ids[0])?, &side(&ids[1])?))
    };
    server.long(work).await
}

async fn page(server: Data<Server>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let pair = Query::<Pair>::from_query(request.query_string()).map(Query::into_inner).unwrap_or_default();
    let runs = server.office.means.store.runs()?;
    let choice = |run: &theoremata_store::Run| {
        let files: Vec<&str> = run.inputs.iter().map(|input| &*input.name).collect();
        json!({ "id": run.id.to_string(), "words": format!("{}, {}", files.join(", "), run.started) })
    };
    let mut values = json!({
        "here": "compare", "runs": runs.iter().rev().take(SHOWN).map(choice).collect::<Vec<_>>(), "left": pair.left,
        "right": pair.right, "found": null,
    });
    let asked = !pair.left.is_empty() && !pair.right.is_empty();
    let found = if asked { of(&server, &pair).await.map(Some) } else { Ok(None) };
    let page = found.and_then(|found| {
        if let Some(mut found) = found {
            found["lists"] = lists(&found, &pair);
            values["found"] = found;
        }
        pages::render(&server, 200, "server/compare.html", &values)
    });
    pages::told(&server, page)
}

/// The lists of the page: title, number of rows, and the first rows.
fn lists(found: &Value, pair: &Pair) -> Value {
    let link = |run: &str, theorem: &Value, side: &str| {
        let (number, steps) = (&theorem["number"], &theorem["steps"]);
        json!({ "href": format!("/runs/{run}/theorems/{number}"), "words": format!("{steps} steps{side}") })
    };
    let of = |name: &str, title: &str, row: &dyn Fn(&Value) -> Value| {
        let all = found[name].as_array().map(Vec::as_slice).unwrap_or_default();
        json!({ "title": title, "count": all.len(), "rows": all.iter().take(SHOWN).map(row).collect::<Vec<Value>>() })
    };
    let alone = |run: &str| {
        let run = run.to_owned();
        move |theorem: &Value| json!({ "math": theorem["math"], "links": [link(&run, theorem, "")], "note": null })
    };
    let both = |both: &Value| {
        let links =
            [link(&pair.left, &both["left"], " on the left"), link(&pair.right, &both["right"], " on the right")];
        json!({ "math": both["math"], "links": links, "note": null })
    };
    let decided = |decided: &Value| {
        let (left, right) = (decided["left"].as_str().unwrap_or(""), decided["right"].as_str().unwrap_or(""));
        let math = decided["math"].as_str().or(decided["statement"].as_str());
        json!({ "math": math, "links": [], "note": format!("{left} on the left, {right} on the right") })
    };
    json!([
        of("only_left", "Only in the left one", &alone(&pair.left)),
        of("only_right", "Only in the right one", &alone(&pair.right)),
        of("shorter_left", "Shorter in the left one", &both),
        of("shorter_right", "Shorter in the right one", &both),
        of("decided_differently", "Decided differently", &decided),
    ])
}

/// The routes of this page and these calls.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str| web::resource(path).default_service(only("GET"));
    config
        .service(at("/v1/runs").route(web::get().to(list)))
        .service(at("/v1/runs/{run}").route(web::get().to(show)))
        .service(at("/v1/compare").route(web::get().to(compared)))
        .service(at("/compare").route(web::get().to(page)));
}
