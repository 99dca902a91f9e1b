//! Profiles a workload: runs it sequentially in a child process, samples it from outside and judges.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::child::{Allowance, ChildError, Pending};
use crate::host::deadline::DeadlineKeeper;
use crate::host::reexec::Role;
use crate::profile::child::{ProfileReply, ProfileSpec, RawProfile};
use crate::profile::classify::{Evidence, judge};
use crate::profile::detail::detail;
use crate::profile::result::{Dispersion, Profile, SlowTask, StepCost, TaskCost, Waits};
use crate::profile::sampler::{Samples, sample_until};
use crate::profile::tree;
use crate::profile::tree::machine::MachineWatch;
use crate::profile::tree::result::SampleSource;
use crate::profile::tree::sampler::{Observed, Target};
use crate::profile::waits::{WaitCounts, wait_of_step};
use crate::workload::task_outcomes::TaskOutcomes;
use crate::workload::{Env, Workload};

/// Fewer samples of waiting than this say nothing about its kind.
const FEWEST_WAITS: f64 = 5.0;

/// A profile and what became of the tasks in it.
#[derive(Debug, Clone)]
pub struct Profiled {
    /// The profile.
    pub profile: Profile,
    /// The tasks, for failures and digests.
    pub tally: TaskOutcomes,
    /// Largest resident sizes of the process that ran them and of a command, in bytes.
    pub peak_rss_bytes: u64,
}

/// Profiles `workload` for about `time` or until `most_tasks` tasks were run, and for no longer than
/// `patience` beyond it; one task is run in any case.
///
/// # Errors
/// When the child process fails or every task of it does.
pub fn profile(
    reexec: &Reexec,
    workload: &Arc<Workload>,
    env: &Env,
    time: Duration,
    patience: Duration,
    most_tasks: u64,
) -> Result<Profiled, Error> {
    let (workload, env) = (Arc::clone(workload), env.clone());
    let spec = ProfileSpec { workload, env, time_limit: time, most_tasks };
    let (reply, seen) = observe(reexec, &spec, patience)?;
    let raw = match reply {
        ProfileReply::Done(raw) => *raw,
        ProfileReply::Refused(message) => return Err(Error::new(Code::WorkloadValue, message)),
    };
    if raw.tally.counts.ok == 0 {
        return Err(all_failed(&raw.tally));
    }
    let profile = match seen {
        Seen::Tasks(samples) => conclude(&spec.workload, &raw, &samples),
        Seen::Tree(observed, machine) => Profile {
            steps: steps(&spec.workload, &raw, raw.tally.counts.started()),
            dispersion: dispersion(&spec.workload, &raw),
            ..tree::task::conclude(&raw, *observed, &machine)
        },
    };
    Ok(Profiled { profile, tally: raw.tally, peak_rss_bytes: raw.peak_rss_bytes })
}

/// What was seen of the process that ran the tasks.
enum Seen {
    /// Of tasks that run in it.
    Tasks(Samples),
    /// Of tasks that are commands, and what the machine had counted before.
    Tree(Box<Observed>, MachineWatch),
}

/// Samples the process `pid`, and all that it starts if its tasks are commands.
fn look(pid: u32, runs_commands: bool, ended: &Receiver<()>) -> Seen {
    if !runs_commands {
        return Seen::Tasks(sample_until(pid, ended));
    }
    let machine = MachineWatch::start();
    let target = Target { root: pid, with_root: true };
    let is_running = |period| ended.recv_timeout(period) == Err(RecvTimeoutError::Timeout);
    Seen::Tree(Box::new(tree::sampler::sample(target, SampleSource::Proc, is_running)), machine)
}

fn observe(reexec: &Reexec, spec: &ProfileSpec, patience: Duration) -> Result<(ProfileReply, Seen), Error> {
    let failed = |error: ChildError| Error::from(error).context("the profile");
    // The last task may begin when the time is over, and is given all the patience there is.
    let patience = spec.time_limit.saturating_add(patience);
    let allowance = Allowance { patience, memory: spec.workload.limits.memory };
    let pending =
        Pending::start(&mut reexec.command(Role::Profile), spec, &spec.env.state_dir).map_err(failed)?;
    let pid = pending.pid();
    let runs_commands = spec.workload.runs_commands();
    let (running, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        let sampler = scope.spawn(move || look(pid, runs_commands, &ended));
        let reply = pending.answer(&DeadlineKeeper::new(), allowance);
        drop(running);
        let seen = sampler.join().expect("the sampler does not panic");
        Ok((reply.map_err(failed)?, seen))
    })
}

/// Nothing can be said about work that does not work.
pub(crate) fn all_failed(tally: &TaskOutcomes) -> Error {
    match tally.errors().into_iter().next() {
        Some(first) => Error::new(first.code, format!("every task fails: {}", first.message)),
        None => Error::new(Code::WorkloadUnreachable, "no task ended"),
    }
}

/// The profile that follows from exact totals and samples.
pub(crate) fn conclude(workload: &Workload, raw: &RawProfile, samples: &Samples) -> Profile {
    let tasks = raw.tally.counts.started();
    let waits = waits(workload, raw, samples);
    let runqueue_s = runqueue(raw, samples).min(raw.wall_s);
    let judgement = judge(&Evidence {
        user_s: raw.cpu.user_s,
        system_s: raw.cpu.system_s,
        wall_s: raw.wall_s,
        runqueue_s,
        waits,
        samples: samples.count,
    });
    let cpu_s = raw.cpu.total_s() / tasks as f64;
    let wait_s = (raw.wall_s - runqueue_s - raw.cpu.total_s()).max(0.0) / tasks as f64;
    Profile {
        class: judgement.class,
        confidence: judgement.confidence,
        confidence_reason: judgement.reason,
        cpu_fraction: judgement.cpu_fraction,
        cpu_user_s: raw.cpu.user_s,
        cpu_system_s: raw.cpu.system_s,
        wall_s: raw.wall_s,
        runqueue_s,
        waits,
        detail: detail(judgement.cpu_fraction, &waits),
        task: TaskCost { cpu_s, wait_s },
        preparation_s: raw.preparation_s,
        samples: samples.count,
        tasks,
        steps: steps(workload, raw, tasks),
        python: None,
        dispersion: dispersion(workload, raw),
        tree: None,
    }
}

/// Run-queue wait of the whole tree: exact for the thread that runs the tasks, and for commands what
/// was seen of them, scaled up by the CPU time that was not seen.
fn runqueue(raw: &RawProfile, samples: &Samples) -> f64 {
    let own = raw.runqueue_s.unwrap_or(0.0);
    let (seen, cpu) = (samples.descendants_run_s, raw.children_cpu.total_s());
    let scale = if seen > 0.0 { (cpu / seen).clamp(1.0, 10.0) } else { 0.0 };
    own + samples.descendants_runqueue_s * scale
}

/// Sampled kinds of wait, or those that the steps imply where samples are too few or tell nothing,
/// as in containers that hide what the kernel does.
fn waits(workload: &Workload, raw: &RawProfile, samples: &Samples) -> Waits {
    if samples.waits.known() >= FEWEST_WAITS {
        return samples.waits.shares();
    }
    let mut implied = WaitCounts::default();
    for (step, seconds) in workload.steps.iter().zip(&raw.steps_s) {
        if step.kind() != "cpu" {
            implied.add(wait_of_step(step.kind()), *seconds);
        }
    }
    implied.shares()
}

fn steps(workload: &Workload, raw: &RawProfile, tasks: u64) -> Vec<StepCost> {
    let costs = workload.steps.iter().zip(&raw.steps_s);
    costs.map(|(step, s)| StepCost { kind: step.kind().to_owned(), wall_s: s / tasks as f64 }).collect()
}

fn dispersion(workload: &Workload, raw: &RawProfile) -> Option<Dispersion> {
    let slow = |(index, took): (u64, Duration)| SlowTask {
        item: workload.items.get(index).to_string(),
        wall_s: took.as_secs_f64(),
    };
    raw.tally.latencies.variation().map(|coefficient_of_variation| Dispersion {
        coefficient_of_variation,
        slowest: raw.slowest.iter().map(slow).collect(),
    })
}
