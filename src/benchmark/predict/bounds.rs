//! Bounds on the throughput of a workload other than the CPUs.

use crate::benchmark::configuration::Configuration;
use crate::profile::Profile;
use crate::profile::result::PythonProfile;
use crate::strategy::info::WidthMeaning;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Returns the bounds other than the CPUs, in tasks per second.
pub(super) fn bounds(
    cell: &Configuration,
    workload: &Workload,
    profile: &Profile,
) -> impl Iterator<Item = f64> {
    let bounds = [
        serial_bound(workload, profile),
        rule_bound(workload, profile),
        rate_bound(workload, profile),
        upstream_bound(workload),
        lock_bound(cell, profile),
    ];
    bounds.into_iter().flatten()
}

/// Returns the bound of callables that hold the interpreter's lock, or one of a library, from their start to
/// their end: each process runs one at a time.
fn lock_bound(cell: &Configuration, profile: &Profile) -> Option<f64> {
    let at_once = profile.python.as_ref()?.at_once_in_one_process()?;
    let task_s = profile.task.total_s();
    (task_s > 0.0).then(|| cell.worker_processes().max(1) as f64 * at_once / task_s)
}

/// Returns the bound of steps that let one task through at a time (Amdahl's law).
fn serial_bound(workload: &Workload, profile: &Profile) -> Option<f64> {
    let serial = workload.steps.iter().zip(&profile.steps).filter(|(step, _)| step.serialised_by().is_some());
    let serial_s: f64 = serial.map(|(_, cost)| cost.wall_s).sum();
    (serial_s > 0.0).then(|| 1.0 / serial_s)
}

/// Returns the bound of steps that let only so many tasks in at once.
fn rule_bound(workload: &Workload, profile: &Profile) -> Option<f64> {
    let limited = profile.steps.iter().enumerate().filter_map(|(i, cost)| {
        let at_once = workload.rule(i).at_once()?;
        (cost.wall_s > 0.0).then(|| at_once as f64 / cost.wall_s)
    });
    limited.reduce(f64::min)
}

/// Returns the bound of the rate limit if no attempt fails.
fn rate_bound(workload: &Workload, profile: &Profile) -> Option<f64> {
    workload.limits.rate_per_s.map(|rate| rate / rated_steps(workload, profile) as f64)
}

/// Returns the number of steps of a task whose attempts count towards the rate limit, at least 1.
pub(crate) fn rated_steps(workload: &Workload, profile: &Profile) -> usize {
    let computes = profile.python.as_ref().map(PythonProfile::cpu_steps).unwrap_or_default();
    workload.rated_unless(&computes).into_iter().filter(|rated| *rated).count().max(1)
}

/// Returns the number of requests that the embedded server serves at once, if the workload limits it.
pub(super) fn upstream_capacity(workload: &Workload) -> Option<usize> {
    let asks = workload.steps.iter().any(StepSpec::is_request);
    workload.fixture.as_ref().filter(|_| asks)?.capacity
}

/// Returns the bound of an event loop that coroutines block, or compute on: it runs one task at a time then.
pub(super) fn loop_bound(cell: &Configuration, profile: &Profile) -> Option<f64> {
    let blocked = profile.python.as_ref()?.blocked_loop.as_ref()?;
    let each = 1.0 / (blocked.per_task_s + profile.task.cpu_s).max(f64::MIN_POSITIVE);
    match cell.strategy.info().width {
        WidthMeaning::InFlight => Some(each),
        WidthMeaning::InFlightTimesProcesses => Some(each * cell.worker_processes() as f64),
        _ => None,
    }
}

/// Returns the number of tasks that a semaphore of the user's module lets through at once.
pub(super) fn own_permits(profile: &Profile) -> usize {
    let permits =
        profile.python.as_ref().and_then(PythonProfile::own_semaphore).and_then(|limit| limit.permits);
    permits.and_then(|permits| usize::try_from(permits).ok()).unwrap_or(usize::MAX).max(1)
}

/// Returns the bound of the embedded server, if the workload limits the requests it serves at once.
fn upstream_bound(workload: &Workload) -> Option<f64> {
    let server = workload.fixture.as_ref()?;
    let requests = workload.steps.iter().filter(|step| step.is_request()).count();
    let busy_s = server.latency.median.as_secs_f64() * requests as f64;
    (busy_s > 0.0).then_some(upstream_capacity(workload)? as f64 / busy_s)
}
