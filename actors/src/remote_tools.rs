//! Remote tools: HTTP endpoints, and servers of the Model Context Protocol (MCP).
//!
//! The operator of a server lists the [`Hosts`] that may be called. The address that a host name resolves to is
//! checked, and the connection goes to that very address, so a name that resolves into the local network gives no
//! access to it. Calls have limits on time and reply size. Any failure becomes a reply that the model reads.

mod hosts;
mod http;
mod mcp;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

pub use hosts::Hosts;

use crate::jobs::{McpCall, McpServer, Tool, Toolbox};
use http::Web;
use mcp::Sessions;

/// Timeout for listing the tools of a server.
const LISTING: Duration = Duration::from_secs(30);

/// The remote tools that a process may call.
pub struct RemoteTools {
    web: Web,
    sessions: Sessions,
    /// Whether local programs may be started.
    programs: bool,
}

impl RemoteTools {
    /// Allows tools on these hosts; with `programs` also MCP servers that are local programs.
    #[must_use]
    pub fn new(hosts: Hosts, programs: bool) -> Arc<RemoteTools> {
        let web = Web::new(hosts);
        Arc::new(RemoteTools { sessions: Sessions::new(web.clone()), web, programs })
    }

    /// A toolbox that answers remote tools, and leaves others to `others`.
    #[must_use]
    pub fn toolbox(self: &Arc<Self>, others: Option<Toolbox>) -> Toolbox {
        let tools = self.clone();
        Arc::new(move |tool, parameters, earlier| {
            if let Err(why) = tools.admit(tool) {
                return format!("the tool failed: {why}");
            }
            let most = Duration::from_secs(tool.seconds);
            match (&tool.http, &tool.mcp, &others) {
                (Some(call), ..) => tools.web.call(call, parameters, most),
                (_, Some(McpCall { server, tool }), _) => tools.sessions.call(server, tool, parameters, most),
                (None, None, Some(others)) => others(tool, parameters, earlier),
                (None, None, None) => format!("nobody answers the tool `{}` here", tool.name),
            }
        })
    }

    /// Whether a tool may be called, judging by its URL.
    ///
    /// # Errors
    /// A message: the host is not allowed, or programs may not be started.
    pub fn admit(&self, tool: &Tool) -> Result<(), String> {
        tool.http.as_ref().map_or(Ok(()), |call| self.web.hosts().admit(&call.url))?;
        tool.mcp.as_ref().map_or(Ok(()), |call| self.admit_server(&call.server))
    }

    fn admit_server(&self, server: &McpServer) -> Result<(), String> {
        match server {
            McpServer::Http { url, .. } => self.web.hosts().admit(url),
            McpServer::Stdio { .. } if self.programs => Ok(()),
            McpServer::Stdio { .. } => {
                Err("this server starts no programs: name an MCP server by its `url`".to_owned())
            }
        }
    }

    /// Parses a list of tools: each a [`Tool`], or `{"mcp": SERVER}` for all tools of that server, optionally with
    /// `only` for a selection, and with `seconds` and `approve` for all of them. Queries these servers, and blocks
    /// until they answer.
    ///
    /// # Errors
    /// A message with the position in the list: an entry is invalid or not allowed, or a server does not answer.
    pub fn read(&self, list: Vec<Json>) -> Result<Vec<Tool>, String> {
        let mut tools = Vec::new();
        for (place, entry) in list.into_iter().enumerate() {
            let wrong = |why: String| format!("tool {}: {why}", place + 1);
            if entry["mcp"].is_object() && entry["name"].is_null() {
                tools.extend(self.listed(entry).map_err(wrong)?);
                continue;
            }
            let tool: Tool = serde_json::from_value(entry).map_err(|error| wrong(error.to_string()))?;
            self.admit(&tool).map_err(wrong)?;
            tools.push(tool);
        }
        Ok(tools)
    }

    fn listed(&self, entry: Json) -> Result<Vec<Tool>, String> {
        let McpEntry { mcp, only, seconds, approve } =
            serde_json::from_value(entry).map_err(|error| error.to_string())?;
        self.admit_server(&mcp)?;
        let mut tools = self.sessions.list(&mcp, LISTING)?;
        if let Some(missing) = only.iter().flatten().find(|name| !tools.iter().any(|tool| is(tool, name))) {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            return Err(format!("the MCP server has no tool `{missing}`; it has {}", names.join(", ")));
        }
        tools.retain(|tool| only.as_ref().is_none_or(|only| only.iter().any(|name| is(tool, name))));
        let with = |tool: Tool| Tool { seconds: seconds.unwrap_or(tool.seconds), approve, ..tool };
        Ok(tools.into_iter().map(with).collect())
    }
}

/// Whether the server knows the tool by this name.
fn is(tool: &Tool, name: &str) -> bool {
    tool.mcp.as_ref().is_some_and(|call| call.tool == name)
}

/// An entry for all tools of a server.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct McpEntry {
    mcp: McpServer,
    only: Option<Vec<String>>,
    seconds: Option<u64>,
    #[serde(default)]
    approve: bool,
}
