//! The supervisor process: runs a command, waits for everything the command starts, and adds up exactly
//! what all of it used.
//!
//! Its standard streams are those of the command, so its request and its report are files.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::host::clock::monotonic_ns;
use crate::host::launch::Launch;
use crate::host::process::{
    adopt_orphans, descendants, die_with_parent_unless_watched, kill_descendants, wait_for_children,
};
use crate::host::usage::CpuTime;

/// Name of the file with the [`SupervisorRequest`].
pub(crate) const REQUEST_FILE: &str = "request.json";

/// Name of the file with the [`SupervisorReport`].
pub(crate) const REPORT_FILE: &str = "report.json";

/// Time between two attempts to kill the processes of a command, as long as some are left.
const KILL_INTERVAL: Duration = Duration::from_millis(20);

/// A deadline is awaited in steps of this time. A step that takes far longer was a stop of this process, together
/// with the command (Ctrl-Z).
const DEADLINE_STEP: Duration = Duration::from_millis(200);

/// Time that a step uses up of what is left to a deadline, at most.
const MAX_STEP: Duration = Duration::from_secs(1);

/// A command to be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SupervisorRequest {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Total time until which the command is run again and again.
    pub repeat_for: Duration,
    /// Number of runs, at most.
    pub max_runs: u64,
    /// Time after which the command is killed, all runs together.
    pub time_limit: Option<Duration>,
    /// Time that processes have to end once the command itself has ended; then they are killed.
    pub linger: Duration,
    /// True if a failed command is run again.
    pub ignore_failure: bool,
    /// True if what a very short command leaves running counts as its work: it may be a mere launcher.
    pub may_be_launcher: bool,
}

/// Totals of a command that was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SupervisorReport {
    /// Begin and end of every run, by [`monotonic_ns`]; a run ends with the last of its processes.
    pub runs: Vec<[u64; 2]>,
    /// End of the last run.
    pub end: RunEnd,
    /// CPU time of all runs.
    pub cpu: CpuTime,
    /// Processes of the last run that outlived the command and had to be killed, if any.
    pub left_behind: Option<LeftBehind>,
}

/// End of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RunEnd {
    /// The command exited, with this code.
    Exited(i32),
    /// A signal with this number ended the command.
    Signalled(i32),
    /// The time limit ended the command.
    Stopped,
    /// The command could not be started, for this reason.
    NotStarted(String),
}

/// Processes that outlived the command.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct LeftBehind {
    /// Number of processes that were killed.
    pub processes: u64,
    /// Time at which the command itself had ended, by [`monotonic_ns`].
    pub command_ended_ns: u64,
    /// CPU time of all processes that had ended by then.
    pub cpu: CpuTime,
}

/// Serves the request in `directory` and writes the report next to it.
///
/// # Errors
/// When the request cannot be read or the report cannot be written.
pub(crate) fn serve(directory: &Path) -> io::Result<()> {
    die_with_parent_unless_watched();
    adopt_orphans();
    let request: SupervisorRequest = serde_json::from_slice(&fs::read(directory.join(REQUEST_FILE))?)?;
    let report = run(&request);
    // Renamed in one step, so that nobody reads half a report.
    let partial = directory.join("report.part");
    fs::write(&partial, serde_json::to_vec(&report)?)?;
    fs::rename(partial, directory.join(REPORT_FILE))
}

fn run(request: &SupervisorRequest) -> SupervisorReport {
    let begun = Instant::now();
    // A limit beyond the range of the clock counts as no limit.
    let deadline = request.time_limit.and_then(|limit| begun.checked_add(limit));
    let mut report = SupervisorReport {
        runs: Vec::new(),
        end: RunEnd::Stopped,
        cpu: CpuTime::default(),
        left_behind: None,
    };
    while (report.runs.len() as u64) < request.max_runs {
        let start = monotonic_ns();
        let (end, left_behind) = run_once(request, deadline);
        if !matches!(end, RunEnd::NotStarted(_)) {
            report.runs.push([start, monotonic_ns()]);
        }
        report.end = end;
        report.left_behind = left_behind;
        let is_fine = match report.end {
            RunEnd::Exited(code) => code == 0 || request.ignore_failure,
            RunEnd::Signalled(_) => request.ignore_failure,
            RunEnd::Stopped | RunEnd::NotStarted(_) => false,
        };
        let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if !is_fine || left_behind.is_some() || is_over || begun.elapsed() >= request.repeat_for {
            break;
        }
    }
    report.cpu = CpuTime::of_children();
    report
}

fn run_once(request: &SupervisorRequest, deadline: Option<Instant>) -> (RunEnd, Option<LeftBehind>) {
    let words: Vec<OsString> = request.argv.iter().map(OsString::from).collect();
    let Some(program) = words.first() else {
        return (RunEnd::NotStarted("there is no program".to_owned()), None);
    };
    // Everything that ends is reaped below, so that nothing needs to be listed.
    let child = match (Launch { program, words: &words, streams: [None; 3] }).spawn() {
        Ok(pid) => Pid::from_raw(pid.cast_signed()),
        Err(error) => return (RunEnd::NotStarted(error.to_string()), None),
    };
    let (status, killed) = with_deadline(deadline, || wait_for(child));
    let (command_ended_ns, cpu) = (monotonic_ns(), CpuTime::of_children());
    let ended = match status {
        _ if killed > 0 => RunEnd::Stopped,
        Some(WaitStatus::Exited(_, code)) => RunEnd::Exited(code),
        Some(WaitStatus::Signaled(_, signal, _)) => RunEnd::Signalled(signal as i32),
        // Only a process that is gone has no status, and no other process waits for it.
        _ => RunEnd::Signalled(Signal::SIGKILL as i32),
    };
    if ended == RunEnd::Stopped {
        // The descendants of the command are killed with it, and their CPU time counts as the command's.
        with_deadline(deadline, wait_for_children);
        return (ended, None);
    }
    if !has_children() {
        return (ended, None);
    }
    let end = Instant::now() + request.linger;
    let end = deadline.map_or(end, |deadline| deadline.min(end));
    let (_, processes) = with_deadline(Some(end), wait_for_children);
    let left_behind = LeftBehind { processes, command_ended_ns, cpu };
    (ended, (processes > 0).then_some(left_behind))
}

/// Waits for `child`, and for every orphan that ends meanwhile.
fn wait_for(child: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(None, None) {
            Ok(status) if status.pid() == Some(child) => return Some(status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

fn has_children() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// Runs `action`, and kills all descendants if it is not done by the deadline; returns its result and the
/// number of descendants that there were then.
fn with_deadline<T>(deadline: Option<Instant>, action: impl FnOnce() -> T) -> (T, u64) {
    let Some(deadline) = deadline else { return (action(), 0) };
    let (done, is_done) = channel::<()>();
    std::thread::scope(|scope| {
        let killer = scope.spawn(move || kill_at(deadline, &is_done));
        let result = action();
        drop(done);
        (result, killer.join().expect("the thread that kills does not panic"))
    })
}

fn kill_at(deadline: Instant, is_done: &Receiver<()>) -> u64 {
    let mut left = deadline.saturating_duration_since(Instant::now());
    while !left.is_zero() {
        let (step, begun) = (left.min(DEADLINE_STEP), Instant::now());
        if is_done.recv_timeout(step) != Err(RecvTimeoutError::Timeout) {
            return 0;
        }
        left = left.saturating_sub(begun.elapsed().min(MAX_STEP));
    }
    let killed = descendants(std::process::id()).len() as u64;
    loop {
        kill_descendants();
        if is_done.recv_timeout(KILL_INTERVAL) != Err(RecvTimeoutError::Timeout) {
            return killed;
        }
    }
}
