//! One interpreter that serves one request: a process of its own, or a fork of one that has imported the module.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::host::bounded_read::last_words;
use crate::host::child::{ChildError, tell};
use crate::host::child_process::ChildProcess;
use crate::host::deadline::{DeadlineKeeper, Killed};
use crate::host::memory::MemoryGuard;
use crate::host::process::{descendants, kill_tree};
use crate::host::spawned::{output_file, wait_for_end};
use crate::python::answer_lines::{NoMessage, read_message};
use crate::python::fatal_error::{innermost_user_line, line_of_stacks};
use crate::python::harness::skip_to_greeting;
use crate::python::protocol::event::HarnessEvent;
use crate::python::protocol::request::HarnessRequest;
use crate::python::stacks;

/// Time for an interpreter to end after its last answer.
pub(super) const EXIT_GRACE: Duration = Duration::from_secs(2);

/// Maximum length of the quoted last line of a dead interpreter, in characters.
const MAX_STDERR_CHARACTERS: usize = 300;

/// A running harness. Dropping it kills the interpreter and every process that it started.
#[derive(Debug)]
pub(super) struct HarnessProcess {
    process: Box<dyn InterpreterProcess>,
    stdin: Option<File>,
    stdout: BufReader<File>,
    stderr: File,
    /// True until the harness has said its first word.
    awaits_greeting: bool,
    keeper: Arc<DeadlineKeeper>,
    memory: Option<(u64, MemoryGuard)>,
}

/// The operating-system process of an interpreter: a child of this process, or of an interpreter that forks.
pub(super) trait InterpreterProcess: std::fmt::Debug + Send {
    /// Returns the process ID.
    fn pid(&self) -> u32;

    /// Waits for the end of the process, which keeps its ID.
    fn wait_for_end(&mut self);

    /// Waits for the end of the process and gives up its ID.
    ///
    /// # Errors
    /// If nobody can tell how the process ended.
    fn reap(&mut self) -> io::Result<ExitStatus>;

    /// Returns true if the process still has its ID.
    fn is_running(&mut self) -> bool;
}

impl InterpreterProcess for ChildProcess {
    fn pid(&self) -> u32 {
        self.id()
    }

    fn wait_for_end(&mut self) {
        let _ = wait_for_end(self.id());
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.wait()
    }

    fn is_running(&mut self) -> bool {
        self.has_id()
    }
}

impl HarnessProcess {
    /// Starts `command` and sends it the request; it is killed if it uses more than `memory` bytes.
    ///
    /// # Errors
    /// If the process cannot be started.
    pub(super) fn start(
        command: &mut Command,
        request: &HarnessRequest,
        scratch: &Path,
        keeper: &Arc<DeadlineKeeper>,
        memory: Option<u64>,
    ) -> Result<Self, Error> {
        let failed = |e: io::Error| Error::from(ChildError::Start(e)).context("the interpreter");
        let stderr = output_file(scratch).map_err(failed)?;
        let shared = stderr.try_clone().map_err(failed)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(shared);
        let mut child = ChildProcess::start(command).map_err(failed)?;
        let streams = child.streams();
        let (Some(stdin), Some(stdout)) = (streams.stdin.take(), streams.stdout.take()) else {
            return Err(failed(io::Error::other("the process has no pipes")));
        };
        let streams = (File::from(OwnedFd::from(stdin)), File::from(OwnedFd::from(stdout)), stderr);
        let mut process = Self::over(Box::new(child), streams, request, keeper, memory).map_err(failed)?;
        process.awaits_greeting = true;
        Ok(process)
    }

    /// Sends the request to a process over its standard streams; it is killed if it uses more than `memory`
    /// bytes.
    ///
    /// # Errors
    /// If the request cannot be written.
    pub(super) fn over(
        process: Box<dyn InterpreterProcess>,
        (stdin, stdout, stderr): (File, File, File),
        request: &HarnessRequest,
        keeper: &Arc<DeadlineKeeper>,
        memory: Option<u64>,
    ) -> io::Result<Self> {
        let memory = memory.map(|limit| (limit, MemoryGuard::watch(process.pid(), limit)));
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let (stdout, keeper) = (BufReader::new(stdout), Arc::clone(keeper));
        let awaits_greeting = false;
        let mut harness =
            HarnessProcess { process, stdin: None, stdout, stderr, awaits_greeting, keeper, memory };
        tell(&stdin, &line)?;
        harness.stdin = Some(stdin);
        Ok(harness)
    }

    /// Returns the process ID.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Lets the process and its descendants use any amount of memory.
    pub(super) fn unlimit_memory(&mut self) {
        if let Some((_, guard)) = self.memory.take() {
            guard.end();
        }
    }

    /// Sends a line and returns the answer to it.
    ///
    /// # Errors
    /// If the process is gone.
    pub(super) fn ask(&mut self, mut line: String) -> io::Result<String> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        line.push('\n');
        stdin.write_all(line.as_bytes())?;
        let mut answer = String::new();
        self.stdout.read_line(&mut answer)?;
        if answer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
    }

    /// Waits for the next event; kills the interpreter if none comes within `limit`.
    ///
    /// # Errors
    /// If the interpreter died, was late or used too much memory.
    pub(super) fn next<T: DeserializeOwned>(&mut self, limit: Duration) -> Result<HarnessEvent<T>, Error> {
        let keeper = Arc::clone(&self.keeper);
        let watch = keeper.watch_with(self.pid(), Instant::now() + limit, stacks::ask);
        if std::mem::take(&mut self.awaits_greeting) {
            skip_to_greeting(&mut self.stdout);
        }
        let message = read_message(&mut self.stdout);
        let late = watch.killed();
        message.map_err(|none| match (none, late) {
            (NoMessage::Unreadable(error), None) => error,
            (_, late) => self.error_of_silence(late.map(|killed| (limit, killed))),
        })
    }

    fn error_of_silence(&mut self, late: Option<(Duration, Killed)>) -> Error {
        if let Some((limit, guard)) = self.memory.take()
            && guard.end()
        {
            return ChildError::TooLarge(limit).into();
        }
        if let Some((limit, killed)) = late {
            let place = line_of_stacks(&self.standard_error());
            return Error::from(ChildError::late(limit, killed)).at(place);
        }
        // Its output is closed, so it is ending; its children may not be.
        let orphans = descendants(self.pid());
        let status = self.wait();
        orphans.into_iter().for_each(kill_if_ours);
        match status {
            Ok(status) => self.died(status),
            Err(error) => ChildError::Start(error).into(),
        }
    }

    /// Waits for the interpreter to end; kills it after its grace.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        let watch = self.keeper.watch(self.process.pid(), Instant::now() + EXIT_GRACE);
        // Waits without reaping, so that the process ID still belongs to the child when the watch ends.
        self.process.wait_for_end();
        watch.end();
        self.process.reap()
    }

    /// Lets the interpreter end normally, so that exit handlers of the user run.
    pub(super) fn finish(mut self) {
        let left = descendants(self.pid());
        self.stdin = None;
        self.unlimit_memory();
        let _ = self.wait();
        left.into_iter().for_each(kill_if_ours);
    }

    /// Returns what was written to standard error.
    fn standard_error(&mut self) -> String {
        last_words(&mut self.stderr)
    }

    /// Returns the error of a process that ended: its last line on standard error, or the place of a fault.
    fn died(&mut self, status: ExitStatus) -> Error {
        let text = self.standard_error();
        let fault = innermost_user_line(&text);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).filter(|_| fault.is_none());
        let stderr =
            last.map_or_else(String::new, |line| line.trim().chars().take(MAX_STDERR_CHARACTERS).collect());
        Error::from(ChildError::Died { status, stderr }).context("the interpreter ended").at(fault)
    }
}

/// Kills a process that an interpreter left behind; by now it is a child of this process.
fn kill_if_ours(pid: u32) {
    if descendants(std::process::id()).contains(&pid) {
        kill_tree(pid);
    }
}

impl Drop for HarnessProcess {
    fn drop(&mut self) {
        self.unlimit_memory();
        if self.process.is_running() {
            kill_tree(self.pid());
            let _ = self.process.reap();
        }
    }
}
