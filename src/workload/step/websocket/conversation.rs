//! The requests and messages of one conversation.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hyper::header::{HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::fixture::protocol::{ATTEMPT_HEADER, ROLE, ROOM, SocketRole};
use crate::workload::spec::WebSocketSpec;
use crate::workload::step::TaskContext;
use crate::workload::step::address::Address;
use crate::workload::step::websocket::wire::describe;

/// Size of the largest message, which the library on either side accepts in one frame.
const MAX_MESSAGE_BYTES: u64 = 16 << 20;

/// The address and the messages of a conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    address: Address,
    messages: u32,
    size: usize,
    pub(super) subscribers: u32,
}

impl Conversation {
    /// Resolves the address; connects to nothing yet.
    pub(super) fn prepare(spec: &WebSocketSpec, env: &Env) -> Result<Self, String> {
        let address = Address::resolve(&spec.url, &["ws"], env)?;
        if spec.size > MAX_MESSAGE_BYTES {
            return Err(format!("a message may have at most {MAX_MESSAGE_BYTES} bytes"));
        }
        if spec.subscribers > 0 && !address.is_fixture() {
            return Err("only the embedded server supports subscribers; use a fixture: address".to_owned());
        }
        Ok(Conversation {
            address,
            messages: spec.messages,
            size: spec.size as usize,
            subscribers: spec.subscribers,
        })
    }

    /// Returns the messages of a task, the same under every strategy.
    pub(super) fn payloads(&self, task: &TaskContext<'_>) -> impl Iterator<Item = Message> + use<> {
        let (index, size) = (task.index, self.size);
        (0..self.messages).map(move |number| Message::Binary(payload(index, number, size)))
    }

    /// Returns the request that opens a connection which gets its own messages back.
    pub(super) fn echo_request(&self, task: &TaskContext<'_>) -> Result<Request<()>, Error> {
        self.request(self.address.uri(task.item)?, task)
    }

    /// Returns the request that opens a connection to a topic which no other task shares.
    pub(super) fn topic_request(
        &self,
        task: &TaskContext<'_>,
        room: &Room,
        role: SocketRole,
    ) -> Result<Request<()>, Error> {
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

/// The name of a topic that no other task uses, nor the same task when it runs again meanwhile.
#[derive(Debug)]
pub(super) struct Room(String);

impl Room {
    pub(super) fn new(task: &TaskContext<'_>) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        Room(format!("{}-{}-{count}", task.index, std::process::id()))
    }
}

/// Returns text of `size` bytes that no other message has.
fn payload(index: u64, number: u32, size: usize) -> Bytes {
    let word = format!("{:016x} ", xxh3_64_with_seed(&index.to_le_bytes(), u64::from(number)));
    word.bytes().cycle().take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::item::Item;

    fn prepare(url: &str, size: u64, subscribers: u32) -> Result<Conversation, String> {
        let env = Env {
            exe: "conc".into(),
            fixture: Some("127.0.0.1:81".parse().unwrap()),
            state_dir: "unused".into(),
            seed: 0,
            permutation_id: 0,
        };
        Conversation::prepare(&WebSocketSpec { url: url.into(), messages: 1, size, subscribers }, &env)
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
            step.topic_request(&task(0), &room, SocketRole::Publish).unwrap().uri().to_string()
        };
        assert_eq!(uri("fixture:/news/{item}"), "ws://127.0.0.1:81/news/a?role=publish&room=7");
        assert_eq!(uri("fixture:/news?x=1"), "ws://127.0.0.1:81/news?x=1&role=publish&room=7");
    }

    #[test]
    fn what_cannot_work_is_refused_when_prepared() {
        assert!(prepare("wss://a.example/", 1, 0).is_err());
        assert!(prepare("ws://a.example/", 1, 1).unwrap_err().contains("embedded server"));
        assert!(prepare("fixture:/a", MAX_MESSAGE_BYTES + 1, 0).unwrap_err().contains("16777216"));
    }
}
