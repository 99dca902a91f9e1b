//! An interpreter that has imported the user's module and forks a child for each batch.
//!
//! `harness/conc_harness/zygote.py` is the other side, and decides where a fork is as good as a fresh
//! interpreter.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::host::deadline::DeadlineKeeper;
use crate::host::procfs;
use crate::host::spawned::output_file;
use crate::python::harness_process::{HarnessProcess, InterpreterProcess};
use crate::python::protocol::request::HarnessRequest;

/// An interpreter that forks. At its end, which is that of this value, exit handlers of the user run.
#[derive(Debug)]
pub(super) struct Zygote {
    pid: u32,
    process: Mutex<Option<HarnessProcess>>,
    /// The reason why it cannot be asked any more.
    why_ended: OnceLock<String>,
}

/// A child that was forked.
#[derive(Debug)]
struct ForkedChild {
    pid: u32,
    zygote: Arc<Zygote>,
    is_reaped: bool,
}

/// The answer to a request for a child.
#[derive(Debug, Deserialize)]
struct Forked {
    pid: u32,
}

/// The answer about a child that has ended.
#[derive(Debug, Deserialize)]
struct Reaped {
    status: i32,
}

impl Zygote {
    /// Makes one of an interpreter that has described the callables and waits for requests.
    pub(super) fn new(mut process: HarnessProcess) -> Self {
        // The limit is on a batch, and the children of this process are batches.
        process.unlimit_memory();
        Zygote { pid: process.pid(), process: Mutex::new(Some(process)), why_ended: OnceLock::new() }
    }

    /// Forks a child and sends it the request; it is killed if it uses more than `memory` bytes.
    ///
    /// # Errors
    /// If the interpreter is gone or cannot fork.
    pub(super) fn fork(
        self: &Arc<Self>,
        request: &HarnessRequest,
        scratch: &Path,
        keeper: &Arc<DeadlineKeeper>,
        memory: Option<u64>,
    ) -> io::Result<HarnessProcess> {
        let stderr = output_file(scratch)?;
        let ((stdin, ours), (answers, stdout)) = (io::pipe()?, io::pipe()?);
        let child = self.child(&stdin, &stdout, &stderr)?;
        let streams = (File::from(OwnedFd::from(ours)), File::from(OwnedFd::from(answers)), stderr);
        HarnessProcess::over(Box::new(child), streams, request, keeper, memory)
    }

    fn child(
        self: &Arc<Self>,
        stdin: &impl AsFd,
        stdout: &impl AsFd,
        stderr: &impl AsFd,
    ) -> io::Result<ForkedChild> {
        let path =
            |stream: &dyn AsFd| format!("/proc/{}/fd/{}", std::process::id(), stream.as_fd().as_raw_fd());
        let streams = json!({ "stdin": path(stdin), "stdout": path(stdout), "stderr": path(stderr) });
        let Forked { pid } = self.ask(&streams)?;
        Ok(ForkedChild { pid, zygote: Arc::clone(self), is_reaped: false })
    }

    /// Returns the CPU seconds of the interpreter and of the children that have ended.
    pub(super) fn cpu_s(&self) -> f64 {
        let ticks = procfs::process_stat(self.pid).map_or(0, |stat| {
            let of = |ticks: [u64; 2]| ticks.iter().sum::<u64>();
            of(stat.own_ticks) + of(stat.children_ticks)
        });
        ticks as f64 / procfs::ticks_per_second()
    }

    /// Asks the interpreter, which is ended if it cannot be asked: the answer that is missing now would be taken for the
    /// next one.
    fn ask<T: DeserializeOwned>(&self, request: &serde_json::Value) -> io::Result<T> {
        let mut place = self.process();
        let Some(process) = place.as_mut() else { return Err(self.end()) };
        let answer = process.ask(request.to_string()).and_then(|line| Ok(serde_json::from_str(&line)?));
        if let Err(error) = &answer {
            self.why_ended.get_or_init(|| error.to_string());
            *place = None;
        }
        answer
    }

    fn end(&self) -> io::Error {
        let why = self.why_ended.get().map_or("it has ended", String::as_str);
        io::Error::new(io::ErrorKind::BrokenPipe, format!("the interpreter that forks: {why}"))
    }

    fn process(&self) -> MutexGuard<'_, Option<HarnessProcess>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        let process = self.process().take();
        process.into_iter().for_each(HarnessProcess::finish);
    }
}

impl InterpreterProcess for ForkedChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn wait_for_end(&mut self) {
        // An interpreter that is gone waits for nobody.
        let _ = self.zygote.ask::<serde_json::Value>(&json!({ "wait": self.pid }));
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.is_reaped = true;
        let Reaped { status } = self.zygote.ask(&json!({ "reap": self.pid }))?;
        Ok(ExitStatus::from_raw(status))
    }

    fn is_running(&mut self) -> bool {
        !self.is_reaped
    }
}
