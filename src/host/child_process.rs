//! A child process that is on the list of sessions as long as it has its ID.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

use crate::host::sessions;
use crate::host::spawned::{has_ended, wait_for_end};

/// A child process; killed and reaped when dropped.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    child: Child,
    ended: Option<ExitStatus>,
}

impl ChildProcess {
    /// Starts a command.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let child = sessions::start(|| command.spawn(), Child::id)?;
        Ok(ChildProcess { child, ended: None })
    }

    /// Starts a command, and waits for its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn status(command: &mut Command) -> io::Result<ExitStatus> {
        ChildProcess::start(command)?.wait()
    }

    /// Starts a command that has no input, and returns what it has written when it has ended.
    ///
    /// # Errors
    /// When it cannot be started, or its output cannot be read.
    pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = ChildProcess::start(command)?;
        let (stdout, stderr) = (child.child.stdout.take(), child.child.stderr.take());
        // Both at once: it may fill either pipe first.
        let (stdout, stderr) = thread::scope(|scope| {
            let said = thread::Builder::new().spawn_scoped(scope, || all_of(stderr))?;
            let stdout = all_of(stdout)?;
            let said = said.join().map_err(|_| io::Error::other("a thread has panicked"))?;
            Ok::<_, io::Error>((stdout, said?))
        })?;
        Ok(Output { status: child.wait()?, stdout, stderr })
    }

    /// Returns the process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the child, for its streams only.
    pub(crate) fn streams(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Returns true if it has not been reaped: its ID is its own.
    pub(crate) fn has_id(&self) -> bool {
        self.ended.is_none()
    }

    /// Kills the process, but nothing that it has started.
    pub(crate) fn kill(&mut self) {
        if self.has_id() {
            // The only failure is that it has ended.
            let _ = self.child.kill();
        }
    }

    /// Returns true if the process has ended, or nobody can tell; it keeps its ID.
    pub(crate) fn is_over(&self) -> bool {
        !self.has_id() || has_ended(self.id())
    }

    /// Waits for the end of the process, and reaps it.
    ///
    /// # Errors
    /// When nobody can tell how it ended.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        // Before the list is locked: others start and end meanwhile.
        let waited = wait_for_end(self.id());
        let status = waited.and_then(|()| sessions::end(self.id(), || self.child.wait()));
        // A process that cannot be waited for has been reaped by somebody else.
        self.ended = Some(*status.as_ref().unwrap_or(&ExitStatus::default()));
        status
    }
}

fn all_of(stream: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.map_or(Ok(0), |mut stream| stream.read_to_end(&mut bytes))?;
    Ok(bytes)
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill();
        let _ = self.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_both_streams_comes_whole_however_much_it_is() {
        let line = "head -c 200000 /dev/zero >&2; head -c 200000 /dev/zero; cat; exit 3";
        let output = ChildProcess::output(Command::new("sh").args(["-c", line])).expect("sh");
        assert_eq!((output.stdout.len(), output.stderr.len()), (200_000, 200_000));
        assert_eq!(output.status.code(), Some(3));
    }

    #[test]
    fn a_process_is_over_once_its_pipe_is_closed_and_it_has_ended() {
        let mut child = ChildProcess::start(Command::new("cat").stdin(Stdio::piped())).expect("cat");
        assert!(!child.is_over());
        drop(child.streams().stdin.take());
        wait_for_end(child.id()).expect("its end");
        assert!(child.is_over());
        assert!(child.wait().expect("reaped").success() && child.is_over());
    }
}
