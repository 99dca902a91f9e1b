//! Commands of the user that run before and after every batch, outside of the measurement.

use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::process::Stdio;

use crate::benchmark::executor::{BatchRequest, Executor};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::child_process::ChildProcess;
use crate::host::spawned::output_file;
use crate::host::suspension;
use crate::strategy::run::RunReport;

/// Commands of the user, each a line for the shell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Run once, before everything else.
    pub setup: Option<String>,
    /// Run before every batch, the profile included.
    pub prepare: Option<String>,
    /// Run after every batch, whether or not it succeeded.
    pub cleanup: Option<String>,
}

/// The shell that runs the commands.
#[derive(Debug, Clone)]
pub struct Shell {
    reexec: Reexec,
    scratch: PathBuf,
}

impl Shell {
    /// Runs commands in the process group of `reexec`, so that they end with the run.
    pub fn new(reexec: Reexec, scratch: PathBuf) -> Self {
        Shell { reexec, scratch }
    }

    /// Runs the command of an option, if there is one, and waits for its end.
    ///
    /// # Errors
    /// When it cannot be started or its status is not 0.
    pub fn run(&self, option: &'static str, line: Option<&str>) -> Result<(), Error> {
        let Some(line) = line else { return Ok(()) };
        let doing = format!("{option} failed: '{line}'");
        match self.try_run(line) {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(Error::new(Code::HookFailed, format!("{doing}: {reason}"))),
            Err(error) => Err(Error::from_source(Code::HookFailed, doing, error)),
        }
    }

    /// Runs a command and returns the reason why it failed, if it did.
    fn try_run(&self, line: &str) -> io::Result<Option<String>> {
        // A file and not a pipe: processes that the command leaves running may keep a pipe open.
        let mut stderr = output_file(&self.scratch)?;
        let mut command = self.reexec.shell(line);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr.try_clone()?);
        let status = ChildProcess::status(&mut command)?;
        if status.success() {
            return Ok(None);
        }
        let mut said = Vec::new();
        stderr.rewind()?;
        stderr.read_to_end(&mut said)?;
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        Ok(Some(last.map_or_else(|| status.to_string(), |last| format!("{status}: {}", last.trim()))))
    }
}

/// Runs the commands around the batches of another executor.
#[derive(Debug)]
pub(crate) struct Hooked<E> {
    inner: E,
    shell: Shell,
    hooks: Hooks,
    failure: Option<Error>,
}

impl<E> Hooked<E> {
    /// Runs `prepare` before and `cleanup` after every batch of `inner`.
    pub(crate) fn new(inner: E, shell: Shell, hooks: Hooks) -> Self {
        Hooked { inner, shell, hooks, failure: None }
    }

    /// Returns the error of the first command that failed, if one did.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    fn hook(&mut self, option: &'static str, line: Option<String>) -> Result<(), Error> {
        self.shell.run(option, line.as_deref()).inspect_err(|error| {
            self.failure.get_or_insert_with(|| error.clone());
        })
    }
}

impl<E: Executor> Executor for Hooked<E> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        loop {
            let stops = suspension::count();
            self.hook("--prepare", self.hooks.prepare.clone())?;
            let result = self.inner.run(request);
            self.hook("--cleanup", self.hooks.cleanup.clone())?;
            // While the user had stopped everything, time went on for the batch.
            if suspension::count() == stops || self.inner.is_exhausted() {
                return result;
            }
        }
    }

    fn is_exhausted(&self) -> bool {
        self.failure.is_some() || self.inner.is_exhausted()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::benchmark::configuration::Configuration;
    use crate::benchmark::testing::report;
    use std::time::Duration;

    /// Adds a line to a file for every batch.
    struct Batches(PathBuf);

    impl Executor for Batches {
        fn run(&mut self, _: &BatchRequest) -> Result<RunReport, Error> {
            let log = std::fs::read_to_string(&self.0).unwrap_or_default();
            std::fs::write(&self.0, log + "batch\n").expect("written");
            Ok(report(1, 1, 0.01))
        }
    }

    fn order() -> BatchRequest {
        let limit = Duration::from_secs(60);
        BatchRequest {
            cell: Configuration::REFERENCE,
            tasks: 0..1,
            permutation_id: 0,
            stop_starting_after: limit,
            kill_after: limit,
        }
    }

    fn hooked(prepare: &str, cleanup: &str) -> (Hooked<Batches>, tempfile::TempDir) {
        let directory = tempfile::tempdir().expect("a directory");
        let log = directory.path().join("log");
        let line = |text: &str| Some(text.replace("LOG", &log.display().to_string()));
        let hooks = Hooks { setup: None, prepare: line(prepare), cleanup: line(cleanup) };
        let shell = Shell::new(Reexec::new("conc".into()), directory.path().to_owned());
        (Hooked::new(Batches(log), shell, hooks), directory)
    }

    fn log(directory: &tempfile::TempDir) -> String {
        std::fs::read_to_string(directory.path().join("log")).unwrap_or_default()
    }

    #[test]
    fn every_batch_has_one_before_and_one_after_it() {
        let (mut executor, directory) = hooked("echo before >> LOG", "echo after >> LOG");
        executor.run(&order()).expect("a batch");
        executor.run(&order()).expect("a batch");
        assert_eq!(log(&directory), "before\nbatch\nafter\n".repeat(2));
        assert!(!executor.is_exhausted());
    }

    #[test]
    fn a_batch_that_cannot_be_prepared_is_not_run_and_ends_it_all() {
        let (mut executor, directory) = hooked("echo no room >&2; exit 3", "");
        let error = executor.run(&order()).expect_err("a failure");
        assert_eq!(error.code, Code::HookFailed);
        assert_eq!(error.message, "--prepare failed: 'echo no room >&2; exit 3': exit status: 3: no room");
        assert!(executor.is_exhausted() && log(&directory).is_empty());
        assert_eq!(executor.failure(), Some(&error));
    }

    #[test]
    fn what_a_command_leaves_running_does_not_keep_it_waiting() {
        let (mut executor, _directory) = hooked("sleep 5 & true", "true");
        let begun = std::time::Instant::now();
        executor.run(&order()).expect("a batch");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}
