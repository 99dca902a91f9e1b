//! HTTP on an event loop, by `hyper`.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::{Handle, Id};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::step::http::answer::{ACTIVITY, Answer, MAX_BODY_BYTES, retry_after, too_long};
use crate::workload::step::network;

type Connections = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Maximum number of event loops for which a client is kept.
const MAX_CLIENTS: usize = 8;

/// A client for each event loop, because a connection is driven by the loop it was made on: used
/// from another it would hang as soon as its own stands still.
#[derive(Debug)]
pub(super) struct Clients {
    pool: bool,
    by_loop: RwLock<Vec<(Id, Client)>>,
}

impl Clients {
    /// Clients that keep every connection, or none; they are made when first used.
    pub(super) fn new(pool: bool) -> Self {
        Clients { pool, by_loop: RwLock::default() }
    }

    /// Returns the client of the event loop that this is called on.
    pub(super) fn current(&self) -> Client {
        let id = Handle::current().id();
        let known = self.by_loop.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = find(&known, id) {
            return client;
        }
        drop(known);
        self.add(id)
    }

    fn add(&self, id: Id) -> Client {
        let mut known = self.by_loop.write().unwrap_or_else(PoisonError::into_inner);
        // Another task of the same loop may have been here first.
        if let Some(client) = find(&known, id) {
            return client;
        }
        // The oldest loop is most likely gone.
        if known.len() == MAX_CLIENTS {
            known.remove(0);
        }
        let client = Client::new(self.pool);
        known.push((id, client.clone()));
        client
    }
}

fn find(known: &[(Id, Client)], id: Id) -> Option<Client> {
    known.iter().find(|(known, _)| *known == id).map(|(_, client)| client.clone())
}

/// A client whose connections are shared by all tasks of one event loop.
#[derive(Debug, Clone)]
pub(super) struct Client {
    connections: Connections,
}

impl Client {
    fn new(pool: bool) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let connections = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(if pool { usize::MAX } else { 0 })
            .build(connector);
        Client { connections }
    }

    /// Sends a request and reads the answer to its end.
    pub(super) async fn run(&self, request: Request<Bytes>) -> Result<Answer, Error> {
        let response =
            self.connections.request(request.map(Full::new)).await.map_err(|error| describe(&error))?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = Limited::new(response.into_body(), MAX_BODY_BYTES as usize);
        let body = body.collect().await.map_err(|error| describe(&*error))?.to_bytes();
        Ok(Answer { status, body, retry_after })
    }
}

/// Puts an error in the words of this program.
fn describe(error: &(dyn std::error::Error + 'static)) -> Error {
    if error.is::<LengthLimitError>() {
        return too_long();
    }
    let layers = std::iter::successors(Some(error), |&error| error.source());
    match layers.filter_map(|error| error.downcast_ref::<hyper::Error>()).find(|error| error.is_parse()) {
        Some(error) => Error::new(Code::TaskProtocol, format!("{ACTIVITY}: {error}")),
        None => network::failure(ACTIVITY, error),
    }
}
