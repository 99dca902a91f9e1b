//! An interpreter that is sent lines of JSON, and the end of its standard input that is written to.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::host::child::ChildError;
use crate::host::child_process::ChildProcess;
use crate::python::answer_lines::{AnswerLines, Broken, end, of_pipe};
use crate::python::harness::GREETING;
use crate::python::session::Session;

/// The standard input of an interpreter, which any thread writes lines to.
#[derive(Debug)]
pub(super) struct LinePipe {
    pid: u32,
    stdin: Mutex<Option<File>>,
    broken: Broken,
}

impl Session {
    /// Starts an interpreter with pipes to and from it. Its answers begin after its greeting.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn piped(&self) -> Result<(LinePipe, AnswerLines), Error> {
        let failed = |error| Error::from(ChildError::Start(error)).context("the interpreter");
        let mut command = self.exchange.reexec.foreign(&self.exchange.executable);
        command.arg(&self.exchange.script).arg(GREETING).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = ChildProcess::start(&mut command).map_err(failed)?;
        let streams = child.streams();
        let (Some(stdin), Some(stdout)) = (streams.stdin.take(), streams.stdout.take()) else {
            return Err(failed(io::Error::other("the process has no pipes")));
        };
        let stdin = Mutex::new(Some(File::from(OwnedFd::from(stdin))));
        let broken = Broken::default();
        Ok((
            LinePipe { pid: child.id(), stdin, broken: broken.clone() },
            AnswerLines::new(child, stdout, broken),
        ))
    }
}

impl LinePipe {
    /// Returns the process ID.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Writes a line. An interpreter that cannot be written to although it lives is killed.
    ///
    /// # Errors
    /// When the interpreter is gone, or the pipe was closed.
    pub(super) fn write(&self, line: &str) -> io::Result<()> {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let written = pipe.write_all(format!("{line}\n").as_bytes());
        if let Err(error) = &written {
            *stdin = None;
            match error.kind() {
                // One that has died tells by its end why.
                io::ErrorKind::BrokenPipe => end(self.pid),
                _ => self.broken.kill(self.pid, of_pipe("write to", error)),
            }
        }
        written
    }

    /// Says that no more lines come.
    pub(super) fn close(&self) {
        self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
