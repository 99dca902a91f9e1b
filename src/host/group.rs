//! Everything that a run starts: helpers in one process group, led by a watchdog, and programs of the user in
//! sessions of their own.
//!
//! Whatever happens to this process, even a SIGKILL, the watchdog sees its standard input end and
//! kills everything that [`RunMarks`] lists. Commands that a workload runs are on the list too, without the
//! cost of a supervisor for each of them.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use crate::host::ending::{RunMarks, go_on};
use crate::host::how_ended::{how_ended, note_out_of_memory_kills};
use crate::host::orphans;
use crate::host::process;
use crate::host::reexec::{HiddenRole, Reexec};
use crate::host::scratch;
use crate::host::sessions;
use crate::host::watchdog;

/// The processes and the temporary directory of a run; both end with it.
#[derive(Debug)]
pub struct Group {
    watchdog: Child,
    scratch: TempDir,
    reexec: Reexec,
    marks: Arc<RunMarks>,
}

/// Handle that ends or stops the processes from anywhere, such as the thread of a signal handler.
#[derive(Debug, Clone)]
pub struct GroupKiller {
    marks: Arc<RunMarks>,
    scratch: Arc<Path>,
}

impl Group {
    /// Starts the watchdog and makes the temporary directory.
    ///
    /// # Errors
    /// When the process or the directory cannot be created.
    pub fn start(reexec: &Reexec) -> std::io::Result<Self> {
        note_out_of_memory_kills();
        // Looked at first: what is there already is none of this run's.
        let marks = RunMarks::here();
        let scratch = tempfile::Builder::new().prefix("conc-").tempdir()?;
        sessions::record(&scratch.path().join(watchdog::SESSIONS_FILE))?;
        process::adopt_orphans();
        orphans::note_known(&marks.known);
        orphans::keep_reaping();
        let mut watchdog = lead_group(&mut reexec.command(HiddenRole::Watchdog))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let marks = Arc::new(RunMarks { group: watchdog.id(), ..marks });
        tell(&mut watchdog, &order(scratch.path(), &marks)?)?;
        let reexec = reexec.clone().in_group(watchdog.id().cast_signed());
        Ok(Group { watchdog, scratch, reexec, marks })
    }

    /// Returns the way to start a process of this group.
    pub fn reexec(&self) -> &Reexec {
        &self.reexec
    }

    /// Returns a directory that is removed at the end of the run.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns a handle that kills everything.
    pub fn killer(&self) -> GroupKiller {
        GroupKiller { marks: Arc::clone(&self.marks), scratch: self.scratch.path().into() }
    }
}

/// Returns what the watchdog is told: two parts, each with a zero byte at its end, which no path has.
fn order(scratch: &Path, marks: &RunMarks) -> std::io::Result<Vec<u8>> {
    let mut order = scratch.as_os_str().as_bytes().to_vec();
    order.push(0);
    serde_json::to_writer(&mut order, marks)?;
    order.push(0);
    Ok(order)
}

/// Tells the watchdog what to guard.
fn tell(watchdog: &mut Child, order: &[u8]) -> std::io::Result<()> {
    let written = watchdog.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(order));
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            let how = how_ended(watchdog.wait()?);
            Err(std::io::Error::other(format!("the watchdog ended: {how}")))
        }
        written => written,
    }
}

/// Makes the child the leader of a group of its own.
fn lead_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

impl GroupKiller {
    /// Kills every process of the run but its watchdog.
    pub fn kill(&self) {
        self.marks.end_guarded();
    }

    /// Kills every process of the run, and removes its directory.
    pub(crate) fn abandon(&self) {
        self.marks.end();
        scratch::remove(&self.scratch);
    }

    /// Stops every process of the run while `action` runs.
    pub(crate) fn stop_while(&self, action: impl FnOnce()) {
        let stopped = self.marks.stop();
        action();
        go_on(stopped);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The watchdog last: this process may be killed, or a thread of it be refused what it needs, meanwhile.
        self.marks.end_guarded();
        scratch::remove(self.scratch.path());
        // What a process started just before it was stopped is an orphan by now.
        self.marks.end();
        let _ = self.watchdog.wait();
        sessions::forget_record();
        orphans::reap_orphans();
        scratch::remove(self.scratch.path());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_that_is_killed_before_it_listens_is_said() {
        let mut command = Command::new("sh");
        let mut watchdog = command.args(["-c", "kill -KILL $$"]).stdin(Stdio::piped()).spawn().expect("sh");
        // More than a pipe holds, so that it does not matter when it is killed.
        let error = tell(&mut watchdog, &vec![0; 4 << 20]).expect_err("nobody reads");
        assert!(error.to_string().starts_with("the watchdog ended: killed by SIGKILL"), "{error}");
    }
}
