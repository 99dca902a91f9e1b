//! A child process that is given one document and answers with one, within a deadline.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::bounded_read::last_words;
use crate::host::deadline::DeadlineKeeper;
use crate::host::memory::MemoryGuard;

/// Failure of an exchange with a child process.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The process could not be started.
    #[error("cannot start a process: {0}")]
    Start(#[source] io::Error),
    /// The process ended without an answer.
    #[error("{status}{}", last_line(.stderr))]
    Died {
        /// Its exit status.
        status: ExitStatus,
        /// Its standard error.
        stderr: String,
    },
    /// The deadline passed and the process was killed.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Late(Duration),
    /// The process held more bytes than this and was killed.
    #[error("used more than {} MiB of memory", .0 >> 20)]
    TooLarge(u64),
}

impl From<ChildError> for Error {
    /// The one map from the way in which a child process failed to a code.
    fn from(error: ChildError) -> Self {
        let code = match &error {
            ChildError::Start(_) => Code::HostSpawn,
            ChildError::Died { .. } => Code::PoolWorkerDied,
            ChildError::Late(_) => Code::PoolHung,
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
    child: Child,
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
        let stderr = tempfile::tempfile_in(scratch).map_err(ChildError::Start)?;
        let shared = stderr.try_clone().map_err(ChildError::Start)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(shared)
            .spawn()
            .map_err(ChildError::Start)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A child that died before it read is found out by the missing answer.
            let _ = stdin.write_all(&text);
        }
        Ok(Pending { child, stderr })
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
        mut self,
        keeper: &DeadlineKeeper,
        allowance: Allowance,
    ) -> Result<T, ChildError> {
        let Allowance { patience, memory } = allowance;
        let watch = keeper.watch(self.child.id(), Instant::now() + patience.min(LONGEST));
        let guard = memory.map(|limit| (limit, MemoryGuard::watch(self.child.id(), limit)));
        let mut text = String::new();
        if let Some(stdout) = self.child.stdout.as_mut() {
            // An answer that breaks off is not valid JSON, which is found out below.
            let _ = stdout.read_to_string(&mut text);
        }
        let late = watch.end();
        if let Some((limit, guard)) = guard
            && guard.end()
        {
            return Err(ChildError::TooLarge(limit));
        }
        match serde_json::from_str(&text) {
            Ok(answer) => Ok(answer),
            Err(_) if late => Err(ChildError::Late(patience)),
            Err(_) => {
                let status = self.child.wait().map_err(ChildError::Start)?;
                Err(ChildError::Died { status, stderr: self.said() })
            }
        }
    }

    fn said(&mut self) -> String {
        last_words(&mut self.stderr)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
