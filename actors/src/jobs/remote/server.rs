//! A server, and how it is reached.

use std::env;

/// A server that speaks the protocol of OpenAI.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// Where it is, up to and with the version: `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// The model that it is asked for.
    pub model: String,
    /// The environment variable that holds the key, where one is needed: keys stand in no job and no journal.
    pub key_variable: Option<String>,
    /// Requests that it is sent at the same time.
    pub requests: usize,
}

impl Remote {
    /// A server that needs no key, and eight requests at a time.
    pub fn new(url: impl Into<String>, model: impl Into<String>) -> Remote {
        Remote { url: url.into(), model: model.into(), key_variable: None, requests: 8 }
    }

    /// Jobs that it does side by side: more would only wait for their requests.
    pub(in crate::jobs) fn jobs(&self) -> usize {
        self.requests.max(1)
    }

    pub(super) fn key(&self) -> Option<String> {
        self.key_variable.as_ref().and_then(|name| env::var(name).ok())
    }
}
