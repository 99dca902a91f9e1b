//! A sandbox for runs of `conc` that sees every process and file they leave behind.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use tempfile::TempDir;

use crate::signals::set_default_signals;

/// Limit of every wait, far longer than any run here takes on a busy machine; beyond it something hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// Time between two checks of a condition.
const PERIOD: Duration = Duration::from_millis(5);

/// The variable that every process of a run inherits.
const TAG: &str = "CONC_TEST_TAG";

/// A working directory and a directory for temporary files.
pub(crate) struct Sandbox {
    directory: TempDir,
    tag: String,
    /// The scripted machine of the runs, if they do not use the real one.
    script: Option<PathBuf>,
}

/// A process of a run.
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// The name of the program, without its directory, and its arguments.
    pub(crate) command: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("work")).unwrap();
        fs::create_dir(directory.path().join("tmp")).unwrap();
        let tag = format!("{}.{}.", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Sandbox { directory, tag, script: None }
    }

    /// Creates a sandbox with one file in it.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let sandbox = Self::new();
        fs::write(sandbox.path(name), text).unwrap();
        sandbox
    }

    /// Lets the runs be on a scripted machine (see `src/study/simulation/scenario.rs`): nothing is measured
    /// and nothing takes time.
    #[must_use]
    pub(crate) fn simulating(mut self, script: &str) -> Self {
        let path = self.directory.path().join("simulation.toml");
        fs::write(&path, script).unwrap();
        self.script = Some(path);
        self
    }

    /// A path in the working directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("work").join(name)
    }

    /// Writes the settings of the user.
    pub(crate) fn configure(&self, text: &str) {
        let directory = self.directory.path().join("config/conc");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("conc.toml"), text).unwrap();
    }

    /// A command that starts `conc` here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
        if let Some(script) = &self.script {
            command.arg("--simulate").arg(script);
        }
        command
            .args(arguments)
            .current_dir(self.path(""))
            .stdin(Stdio::null())
            .env(TAG, &self.tag)
            .env("TMPDIR", self.directory.path().join("tmp"))
            .env("XDG_CONFIG_HOME", self.directory.path().join("config"))
            // The overheads of strategies on this machine are calibrated once for all tests.
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        let of_ci = ["CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"];
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"].into_iter().chain(of_ci) {
            command.env_remove(variable);
        }
        set_default_signals(&mut command);
        command
    }

    /// Runs `conc` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Assert {
        self.check(assert_cmd::Command::from_std(self.command(arguments)))
    }

    /// Runs `conc` with something on its standard input.
    pub(crate) fn run_with(&self, stdin: &str, arguments: &[&str]) -> Assert {
        let mut command = assert_cmd::Command::from_std(self.command(arguments));
        command.write_stdin(stdin);
        self.check(command)
    }

    /// Checks the conditions that hold however a command ends.
    pub(crate) fn check(&self, mut command: assert_cmd::Command) -> Assert {
        let assert = command.timeout(PATIENCE).assert();
        self.assert_nothing_is_left();
        let steers = || predicate::str::contains("\u{1b}").not();
        assert.stdout(steers()).stderr(steers()).stderr(predicate::str::contains("panicked").not())
    }

    /// The processes of the runs in this sandbox.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let wanted = format!("{TAG}={}\0", self.tag);
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        // A process that ends meanwhile, or belongs to another user, cannot be read.
        let of_run = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(wanted.len()).any(|part| part == wanted.as_bytes())
        };
        pids.filter(of_run).map(Process::of).collect()
    }

    /// Waits until no process of the runs and no temporary file is left.
    pub(crate) fn assert_nothing_is_left(&self) {
        let is_clean = wait_until(|| self.left().is_none());
        assert!(is_clean, "left behind: {}", self.left().unwrap_or_default());
    }

    /// Returns the temporary files and processes of the runs that are left now.
    pub(crate) fn left(&self) -> Option<String> {
        let entries = fs::read_dir(self.directory.path().join("tmp")).unwrap();
        let files: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        let commands: Vec<_> = self.processes().into_iter().map(|p| p.command).collect();
        let is_clean = files.is_empty() && commands.is_empty();
        (!is_clean).then(|| format!("{files:?} {commands:?}"))
    }
}

impl Process {
    fn of(pid: u32) -> Self {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = line.trim_end_matches('\0').replace('\0', " ");
        let program = command.split(' ').next().unwrap_or_default();
        let directory = program.rfind('/').map_or(0, |slash| slash + 1);
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        Process { pid, parent: parent.unwrap_or(0), command: command[directory..].to_owned() }
    }
}

/// Waits for a condition; returns false if it does not come true.
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(PERIOD);
    }
    true
}
