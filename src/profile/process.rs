//! Profiles a process that is already running, with all its descendants.

use std::time::{Duration, Instant};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::contention::CpuMeter;
use crate::host::procfs;
use crate::profile::accounting::totals::{Accounting, ticks_or_samples};
use crate::profile::conclude::conclude;
use crate::profile::result::{Profile, SampleSource};
use crate::profile::sampling::run::sample;
use crate::profile::sampling::sysinfo::SysinfoSampler;
use crate::profile::sampling::target::Target;
use crate::profile::sampling::wait_counts::WaitCounts;

/// Profiles process `pid`, which can use `cpus` CPUs, for `time`, until it ends, or until `is_interrupted`
/// returns true.
///
/// # Errors
/// When there is no such process, or it ends before it was sampled.
pub(crate) fn profile_process(
    pid: u32,
    time: Duration,
    source: SampleSource,
    cpus: f64,
    is_interrupted: impl Fn() -> bool,
) -> Result<Profile, Error> {
    let refused = |message: String| Error::new(Code::HostProcess, message);
    let target = Target { root: pid, includes_root: true, runs_tasks: false };
    if !exists(target) {
        return Err(refused(format!("there is no process {pid}")));
    }
    let meter = CpuMeter::start();
    let begun = Instant::now();
    let observation = sample(target, source, |pause| {
        let left = time.saturating_sub(begun.elapsed());
        // A process that is no child of this one cannot be waited for; the next sample finds it gone.
        std::thread::sleep(pause.min(left));
        !left.is_zero() && !is_interrupted()
    });
    if observation.wall_s <= 0.0 {
        return Err(refused(format!("process {pid} ended before it could be profiled")));
    }
    let cpu = ticks_or_samples(observation.totals.ticked, observation.totals.seen_s);
    let runs = vec![[0.0, observation.wall_s]];
    let accounting =
        Accounting { runs, cpu, runqueue_s: None, exit: None, is_exact: false, is_of_tasks: false };
    let machine = meter.contention(cpu.total_s() + observation.cost_s);
    Ok(conclude(&accounting, observation, machine, cpus, &WaitCounts::default()))
}

/// Returns true if the target process exists and has not ended.
fn exists(target: Target) -> bool {
    match procfs::process_stat(target.root) {
        Some(stat) => !stat.has_ended(),
        None => SysinfoSampler::new(target).is_some_and(|mut sampler| sampler.interval(0.0, 0.0).1),
    }
}
