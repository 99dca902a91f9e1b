//! WebSocket on the calling thread, by `tungstenite`.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;
use tungstenite::HandshakeError;

use crate::error::Error;
use crate::workload::fixture::protocol::SocketRole;
use crate::workload::step::websocket::conversation::{Conversation, Room};
use crate::workload::step::websocket::wire::{
    Transcript, closed, config, data, describe, describe_io, host_and_port,
};
use crate::workload::step::{StepOutput, TaskContext};

/// Sends each message and waits for it to come back.
pub(super) fn echo(step: &Conversation, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
    let mut socket = Socket::open(step.echo_request(task)?, task.deadline)?;
    let mut transcript = Transcript::new();
    for message in step.payloads(task) {
        socket.inner.send(message).map_err(describe)?;
        transcript.add(socket.receive()?);
    }
    socket.close();
    Ok(transcript.finish())
}

/// Publishes each message and waits until every subscriber has it.
pub(super) fn publish(step: &Conversation, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
    let room = Room::new(task);
    let open = |role| Socket::open(step.topic_request(task, &room, role)?, task.deadline);
    let mut subscribers =
        (0..step.subscribers).map(|_| open(SocketRole::Subscribe)).collect::<Result<Vec<_>, _>>()?;
    for subscriber in &mut subscribers {
        subscriber.receive()?;
    }
    let mut publisher = open(SocketRole::Publish)?;
    let mut transcript = Transcript::new();
    for message in step.payloads(task) {
        publisher.inner.send(message).map_err(describe)?;
        for subscriber in &mut subscribers {
            transcript.add(subscriber.receive()?);
        }
    }
    publisher.close();
    subscribers.into_iter().for_each(Socket::close);
    Ok(transcript.finish())
}

struct Socket {
    inner: tungstenite::WebSocket<Timed>,
}

impl Socket {
    fn open(request: Request<()>, deadline: Option<Instant>) -> Result<Self, Error> {
        let stream = Timed::connect(host_and_port(request.uri()), deadline).map_err(|e| describe_io(&e))?;
        match tungstenite::client::client_with_config(request, stream, Some(config())) {
            Ok((inner, _)) => Ok(Socket { inner }),
            Err(HandshakeError::Failure(error)) => Err(describe(error)),
            // Only non-blocking streams are interrupted, and this one blocks.
            Err(HandshakeError::Interrupted(_)) => Err(closed()),
        }
    }

    fn receive(&mut self) -> Result<Bytes, Error> {
        loop {
            if let Some(data) = data(self.inner.read().map_err(describe)?)? {
                return Ok(data);
            }
        }
    }

    /// Closes the connection. Everything has been received, so a failure does not matter.
    fn close(mut self) {
        let _unheard = self.inner.close(None);
    }
}

/// A stream on which nothing takes longer than the task may.
struct Timed {
    stream: TcpStream,
    deadline: Option<Instant>,
}

impl Timed {
    fn connect(host: (&str, u16), deadline: Option<Instant>) -> io::Result<Self> {
        let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
        for addr in host.to_socket_addrs()? {
            outcome = match left(deadline)? {
                Some(left) => TcpStream::connect_timeout(&addr, left),
                None => TcpStream::connect(addr),
            };
            if outcome.is_ok() {
                break;
            }
        }
        let stream = outcome?;
        stream.set_nodelay(true)?;
        Ok(Timed { stream, deadline })
    }
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(left) = left(self.deadline)? {
            self.stream.set_read_timeout(Some(left))?;
        }
        self.stream.read(buf).map_err(timed_out)
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Some(left) = left(self.deadline)? {
            self.stream.set_write_timeout(Some(left))?;
        }
        self.stream.write(buf).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Returns the time until the deadline; an error if the deadline has passed.
fn left(deadline: Option<Instant>) -> io::Result<Option<Duration>> {
    match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
        Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// Turns "would block", as which the socket reports a timeout, into a timeout.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
