//! Profiles the tasks of a workload: runs them one after another in a child process that is sampled.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::child::{Allowance, ChildError, Pending};
use crate::host::contention::CpuMeter;
use crate::host::deadline::DeadlineKeeper;
use crate::host::reexec::HiddenRole;
use crate::profile::accounting::task_child::{TaskAccounting, TaskProfileReply, TaskProfileRequest};
use crate::profile::accounting::totals::Accounting;
use crate::profile::conclude::conclude;
use crate::profile::result::{Dispersion, Profile, SampleSource, SlowTask, StepCost, WaitKind};
use crate::profile::sampling::run::{Observation, sample};
use crate::profile::sampling::target::Target;
use crate::profile::sampling::wait_counts::WaitCounts;
use crate::workload::spec::StepSpec;
use crate::workload::task_outcomes::TaskOutcomes;
use crate::workload::{Env, Workload};

/// A profile and the outcomes of its tasks.
#[derive(Debug, Clone)]
pub struct Profiled {
    /// The profile.
    pub profile: Profile,
    /// Outcomes of the tasks, for failures and digests.
    pub tally: TaskOutcomes,
    /// Largest resident sizes of the process that ran the tasks and of a command, in bytes.
    pub peak_rss_bytes: u64,
    /// The same with each shared page counted once; `None` where it was not measured.
    pub peak_pss_bytes: Option<u64>,
}

/// The samples of a process that runs tasks, and the contention meanwhile.
#[derive(Debug)]
pub(crate) struct SampledTasks {
    observation: Observation,
    meter: CpuMeter,
}

impl SampledTasks {
    /// Drops the samples over time, for tasks with pauses that are not part of their cost: samples cannot
    /// distinguish such a pause from a wait of the task.
    #[must_use]
    pub(crate) fn without_intervals(mut self) -> Self {
        self.observation.intervals.clear();
        self
    }
}

/// The extent of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileLimits {
    /// Time after which no further task starts.
    pub time: Duration,
    /// True if the profile ends before that where more tasks would not change it.
    pub ends_early: bool,
    /// Time after `time` at which the profile is abandoned.
    pub patience: Duration,
    /// Maximum number of tasks; one is run in any case.
    pub most_tasks: u64,
}

/// Profiles `workload`.
///
/// # Errors
/// When the child process fails or every task of it does.
pub fn profile(
    reexec: &Reexec,
    workload: &Arc<Workload>,
    env: &Env,
    limits: &ProfileLimits,
) -> Result<Profiled, Error> {
    let ProfileLimits { time, ends_early, patience, most_tasks } = *limits;
    let (workload, env) = (Arc::clone(workload), env.clone());
    let request = TaskProfileRequest { workload, env, time_limit: time, ends_early, max_tasks: most_tasks };
    let (reply, sampled) = observe(reexec, &request, patience)?;
    let accounting = match reply {
        TaskProfileReply::Done(accounting) => *accounting,
        TaskProfileReply::Refused(message) => return Err(Error::new(Code::WorkloadValue, message)),
    };
    if accounting.tally.counts.ok == 0 {
        return Err(all_failed(&accounting.tally));
    }
    let profile = conclude_tasks(&request.workload, &accounting, sampled);
    Ok(Profiled {
        profile,
        tally: accounting.tally,
        peak_rss_bytes: accounting.peak_rss_bytes,
        peak_pss_bytes: None,
    })
}

fn observe(
    reexec: &Reexec,
    request: &TaskProfileRequest,
    patience: Duration,
) -> Result<(TaskProfileReply, SampledTasks), Error> {
    let failed = |error: ChildError| Error::from(error).context("the profile");
    // The last task may begin when the time is over, and gets all the patience.
    let patience = request.time_limit.saturating_add(patience);
    let allowance = Allowance { patience, memory: request.workload.limits.memory };
    let pending = Pending::start(&mut reexec.command(HiddenRole::Profile), request, &request.env.state_dir)
        .map_err(failed)?;
    let pid = pending.pid();
    let (running, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        let sampler = scope.spawn(move || sample_tasks(pid, &ended));
        let reply = pending.answer(&DeadlineKeeper::new(), allowance);
        drop(running);
        let sampled = sampler.join().expect("the sampler does not panic");
        Ok((reply.map_err(failed)?, sampled))
    })
}

/// Samples process `pid`, which runs tasks, and everything below it until `ended` is closed.
pub(crate) fn sample_tasks(pid: u32, ended: &Receiver<()>) -> SampledTasks {
    let meter = CpuMeter::start();
    let target = Target { root: pid, includes_root: true, runs_tasks: true };
    let is_running = |pause| ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
    SampledTasks { observation: sample(target, SampleSource::Proc, is_running), meter }
}

/// Returns the error of a workload whose tasks all failed.
pub(crate) fn all_failed(tally: &TaskOutcomes) -> Error {
    match tally.errors().into_iter().next() {
        Some(first) => Error::new(first.code, format!("every task fails: {}", first.message)),
        None => Error::new(Code::WorkloadUnreachable, "no task ended"),
    }
}

/// Makes the profile of one task from the totals of all tasks and the samples of the process that ran them.
pub(crate) fn conclude_tasks(
    workload: &Workload,
    accounting: &TaskAccounting,
    sampled: SampledTasks,
) -> Profile {
    let SampledTasks { observation, meter } = sampled;
    let tasks = accounting.tally.counts.started();
    // The process also used CPU time before its first task and after its last one.
    let own_s = (accounting.preparation_s + accounting.cpu.total_s()).max(observation.totals.seen_s);
    let machine = meter.contention(own_s + observation.cost_s);
    let cpus = std::thread::available_parallelism().map_or(1.0, |cpus| usize::from(cpus) as f64);
    let totals = totals(accounting, &observation);
    let profile = conclude(&totals, observation, machine, cpus, &implied_waits(workload, accounting));
    let runs_commands = workload.runs_commands();
    Profile {
        task: profile.task.divided_by(tasks),
        tasks,
        preparation_s: if runs_commands { 0.0 } else { accounting.preparation_s },
        steps: step_costs(workload, accounting, tasks),
        dispersion: dispersion(workload, accounting),
        tree: profile.tree.filter(|_| runs_commands),
        ..profile
    }
}

/// Returns the totals of all tasks as those of one run.
fn totals(accounting: &TaskAccounting, observation: &Observation) -> Accounting {
    let since_sampling = |ns: u64| (ns as f64 - observation.begun_ns as f64) * 1e-9;
    let begun_s = accounting.begun_ns.map_or(0.0, since_sampling);
    Accounting {
        runs: vec![[begun_s, begun_s + accounting.wall_s]],
        cpu: accounting.cpu,
        runqueue_s: accounting.runqueue_s,
        exit: None,
        is_exact: true,
        is_of_tasks: true,
    }
}

/// Returns the waits that the steps imply by their kind and duration, for waits too short to be sampled and
/// for containers that hide what the kernel does.
fn implied_waits(workload: &Workload, accounting: &TaskAccounting) -> WaitCounts {
    let mut implied = WaitCounts::default();
    for (step, seconds) in workload.steps.iter().zip(&accounting.steps_s) {
        if let Some(wait) = wait_of_step(step) {
            implied.add(wait, *seconds);
        }
    }
    implied
}

/// Returns the kind of wait that a step consists of, if it waits and nothing but its kind decides for what.
fn wait_of_step(step: &StepSpec) -> Option<WaitKind> {
    match step.kind() {
        "cpu" | "command" => None,
        "sleep" => Some(WaitKind::Sleep),
        "http" | "websocket" => Some(WaitKind::Network),
        "read" | "write" | "sqlite" => Some(WaitKind::Disk),
        "lock" => Some(WaitKind::Lock),
        _ => Some(WaitKind::Other),
    }
}

fn step_costs(workload: &Workload, accounting: &TaskAccounting, tasks: u64) -> Vec<StepCost> {
    let cost = |(i, (step, s)): (usize, (&StepSpec, &f64))| StepCost {
        kind: step.kind().to_owned(),
        wall_s: s / tasks as f64,
        variation: accounting.steps_square_s2.get(i).and_then(|squares| variation(*s, *squares, tasks)),
    };
    workload.steps.iter().zip(&accounting.steps_s).enumerate().map(cost).collect()
}

/// Returns the coefficient of variation of `tasks` times, from their sum and the sum of their squares.
fn variation(sum_s: f64, squares_s2: f64, tasks: u64) -> Option<f64> {
    let (mean_s, n) = (sum_s / tasks.max(1) as f64, tasks as f64);
    (tasks > 1 && mean_s > 0.0)
        .then(|| ((squares_s2 - n * mean_s * mean_s).max(0.0) / (n - 1.0)).sqrt() / mean_s)
}

fn dispersion(workload: &Workload, accounting: &TaskAccounting) -> Option<Dispersion> {
    let slow = |(index, took): (u64, Duration)| SlowTask {
        item: workload.items.get(index).to_string(),
        wall_s: took.as_secs_f64(),
    };
    accounting.tally.latencies.variation().map(|coefficient_of_variation| Dispersion {
        coefficient_of_variation,
        slowest: accounting.slowest.iter().map(slow).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variation_of_a_step_is_that_of_its_times() {
        let of = |times: &[f64]| {
            variation(times.iter().sum(), times.iter().map(|s| s * s).sum(), times.len() as u64)
        };
        assert_eq!(of(&[0.1]), None);
        assert!(of(&[0.1, 0.1, 0.1]).expect("three times") < 1e-6);
        let uneven = of(&[0.1, 0.3]).expect("two times");
        assert!((uneven - 0.5_f64.sqrt()).abs() < 1e-9, "{uneven}");
    }
}
