//! Addresses of remote tools, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Maximal number of retries of a call.
const MOST_RETRIES: u32 = 5;
/// Maximal and default size limit of a reply, in bytes.
const REPLY_BYTES: (usize, usize) = (1 << 20, 64 << 10);

/// How to call a tool over HTTP.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// The URL, `http://…` or `https://…`. Redirects are not followed.
    pub url: String,
    /// With `GET`, the parameters are in the query; otherwise they are the body, as JSON.
    #[serde(default)]
    pub method: HttpMethod,
    /// Headers, such as an API key. They are stored with the job.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Parameters that the model neither sees nor can change.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub defaults: Map<String, Json>,
    /// Retries of a call that got no answer, or status 429, 502, 503 or 504: 0 to 5.
    #[serde(default = "two")]
    pub retries: u32,
    /// Maximal size of a reply: 1 to 1,048,576 bytes. A longer reply is a failure.
    #[serde(default = "usual_bytes")]
    pub reply_bytes: usize,
}

/// An HTTP method.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Parameters in the query.
    Get,
    /// Parameters in the body.
    #[default]
    Post,
    /// Parameters in the body.
    Put,
    /// Parameters in the body.
    Patch,
}

fn two() -> u32 {
    2
}

fn usual_bytes() -> usize {
    REPLY_BYTES.1
}

impl HttpCall {
    /// A POST with default settings.
    pub fn new(url: impl Into<String>) -> HttpCall {
        let (method, headers, defaults) = Default::default();
        HttpCall { url: url.into(), method, headers, defaults, retries: two(), reply_bytes: usual_bytes() }
    }

    /// Validates the call for a tool with these parameters.
    pub(super) fn check(&self, parameters: &Json) -> Result<(), &'static str> {
        if !self.url.starts_with("http://") && !self.url.starts_with("https://") {
            return Err("`http.url` begins with http:// or https://");
        }
        if self.retries > MOST_RETRIES {
            return Err("`http.retries` is a number from 0 to 5");
        }
        if !(1..=REPLY_BYTES.0).contains(&self.reply_bytes) {
            return Err("`http.reply_bytes` is a number from 1 to 1048576");
        }
        let plain = |(name, value): (&String, &String)| {
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let visible = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
            !name.is_empty() && name.bytes().all(token) && value.bytes().all(visible)
        };
        if !self.headers.iter().all(plain) {
            return Err("`http.headers` has names of letters, digits and `-`, and values of visible ASCII characters");
        }
        let ours =
            ["host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "expect"];
        if self.headers.keys().any(|name| ours.iter().any(|own| name.eq_ignore_ascii_case(own))) {
            return Err("`http.headers` has one that is written by this program itself");
        }
        if self.defaults.keys().any(|name| !parameters["properties"][name].is_null()) {
            return Err("`http.defaults` has a name that is a parameter too: the model would see it");
        }
        Ok(())
    }
}

/// A tool of a server of the Model Context Protocol.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpCall {
    /// The server.
    pub server: McpServer,
    /// The server's name of the tool.
    pub tool: String,
}

/// A server of the Model Context Protocol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum McpServer {
    /// A server reached over streamable HTTP.
    Http {
        /// The URL.
        url: String,
        /// Headers, such as an API key. They are stored with the job.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// A local program that speaks the protocol on stdin and stdout.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
    },
}
