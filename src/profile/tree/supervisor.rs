//! The process that a foreign command is a child of: it runs the command, waits for everything the command
//! starts, and adds up exactly what all of it used.
//!
//! Its standard streams are the command's, so the order and the outcome are files.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::host::clock::monotonic_ns;
use crate::host::process::{
    adopt_orphans, descendants, die_with_parent, kill_descendants, wait_for_children,
};
use crate::host::usage::{CpuTime, peak_rss_of_children};

/// The file with the [`Order`], and that with the [`Outcome`].
pub const ORDER: &str = "order.json";
/// See [`ORDER`].
pub const OUTCOME: &str = "outcome.json";

/// How often what is being killed is killed again, as long as some of it is left.
const AGAIN: Duration = Duration::from_millis(20);

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The command is run again until this much time has gathered.
    pub least: Duration,
    /// How often it is run at most.
    pub most_runs: u64,
    /// It is ended after this time, all runs together.
    pub limit: Option<Duration>,
    /// What it leaves running is ended after this time.
    pub linger: Duration,
    /// Whether it is run again although it failed.
    pub ignore_failure: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Start and end of every run, by [`monotonic_ns`]; a run ends with the last of its processes.
    pub runs: Vec<[u64; 2]>,
    /// How the last run ended.
    pub ended: Ended,
    /// CPU time of everything that was run.
    pub cpu: CpuTime,
    /// The largest resident size of one process, in bytes.
    pub peak_rss_bytes: u64,
    /// What the last run left behind, if it left anything that had to be ended.
    pub left_behind: Option<LeftBehind>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// With an exit code.
    Exited(i32),
    /// By a signal.
    Signalled(i32),
    /// By the time limit.
    Stopped,
    /// It could not be started.
    NotStarted(String),
}

/// Processes that outlived the command.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LeftBehind {
    /// How many were ended.
    pub processes: u64,
    /// When the command itself had ended, by [`monotonic_ns`].
    pub command_ended_ns: u64,
    /// CPU time of all that had ended by then.
    pub cpu: CpuTime,
}

/// Runs what the order in `directory` says and writes the outcome beside it.
///
/// # Errors
/// When the order cannot be read or the outcome cannot be written.
pub fn serve(directory: &Path) -> io::Result<()> {
    die_with_parent();
    adopt_orphans();
    let order: Order = serde_json::from_slice(&fs::read(directory.join(ORDER))?)?;
    let outcome = run(&order);
    // In one step: half an outcome is none.
    let beside = directory.join("outcome.part");
    fs::write(&beside, serde_json::to_vec(&outcome)?)?;
    fs::rename(beside, directory.join(OUTCOME))
}

fn run(order: &Order) -> Outcome {
    let begun = Instant::now();
    // A limit beyond what a clock can tell is none.
    let deadline = order.limit.and_then(|limit| begun.checked_add(limit));
    let mut outcome = Outcome {
        runs: Vec::new(),
        ended: Ended::Stopped,
        cpu: CpuTime::default(),
        peak_rss_bytes: 0,
        left_behind: None,
    };
    while (outcome.runs.len() as u64) < order.most_runs {
        let start = monotonic_ns();
        let (ended, left_behind) = run_once(order, deadline);
        if !matches!(ended, Ended::NotStarted(_)) {
            outcome.runs.push([start, monotonic_ns()]);
        }
        outcome.ended = ended;
        outcome.left_behind = left_behind;
        let is_fine = match outcome.ended {
            Ended::Exited(code) => code == 0 || order.ignore_failure,
            Ended::Signalled(_) => order.ignore_failure,
            Ended::Stopped | Ended::NotStarted(_) => false,
        };
        let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if !is_fine || left_behind.is_some() || is_over || begun.elapsed() >= order.least {
            break;
        }
    }
    outcome.cpu = CpuTime::of_children();
    outcome.peak_rss_bytes = peak_rss_of_children();
    outcome
}

fn run_once(order: &Order, deadline: Option<Instant>) -> (Ended, Option<LeftBehind>) {
    let [program, arguments @ ..] = &order.argv[..] else {
        return (Ended::NotStarted("there is no program".to_owned()), None);
    };
    let child = match Command::new(program).args(arguments).spawn() {
        Ok(child) => Pid::from_raw(child.id().cast_signed()),
        Err(error) => return (Ended::NotStarted(error.to_string()), None),
    };
    let (status, killed) = with_deadline(deadline, || wait_for(child));
    let (command_ended_ns, cpu) = (monotonic_ns(), CpuTime::of_children());
    let ended = match status {
        _ if killed > 0 => Ended::Stopped,
        Some(WaitStatus::Exited(_, code)) => Ended::Exited(code),
        Some(WaitStatus::Signaled(_, signal, _)) => Ended::Signalled(signal as i32),
        // Only what is not there any more has no status, and this process alone waits for it.
        _ => Ended::Signalled(Signal::SIGKILL as i32),
    };
    if ended == Ended::Stopped {
        // What it had started is killed with it, and counts with it.
        with_deadline(deadline, wait_for_children);
        return (ended, None);
    }
    if !has_children() {
        return (ended, None);
    }
    let end = Instant::now() + order.linger;
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

/// Does what it is given, and kills all descendants if it is not done by the deadline; how many there
/// were then.
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
    let left = deadline.saturating_duration_since(Instant::now());
    if is_done.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
        return 0;
    }
    let killed = descendants(std::process::id()).len() as u64;
    loop {
        kill_descendants();
        if is_done.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
            return killed;
        }
    }
}
