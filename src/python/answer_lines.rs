//! The messages of an interpreter, one line of JSON each, and its end.
//!
//! A message has a bound, because it is read into memory. An interpreter that lives and cannot be understood, or written
//! to, is ended: its answers would be awaited for ever.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{ChildStdout, ExitStatus};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use serde::de::DeserializeOwned;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::child_process::ChildProcess;
use crate::host::deadline::DeadlineKeeper;
use crate::host::process::kill_tree;
use crate::host::spawned::wait_for_end;
use crate::python::harness;

/// Maximum length of a message, in bytes: it is read into memory.
pub(super) const MAX_MESSAGE_BYTES: u64 = 256 << 20;

/// A message that is none.
#[derive(Debug)]
pub(super) enum NoMessage {
    /// The line breaks off, or there is none: the process that wrote it has died.
    Ended,
    /// The line is whole and none of the protocol, or the system cannot read it: the process lives.
    Unreadable(Error),
}

/// The reason why an interpreter was killed by whichever side of its pipes met it first.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken(Arc<OnceLock<Error>>);

impl Broken {
    /// Keeps the first reason, and kills the interpreter and what it has started.
    pub(super) fn kill(&self, pid: u32, why: Error) {
        self.0.get_or_init(|| why);
        end(pid);
    }

    /// Returns the reason.
    fn why(&self) -> Option<&Error> {
        self.0.get()
    }
}

/// Kills an interpreter and what it has started, unless it was reaped: its ID may be that of another process by now.
pub(super) fn end(pid: u32) {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if waitid(Id::Pid(Pid::from_raw(pid.cast_signed())), flags).is_ok() {
        kill_tree(pid);
    }
}

/// Returns the error of a pipe to an interpreter that does not work although the process lives.
pub(super) fn of_pipe(doing: &str, error: &io::Error) -> Error {
    Error::new(Code::PoolWorkerDied, format!("cannot {doing} the interpreter: {error}"))
}

/// Reads the next message.
///
/// # Errors
/// When there is none.
pub(super) fn read_message<T: DeserializeOwned>(lines: &mut impl BufRead) -> Result<T, NoMessage> {
    let mut line = Vec::new();
    let read = lines.take(MAX_MESSAGE_BYTES).read_until(b'\n', &mut line);
    read.map_err(|error| NoMessage::Unreadable(of_pipe("read from", &error)))?;
    // A line that breaks off is not valid JSON.
    serde_json::from_slice(&line).map_err(|error| match is_whole(&line) {
        true => NoMessage::Unreadable(unreadable(&error)),
        false => NoMessage::Ended,
    })
}

/// Returns true for a message that did not break off because the process that wrote it died.
fn is_whole(line: &[u8]) -> bool {
    line.ends_with(b"\n") || line.len() as u64 >= MAX_MESSAGE_BYTES
}

/// Returns the error of a message that is none of the protocol, from a process that lives.
fn unreadable(error: &serde_json::Error) -> Error {
    let message = format!(
        "the interpreter sent a message that cannot be read ({error}); does the callable write to a file descriptor that \
         it did not open?"
    );
    Error::new(Code::PoolWorkerDied, message)
}

/// The messages of an interpreter, to be read on one thread.
#[derive(Debug)]
pub(super) struct AnswerLines {
    child: ChildProcess,
    lines: BufReader<ChildStdout>,
    broken: Broken,
}

impl AnswerLines {
    /// Reads what a process writes; `broken` is shared with the side that writes to it.
    pub(super) fn new(child: ChildProcess, stdout: ChildStdout, broken: Broken) -> Self {
        AnswerLines { child, lines: BufReader::new(stdout), broken }
    }

    /// Returns the process ID.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Skips what was written before the harness took over, or everything of an interpreter that has ended.
    pub(super) fn skip_to_greeting(&mut self) {
        harness::skip_to_greeting(&mut self.lines);
    }

    /// Waits for the next message; `None` if the interpreter has ended, or was killed because its message could not
    /// be read.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Option<T> {
        match read_message(&mut self.lines) {
            Ok(message) => Some(message),
            Err(NoMessage::Unreadable(error)) => {
                self.broken.kill(self.pid(), error);
                None
            }
            Err(NoMessage::Ended) => None,
        }
    }

    /// Returns the reason why the interpreter was killed, if its message could not be read.
    pub(super) fn broken(&self) -> Option<&Error> {
        self.broken.why()
    }

    /// Waits for the end of the process, which is killed after `grace`: its pipe has ended, and no answer will come.
    /// Returns the end in words, such as "was ended by signal 11".
    pub(super) fn ended(&mut self, grace: Duration) -> String {
        let keeper = DeadlineKeeper::new();
        let watch = keeper.watch(self.pid(), Instant::now() + grace);
        // Waits without reaping, so that the process ID still belongs to the child when the watch ends.
        let _ = wait_for_end(self.pid());
        let is_killed = watch.end();
        let end = self.child.wait();
        match self.broken.why() {
            None if is_killed => "closed its pipe and was killed".to_owned(),
            Some(broken) => format!("was killed: {broken}"),
            None => end.map_or_else(|error| format!("is gone: {error}"), in_words),
        }
    }
}

fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Far longer than the end of a process takes.
    const LONG: Duration = Duration::from_secs(300);

    fn start(script: &str) -> AnswerLines {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = ChildProcess::start(&mut shell).expect("sh");
        let stdout = child.streams().stdout.take().expect("a pipe");
        AnswerLines::new(child, stdout, Broken::default())
    }

    fn read(text: &str) -> Result<u64, NoMessage> {
        read_message(&mut text.as_bytes())
    }

    #[test]
    fn a_line_that_breaks_off_is_told_from_one_of_another_protocol() {
        assert!(matches!(read("7\n8\n"), Ok(7)));
        assert!(matches!(read(""), Err(NoMessage::Ended)));
        assert!(matches!(read("{\"event\""), Err(NoMessage::Ended)));
        let Err(NoMessage::Unreadable(error)) = read("hello\n") else { panic!("it is whole") };
        assert!(error.message.contains("cannot be read"), "{error}");
    }

    #[test]
    fn an_interpreter_that_says_something_else_is_killed_and_nobody_waits_for_it() {
        let mut answers = start("echo 7; echo hello; exec sleep 1000");
        assert_eq!(answers.next::<u64>(), Some(7));
        assert_eq!(answers.next::<u64>(), None);
        let told = answers.ended(LONG);
        assert!(told.starts_with("was killed: ") && told.contains("cannot be read"), "{told}");
    }

    #[test]
    fn an_interpreter_that_lives_on_without_its_pipe_is_killed() {
        let mut answers = start("echo 7; exec sleep 1000 >&-");
        assert_eq!(answers.next::<u64>(), Some(7));
        assert_eq!(answers.next::<u64>(), None);
        assert_eq!(answers.ended(Duration::from_millis(20)), "closed its pipe and was killed");
        let mut answers = start("exit 3");
        assert_eq!((answers.next::<u64>(), answers.ended(LONG).as_str()), (None, "ended with exit status 3"));
    }
}
