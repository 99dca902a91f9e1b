//! The prediction of the queueing model for a configuration before it is run.

pub(crate) mod bounds;
mod cost;
pub(crate) mod gain;
mod stages;

use crate::benchmark::conditions::Subject;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::execution_model;
use crate::benchmark::params::BATCH_WAVES;
use crate::benchmark::predict::bounds::{bounds, loop_bound, own_permits, upstream_capacity};
use crate::benchmark::predict::cost::Cost;
use crate::benchmark::predict::stages::{connecting, server_pools, stages};
use crate::benchmark::throughput::BatchTimes;
use crate::model::network::Network;

/// Coefficient of variation of task times if the profile does not show it.
const DEFAULT_VARIATION: f64 = 0.1;

/// Tasks in flight of a pipeline beyond which more of them only wait in queues.
const MAX_SIMULATED_IN_FLIGHT: usize = 4096;

/// The prediction for a configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prediction {
    /// Tasks per second over the whole workload, start-up and the ragged end included.
    pub per_s: f64,
    /// Seconds from the start of the strategy to its first task.
    pub startup_s: f64,
    /// Predicted throughput as a multiple of the one that a batch of [`BATCH_WAVES`] tasks per worker
    /// suggests, in which tasks are still in step; 1 if a batch is the whole workload.
    pub beyond_a_batch: f64,
}

/// Predicts a configuration.
pub(crate) fn predict(cell: &Configuration, subject: &Subject<'_>) -> Prediction {
    let Subject { workload, profile, conditions, .. } = *subject;
    let tasks = workload.tasks() as f64;
    let in_flight = cell.stages.map_or(cell.width, |stages| stages.in_flight().min(MAX_SIMULATED_IN_FLIGHT));
    let width = in_flight.min(usize::try_from(workload.tasks()).unwrap_or(usize::MAX)).max(1);
    let model = execution_model(subject);
    let (rates, overhead) = (model.rates(cell.strategy), model.overhead(cell));
    let cost = Cost::of(cell, subject, &rates, &overhead, width.min(cell.width));
    // Tasks beyond the number that the upstream or a semaphore of the module serves at once only wait; a pipeline
    // has other stages for them.
    let served = match cell.stages {
        Some(_) => width,
        None => width.min(upstream_capacity(workload).unwrap_or(width)).min(own_permits(profile)),
    };
    let network = Network {
        rates,
        slice_s: model.time_slice_s(),
        server_pools: &server_pools(model.as_ref(), cell, subject),
        warmup_stages: &connecting(workload, conditions),
        stages: &stages(model.as_ref(), cell, subject, &cost),
        variation: profile.dispersion.as_ref().map_or(DEFAULT_VARIATION, |d| d.coefficient_of_variation),
        width: served,
        tasks: workload.tasks(),
    };
    let full_s = bounds(cell, workload, profile)
        .chain(loop_bound(cell, profile))
        .map(|most| tasks / most + cost.delay_s)
        .chain(profile.longest_task_s())
        .fold(0.0, f64::max);
    let startup_s = model.startup_s(cell);
    let makespan_s = network.makespan_s();
    Prediction {
        per_s: tasks / (startup_s + makespan_s.max(full_s)),
        startup_s,
        beyond_a_batch: if full_s > makespan_s { 1.0 } else { beyond_a_batch(&network, makespan_s) },
    }
}

/// Returns [`Prediction::beyond_a_batch`].
fn beyond_a_batch(network: &Network<'_>, makespan_s: f64) -> f64 {
    let started = BATCH_WAVES * network.width as u64;
    if started >= network.tasks || makespan_s <= 0.0 {
        return 1.0;
    }
    let (full_pipe, wall_s) = network.batch(started);
    let batch = BatchTimes {
        ok: started,
        started,
        busy: network.width as u64,
        startup_s: 0.0,
        wall_s,
        full_pipe,
        cpu_bound: network.cpu_bound(),
    };
    network.tasks as f64 / makespan_s / batch.throughput(network.tasks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::conditions::Conditions;
    use crate::benchmark::testing::{computing, host, profile, sleeping};
    use crate::host::Host;
    use crate::profile::Profile;
    use crate::strategy::StrategyKind;
    use crate::workload::Workload;

    fn predict(cell: &Configuration, workload: &Workload, profile: &Profile, host: &Host) -> f64 {
        let conditions = &Conditions::usual(host);
        super::predict(cell, &Subject { workload, profile, host, conditions }).per_s
    }

    #[test]
    fn waiting_scales_with_the_width_and_computing_with_the_cpus() {
        let waiting = |n| {
            predict(
                &Configuration::new(StrategyKind::Async, n),
                &sleeping(100_000),
                &profile(10e-6, 20e-3),
                &host(2),
            )
        };
        assert!((waiting(64) / waiting(8) - 8.0).abs() < 0.5, "{}", waiting(64) / waiting(8));
        let busy = |n| {
            predict(
                &Configuration::new(StrategyKind::Threads, n),
                &computing(100_000),
                &profile(5e-3, 0.0),
                &host(2),
            )
        };
        assert!((busy(2) - 400.0).abs() < 20.0, "{}", busy(2));
        assert!(busy(64) < 401.0, "{}", busy(64));
    }

    #[test]
    fn nothing_is_faster_than_the_rate_limit() {
        let mut limited = sleeping(100_000);
        limited.limits.rate_per_s = Some(10.0);
        let at = |n| {
            predict(&Configuration::new(StrategyKind::Async, n), &limited, &profile(10e-6, 40e-3), &host(2))
        };
        assert!(at(8) <= 10.0 && at(512) <= at(8), "{} {}", at(8), at(512));
        assert!(at(1) > 9.9, "{}", at(1));
    }

    #[test]
    fn a_ragged_end_matters_when_tasks_are_few() {
        let few = predict(
            &Configuration::new(StrategyKind::Async, 64),
            &sleeping(200),
            &profile(10e-6, 20e-3),
            &host(2),
        );
        let many = predict(
            &Configuration::new(StrategyKind::Async, 64),
            &sleeping(200_000),
            &profile(10e-6, 20e-3),
            &host(2),
        );
        assert!(few < 0.95 * many, "{few} {many}");
    }
}
