//! The processes of a run: their group, their directory, and the switch that ends them.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Interrupt;
use crate::host::group::{Group, GroupKiller};
use crate::host::reexec::Reexec;
use crate::host::scratch;

/// Time between two kills of the group while an interrupted run winds up.
const KILL_PERIOD: Duration = Duration::from_millis(20);

/// A switch that ends a run from another thread, such as that of a signal handler.
#[derive(Debug, Clone, Default)]
pub(crate) struct KillSwitch {
    interrupt: Interrupt,
    target: Arc<Mutex<Target>>,
}

/// What a switch ends.
#[derive(Debug, Clone, Default)]
enum Target {
    /// Nothing: the run has not started.
    #[default]
    None,
    /// The processes and the directory of a run.
    Running(GroupKiller),
    /// The directory of a run that ends its processes itself, or has done so.
    Ending(Arc<Path>),
}

impl KillSwitch {
    /// Raises the interrupt, and kills the processes of the run until the run has ended.
    pub(crate) fn trigger(&self) {
        // In this order, because a thread that sees its child die must find the interrupt raised.
        self.interrupt.raise();
        // Repeatedly, because a process that is just being started would escape a single kill.
        while self.kill() {
            std::thread::sleep(KILL_PERIOD);
        }
    }

    /// Returns the interrupt that the switch raises.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Kills the group; returns false if there is none.
    fn kill(&self) -> bool {
        // Killed under the lock: the group cannot end, and free its number, meanwhile.
        match &*self.target() {
            Target::Running(group) => group.kill(),
            Target::None | Target::Ending(_) => return false,
        }
        true
    }

    /// Kills the processes of the run and removes its directory: this program ends without ending the run.
    pub(crate) fn abandon(&self) {
        match &*self.target() {
            Target::None => {}
            Target::Running(group) => group.abandon(),
            Target::Ending(directory) => scratch::remove(directory),
        }
    }

    /// Stops the processes of the run, if there is one, while `action` runs.
    pub(crate) fn stop_while(&self, action: impl FnOnce()) {
        let target = self.target().clone();
        match target {
            Target::Running(group) => group.stop_while(action),
            Target::None | Target::Ending(_) => action(),
        }
    }

    fn target(&self) -> MutexGuard<'_, Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The processes and the temporary directory of a run; both end with this value.
#[derive(Debug)]
pub struct RunGuard {
    group: Group,
    switch: KillSwitch,
}

impl RunGuard {
    /// Starts the process group.
    ///
    /// A program that handles signals makes the `switch` and its handler first: an interrupt must not
    /// find a directory that nobody would remove.
    ///
    /// # Errors
    /// When the temporary directory or the group cannot be created, or the switch was triggered.
    pub(crate) fn start(switch: KillSwitch) -> Result<Self, Error> {
        check_temporary_directory()?;
        let exe = std::env::current_exe().map_err(cannot_start)?;
        let group = Group::start(&Reexec::new(exe)).map_err(cannot_start)?;
        *switch.target() = Target::Running(group.killer());
        let guard = RunGuard { group, switch };
        guard.check()?;
        Ok(guard)
    }

    /// Returns the group of the processes.
    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    /// Returns the interrupt that ends the run.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.switch.interrupt
    }

    /// Checks that the user has not interrupted the run.
    ///
    /// # Errors
    /// [`Error::interrupted`] if the user has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.interrupt().is_raised() { Err(Error::interrupted()) } else { Ok(()) }
    }

    /// Returns the error, or [`Error::interrupted`] if an interrupt explains it.
    pub(crate) fn explain(&self, error: Error) -> Error {
        self.check().err().unwrap_or(error)
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        // The group is about to end, and its number with it.
        *self.switch.target() = Target::Ending(self.group.scratch().into());
    }
}

fn cannot_start(error: std::io::Error) -> Error {
    Error::cannot_start("cannot start processes", error)
}

fn check_temporary_directory() -> Result<(), Error> {
    let directory = std::env::temp_dir();
    let doing = format!("cannot use '{}' for temporary files (see TMPDIR)", directory.display());
    // With the dot, because what is no directory cannot be used either.
    access(&directory.join("."), AccessFlags::W_OK | AccessFlags::X_OK)
        .map_err(|error| Error::from_source(Code::HostTemporary, doing, std::io::Error::from(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_abandoned_while_it_ends_leaves_no_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        let switch = KillSwitch::default();
        *switch.target() = Target::Ending(directory.path().into());
        assert!(!switch.kill(), "its processes are its own to end");
        switch.abandon();
        assert!(!directory.path().exists());
    }
}
