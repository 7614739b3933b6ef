//! Where tools of other hosts are found, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Times that a call is sent again at most.
const MOST_RETRIES: u32 = 5;
/// Bytes of a reply at most, and how many if nobody says.
const REPLY_BYTES: (usize, usize) = (1 << 20, 64 << 10);

/// How a call is made of an address.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// The address, `http://…` or `https://…`. Redirections are not followed.
    pub url: String,
    /// With `GET` the parameters stand in the address, else they are the body, as JSON.
    #[serde(default)]
    pub method: HttpMethod,
    /// Headers, such as one with a key. They are kept with the job.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Parameters that the model does not see, and cannot change.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub defaults: Map<String, Json>,
    /// How often a call is sent again that was not answered, or by 429, 502, 503 or 504: 0 to 5.
    #[serde(default = "two")]
    pub retries: u32,
    /// Bytes of a reply at most: 1 to 1,048,576. A longer one is a failure.
    #[serde(default = "usual_bytes")]
    pub reply_bytes: usize,
}

/// A method of HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Parameters stand in the address.
    Get,
    /// Parameters are the body.
    #[default]
    Post,
    /// Parameters are the body.
    Put,
    /// Parameters are the body.
    Patch,
}

fn two() -> u32 {
    2
}

fn usual_bytes() -> usize {
    REPLY_BYTES.1
}

impl HttpCall {
    /// A call by POST, with nothing beside it.
    pub fn new(url: impl Into<String>) -> HttpCall {
        let (method, headers, defaults) = Default::default();
        HttpCall { url: url.into(), method, headers, defaults, retries: two(), reply_bytes: usual_bytes() }
    }

    /// Whether such a call can be made, of a tool with these parameters.
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

/// A tool of a server that speaks the Model Context Protocol.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpCall {
    /// The server.
    pub server: McpServer,
    /// How the server calls the tool.
    pub tool: String,
}

/// A server of the Model Context Protocol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum McpServer {
    /// One that is reached over HTTP ("streamable HTTP").
    Http {
        /// The address.
        url: String,
        /// Headers, such as one with a key. They are kept with the job.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
    /// A program of this machine that speaks it on its standard input and output.
    Stdio {
        /// The program and its arguments.
        command: Vec<String>,
    },
}
