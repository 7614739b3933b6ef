//! The protocol of OpenAI over the server's own model: chat completions,
//! completions, responses, models. The tree of a question
//! stays inside; what comes out is what clients of that protocol expect, and a request that asks for more than there is
//! gets an error in their form.

mod answer;
mod functions;
mod messages;
mod request;
pub(crate) mod responses;
mod routes;
mod stream;

pub(crate) use request::Refusal;
pub(crate) use routes::*;

/// Whether this is an address of the protocol, whose errors have a form of their own.
pub(crate) fn is_ours(path: &str) -> bool {
    ["/v1/chat/", "/v1/completions", "/v1/models", "/v1/responses"].iter().any(|prefix| path.starts_with(prefix))
}
