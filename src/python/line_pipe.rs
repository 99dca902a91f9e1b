//! An interpreter that is sent lines of JSON, and the end of its standard input that is written to.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::host::child::ChildError;
use crate::python::session::Session;

/// The standard input of an interpreter, which any thread writes lines to.
#[derive(Debug)]
pub(super) struct LinePipe {
    pid: u32,
    stdin: Mutex<Option<File>>,
}

impl Session {
    /// Starts an interpreter with pipes to and from it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn piped(&self) -> Result<(LinePipe, Child, BufReader<ChildStdout>), Error> {
        let failed = |error| Error::from(ChildError::Start(error)).context("the interpreter");
        let mut command = self.exchange.reexec.foreign(&self.exchange.executable);
        command.arg(&self.exchange.script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("the process has no pipes")));
        };
        let stdin = Mutex::new(Some(File::from(OwnedFd::from(stdin))));
        Ok((LinePipe { pid: child.id(), stdin }, child, BufReader::new(stdout)))
    }
}

impl LinePipe {
    /// Returns the process ID.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the interpreter is gone, or the pipe was closed.
    pub(super) fn write(&self, line: &str) -> io::Result<()> {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let stdin = stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{line}\n").as_bytes())
    }

    /// Says that no more lines come.
    pub(super) fn close(&self) {
        self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
