//! A child process that is given one document and answers with one, within a deadline.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::bounded_read::last_words;
use crate::host::child_process::ChildProcess;
use crate::host::deadline::{DeadlineKeeper, Killed, StoppedProcess};
use crate::host::how_ended::how_ended;
use crate::host::memory::MemoryGuard;
use crate::host::spawned::output_file;

/// Failure of an exchange with a child process.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The process could not be started.
    #[error("cannot start a process: {0}")]
    Start(#[source] io::Error),
    /// The process ended without an answer.
    #[error("{}{}", how_ended(*.status), last_line(.stderr))]
    Died {
        /// Its exit status.
        status: ExitStatus,
        /// Its standard error.
        stderr: String,
    },
    /// The answer of the process could not be read.
    #[error("its answer cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The deadline passed and the process was killed.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Late(Duration),
    /// The deadline passed while a signal had stopped a process, and all were killed.
    #[error("no answer within {:.1} s: {}", .0.as_secs_f64(), .1)]
    Stopped(Duration, StoppedProcess),
    /// The process held more bytes than this and was killed.
    #[error("used more than {} MiB of memory", .0 >> 20)]
    TooLarge(u64),
}

impl ChildError {
    /// Makes the failure of a process that was killed at its deadline.
    pub(crate) fn late(limit: Duration, killed: Killed) -> Self {
        match killed.stopped {
            Some(stopped) => ChildError::Stopped(limit, stopped),
            None => ChildError::Late(limit),
        }
    }
}

impl From<ChildError> for Error {
    /// The one map from the way in which a child process failed to a code.
    fn from(error: ChildError) -> Self {
        let code = match &error {
            ChildError::Start(error) => Error::code_of_start(error),
            ChildError::Died { .. } | ChildError::Unreadable(_) => Code::PoolWorkerDied,
            ChildError::Late(_) | ChildError::Stopped(..) => Code::PoolHung,
            ChildError::TooLarge(_) => Code::HostMemory,
        };
        let message = error.to_string();
        Error { source: Some(Arc::new(error)), ..Error::new(code, message) }
    }
}

/// Longest patience: a year, which every clock can represent.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Time and memory that a child process may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Time within which the process must answer.
    pub patience: Duration,
    /// Resident bytes, with its descendants; `None` means any number.
    pub memory: Option<u64>,
}

/// Writes to the standard input of a child.
///
/// # Errors
/// When it cannot be written to, unless because it has died: that is found out by the missing answer.
pub(crate) fn tell(mut stdin: impl Write, bytes: &[u8]) -> io::Result<()> {
    match stdin.write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// The last line of what a process said, as an addition to a sentence.
fn last_line(stderr: &str) -> String {
    stderr
        .lines()
        .rev()
        .find(|l| !l.trim().is_empty())
        .map_or_else(String::new, |l| format!(": {}", l.trim()))
}

/// A child process that has been given its document and has not answered yet.
#[derive(Debug)]
pub struct Pending {
    child: ChildProcess,
    stderr: File,
}

impl Pending {
    /// Starts the process and writes the document to its standard input, as JSON.
    ///
    /// Its standard error goes to a file in `scratch`, to be shown only if it fails.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(
        command: &mut Command,
        document: &impl Serialize,
        scratch: &Path,
    ) -> Result<Self, ChildError> {
        let mut text = serde_json::to_vec(document).map_err(|e| ChildError::Start(e.into()))?;
        text.push(b'\n');
        let stderr = output_file(scratch).map_err(ChildError::Start)?;
        let shared = stderr.try_clone().map_err(ChildError::Start)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(shared);
        let mut child = ChildProcess::start(command).map_err(ChildError::Start)?;
        let stdin = child.streams().stdin.take();
        let pending = Pending { child, stderr };
        stdin.map_or(Ok(()), |stdin| tell(stdin, &text)).map_err(ChildError::Start)?;
        Ok(pending)
    }

    /// Returns the process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the answer; kills the process and its descendants when they take more than they may.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn answer<T: DeserializeOwned>(
        self,
        keeper: &DeadlineKeeper,
        allowance: Allowance,
    ) -> Result<T, ChildError> {
        self.answer_by(keeper, allowance, |text| serde_json::from_str(text).ok())
    }

    /// Does the same for a process that may write other things than its answer, which `parse` finds.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn answer_by<T>(
        mut self,
        keeper: &DeadlineKeeper,
        allowance: Allowance,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ChildError> {
        let Allowance { patience, memory } = allowance;
        let watch = keeper.watch(self.child.id(), Instant::now() + patience.min(LONGEST));
        let guard = memory.map(|limit| (limit, MemoryGuard::watch(self.child.id(), limit)));
        let mut bytes = Vec::new();
        let stdout = self.child.streams().stdout.as_mut();
        let read = stdout.map_or(Ok(0), |stdout| stdout.read_to_end(&mut bytes));
        let late = watch.killed();
        if let Some((limit, guard)) = guard
            && guard.end()
        {
            return Err(ChildError::TooLarge(limit));
        }
        // An answer that breaks off is none.
        match (parse(&String::from_utf8_lossy(&bytes)), late, read) {
            (Some(answer), ..) => Ok(answer),
            (None, Some(killed), _) => Err(ChildError::late(patience, killed)),
            (None, None, Err(error)) => Err(ChildError::Unreadable(error)),
            (None, None, Ok(_)) => {
                let status = self.child.wait().map_err(ChildError::Start)?;
                Err(ChildError::Died { status, stderr: self.said() })
            }
        }
    }

    fn said(&mut self) -> String {
        last_words(&mut self.stderr)
    }
}
