//! What the queueing model predicts for a cell before it is run.

use crate::benchmark::cell::Cell;
use crate::benchmark::interpreter;
use crate::host::Host;
use crate::model::repairman;
use crate::profile::Profile;
use crate::strategy::Kind;
use crate::workload::Workload;

/// CPU seconds that dispatching one task costs, as measured on one machine for tasks too long to be
/// worth chunking; of the right size elsewhere.
fn dispatch_s(strategy: Kind) -> f64 {
    match strategy {
        Kind::Sequential => 0.0,
        Kind::WorkStealing => 0.3e-6,
        Kind::Threads => 1e-6,
        Kind::Async => 2e-6,
        Kind::Processes => 4e-6,
        Kind::Hybrid | Kind::Pipeline => 30e-6,
    }
}

/// Tasks per second over the whole workload, the ragged end included; start-up only where it takes long,
/// as for interpreters.
pub fn predict(cell: &Cell, workload: &Workload, profile: &Profile, host: &Host) -> f64 {
    let tasks = workload.tasks() as f64;
    let width = cell.width.min(usize::try_from(workload.tasks()).unwrap_or(usize::MAX)).max(1);
    let (servers, dispatch) = match &profile.python {
        Some(python) => interpreter::model(cell.strategy, python, host.cpus_effective),
        None if cell.strategy == Kind::Sequential => (1.0, 0.0),
        None => (host.cpus_effective, dispatch_s(cell.strategy)),
    };
    let demand = profile.task.cpu_s + dispatch;
    let full = repairman::throughput(servers, demand, profile.task.wait_s, width);
    let bounds = [serial_bound(workload, profile), rate_bound(workload)];
    let rate = bounds.into_iter().flatten().fold(full, f64::min);
    // Tasks do not end together: on average half of the last ones in flight are idle.
    let residence = width as f64 / rate;
    let ragged_end = residence * (1.0 - 1.0 / width as f64) / 2.0;
    let startup = profile.python.as_ref().map(|p| interpreter::startup_s(cell, p, host.cpus_effective));
    tasks / (startup.unwrap_or(0.0) + tasks / rate + ragged_end)
}

/// What steps that let one task through at a time leave of the throughput (Amdahl's law).
fn serial_bound(workload: &Workload, profile: &Profile) -> Option<f64> {
    let serial = workload.steps.iter().zip(&profile.steps).filter(|(step, _)| step.serialised_by().is_some());
    let serial_s: f64 = serial.map(|(_, cost)| cost.wall_s).sum();
    (serial_s > 0.0).then(|| 1.0 / serial_s)
}

/// What the rate limit leaves of the throughput when no attempt fails.
fn rate_bound(workload: &Workload) -> Option<f64> {
    let starts = workload.rated_steps().into_iter().filter(|rated| *rated).count();
    workload.limits.rate_per_s.map(|rate| rate / starts.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::{computing, host, profile, sleeping};

    #[test]
    fn waiting_scales_with_the_width_and_computing_with_the_cpus() {
        let waiting =
            |n| predict(&Cell::new(Kind::Async, n), &sleeping(100_000), &profile(10e-6, 20e-3), &host(2));
        assert!((waiting(64) / waiting(8) - 8.0).abs() < 0.5, "{}", waiting(64) / waiting(8));
        let busy =
            |n| predict(&Cell::new(Kind::Threads, n), &computing(100_000), &profile(5e-3, 0.0), &host(2));
        assert!((busy(2) - 400.0).abs() < 20.0, "{}", busy(2));
        assert!(busy(64) < 401.0);
    }

    #[test]
    fn nothing_is_faster_than_the_rate_limit() {
        let mut limited = sleeping(100_000);
        limited.limits.rate_per_s = Some(10.0);
        let at = |n| predict(&Cell::new(Kind::Async, n), &limited, &profile(10e-6, 40e-3), &host(2));
        assert!(at(8) <= 10.0 && at(512) <= at(8), "{} {}", at(8), at(512));
        assert!(at(1) > 9.9, "{}", at(1));
    }

    #[test]
    fn a_ragged_end_matters_when_tasks_are_few() {
        let few = predict(&Cell::new(Kind::Async, 64), &sleeping(200), &profile(10e-6, 20e-3), &host(2));
        let many = predict(&Cell::new(Kind::Async, 64), &sleeping(200_000), &profile(10e-6, 20e-3), &host(2));
        assert!(few < 0.95 * many, "{few} {many}");
    }
}
