//! Standard input and output of the server, and its end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::ExitStatus;
use crate::mcp::limits::CallLimits;
use crate::mcp::server::Server;

/// Serves one client on standard input and output until the input ends or a signal asks this program to
/// end. Commands get the `global` options. Nothing that a call started runs any more when this returns.
///
/// # Errors
/// When the runtime or the connection fails.
pub(crate) fn serve(limits: CallLimits, global: Vec<String>) -> io::Result<ExitStatus> {
    // On one thread, this one: the kernel kills a command when the thread that started it is gone.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(until_the_end(limits, global));
    // A read of standard input cannot be cancelled, and must not keep the program.
    runtime.shutdown_background();
    status
}

async fn until_the_end(limits: CallLimits, global: Vec<String>) -> io::Result<ExitStatus> {
    let (input_ended, asked_to_end) = (CancellationToken::new(), CancellationToken::new());
    let server = Server::new(limits, global, input_ended.clone())?;
    let input = NotesItsEnd { input: tokio::io::stdin(), ended: input_ended };
    let transport = (input, tokio::io::stdout());
    let mut signals = Signals::new()?;
    let serving = async {
        match server.serve_with_ct(transport, asked_to_end.clone()).await {
            Ok(running) => running.waiting().await.map(drop).map_err(io::Error::other),
            // A client that is gone before it has said what it is asks for nothing.
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => Ok(()),
            Err(error) => Err(io::Error::other(error)),
        }
    };
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => return served.map(|()| ExitStatus::Done),
        () = signals.received() => asked_to_end.cancel(),
    }
    // The calls end their commands first.
    serving.await.map(|()| ExitStatus::Interrupted)
}

/// The signals that ask this program to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Standard input that says when it has ended: the protocol would first wait for calls that measure.
struct NotesItsEnd<R> {
    input: R,
    ended: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for NotesItsEnd<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.input).poll_read(context, buffer);
        let has_ended = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if has_ended {
            self.ended.cancel();
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn the_end_of_the_input_is_noted_and_not_before() {
        let ended = CancellationToken::new();
        let mut input = NotesItsEnd { input: &b"abc"[..], ended: ended.clone() };
        let mut bytes = [0; 3];
        input.read_exact(&mut bytes).await.expect("three bytes");
        assert!(!ended.is_cancelled());
        assert_eq!(input.read(&mut bytes).await.expect("the end"), 0);
        assert!(ended.is_cancelled());
    }
}
