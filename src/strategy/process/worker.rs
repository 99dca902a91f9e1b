//! The parent's side of one worker process.

use std::io::{BufReader, BufWriter, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::child::ChildError;
use crate::host::pipe::writable_at_once;
use crate::host::reexec::{HiddenRole, Reexec};
use crate::strategy::job::{Job, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request, Start, encode_frame, read_frame, write_frame};

/// A running worker process; killed and reaped when dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    stdin: BufWriter<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    pipe_bytes: usize,
}

/// Starts `count` workers at once and returns when all are ready.
///
/// # Errors
/// When a process cannot be started, or cannot prepare the workload.
pub(crate) fn start_all(job: &Job, count: usize) -> Result<Vec<Worker>, Error> {
    let workload = job.workload.without_items();
    let request = Request::Start(Box::new(Start { workload, env: job.env.clone() }));
    let reexec = Reexec::new(job.env.exe.clone());
    let mut workers = Vec::with_capacity(count);
    for i in 0..count {
        let failed = |error: std::io::Error| {
            Error::from_source(Code::PoolStart, format!("cannot start process {} of {count}", i + 1), error)
        };
        let mut worker = Worker::spawn(&reexec).map_err(failed)?;
        worker.send(&request).map_err(failed)?;
        workers.push(worker);
    }
    for worker in &mut workers {
        let reason = match worker.receive() {
            Ok(Reply::Ready) => continue,
            Ok(Reply::Refused(reason)) => reason,
            Ok(other) => format!("unexpected {other:?}"),
            Err(error) => return Err(Error::from_source(Code::PoolStart, "worker process", error)),
        };
        return Err(Error::new(Code::PoolStart, format!("worker process: {reason}")));
    }
    Ok(workers)
}

impl Worker {
    fn spawn(reexec: &Reexec) -> std::io::Result<Self> {
        let mut child =
            reexec.command(HiddenRole::Worker).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("pipes were asked for"));
        };
        let pipe_bytes = writable_at_once(&stdin);
        let (stdin, stdout) = (BufWriter::new(stdin), BufReader::new(stdout));
        Ok(Worker { child, stdin, stdout, outgoing: Vec::new(), incoming: Vec::new(), pipe_bytes })
    }

    /// Sends one request.
    ///
    /// # Errors
    /// When the worker is gone.
    pub(crate) fn send(&mut self, request: &Request) -> std::io::Result<()> {
        write_frame(&mut self.stdin, &mut self.outgoing, request)
    }

    /// Makes a frame of a request, for [`Worker::send_encoded`].
    ///
    /// # Errors
    /// When the request is too long for any frame.
    pub(crate) fn encode(&mut self, request: &Request) -> std::io::Result<()> {
        encode_frame(&mut self.outgoing, request)
    }

    /// Returns true if the encoded request can be sent while the reply to another one is due.
    pub(crate) fn may_send_early(&self) -> bool {
        self.outgoing.len() <= self.pipe_bytes
    }

    /// Returns the bytes that a request may have to be sent early.
    pub(crate) fn early_bytes(&self) -> usize {
        self.pipe_bytes
    }

    /// Sends the encoded request.
    ///
    /// # Errors
    /// When the worker is gone.
    pub(crate) fn send_encoded(&mut self) -> std::io::Result<()> {
        self.stdin.write_all(&self.outgoing).and_then(|()| self.stdin.flush())
    }

    /// Waits for one reply.
    ///
    /// # Errors
    /// When the worker is gone.
    pub(crate) fn receive(&mut self) -> std::io::Result<Reply> {
        read_frame(&mut self.stdout, &mut self.incoming)
    }

    /// Asks the worker for its usage; returns none if the worker is gone.
    pub(crate) fn finish(&mut self) -> WorkerUsage {
        match self.send(&Request::Finish).and_then(|()| self.receive()) {
            Ok(Reply::Finished(usage)) => usage,
            _ => WorkerUsage::default(),
        }
    }

    /// Returns the error of tasks that were lost with the process: the way in which it ended.
    pub(crate) fn death(&mut self) -> Error {
        // The pipe has ended, so the process is ending too; a kill makes certain of it.
        let _ = self.child.kill();
        let death = match self.child.wait() {
            Ok(status) => ChildError::Died { status, stderr: String::new() },
            Err(error) => ChildError::Start(error),
        };
        Error::from(death).context("worker process died")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
