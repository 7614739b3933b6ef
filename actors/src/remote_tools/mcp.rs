//! Servers of the Model Context Protocol, through the client of its own project (`rmcp`) on top of our HTTP client, so
//! that requests only reach allowed hosts.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientJsonRpcMessage, ContentBlock};
use rmcp::service::{RoleClient, RunningService, ServiceExt as _};
use rmcp::transport::TokioChildProcess;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
    StreamableHttpError, StreamableHttpPostResponse,
};
use serde_json::Value as Json;
use sse_stream::{Sse, SseStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use ureq::http::{HeaderName, HeaderValue, Method, Request};

use super::http::{Web, text};
use crate::jobs::{McpCall, McpServer, Tool};

/// Timeout of a single request; calls have their own in addition.
const REQUEST: Duration = Duration::from_secs(600);
/// Maximal size of an answer in bytes.
const ANSWER_BYTES: usize = 4 << 20;
/// Maximal characters of a tool description that a model reads.
const DESCRIPTION_CHARACTERS: usize = 2000;
/// Maximal number of tools of a server.
const MOST_TOOLS: usize = 64;

type Session = Arc<RunningService<RoleClient, ()>>;

/// Sessions with servers, one per server, opened on first use.
pub(super) struct Sessions {
    web: Web,
    /// The runtime of the sessions, created with the first one.
    runtime: Mutex<Option<Runtime>>,
    open: Mutex<BTreeMap<McpServer, Session>>,
}

impl Sessions {
    pub(super) fn new(web: Web) -> Sessions {
        Sessions { web, runtime: Mutex::default(), open: Mutex::default() }
    }

    /// The tools of a server.
    pub(super) fn list(&self, server: &McpServer, most: Duration) -> Result<Vec<Tool>, String> {
        let listed = self.within(server, most, async |session| {
            session.list_all_tools().await.map_err(|error| format!("cannot list the tools of the MCP server: {error}"))
        })?;
        if listed.len() > MOST_TOOLS {
            let count = listed.len();
            return Err(format!("the MCP server has {count} tools, and {MOST_TOOLS} are taken: pick some with `only`"));
        }
        Ok(listed.into_iter().map(|tool| described(server, &tool)).collect())
    }

    /// The reply of a tool, or an error message.
    pub(super) fn call(&self, server: &McpServer, tool: &str, parameters: &str, most: Duration) -> String {
        let given = match serde_json::from_str(parameters) {
            Ok(Json::Object(given)) => given,
            _ => return "the tool failed: its parameters are no object".to_owned(),
        };
        let asked = CallToolRequestParams::new(tool.to_owned()).with_arguments(given);
        let reply = self
            .within(server, most, async |session| session.call_tool(asked).await.map_err(|error| error.to_string()));
        match reply {
            Ok(result) if result.is_error == Some(true) => format!("the tool failed: {}", said(&result)),
            Ok(result) => said(&result),
            Err(why) => format!("the tool failed: {why}"),
        }
    }

    /// Runs an operation in the session of a server. A lost session is reopened on the next use; the operation is not
    /// repeated, since the server may have executed it.
    fn within<T>(
        &self,
        server: &McpServer,
        most: Duration,
        act: impl AsyncFnOnce(Session) -> Result<T, String>,
    ) -> Result<T, String> {
        let handle = self.handle()?;
        let work = async {
            let known = self.open().get(server).filter(|session| !session.is_closed()).cloned();
            let session = match known {
                Some(session) => session,
                None => {
                    let session = Arc::new(self.connect(server).await?);
                    self.open().insert(server.clone(), session.clone());
                    session
                }
            };
            act(session).await
        };
        let late = || format!("it took longer than {} seconds", most.as_secs());
        let done = handle.block_on(async { timeout(most, work).await }).map_err(|_| late()).and_then(|done| done);
        if done.is_err() {
            self.open().remove(server);
        }
        done
    }

    async fn connect(&self, server: &McpServer) -> Result<RunningService<RoleClient, ()>, String> {
        let failed = |error: String| format!("cannot open a session with the MCP server: {error}");
        match server {
            McpServer::Http { url, headers } => {
                let header = |(name, value): (&String, &String)| {
                    let name = HeaderName::try_from(name).map_err(|error| failed(error.to_string()))?;
                    let value = HeaderValue::try_from(value).map_err(|error| failed(error.to_string()))?;
                    Ok((name, value))
                };
                let headers = headers.iter().map(header).collect::<Result<HashMap<_, _>, String>>()?;
                let config = StreamableHttpClientTransportConfig::with_uri(url.as_str()).custom_headers(headers);
                let transport = StreamableHttpClientTransport::with_client(Client(self.web.clone()), config);
                ().serve(transport).await.map_err(|error| failed(error.to_string()))
            }
            McpServer::Stdio { command } => {
                let (program, arguments) =
                    command.split_first().ok_or_else(|| failed("it has no command".to_owned()))?;
                let mut child = tokio::process::Command::new(program);
                child.args(arguments);
                let transport = TokioChildProcess::new(child).map_err(|error| failed(format!("{program}: {error}")))?;
                ().serve(transport).await.map_err(|error| failed(error.to_string()))
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<McpServer, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self) -> Result<tokio::runtime::Handle, String> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if runtime.is_none() {
            let made = Builder::new_multi_thread().worker_threads(1).thread_name("mcp").enable_all().build();
            *runtime = Some(made.map_err(|error| format!("cannot start a thread: {error}"))?);
        }
        runtime.as_ref().map(|runtime| runtime.handle().clone()).ok_or_else(|| "no thread".to_owned())
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.open().clear();
        // May be dropped where blocking is not allowed.
        if let Some(runtime) = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

/// Converts a server's tool description.
fn described(server: &McpServer, tool: &rmcp::model::Tool) -> Tool {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let description = tool.description.as_deref().unwrap_or_default();
    let mut parameters = Json::Object((*tool.input_schema).clone());
    if parameters["type"].is_null() {
        parameters["type"] = "object".into();
    }
    Tool {
        description: description.chars().take(DESCRIPTION_CHARACTERS).collect(),
        parameters,
        mcp: Some(McpCall { server: server.clone(), tool: tool.name.to_string() }),
        ..Tool::new(tool.name.chars().map(plain).take(64).collect::<String>(), "")
    }
}

/// The text of a result, or else its structured value.
fn said(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    match &result.structured_content {
        Some(value) if text.is_empty() => value.to_string(),
        _ if text.is_empty() && !result.content.is_empty() => "the reply is no text".to_owned(),
        _ => text,
    }
}

/// The HTTP transport of the client.
#[derive(Clone)]
struct Client(Web);

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

type Answer<T> = Result<T, StreamableHttpError<Failed>>;

/// A complete response.
struct Whole {
    status: u16,
    kind: String,
    session: Option<String>,
    text: String,
}

impl Client {
    /// Sends a request on a thread that may block.
    async fn send(&self, request: Request<Vec<u8>>) -> Answer<Whole> {
        let web = self.0.clone();
        let work = move || -> Result<Whole, String> {
            let answer = web.send(request, REQUEST).map_err(|error| error.to_string())?;
            let header =
                |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let (kind, session) = (header("content-type").unwrap_or_default(), header("mcp-session-id"));
            Ok(Whole { status: answer.status().as_u16(), kind, session, text: text(answer, ANSWER_BYTES)? })
        };
        tokio::task::spawn_blocking(work).await?.map_err(|why| StreamableHttpError::Client(Failed(why)))
    }
}

fn request(
    method: Method,
    uri: &str,
    session: Option<&str>,
    headers: HashMap<HeaderName, HeaderValue>,
    body: Vec<u8>,
) -> Answer<Request<Vec<u8>>> {
    let mut request = Request::builder().method(method).uri(uri);
    request =
        request.header("accept", "application/json, text/event-stream").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    request.body(body).map_err(|error| StreamableHttpError::Client(Failed(error.to_string())))
}

impl StreamableHttpClient for Client {
    type Error = Failed;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Answer<StreamableHttpPostResponse> {
        let awaits = matches!(message, ClientJsonRpcMessage::Request(_));
        let body = serde_json::to_vec(&message)?;
        let request = request(Method::POST, &uri, session_id.as_deref(), custom_headers, body)?;
        let Whole { status, kind, session, text } = self.send(request).await?;
        match status {
            202 | 204 => return Ok(StreamableHttpPostResponse::Accepted),
            200 if text.is_empty() && !awaits => return Ok(StreamableHttpPostResponse::Accepted),
            404 if session_id.is_some() => return Err(StreamableHttpError::SessionExpired),
            _ => {}
        }
        if status == 200 && kind.starts_with("text/event-stream") {
            let bytes = stream::iter([Ok::<_, Failed>(Cursor::new(text.into_bytes()))]);
            return Ok(StreamableHttpPostResponse::Sse(SseStream::from_bytes_stream(bytes).boxed(), session));
        }
        match serde_json::from_str(&text) {
            Ok(message) => Ok(StreamableHttpPostResponse::Json(message, session)),
            Err(_) => {
                let begin: String = text.chars().take(200).collect();
                Err(StreamableHttpError::Client(Failed(format!("HTTP {status}: {begin}"))))
            }
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Answer<()> {
        let request = request(Method::DELETE, &uri, Some(&session_id), custom_headers, Vec::new())?;
        self.send(request).await.map(|_| ())
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Answer<BoxStream<'static, Result<Sse, SseError>>> {
        // Messages that a server sends on its own are not needed here.
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}
