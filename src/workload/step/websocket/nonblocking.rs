//! WebSocket on an event loop, by `tokio-tungstenite`.

use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::Request;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

use crate::error::Error;
use crate::workload::fixture::protocol::SocketRole;
use crate::workload::step::websocket::conversation::{Conversation, Room};
use crate::workload::step::websocket::wire::{
    Transcript, closed, config, data, describe, describe_io, host_and_port,
};
use crate::workload::step::{StepOutput, TaskContext};

/// Sends each message and waits for it to come back.
pub(super) async fn echo(step: &Conversation, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
    let mut socket = Socket::open(step.echo_request(task)?).await?;
    let mut transcript = Transcript::new();
    for message in step.payloads(task) {
        socket.inner.send(message).await.map_err(describe)?;
        transcript.add(socket.receive().await?);
    }
    socket.close().await;
    Ok(transcript.finish())
}

/// Publishes each message and waits until every subscriber has it.
pub(super) async fn publish(step: &Conversation, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
    let room = Room::new(task);
    let mut subscribers = Vec::with_capacity(step.subscribers as usize);
    for _ in 0..step.subscribers {
        subscribers.push(Socket::open(step.topic_request(task, &room, SocketRole::Subscribe)?).await?);
    }
    for subscriber in &mut subscribers {
        subscriber.receive().await?;
    }
    let mut publisher = Socket::open(step.topic_request(task, &room, SocketRole::Publish)?).await?;
    let mut transcript = Transcript::new();
    for message in step.payloads(task) {
        publisher.inner.send(message).await.map_err(describe)?;
        for subscriber in &mut subscribers {
            transcript.add(subscriber.receive().await?);
        }
    }
    publisher.close().await;
    for subscriber in subscribers {
        subscriber.close().await;
    }
    Ok(transcript.finish())
}

struct Socket {
    inner: WebSocketStream<TcpStream>,
}

impl Socket {
    async fn open(request: Request<()>) -> Result<Self, Error> {
        let stream = connect(host_and_port(request.uri())).await.map_err(|e| describe_io(&e))?;
        let (inner, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config()))
            .await
            .map_err(describe)?;
        Ok(Socket { inner })
    }

    async fn receive(&mut self) -> Result<Bytes, Error> {
        while let Some(message) = self.inner.next().await {
            if let Some(data) = data(message.map_err(describe)?)? {
                return Ok(data);
            }
        }
        Err(closed())
    }

    /// Closes the connection. Everything has been received, so a failure does not matter.
    async fn close(mut self) {
        let _unheard = self.inner.close(None).await;
    }
}

async fn connect(host: (&str, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
