//! One process group for every process a run starts, with a watchdog as its leader.
//!
//! Whatever happens to this process, even a SIGKILL, the watchdog sees its standard input end and
//! kills the group. Commands that a workload runs belong to the group too, without the cost of a
//! supervisor for each of them.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::host::process;
use crate::host::reexec::{HiddenRole, Reexec};
use crate::host::scratch;

/// The group and the temporary directory of a run; both end with it.
#[derive(Debug)]
pub struct Group {
    watchdog: Child,
    scratch: TempDir,
    reexec: Reexec,
}

/// Handle that kills the group from anywhere, such as the thread of a signal handler.
#[derive(Debug, Clone, Copy)]
pub struct GroupKiller(Pid);

impl Group {
    /// Starts the watchdog and makes the temporary directory.
    ///
    /// # Errors
    /// When the process or the directory cannot be created.
    pub fn start(reexec: &Reexec) -> std::io::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("conc-").tempdir()?;
        process::adopt_orphans();
        let mut watchdog = lead_group(&mut reexec.command(HiddenRole::Watchdog))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(stdin) = watchdog.stdin.as_mut() {
            writeln!(stdin, "{}", scratch.path().display())?;
        }
        let reexec = reexec.clone().in_group(watchdog.id().cast_signed());
        Ok(Group { watchdog, scratch, reexec })
    }

    /// Returns the way to start a process of this group.
    pub fn reexec(&self) -> &Reexec {
        &self.reexec
    }

    /// Returns a directory that is removed at the end of the run.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns a handle that kills the group.
    pub fn killer(&self) -> GroupKiller {
        GroupKiller(Pid::from_raw(self.watchdog.id().cast_signed()))
    }
}

/// Makes the child the leader of a group of its own.
fn lead_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

impl GroupKiller {
    /// Kills every process of the group.
    pub fn kill(self) {
        // It fails only when the group is already empty.
        let _ = killpg(self.0, Signal::SIGKILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.killer().kill();
        let _ = self.watchdog.wait();
        // A process that left the group for a session of its own is a child of this process by now.
        process::kill_descendants();
        scratch::remove(self.scratch.path());
    }
}
