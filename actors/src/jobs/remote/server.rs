//! Configuration of a remote server.

use std::env;

/// A server with an OpenAI-compatible API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// Base URL, including the version: `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// The model to request.
    pub model: String,
    /// The environment variable that holds the API key, if one is needed: keys are never stored in jobs or journals.
    pub key_variable: Option<String>,
    /// Maximal number of concurrent requests.
    pub requests: usize,
}

impl Remote {
    /// A server without a key, with eight concurrent requests.
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Remote {
        Remote { url: url.into(), model: model.into(), key_variable: None, requests: 8 }
    }

    /// Maximal number of concurrent jobs: more would only wait for their requests.
    pub(in crate::jobs) fn jobs(&self) -> usize {
        self.requests.max(1)
    }

    pub(super) fn key(&self) -> Option<String> {
        self.key_variable.as_ref().and_then(|name| env::var(name).ok())
    }
}
