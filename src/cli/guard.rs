//! What a command that starts processes holds while it runs: their group, and the user's interrupt.

use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::host::Interrupt;
use crate::host::group::{Group, GroupKiller};
use crate::host::reexec::Reexec;

use crate::cli::failure::Failure;

/// How often the group is killed while an interrupted run winds up.
const KILL_PERIOD: Duration = Duration::from_millis(20);

/// The processes of this run; all of them end with it.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The group they are started in.
    pub(crate) group: Group,
    /// Raised by Ctrl-C, and by what else asks a program to end.
    pub(crate) interrupt: Interrupt,
    target: Target,
}

/// The group an interrupt kills: none before it is started and after it has ended.
type Target = Arc<Mutex<Option<GroupKiller>>>;

impl Guard {
    /// Listens for the user and starts the group.
    pub(crate) fn start() -> Result<Self, Failure> {
        check_temporary_directory()?;
        let failed = |error: &dyn std::fmt::Display| Failure::Run(Code::HostSpawn, error.to_string());
        let exe = std::env::current_exe().map_err(|e| failed(&e))?;
        let (interrupt, target) = (Interrupt::default(), Target::default());
        // First of all: an interrupt must not find a directory that nobody would remove.
        listen(interrupt.clone(), Arc::clone(&target)).map_err(|e| failed(&e))?;
        let group = Group::start(&Reexec::new(exe)).map_err(|e| failed(&e))?;
        *lock(&target) = Some(group.killer());
        let guard = Guard { group, interrupt, target };
        guard.check()?;
        Ok(guard)
    }

    /// Fails if the user has interrupted the run.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.interrupt.is_raised() { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// What failed because the user interrupted it was interrupted, and did not fail.
    pub(crate) fn judge(&self, failure: Failure) -> Failure {
        self.check().err().unwrap_or(failure)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The group is about to end, and its number with it.
        *lock(&self.target) = None;
    }
}

/// Listens for the user where no process is started.
pub(crate) fn listen_alone(interrupt: Interrupt) -> Result<(), Failure> {
    listen(interrupt, Target::default()).map_err(|error| Failure::Run(Code::HostSpawn, error.to_string()))
}

fn listen(interrupt: Interrupt, target: Target) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || {
        // In this order: whoever sees its child die has to find out why.
        interrupt.raise();
        // Again and again: what is being started at this moment would escape a single kill.
        while kill(&target) {
            std::thread::sleep(KILL_PERIOD);
        }
    })
}

/// Kills the group; false if there is none.
fn kill(target: &Target) -> bool {
    // Killed under the lock: the group cannot end, and free its number, meanwhile.
    let target = lock(target);
    target.map(GroupKiller::kill).is_some()
}

fn lock(target: &Target) -> MutexGuard<'_, Option<GroupKiller>> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check_temporary_directory() -> Result<(), Failure> {
    let directory = std::env::temp_dir();
    let doing = format!("cannot use '{}' for temporary files (see TMPDIR)", directory.display());
    fs::metadata(directory).map(drop).map_err(Failure::io(doing))
}
