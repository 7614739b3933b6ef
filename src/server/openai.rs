//! OpenAI-compatible API of the server's own model: chat completions, completions, responses, models. Trees of branches
//! are not exposed; responses have the standard form, and unsupported parameters are rejected with an error in that
//! form.

mod answer;
mod functions;
mod messages;
mod request;
pub(crate) mod responses;
mod routes;
mod stream;

pub(crate) use request::Refusal;
pub(crate) use routes::*;

/// Whether a path belongs to this API, whose errors have their own format.
pub(crate) fn is_ours(path: &str) -> bool {
    ["/v1/chat/", "/v1/completions", "/v1/models", "/v1/responses"].iter().any(|prefix| path.starts_with(prefix))
}
