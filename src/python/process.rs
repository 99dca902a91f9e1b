//! One interpreter that serves one order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::host::child::ChildError;
use crate::host::deadline::DeadlineKeeper;
use crate::host::memory::MemoryGuard;
use crate::host::process::{descendants, kill_tree};
use crate::python::crash::innermost;
use crate::python::message::{Event, Order};

/// An interpreter that has answered has this long to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// The last thing said that is shown of an interpreter that died.
const MOST_CHARACTERS: usize = 300;

/// A running harness; killed with everything it started when dropped.
#[derive(Debug)]
pub struct Harness<'k> {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    stderr: File,
    keeper: &'k DeadlineKeeper,
    memory: Option<(u64, MemoryGuard)>,
}

impl<'k> Harness<'k> {
    /// Starts `command` and gives it the order; it may hold `memory` bytes.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(
        command: &mut Command,
        order: &Order,
        scratch: &Path,
        keeper: &'k DeadlineKeeper,
        memory: Option<u64>,
    ) -> Result<Self, Error> {
        let failed = |e: io::Error| Error::from(ChildError::Start(e)).context("the interpreter");
        let stderr = tempfile::tempfile_in(scratch).map_err(failed)?;
        let shared = stderr.try_clone().map_err(failed)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(shared);
        let mut child = command.spawn().map_err(failed)?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("the process has no pipes")));
        };
        let memory = memory.map(|limit| (limit, MemoryGuard::watch(child.id(), limit)));
        let mut line = serde_json::to_vec(order).map_err(|e| failed(e.into()))?;
        line.push(b'\n');
        // One that died before it read is found out by the missing answer.
        let _ = stdin.write_all(&line);
        Ok(Harness { child, stdin: Some(stdin), stdout: BufReader::new(stdout), stderr, keeper, memory })
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line; kills everything when it does not come in time.
    ///
    /// # Errors
    /// When there is none.
    pub fn next<T: DeserializeOwned>(&mut self, patience: Duration) -> Result<Event<T>, Error> {
        let watch = self.keeper.watch(self.child.id(), Instant::now() + patience);
        let mut line = String::new();
        // A line that breaks off is not valid JSON, which is found out below.
        let _ = self.stdout.read_line(&mut line);
        let late = watch.end();
        serde_json::from_str(&line).map_err(|_| self.broken(late.then_some(patience)))
    }

    fn broken(&mut self, late: Option<Duration>) -> Error {
        if let Some((limit, guard)) = self.memory.take()
            && guard.end()
        {
            return ChildError::TooLarge(limit).into();
        }
        if let Some(patience) = late {
            return ChildError::Late(patience).into();
        }
        // Its line has ended, so it is ending too; what it started may not be.
        let orphans = descendants(self.child.id());
        let status = self.wait();
        orphans.into_iter().for_each(kill_if_ours);
        match status {
            Ok(status) => self.died(status),
            Err(error) => ChildError::Start(error).into(),
        }
    }

    /// Waits for the end, for no longer than its grace.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        let watch = self.keeper.watch(self.child.id(), Instant::now() + GRACE);
        // Waits without reaping, so that the number still belongs to the child when the watch ends.
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
        let _ = nix::sys::wait::waitid(nix::sys::wait::Id::Pid(pid), flags);
        watch.end();
        self.child.wait()
    }

    /// Lets the interpreter end as it should, with what users registered for its end.
    pub fn finish(mut self) {
        let left = descendants(self.child.id());
        self.stdin = None;
        if let Some((_, guard)) = self.memory.take() {
            guard.end();
        }
        let _ = self.wait();
        left.into_iter().for_each(kill_if_ours);
    }

    /// How it ended, with the last line of what it said; where that is all about a fault, with its place.
    fn died(&mut self, status: ExitStatus) -> Error {
        let mut said = Vec::new();
        let read = io::Seek::rewind(&mut self.stderr).and_then(|()| self.stderr.read_to_end(&mut said));
        let text = read.map(|_| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default();
        let fault = innermost(&text);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).filter(|_| fault.is_none());
        let stderr =
            last.map_or_else(String::new, |line| line.trim().chars().take(MOST_CHARACTERS).collect());
        Error::from(ChildError::Died { status, stderr }).context("the interpreter ended").at(fault)
    }
}

/// Kills what an interpreter left behind, which is a child of this process by then.
fn kill_if_ours(pid: u32) {
    if descendants(std::process::id()).contains(&pid) {
        kill_tree(pid);
    }
}

impl Drop for Harness<'_> {
    fn drop(&mut self) {
        if let Some((_, guard)) = self.memory.take() {
            guard.end();
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            kill_tree(self.child.id());
            let _ = self.child.wait();
        }
    }
}
