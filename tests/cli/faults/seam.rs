//! The library between `conc` and the system, and a run with it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::place::{Effect, Place};
use crate::sandbox::Sandbox;

/// Longest run: far longer than any takes on a busy machine; beyond it something hangs.
const PATIENCE: Duration = Duration::from_secs(100);

/// Time for which a process is stopped.
const SUSPENDED: Duration = Duration::from_millis(300);

/// The library, built for these tests.
pub(super) struct Seam {
    directory: TempDir,
}

/// A fault: what a process gets at its `count`th question at a place.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) hash: String,
    pub(super) count: u32,
    pub(super) effect: Effect,
}

/// The end of a run.
pub(super) struct Outcome {
    /// `None` if the run had to be killed.
    pub(super) status: Option<ExitStatus>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// The place at which a process got the fault; `None` if none came there.
    pub(super) fired: Option<Place>,
    /// The places of a run without a fault.
    pub(super) log: PathBuf,
    _directory: TempDir,
}

impl Seam {
    /// Builds the library; `None` without a compiler.
    pub(super) fn build() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/faults/seam.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(directory.path().join("seam.so")).arg(source);
        let built = compiler.arg("-ldl").output().ok()?;
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Some(Seam { directory })
    }

    /// Runs `conc` to its end, with a fault or without.
    pub(super) fn run(&self, sandbox: &Sandbox, arguments: &[&str], fault: Option<&Fault>) -> Outcome {
        let directory = tempfile::tempdir().unwrap();
        let (log, stdout, stderr) =
            (directory.path().join("log"), directory.path().join("out"), directory.path().join("err"));
        fs::create_dir(&log).unwrap();
        fs::write(log.join("clocks"), [0; 16]).unwrap();
        let mut command = sandbox.command(arguments);
        let program = fs::canonicalize(env!("CARGO_BIN_EXE_conc")).unwrap();
        command
            .env("LD_PRELOAD", self.directory.path().join("seam.so"))
            .env("CONC_FAULTS_EXE", program)
            .env("CONC_FAULTS_DIR", &log)
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .process_group(0);
        if let Some(Fault { hash, count, effect }) = fault {
            command.env("CONC_FAULT", format!("{hash}:{count}:{effect}"));
        }
        let status = wait(command, &log.join("stopped"));
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let fired = fs::read_to_string(log.join("fired")).ok();
        Outcome {
            status,
            stdout: read(&stdout),
            stderr: read(&stderr),
            fired: fired.and_then(|line| Place::parse(line.trim_end())),
            log,
            _directory: directory,
        }
    }
}

/// Waits for the end of a command, and lets the process go on that the fault has stopped.
fn wait(mut command: Command, stopped: &Path) -> Option<ExitStatus> {
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut is_stopped = false;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if Instant::now() > deadline {
            let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
            child.wait().unwrap();
            return None;
        }
        let pid = fs::read_to_string(stopped).ok().and_then(|pid| pid.parse().ok());
        if let Some(pid) = pid.filter(|_| !is_stopped) {
            is_stopped = true;
            std::thread::sleep(SUSPENDED);
            let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
