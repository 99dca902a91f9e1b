//! `websocket`: one conversation over WebSocket connections of its own.
//!
//! Without subscribers a task sends each message and waits for its echo. With subscribers it opens
//! all of them, opens a publisher, and publishes each message and waits until every subscriber has
//! it. Both forms go through the same steps in the same order: one message is under way at a time,
//! so that neither side ever has to buffer more than that.

mod blocking;
mod nonblocking;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;
use tungstenite::error::{Error as WsError, ProtocolError};
use tungstenite::protocol::WebSocketConfig;
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::fixture::config::{ATTEMPT_HEADER, ROLE, ROOM, Role};
use crate::workload::spec::WebSocketSpec;
use crate::workload::step::address::Address;
use crate::workload::step::{Output, TaskContext, network};

/// The largest message, in bytes: what the library on either side accepts in one frame.
const LARGEST: u64 = 16 << 20;

/// Bytes of each connection's read buffer; the default of 128 KiB is too much for thousands.
const BUFFER: usize = 4096;

/// What a failure happened during.
const DOING: &str = "websocket";

/// One conversation.
#[derive(Debug)]
pub struct WebSocket {
    address: Address,
    messages: u32,
    size: usize,
    subscribers: u32,
}

impl WebSocket {
    /// Resolves the address; connects to nothing yet.
    pub fn prepare(spec: &WebSocketSpec, env: &Env) -> Result<Self, String> {
        let address = Address::resolve(&spec.url, &["ws"], env)?;
        if spec.size > LARGEST {
            return Err(format!("messages may have {LARGEST} bytes at the most"));
        }
        if spec.subscribers > 0 && !address.is_fixture() {
            return Err("only the embedded server knows about subscribers; use a fixture: address".to_owned());
        }
        Ok(WebSocket {
            address,
            messages: spec.messages,
            size: spec.size as usize,
            subscribers: spec.subscribers,
        })
    }

    /// Talks on the calling thread, no longer than the task may take.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<Output, Error> {
        match self.subscribers {
            0 => blocking::echo(self, task),
            _ => blocking::publish(self, task),
        }
    }

    /// Talks on the event loop.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<Output, Error> {
        match self.subscribers {
            0 => nonblocking::echo(self, task).await,
            _ => nonblocking::publish(self, task).await,
        }
    }

    /// The messages of a task; the same under every strategy.
    fn payloads(&self, task: &TaskContext<'_>) -> impl Iterator<Item = Message> + use<> {
        let (index, size) = (task.index, self.size);
        (0..self.messages).map(move |number| Message::Binary(payload(index, number, size)))
    }

    /// What opens a connection that gets its own messages back.
    fn echo_request(&self, task: &TaskContext<'_>) -> Result<Request<()>, Error> {
        self.request(self.address.uri(task.item)?, task)
    }

    /// What opens a connection to a topic that no other task shares.
    fn topic_request(&self, task: &TaskContext<'_>, room: &Room, role: Role) -> Result<Request<()>, Error> {
        let uri = self.address.uri(task.item)?;
        let separator = if uri.query().is_some() { '&' } else { '?' };
        let uri = format!("{uri}{separator}{ROLE}={}&{ROOM}={}", role.as_str(), room.0);
        self.request(uri.parse().expect("the query is made of letters and digits"), task)
    }

    fn request(&self, uri: Uri, task: &TaskContext<'_>) -> Result<Request<()>, Error> {
        let mut request = uri.into_client_request().map_err(describe)?;
        let agent = HeaderValue::from_static(concat!("conc/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        if self.address.is_fixture() && task.attempt > 0 {
            request.headers_mut().insert(ATTEMPT_HEADER, HeaderValue::from(task.attempt));
        }
        Ok(request)
    }
}

/// A name for a topic that no other task uses, nor the same task when it is run again meanwhile.
#[derive(Debug)]
struct Room(String);

impl Room {
    fn new(task: &TaskContext<'_>) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        Room(format!("{}-{}-{count}", task.index, std::process::id()))
    }
}

/// What has been received, in order.
struct Transcript {
    hash: Xxh3,
    last: Bytes,
}

impl Transcript {
    fn new() -> Self {
        Transcript { hash: Xxh3::new(), last: Bytes::new() }
    }

    fn add(&mut self, received: Bytes) {
        self.hash.update(&received);
        self.last = received;
    }

    /// The digest of everything, and the last message for the next step.
    fn finish(self) -> Output {
        Output { digest: self.hash.digest(), bytes: self.last }
    }
}

/// Text of `size` bytes that no other message has.
fn payload(index: u64, number: u32, size: usize) -> Bytes {
    let word = format!("{:016x} ", xxh3_64_with_seed(&index.to_le_bytes(), u64::from(number)));
    word.bytes().cycle().take(size).collect()
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0)
}

/// What `message` carries; `None` for those that only keep the connection going.
fn data(message: Message) -> Result<Option<Bytes>, Error> {
    match message {
        Message::Text(_) | Message::Binary(_) => Ok(Some(message.into_data())),
        Message::Close(_) => Err(closed()),
        _ => Ok(None),
    }
}

/// The host and the port that `uri` names.
fn host_and_port(uri: &Uri) -> (&str, u16) {
    let host = uri.host().unwrap_or_default();
    (host.trim_start_matches('[').trim_end_matches(']'), uri.port_u16().unwrap_or(80))
}

fn closed() -> Error {
    Error::new(Code::TaskNetwork, format!("{DOING}: the server closed the connection"))
}

/// Puts an error in the words of this program.
fn describe(error: WsError) -> Error {
    match error {
        WsError::Io(error) => describe_io(&error),
        WsError::Http(response) => network::bad_status(response.status()),
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete,
        ) => closed(),
        other => Error::new(Code::TaskProtocol, format!("{DOING}: {other}")),
    }
}

/// A deadline shows as a timeout that the operating system has no number for.
fn describe_io(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none() {
        return Error::timed_out();
    }
    network::failure(DOING, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::item::Item;

    fn prepare(url: &str, size: u64, subscribers: u32) -> Result<WebSocket, String> {
        let env = Env {
            exe: "conc".into(),
            fixture: Some("127.0.0.1:81".parse().unwrap()),
            state_dir: "unused".into(),
            seed: 0,
            permutation_id: 0,
        };
        WebSocket::prepare(&WebSocketSpec { url: url.into(), messages: 1, size, subscribers }, &env)
    }

    fn task(index: u64) -> TaskContext<'static> {
        TaskContext { index, item: Item::Text("a"), attempt: 0, deadline: None }
    }

    #[test]
    fn payloads_have_their_size_and_differ() {
        assert_eq!(payload(1, 0, 100).len(), 100);
        assert_eq!(payload(1, 0, 100), payload(1, 0, 100));
        assert_ne!(payload(1, 0, 100), payload(1, 1, 100));
        assert_ne!(payload(1, 0, 100), payload(2, 0, 100));
    }

    #[test]
    fn no_two_conversations_share_a_topic() {
        assert_ne!(Room::new(&task(1)).0, Room::new(&task(1)).0);
    }

    #[test]
    fn role_and_room_are_added_to_the_address() {
        let room = Room("7".into());
        let uri = |url| {
            let step = prepare(url, 1, 1).unwrap();
            step.topic_request(&task(0), &room, Role::Publish).unwrap().uri().to_string()
        };
        assert_eq!(uri("fixture:/news/{item}"), "ws://127.0.0.1:81/news/a?role=publish&room=7");
        assert_eq!(uri("fixture:/news?x=1"), "ws://127.0.0.1:81/news?x=1&role=publish&room=7");
    }

    #[test]
    fn what_cannot_work_is_refused_when_prepared() {
        assert!(prepare("wss://a.example/", 1, 0).is_err());
        assert!(prepare("ws://a.example/", 1, 1).unwrap_err().contains("embedded server"));
        assert!(prepare("fixture:/a", LARGEST + 1, 0).unwrap_err().contains("16777216"));
    }
}
