//! Messages received, and errors of the connection, for both forms of the step.

use std::io;

use bytes::Bytes;
use hyper::Uri;
use tungstenite::Message;
use tungstenite::error::{Error as WsError, ProtocolError};
use tungstenite::protocol::WebSocketConfig;
use xxhash_rust::xxh3::Xxh3;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::step::{StepOutput, network};

/// Bytes of each connection's read buffer; the default of 128 KiB is too much for thousands.
const READ_BUFFER_BYTES: usize = 4096;

/// The activity that the message of a failure names.
const ACTIVITY: &str = "websocket";

/// The messages received, in order.
pub(super) struct Transcript {
    hash: Xxh3,
    last: Bytes,
}

impl Transcript {
    pub(super) fn new() -> Self {
        Transcript { hash: Xxh3::new(), last: Bytes::new() }
    }

    pub(super) fn add(&mut self, received: Bytes) {
        self.hash.update(&received);
        self.last = received;
    }

    /// Returns the digest of all messages, and the last of them for the next step.
    pub(super) fn finish(self) -> StepOutput {
        StepOutput { digest: self.hash.digest(), bytes: self.last }
    }
}

/// Returns the configuration of both forms of a connection.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES).write_buffer_size(0)
}

/// Returns the payload of `message`, or `None` if it only keeps the connection alive.
pub(super) fn data(message: Message) -> Result<Option<Bytes>, Error> {
    match message {
        Message::Text(_) | Message::Binary(_) => Ok(Some(message.into_data())),
        Message::Close(_) => Err(closed()),
        _ => Ok(None),
    }
}

/// Returns the host and the port of `uri`.
pub(super) fn host_and_port(uri: &Uri) -> (&str, u16) {
    let host = uri.host().unwrap_or_default();
    (host.trim_start_matches('[').trim_end_matches(']'), uri.port_u16().unwrap_or(80))
}

/// Returns the error of a connection that the server closed.
pub(super) fn closed() -> Error {
    Error::new(Code::TaskNetwork, format!("{ACTIVITY}: the server closed the connection"))
}

/// Translates an error of the WebSocket library.
pub(super) fn describe(error: WsError) -> Error {
    match error {
        WsError::Io(error) => describe_io(&error),
        WsError::Http(response) => network::bad_status(response.status(), None),
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete,
        ) => closed(),
        other => Error::new(Code::TaskProtocol, format!("{ACTIVITY}: {other}")),
    }
}

/// Translates an I/O error. A missed deadline is a timeout without a number of the operating system.
pub(super) fn describe_io(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none() {
        return Error::timed_out();
    }
    network::failure(ACTIVITY, error)
}
