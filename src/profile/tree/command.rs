//! Profiles a command: runs it below a supervisor and samples everything it starts.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::reexec::{Reexec, Role};
use crate::host::usage::CpuTime;
use crate::profile::result::Profile;
use crate::profile::tree::conclude::{Measured, conclude};
use crate::profile::tree::machine::MachineWatch;
use crate::profile::tree::result::{Exit, ExitStatus, SampleSource};
use crate::profile::tree::sampler::{Observed, Target, sample};
use crate::profile::tree::supervisor::{Ended, ORDER, OUTCOME, Order, Outcome};

/// Where the streams of a command lead; its standard error is that of this process.
#[derive(Debug)]
pub struct Streams {
    /// Its standard input.
    pub stdin: Stdio,
    /// Its standard output.
    pub stdout: Stdio,
}

/// A profile of a command, and what else became of it.
#[derive(Debug, Clone)]
pub struct CommandProfiled {
    /// The profile; how the command ended is in it.
    pub profile: Profile,
    /// The largest resident size of one process, in bytes; 0 where the run was interrupted.
    pub peak_rss_bytes: u64,
}

/// Runs and profiles a command, with `cpus` CPUs to use and a directory of its own.
///
/// Should the processes be killed because the user interrupted the run, what was seen until then is the
/// profile. `is_interrupted` tells.
///
/// # Errors
/// When the command cannot be started, or its supervisor dies.
pub fn profile_command(
    reexec: &Reexec,
    directory: &Path,
    order: &Order,
    streams: Streams,
    source: SampleSource,
    cpus: f64,
    is_interrupted: impl Fn() -> bool,
) -> Result<CommandProfiled, Error> {
    let failed = |doing: &str, error: std::io::Error| Error::from_source(Code::HostSpawn, doing, error);
    let text = serde_json::to_vec(order).map_err(|e| failed("the order", e.into()))?;
    fs::write(directory.join(ORDER), text).map_err(|e| failed("the order", e))?;
    let machine = MachineWatch::start();
    let observed = run(reexec, directory, streams, source).map_err(|e| failed("the supervisor", e))?;
    let outcome: Option<Outcome> =
        fs::read(directory.join(OUTCOME)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let (measured, peak_rss_bytes) = match outcome {
        Some(Outcome { ended: Ended::NotStarted(why), .. }) => {
            let program = order.argv.first().map_or("", String::as_str);
            let message = format!("cannot run '{program}': {why}");
            return Err(Error::new(Code::WorkloadCommand, message));
        }
        Some(outcome) => (measured(&outcome, &observed), outcome.peak_rss_bytes),
        None if is_interrupted() => (interrupted(&observed), 0),
        None => {
            return Err(Error::new(Code::PoolWorkerDied, "the process that runs the command was killed"));
        }
    };
    let machine = machine.end(measured.cpu.total_s() + observed.cost_s);
    Ok(CommandProfiled { profile: conclude(&measured, observed, machine, cpus), peak_rss_bytes })
}

/// Samples below the supervisor until it ends.
fn run(
    reexec: &Reexec,
    directory: &Path,
    streams: Streams,
    source: SampleSource,
) -> std::io::Result<Observed> {
    let mut command = reexec.command(Role::Supervise);
    let mut child = command.arg(directory).stdin(streams.stdin).stdout(streams.stdout).spawn()?;
    let target = Target { root: child.id(), with_root: false };
    let (running, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let is_running = move |period| ended.recv_timeout(period) == Err(RecvTimeoutError::Timeout);
        let sampler = scope.spawn(move || sample(target, source, is_running));
        // It says how it went by the file it leaves.
        let waited = child.wait();
        drop(running);
        let observed = sampler.join().expect("the sampler does not panic");
        waited.map(|_| observed)
    })
}

fn measured(outcome: &Outcome, observed: &Observed) -> Measured {
    let seconds = |ns: u64| (ns as f64 - observed.begun_ns as f64) * 1e-9;
    let mut runs: Vec<[f64; 2]> =
        outcome.runs.iter().map(|[from, to]| [seconds(*from), seconds(*to)]).collect();
    let (status, code, signal) = match outcome.ended {
        Ended::Exited(code) => (ExitStatus::Exited, Some(code), None),
        Ended::Signalled(signal) => (ExitStatus::Signalled, None, Some(signal)),
        Ended::Stopped | Ended::NotStarted(_) => (ExitStatus::Stopped, None, None),
    };
    let mut cpu = outcome.cpu;
    // What a command leaves running and never ends is not its work, unless it did nothing else.
    if let (Some(left), Some(last)) = (outcome.left_behind, runs.last_mut()) {
        let command_ended_s = seconds(left.command_ended_ns);
        if command_ended_s - last[0] >= LAUNCHER_S {
            last[1] = command_ended_s;
            cpu = left.cpu;
        }
    }
    let left_behind = outcome.left_behind.map_or(0, |left| left.processes);
    Measured { runs, cpu, exit: Some(Exit { status, code, signal, left_behind }), is_exact: true }
}

/// A command that ends within this time and leaves something running only launched it, in seconds.
const LAUNCHER_S: f64 = 0.25;

/// What is known of a run that did not come to its end.
fn interrupted(observed: &Observed) -> Measured {
    let exit = Exit { status: ExitStatus::Interrupted, code: None, signal: None, left_behind: 0 };
    Measured {
        runs: vec![[0.0, observed.wall_s]],
        cpu: at_least(observed.ticked, observed.seen_s),
        exit: Some(exit),
        is_exact: false,
    }
}

/// CPU time in ticks, which loses what is shorter, made up by what was seen of the threads.
pub(super) fn at_least(ticked: CpuTime, seen_s: f64) -> CpuTime {
    let total = ticked.total_s();
    if total >= seen_s {
        return ticked;
    }
    let scale = if total > 0.0 { seen_s / total } else { 0.0 };
    let user_s = if total > 0.0 { ticked.user_s * scale } else { seen_s };
    CpuTime { user_s, system_s: ticked.system_s * scale }
}

/// Whether the command ended as it should.
pub fn is_success(exit: &Exit) -> bool {
    exit.status != ExitStatus::Signalled && exit.code.unwrap_or(0) == 0
}

/// Time that should gather before a short command is not run again: enough for a confident class.
pub const LEAST: Duration = Duration::from_millis(1000);

/// What a command leaves running is given this much time to end by itself.
pub const LINGER: Duration = Duration::from_secs(5);
