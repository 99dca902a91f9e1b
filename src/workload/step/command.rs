//! `command`: runs a program to its end.
//!
//! Both forms start it in the cheap way of [`Launch`]; the async form then awaits a descriptor that tells the
//! end. Output goes to a file per running command rather than a pipe: nothing has to be read while the command
//! runs, and a descendant that keeps it open does not keep the task waiting.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::deadline::DeadlineKeeper;
use crate::host::launch::{Launch, null};
use crate::host::process::kill_tree;
use crate::host::sessions;
use crate::host::spawned::{ended, output_file, reap, wait_for_end};
use crate::workload::env::Env;
use crate::workload::item::Item;
use crate::workload::spec::CommandSpec;
use crate::workload::step::{StepOutput, TaskContext};
use crate::workload::template::Template;

/// Maximum output kept of one command, in bytes; the digest covers no more than this.
const MAX_OUTPUT_BYTES: u64 = 16 << 20;

/// Maximum length of the part of standard error that a message shows, in characters.
const MAX_MESSAGE_CHARS: usize = 160;

/// Exit status of a shell whose command was killed by signal 0, from which those of signals count.
const SIGNALLED: i32 = 128;

/// A program to run.
#[derive(Debug)]
pub struct Command {
    argv: Vec<Template>,
    ignore_failure: bool,
    scratch: PathBuf,
    idle: Mutex<Vec<Capture>>,
    deadlines: OnceLock<DeadlineKeeper>,
}

/// The files that receive the output of one running command.
#[derive(Debug)]
struct Capture {
    stdout: File,
    stderr: File,
}

impl Command {
    /// Checks that there is a program; whether it exists is found out when it is run.
    pub fn prepare(spec: &CommandSpec, env: &Env) -> Result<Self, String> {
        if spec.argv.is_empty() {
            return Err("no program to run".to_owned());
        }
        Ok(Command {
            argv: spec.argv.iter().map(Template::new).collect(),
            ignore_failure: spec.ignore_failure,
            scratch: env.state_dir.clone(),
            idle: Mutex::default(),
            deadlines: OnceLock::new(),
        })
    }

    /// Runs the program and waits on the calling thread.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let capture = self.capture()?;
        let pid = self.start(task.item, &capture).map_err(|e| self.start_error(&e))?;
        let mut killed = false;
        if let Some(deadline) = task.deadline {
            let keeper = self.deadlines.get_or_init(DeadlineKeeper::new);
            let watch = keeper.watch(pid, deadline);
            // Waits without reaping, so that the number still belongs to the child when the watch ends.
            let waited = wait_for_end(pid);
            killed = watch.end();
            waited.map_err(|e| wait_error(&e))?;
        }
        let reaped = reap(pid).map_err(|e| wait_error(&e))?;
        if killed { Err(Error::timed_out()) } else { self.conclude(reaped.status, capture) }
    }

    /// Runs the program and awaits its end; dropping the future kills it and its descendants.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let capture = self.capture()?;
        let pid = self.start(task.item, &capture).map_err(|e| self.start_error(&e))?;
        let mut guard = KillOnDrop(Some(pid));
        ended(pid).await.map_err(|e| wait_error(&e))?;
        guard.0 = None;
        let reaped = reap(pid).map_err(|e| wait_error(&e))?;
        self.conclude(reaped.status, capture)
    }

    /// Starts the program; returns its ID.
    fn start(&self, item: Item<'_>, capture: &Capture) -> std::io::Result<u32> {
        let word = |template: &Template| OsString::from(template.render(item).into_owned());
        let words: Vec<OsString> = self.argv.iter().map(word).collect();
        let program = words.first().map(OsString::as_os_str).unwrap_or_default();
        let streams = [Some(null()?), Some(capture.stdout.as_fd()), Some(capture.stderr.as_fd())];
        Launch { program, words: &words, streams }.start()
    }

    /// Returns a pair of empty files, used again where a command has ended.
    fn capture(&self) -> Result<Capture, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let failed = |error| Error::cannot_start("cannot keep the output of a command", error);
        idle.map_or_else(|| Capture::new(&self.scratch).map_err(failed), Ok)
    }

    fn conclude(&self, status: ExitStatus, mut capture: Capture) -> Result<StepOutput, Error> {
        let is_ok = status.success() || self.ignore_failure;
        let Capture { stdout, stderr } = &mut capture;
        let (kept, other) = if is_ok { (stdout, stderr) } else { (stderr, stdout) };
        let text = clear(other).and_then(|()| take(kept));
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(capture);
        let text = text.map_err(|error| Error::new(Code::TaskCommand, error.to_string()))?;
        if is_ok {
            return Ok(output(Bytes::from(text), status));
        }
        let exit_status = status.code().or_else(|| status.signal().map(|signal| SIGNALLED + signal));
        Err(Error { exit_status, ..Error::new(Code::TaskCommand, failure(status, &text)) })
    }

    fn start_error(&self, error: &std::io::Error) -> Error {
        let program =
            self.argv.first().map(|t| t.render(Item::Text("{item}")).into_owned()).unwrap_or_default();
        Error::from_io(Code::WorkloadCommand, &format!("cannot run '{program}'"), error)
    }
}

impl Capture {
    fn new(scratch: &std::path::Path) -> std::io::Result<Self> {
        Ok(Capture { stdout: output_file(scratch)?, stderr: output_file(scratch)? })
    }
}

/// Kills a process and its descendants unless it is disarmed.
struct KillOnDrop(Option<u32>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            kill_tree(pid);
            // Nobody waits for it any more: it is reaped like an orphan.
            sessions::end(pid, || ());
        }
    }
}

/// Empties the file.
///
/// A command may have opened its output once more by a name such as `/dev/stdout`, so that the length tells
/// whether it wrote something, and not the position.
fn clear(file: &mut File) -> std::io::Result<()> {
    if file.metadata()?.len() == 0 { Ok(()) } else { file.set_len(0) }
}

/// Takes what was written to the file and empties it, at the same cost.
fn take(file: &mut File) -> std::io::Result<Vec<u8>> {
    if file.metadata()?.len() == 0 {
        return Ok(Vec::new());
    }
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes)?;
    clear(file)?;
    Ok(bytes)
}

/// Returns the output of a command that ended with `status`, which is part of the digest where a failure is ignored.
fn output(bytes: Bytes, status: ExitStatus) -> StepOutput {
    let seed = u64::from(status.into_raw().cast_unsigned());
    StepOutput { digest: xxhash_rust::xxh3::xxh3_64_with_seed(&bytes, seed), bytes }
}

/// Returns the exit status and the last line of standard error.
fn failure(status: ExitStatus, stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => {
            format!("{status}: {}", line.trim().chars().take(MAX_MESSAGE_CHARS).collect::<String>())
        }
        None => status.to_string(),
    }
}

fn wait_error(error: &std::io::Error) -> Error {
    Error::from_io(Code::TaskCommand, "cannot wait for the command", error)
}
