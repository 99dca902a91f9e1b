//! Profiles a command: runs it below a supervisor and samples everything it starts.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::contention::CpuMeter;
use crate::host::how_ended::how_ended;
use crate::host::memory::PeakMemory;
use crate::host::reexec::{HiddenRole, Reexec};
use crate::host::suspension::awake_ns;
use crate::profile::accounting::supervisor::{
    REPORT_FILE, REQUEST_FILE, RunEnd, SupervisorReport, SupervisorRequest,
};
use crate::profile::accounting::totals::{Accounting, ticks_or_samples};
use crate::profile::conclude::conclude;
use crate::profile::result::{Exit, ExitStatus, Profile, SampleSource};
use crate::profile::sampling::run::{Observation, sample};
use crate::profile::sampling::target::Target;
use crate::profile::sampling::wait_counts::WaitCounts;

/// Total time for which a short command is run again and again: enough for a confident class.
pub(crate) const REPEAT_FOR: Duration = Duration::from_millis(1000);

/// Time that processes have to end once the command itself has ended.
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// Maximum wall seconds of a command that counts as a mere launcher of the processes it leaves running.
const LAUNCHER_S: f64 = 0.25;

/// The streams of a command.
#[derive(Debug)]
pub(crate) struct Streams {
    /// Its standard input.
    pub stdin: Stdio,
    /// Its standard output.
    pub stdout: Stdio,
    /// Its standard error.
    pub stderr: Stdio,
}

/// Runs and profiles a command that can use `cpus` CPUs, in a directory of its own.
///
/// If `is_interrupted` returns true after the processes were killed, the profile covers the time until then.
///
/// # Errors
/// When the command cannot be started, or its supervisor dies.
pub(crate) fn profile_command(
    reexec: &Reexec,
    directory: &Path,
    request: &SupervisorRequest,
    streams: Streams,
    source: SampleSource,
    cpus: f64,
    is_interrupted: impl Fn() -> bool,
) -> Result<Profile, Error> {
    let failed = |doing: &str, error: std::io::Error| Error::cannot_start(doing, error);
    let text =
        serde_json::to_vec(request).map_err(|error| failed("cannot describe the command", error.into()))?;
    fs::write(directory.join(REQUEST_FILE), text)
        .map_err(|error| failed("cannot write the request to the supervisor", error))?;
    let meter = CpuMeter::start();
    let (observation, peak_memory_bytes, status) = run(reexec, directory, streams, source)
        .map_err(|error| failed("cannot run the supervisor", error))?;
    let report = fs::read(directory.join(REPORT_FILE));
    let accounting = match report.and_then(|text| Ok(serde_json::from_slice(&text)?)) {
        Ok(SupervisorReport { end: RunEnd::NotStarted(reason), .. }) => {
            let program = request.argv.first().map_or("", String::as_str);
            return Err(Error::new(Code::WorkloadCommand, format!("cannot run '{program}': {reason}")));
        }
        Ok(report) => accounting_of(&report, &observation, request.may_be_launcher),
        Err(_) if is_interrupted() => accounting_of_interrupted(&observation),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = format!("the process that runs the command: {}", how_ended(status));
            return Err(Error::new(Code::PoolWorkerDied, message));
        }
        Err(error) => return Err(failed("cannot read the report of the supervisor", error)),
    };
    let machine = meter.contention(accounting.cpu.total_s() + observation.cost_s);
    let mut profile = conclude(&accounting, observation, machine, cpus, &WaitCounts::default());
    if let Some(tree) = &mut profile.tree {
        tree.peak_memory_bytes = Some(peak_memory_bytes).filter(|bytes| *bytes > 0);
    }
    Ok(profile)
}

/// Runs the supervisor and samples everything below it until it ends; returns the peak of its memory too.
fn run(
    reexec: &Reexec,
    directory: &Path,
    streams: Streams,
    source: SampleSource,
) -> std::io::Result<(Observation, u64, std::process::ExitStatus)> {
    let mut command = reexec.command(HiddenRole::Supervise);
    let streamed = command.arg(directory).stdin(streams.stdin).stdout(streams.stdout).stderr(streams.stderr);
    let mut child = streamed.spawn()?;
    let target = Target { root: child.id(), includes_root: false, runs_tasks: false };
    let (running, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let is_running = move |pause| ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
        let sampler = scope.spawn(move || sample(target, source, is_running));
        let memory = PeakMemory::watch(target.root);
        // Its report says how it ended.
        let waited = child.wait();
        drop(running);
        let peak_memory_bytes = memory.end();
        let observation = sampler.join().expect("the sampler does not panic");
        waited.map(|status| (observation, peak_memory_bytes, status))
    })
}

fn accounting_of(report: &SupervisorReport, observation: &Observation, may_be_launcher: bool) -> Accounting {
    let seconds = |ns: u64| (awake_ns(ns) as f64 - awake_ns(observation.begun_ns) as f64) * 1e-9;
    let mut runs: Vec<[f64; 2]> =
        report.runs.iter().map(|[from, to]| [seconds(*from), seconds(*to)]).collect();
    let (status, code, signal) = match report.end {
        RunEnd::Exited(code) => (ExitStatus::Exited, Some(code), None),
        RunEnd::Signalled(signal) => (ExitStatus::Signalled, None, Some(signal)),
        RunEnd::Stopped | RunEnd::NotStarted(_) => (ExitStatus::Stopped, None, None),
    };
    let mut cpu = report.cpu;
    // Processes that a command leaves running for ever are not its work, unless it did nothing else.
    if let (Some(left), Some(last)) = (report.left_behind, runs.last_mut()) {
        let command_ended_s = seconds(left.command_ended_ns);
        if !may_be_launcher || command_ended_s - last[0] >= LAUNCHER_S {
            last[1] = command_ended_s;
            cpu = left.cpu;
        }
    }
    let left_behind = report.left_behind.map_or(0, |left| left.processes);
    let exit = Some(Exit { status, code, signal, left_behind });
    Accounting { runs, cpu, runqueue_s: None, exit, is_exact: true, is_of_tasks: false }
}

/// Returns the totals of a run that was ended by an interrupt.
fn accounting_of_interrupted(observation: &Observation) -> Accounting {
    let exit = Exit { status: ExitStatus::Interrupted, code: None, signal: None, left_behind: 0 };
    Accounting {
        runs: vec![[0.0, observation.wall_s]],
        cpu: ticks_or_samples(observation.totals.ticked, observation.totals.seen_s),
        runqueue_s: None,
        exit: Some(exit),
        is_exact: false,
        is_of_tasks: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::usage::CpuTime;
    use crate::profile::accounting::supervisor::LeftBehind;
    use crate::profile::sampling::breakdown::Breakdown;
    use crate::profile::sampling::polling::counts::PlaceCounts;
    use crate::profile::sampling::run::SampledTotals;

    const SECOND_NS: u64 = 1_000_000_000;

    fn observation() -> Observation {
        Observation {
            begun_ns: SECOND_NS,
            wall_s: 4.0,
            intervals: Vec::new(),
            totals: SampledTotals { seen_s: 0.5, ..SampledTotals::default() },
            source: SampleSource::Proc,
            cost_s: 0.0,
            breakdown: Breakdown::default(),
            peer: None,
            quota: None,
            sockets: None,
            places: PlaceCounts::default(),
        }
    }

    /// A command that ended after a while and left a daemon with a CPU second of its own.
    fn left_behind(command_s: f64) -> SupervisorReport {
        SupervisorReport {
            runs: vec![[SECOND_NS, 5 * SECOND_NS]],
            end: RunEnd::Exited(0),
            cpu: CpuTime { user_s: 1.25, system_s: 0.0 },
            left_behind: Some(LeftBehind {
                processes: 1,
                command_ended_ns: SECOND_NS + (command_s * 1e9) as u64,
                cpu: CpuTime { user_s: 0.25, system_s: 0.0 },
            }),
        }
    }

    #[test]
    fn a_daemon_is_not_the_work_of_a_command_that_did_some_itself() {
        let accounting = accounting_of(&left_behind(2.0), &observation(), true);
        assert_eq!((accounting.wall_s(), accounting.cpu.user_s), (2.0, 0.25));
        assert_eq!(accounting.exit.map(|exit| (exit.left_behind, exit.is_success())), Some((1, true)));
    }

    #[test]
    fn what_a_launcher_leaves_running_is_its_work() {
        let accounting = accounting_of(&left_behind(0.1), &observation(), true);
        assert_eq!((accounting.wall_s(), accounting.cpu.user_s), (4.0, 1.25));
        let accounting = accounting_of(&left_behind(0.1), &observation(), false);
        assert!((accounting.wall_s() - 0.1).abs() < 1e-9, "runs that are compared count the command alone");
    }

    #[test]
    fn an_interrupted_run_has_what_was_sampled() {
        let accounting = accounting_of_interrupted(&observation());
        assert_eq!((accounting.wall_s(), accounting.cpu.total_s()), (4.0, 0.5));
        assert!(!accounting.is_exact);
    }
}
