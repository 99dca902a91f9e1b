//! What the queueing model predicts for a cell before it is run.

use crate::benchmark::cell::Cell;
use crate::benchmark::conditions::{Conditions, Subject};
use crate::benchmark::interpreter;
use crate::benchmark::overhead::{Overhead, StepOverhead};
use crate::model::RateCurve;
use crate::model::makespan::{Run, makespan_s};
use crate::model::repairman::blended_throughput;
use crate::profile::Profile;
use crate::profile::result::PythonProfile;
use crate::strategy::Kind;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// A task needs at least this share of the CPU time it was profiled with, whatever a calibration says.
const LEAST_DEMAND: f64 = 0.5;

/// How much task times vary where the profile does not tell.
const USUAL_VARIATION: f64 = 0.1;

/// Tasks per second over the whole workload, start-up and the ragged end included.
pub fn predict(cell: &Cell, subject: &Subject<'_>) -> f64 {
    let Subject { workload, profile, conditions, .. } = *subject;
    let tasks = workload.tasks() as f64;
    let width = cell.width.min(usize::try_from(workload.tasks()).unwrap_or(usize::MAX)).max(1);
    let (rates, overhead) = costs(cell.strategy, profile, conditions);
    let steps = step_overhead(&overhead, workload);
    let own = profile.task.cpu_s;
    // What the server computes for a task is part of its wait until the CPUs are busy.
    let server_s = conditions.server_cpu_s.min(profile.task.wait_s);
    let delay_s = profile.task.wait_s - server_s + steps.delay_s;
    let share = if cell.strategy == Kind::Sequential { 1.0 } else { conditions.overheads.server_share };
    let idle_s = (own + overhead.dispatch_s + steps.cpu_s).max(LEAST_DEMAND * own) + server_s * share;
    let together = rates.together.max(f64::MIN_POSITIVE);
    let bounds = [serial_bound(workload, profile), rate_bound(workload, profile), upstream_bound(workload)];
    let rate_of = |demand_s: f64| {
        let full = blended_throughput(&rates, demand_s, delay_s, width);
        bounds.into_iter().flatten().fold(full, f64::min)
    };
    let busy = (rate_of(idle_s) * idle_s / together).clamp(0.0, 1.0).powi(2);
    let demand_s = idle_s - saved_when_busy_s(workload, profile).clamp(0.0, idle_s / 2.0) * busy;
    let rate = rate_of(demand_s);
    let run = Run {
        tasks,
        // More than the upstream serves at once only wait.
        width: width.min(upstream_capacity(workload).unwrap_or(width)) as f64,
        rate,
        alone_s: demand_s + delay_s,
        delay_s,
        utilisation: rate * demand_s / together,
        variation: profile.dispersion.as_ref().map_or(USUAL_VARIATION, |d| d.coefficient_of_variation),
    };
    let workers = match cell.strategy {
        Kind::Hybrid if profile.python.is_some() => cell.processes.unwrap_or(1),
        Kind::Hybrid => 1,
        _ => cell.width,
    };
    let startup_s = overhead.startup_s + overhead.startup_per_worker_s * (workers - 1) as f64;
    tasks / (startup_s + makespan_s(&run))
}

/// How much work the CPUs do for a strategy, and what it costs.
fn costs(strategy: Kind, profile: &Profile, conditions: &Conditions) -> (RateCurve, Overhead) {
    match &profile.python {
        Some(python) => interpreter::model(strategy, python, &conditions.rates),
        None => (conditions.rates, conditions.overheads.of(strategy)),
    }
}

/// CPU seconds that a task needs less where the CPUs never idle: one that waits between its computations
/// finds caches cold and the clock low, as it was profiled; the work of a step was calibrated without.
fn saved_when_busy_s(workload: &Workload, profile: &Profile) -> f64 {
    let steps = workload.steps.iter().zip(&profile.steps);
    let saved = steps.filter_map(|(step, cost)| match step {
        StepSpec::Cpu(cpu) if profile.task.wait_s > 0.0 => {
            Some((cost.wall_s - cpu.work.as_secs_f64()).max(0.0))
        }
        _ => None,
    });
    // The wall time of a step may have waited for a busy CPU, which is in no task's CPU time.
    saved.sum::<f64>() - profile.runqueue_s.min(profile.wall_s) / profile.tasks.max(1) as f64
}

/// What the steps of a task cost under a strategy beyond their blocking form.
fn step_overhead(overhead: &Overhead, workload: &Workload) -> StepOverhead {
    let of = |step: &StepSpec| match step {
        StepSpec::Sleep(_) => overhead.sleep,
        StepSpec::Http(_) => overhead.http,
        _ => StepOverhead::default(),
    };
    workload.steps.iter().map(of).fold(StepOverhead::default(), |sum, step| StepOverhead {
        cpu_s: sum.cpu_s + step.cpu_s,
        delay_s: sum.delay_s + step.delay_s,
    })
}

/// What steps that let one task through at a time leave of the throughput (Amdahl's law).
fn serial_bound(workload: &Workload, profile: &Profile) -> Option<f64> {
    let serial = workload.steps.iter().zip(&profile.steps).filter(|(step, _)| step.serialised_by().is_some());
    let serial_s: f64 = serial.map(|(_, cost)| cost.wall_s).sum();
    (serial_s > 0.0).then(|| 1.0 / serial_s)
}

/// What the rate limit leaves of the throughput when no attempt fails.
fn rate_bound(workload: &Workload, profile: &Profile) -> Option<f64> {
    let computes = profile.python.as_ref().map(PythonProfile::cpu_steps).unwrap_or_default();
    let starts = workload.rated_unless(&computes).into_iter().filter(|rated| *rated).count();
    workload.limits.rate_per_s.map(|rate| rate / starts.max(1) as f64)
}

/// How many requests the embedded server serves at once, where the workload says so.
fn upstream_capacity(workload: &Workload) -> Option<usize> {
    let asks = workload.steps.iter().any(|step| matches!(step, StepSpec::Http(_)));
    workload.fixture.as_ref().filter(|_| asks)?.capacity
}

/// What the embedded server can answer, where the workload says how many requests it serves at once.
fn upstream_bound(workload: &Workload) -> Option<f64> {
    let server = workload.fixture.as_ref()?;
    let requests = workload.steps.iter().filter(|step| matches!(step, StepSpec::Http(_))).count();
    let busy_s = server.latency.median.as_secs_f64() * requests as f64;
    (busy_s > 0.0).then_some(upstream_capacity(workload)? as f64 / busy_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::{computing, host, profile, sleeping};
    use crate::host::Host;

    fn predict(cell: &Cell, workload: &Workload, profile: &Profile, host: &Host) -> f64 {
        let conditions = &Conditions::usual(host);
        super::predict(cell, &Subject { workload, profile, host, conditions })
    }

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
