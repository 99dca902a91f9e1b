//! The cost of a task under a configuration: its own demand and wait, and what the strategy adds or saves.

use crate::benchmark::conditions::Subject;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::overhead::{Overhead, StepOverhead};
use crate::benchmark::predict::bounds::bounds;
use crate::model::RateCurve;
use crate::model::repairman::asymptotic_bound;
use crate::profile::Profile;
use crate::strategy::StrategyKind;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Smallest CPU demand of a task as a share of the profiled one, whatever a calibration says.
const MIN_DEMAND_SHARE: f64 = 0.5;

/// The cost of a task under a configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// CPU seconds of the task and the strategy.
    pub(super) demand_s: f64,
    /// CPU seconds of the embedded server.
    pub(super) server_s: f64,
    /// Seconds of waiting.
    pub(super) delay_s: f64,
}

impl Cost {
    pub(super) fn of(
        cell: &Configuration,
        subject: &Subject<'_>,
        rates: &RateCurve,
        overhead: &Overhead,
        width: usize,
    ) -> Self {
        let Subject { workload, profile, conditions, .. } = *subject;
        let steps = step_overhead(overhead, workload);
        let own = profile.task.cpu_s;
        // The server's CPU time for a task is part of the task's wait until the CPUs are busy.
        let server_s = conditions.server_cpu_s.min(profile.task.wait_s);
        let delay_s = profile.task.wait_s - server_s + steps.delay_s;
        let share =
            if cell.strategy == StrategyKind::Sequential { 1.0 } else { conditions.overheads.server_share };
        let server_s = server_s * share;
        let idle_s = (own + overhead.dispatch_s + steps.cpu_s).max(MIN_DEMAND_SHARE * own);
        let full = asymptotic_bound(rates, idle_s + server_s, delay_s, width);
        let rate = bounds(cell, workload, profile).fold(full, f64::min);
        // Those CPUs that so many tasks can use: one task that only computes keeps its CPU busy.
        let most = rates.at(width).max(f64::MIN_POSITIVE);
        let busy = (rate * (idle_s + server_s) / most).clamp(0.0, 1.0).powi(2);
        let saved_s = match &profile.python {
            Some(python) => python.saved_when_busy_s(own, cell.worker_processes() == 0),
            None => saved_when_busy_s(workload, profile, conditions.computing_s).clamp(0.0, idle_s / 2.0),
        };
        Cost { demand_s: idle_s - saved_s * busy, server_s, delay_s }
    }
}

/// Returns the CPU seconds that a task saves on CPUs that never idle: a task that waits between its
/// computations, as in the profile, finds cold caches and a low clock.
fn saved_when_busy_s(workload: &Workload, profile: &Profile, warm_s: f64) -> f64 {
    let steps = workload.steps.iter().zip(&profile.steps);
    let cold_s: f64 = steps.filter(|(step, _)| step.is_computation()).map(|(_, c)| c.wall_s).sum();
    // The wall time of a step may have waited for a busy CPU, which is in no task's CPU time.
    cold_s - warm_s - profile.runqueue_s.min(profile.wall_s) / profile.tasks.max(1) as f64
}

/// Returns the cost of the steps of a task under a strategy on top of their blocking form.
fn step_overhead(overhead: &Overhead, workload: &Workload) -> StepOverhead {
    let of = |step: &StepSpec| {
        if step.is_timer() {
            overhead.sleep
        } else if step.is_request() {
            overhead.http
        } else {
            StepOverhead::default()
        }
    };
    workload.steps.iter().map(of).fold(StepOverhead::default(), |sum, step| StepOverhead {
        cpu_s: sum.cpu_s + step.cpu_s,
        delay_s: sum.delay_s + step.delay_s,
    })
}
