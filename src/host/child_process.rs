//! A child process that is on the list of sessions as long as it has its ID.

use std::io;
use std::process::{Child, Command, ExitStatus};

use crate::host::sessions;
use crate::host::spawned::wait_for_end;

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

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill();
        let _ = self.wait();
    }
}
