//! Starts this program again in a hidden role.

use std::path::PathBuf;
use std::process::Command;

use crate::host::inherited::{apart, give_back};

/// A role that this program plays when it starts itself; hidden from users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenRole {
    /// Runs one batch of a configuration.
    Batch,
    /// Serves tasks for a process pool.
    Worker,
    /// Runs tasks sequentially to be profiled.
    Profile,
    /// Runs a command and everything it starts.
    Supervise,
    /// The embedded server.
    Fixture,
    /// Kills the processes that its parent left behind.
    Watchdog,
}

impl HiddenRole {
    const ALL: [HiddenRole; 6] = [
        HiddenRole::Batch,
        HiddenRole::Worker,
        HiddenRole::Profile,
        HiddenRole::Supervise,
        HiddenRole::Fixture,
        HiddenRole::Watchdog,
    ];

    /// Returns the first argument that selects the role.
    pub fn argument(self) -> &'static str {
        match self {
            HiddenRole::Batch => "__batch",
            HiddenRole::Worker => "__worker",
            HiddenRole::Profile => "__profile",
            HiddenRole::Supervise => "__supervise",
            HiddenRole::Fixture => "__fixture",
            HiddenRole::Watchdog => "__watchdog",
        }
    }

    /// Returns the role that the first argument of this process selects, if any.
    pub fn of_arguments() -> Option<HiddenRole> {
        let first = std::env::args_os().nth(1)?;
        HiddenRole::ALL.into_iter().find(|role| first == role.argument())
    }
}

/// The way to start this program again.
#[derive(Debug, Clone)]
pub struct Reexec {
    exe: PathBuf,
    group: Option<i32>,
    /// The working directory of everything that is started; `None` is that of this process.
    directory: Option<PathBuf>,
}

impl Reexec {
    /// Starts `exe`, in the process group of the caller.
    pub fn new(exe: PathBuf) -> Self {
        Reexec { exe, group: None, directory: None }
    }

    /// Starts processes in the given process group instead.
    pub fn in_group(mut self, group: i32) -> Self {
        self.group = Some(group);
        self
    }

    /// Starts another build of this program, in the same process group and directory.
    pub fn of(&self, exe: PathBuf) -> Self {
        Reexec { exe, ..self.clone() }
    }

    /// Starts processes in `directory`, an absolute path; `None` leaves them where they are.
    pub fn in_directory(&self, directory: Option<PathBuf>) -> Self {
        Reexec { directory: directory.or_else(|| self.directory.clone()), ..self.clone() }
    }

    /// Returns the path of the program.
    pub fn exe(&self) -> &std::path::Path {
        &self.exe
    }

    /// Returns the command that starts the program in `role`.
    pub fn command(&self, role: HiddenRole) -> Command {
        let mut command = Command::new(&self.exe);
        command.arg(role.argument());
        self.grouped(command)
    }

    /// Returns the command that starts another program, in a session of its own: what runs code of the user
    /// shares neither group nor terminal with this program.
    ///
    /// It must be started by [`sessions`](crate::host::sessions), so that it ends with the run.
    pub fn foreign(&self, program: &std::path::Path) -> Command {
        let mut command = self.placed(Command::new(program));
        apart(&mut command);
        command
    }

    /// Returns a command that has the shell run `line`, in the same way.
    pub fn shell(&self, line: &str) -> Command {
        let mut command = self.foreign("sh".as_ref());
        command.args(["-c", line]);
        command
    }

    fn placed(&self, mut command: Command) -> Command {
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }

    fn grouped(&self, command: Command) -> Command {
        let mut command = self.placed(command);
        #[cfg(unix)]
        if let Some(group) = self.group {
            use std::os::unix::process::CommandExt;
            command.process_group(group);
        }
        give_back(&mut command);
        command
    }
}
