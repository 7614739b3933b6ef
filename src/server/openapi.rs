//! The OpenAPI 3.1 description of the API, generated from its code.

use actix_web::HttpResponse;
use actix_web::web;
use utoipa::OpenApi;

use super::api::only;
use super::{api, job, nodes, openai, operations, request, runs, webhook};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Theoremata",
        description = "Axioms in, discovered and checked theorems out: jobs over HTTP. Errors are problem documents (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        api::submit,
        api::list,
        api::show,
        api::cancel,
        api::outcome,
        api::listen,
        api::lint,
        api::theories,
        api::theory,
        openai::chat,
        openai::text,
        openai::responses::create,
        openai::responses::show,
        openai::responses::cancel,
        nodes::cancel,
        nodes::approve,
        nodes::refuse,
        nodes::retry,
        nodes::fork,
        nodes::usage,
        runs::list,
        runs::show,
        runs::compared,
        webhook::list,
        webhook::again,
        openai::list,
        openai::show,
        operations::health,
        operations::ready,
        operations::metrics
    ),
    components(schemas(request::JobRequest, job::JobView))
)]
struct Document;

/// The document.
pub(crate) fn document() -> String {
    Document::openapi().to_pretty_json().expect("plain data")
}

async fn show() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document())
}

/// The route of the document.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/openapi.json").default_service(only("GET")).route(web::get().to(show)));
}
