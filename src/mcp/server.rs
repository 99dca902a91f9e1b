//! The server: what it says of itself, its tools, and their calls.

use std::io;
use std::path::PathBuf;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::mcp::child::NoResult;
use crate::mcp::limits::CallLimits;
use crate::mcp::progress::Reporter;
use crate::mcp::request::Request;
use crate::mcp::tool::ToolName;
use crate::mcp::{answer, child};

/// What a client may tell its model about the server.
const INSTRUCTIONS: &str = "\
conc measures how work should be run concurrently. Ask `profile` whether work computes or waits, `advise` for the \
strategy and the width, `check` for concurrency bugs of a Python callable, `fit` for a scaling law in measurements, and \
`explain` for a topic or an error code. profile, advise and check run the work that the call names; the work of two \
calls never runs at the same time, because they would disturb each other: a second call waits.";

/// The server of one client.
#[derive(Debug)]
pub(super) struct Server {
    exe: PathBuf,
    /// Options that every command gets before its name.
    global: Vec<String>,
    limits: CallLimits,
    /// The turn to measure.
    turn: Semaphore,
    /// Cancelled when the client has closed its side: nobody waits for measurements any more.
    ended: CancellationToken,
}

impl Server {
    /// Makes a server whose measuring calls end when `ended` is cancelled.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub(super) fn new(limits: CallLimits, global: Vec<String>, ended: CancellationToken) -> io::Result<Self> {
        Ok(Server { exe: std::env::current_exe()?, global, limits, turn: Semaphore::new(1), ended })
    }

    /// Carries out a call.
    async fn call(
        &self,
        tool: ToolName,
        request: &Request,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResult {
        let reporter = Reporter::start(context.peer.clone(), context.meta.get_progress_token());
        let result = match self.wait_for_turn(request, context, &reporter).await {
            Err(reason) => Err(reason),
            Ok(_turn) => {
                reporter.say(&format!("conc {}", tool.as_str()));
                let observe = |line| reporter.observe(line);
                let stopped = self.stopped(request, context);
                child::run(&self.exe, &self.global, request, stopped, observe).await
            }
        };
        result.map_or_else(|reason| answer::without_result(&reason), answer::of_command)
    }

    /// Waits until no other call measures, if this one does.
    async fn wait_for_turn(
        &self,
        request: &Request,
        context: &RequestContext<RoleServer>,
        reporter: &Reporter,
    ) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, NoResult> {
        if !request.measures() {
            return Ok(None);
        }
        if let Ok(turn) = self.turn.try_acquire() {
            return Ok(Some(turn));
        }
        reporter.say("waiting: another call measures, and the two would disturb each other");
        tokio::select! {
            turn = self.turn.acquire() => Ok(Some(turn.expect("it is never closed"))),
            () = self.stopped(request, context) => Err(NoResult::Stopped),
        }
    }

    /// Is ready when the call is cancelled, or has nobody left to measure for.
    async fn stopped(&self, request: &Request, context: &RequestContext<RoleServer>) {
        tokio::select! {
            () = context.ct.cancelled() => {}
            () = self.ended.cancelled(), if request.measures() => {}
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("conc", env!("CARGO_PKG_VERSION"));
        info.instructions = Some(INSTRUCTIONS.to_owned());
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(ToolName::ALL.map(ToolName::listed).to_vec()))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = ToolName::find(&call.name) else {
            let known = ToolName::ALL.map(ToolName::as_str).join(", ");
            let message = format!("there is no tool '{}'; the tools are {known}", call.name);
            return Err(ErrorData::invalid_params(message, None));
        };
        let answer = match tool.request(call.arguments.unwrap_or_default(), self.limits) {
            Ok(request) => self.call(tool, &request, &context).await,
            Err(message) => answer::refusal(message),
        };
        Ok(answer.into())
    }
}
