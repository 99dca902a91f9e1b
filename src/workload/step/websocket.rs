//! `websocket`: one conversation over WebSocket connections of its own.
//!
//! Without subscribers a task sends each message and waits for its echo. With subscribers it opens
//! all of them, opens a publisher, and publishes each message and waits until every subscriber has
//! it. Both forms go through the same steps in the same order: one message is under way at a time,
//! so that neither side ever has to buffer more than that.

mod blocking;
mod conversation;
mod nonblocking;
mod wire;

use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::spec::WebSocketSpec;
use crate::workload::step::websocket::conversation::Conversation;
use crate::workload::step::{StepOutput, TaskContext};

/// A conversation over WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    conversation: Conversation,
}

impl WebSocket {
    /// Resolves the address; connects to nothing yet.
    pub fn prepare(spec: &WebSocketSpec, env: &Env) -> Result<Self, String> {
        Ok(WebSocket { conversation: Conversation::prepare(spec, env)? })
    }

    /// Talks on the calling thread, no longer than the task may take.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        match self.conversation.subscribers {
            0 => blocking::echo(&self.conversation, task),
            _ => blocking::publish(&self.conversation, task),
        }
    }

    /// Talks on the event loop.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        match self.conversation.subscribers {
            0 => nonblocking::echo(&self.conversation, task).await,
            _ => nonblocking::publish(&self.conversation, task).await,
        }
    }
}
