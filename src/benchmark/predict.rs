//! What the queueing model predicts for a cell before it is run.

use crate::benchmark::cell::Cell;
use crate::benchmark::conditions::{Conditions, Subject};
use crate::benchmark::interpreter;
use crate::benchmark::overhead::{Overhead, StepOverhead};
use crate::benchmark::throughput::BatchTimes;
use crate::model::RateCurve;
use crate::model::network::{Network, Stage};
use crate::model::repairman::asymptotic_bound;
use crate::profile::Profile;
use crate::profile::result::PythonProfile;
use crate::strategy::Kind;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// A task needs at least this share of the CPU time it was profiled with, whatever a calibration says.
const LEAST_DEMAND: f64 = 0.5;

/// How much task times vary where the profile does not tell.
const USUAL_VARIATION: f64 = 0.1;

/// Seconds of CPU time after which the kernel lets another thread have its CPU: about Linux's
/// `base_slice_ns` on a few CPUs (`sched_base_slice` times 1 + log2 of their number).
const SLICE_S: f64 = 3e-3;

/// CPython's switch interval, after which a thread gives the global lock to another one.
const GIL_SLICE_S: f64 = 5e-3;

/// The teams of threads in the network: those of the strategy, its event loop where the strategy computes
/// elsewhere, and the embedded server's.
const WORKERS: usize = 0;
const LOOP: usize = 1;
const SERVER: usize = 2;

/// A batch has a few tasks for each worker; see [`Sizing`](crate::benchmark::sizing::Sizing).
pub const BATCH_WAVES: u64 = 3;

/// What the model says of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Tasks per second over the whole workload, start-up and the ragged end included.
    pub per_s: f64,
    /// How many times as much that is as what would follow from a batch of [`BATCH_WAVES`] tasks for each
    /// worker, in which tasks are still in step; 1 where a batch is the whole workload.
    pub beyond_a_batch: f64,
}

/// What the model says of a cell.
pub fn predict(cell: &Cell, subject: &Subject<'_>) -> Prediction {
    let Subject { workload, profile, conditions, .. } = *subject;
    let tasks = workload.tasks() as f64;
    let width = cell.width.min(usize::try_from(workload.tasks()).unwrap_or(usize::MAX)).max(1);
    let (rates, overhead) = costs(cell.strategy, profile, conditions);
    let cost = Cost::of(cell, subject, &rates, &overhead, width);
    let teams = [workers(cell, subject), 1, (rates.cpus / 2.0).ceil() as usize];
    let network = Network {
        rates,
        slice_s: if profile.python.is_some() { GIL_SLICE_S } else { SLICE_S },
        teams: &teams,
        first: &connecting(workload, conditions),
        stages: &stages(cell, subject, &cost),
        variation: profile.dispersion.as_ref().map_or(USUAL_VARIATION, |d| d.coefficient_of_variation),
        // More than the upstream serves at once only wait.
        width: width.min(upstream_capacity(workload).unwrap_or(width)),
        tasks: workload.tasks(),
    };
    let full_s = bounds(workload, profile).map(|most| tasks / most + cost.delay_s).fold(0.0, f64::max);
    let startup_s = startup_s(cell, profile, &rates, &overhead);
    let makespan_s = network.makespan_s();
    Prediction {
        per_s: tasks / (startup_s + makespan_s.max(full_s)),
        beyond_a_batch: if full_s > makespan_s { 1.0 } else { beyond_a_batch(&network, makespan_s) },
    }
}

/// See [`Prediction::beyond_a_batch`].
fn beyond_a_batch(network: &Network<'_>, makespan_s: f64) -> f64 {
    let started = BATCH_WAVES * network.width as u64;
    if started >= network.tasks || makespan_s <= 0.0 {
        return 1.0;
    }
    let (mean_latency_s, wall_s) = network.batch(started);
    let batch = BatchTimes {
        ok: started,
        started,
        busy: network.width as u64,
        startup_s: 0.0,
        wall_s,
        mean_latency_s,
        cpu_bound: network.cpu_bound(),
    };
    network.tasks as f64 / makespan_s / batch.throughput(network.tasks)
}

/// What a task costs under a cell.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// CPU seconds of the strategy.
    demand_s: f64,
    /// CPU seconds of the embedded server.
    server_s: f64,
    /// Seconds of waiting.
    delay_s: f64,
}

impl Cost {
    fn of(cell: &Cell, subject: &Subject<'_>, rates: &RateCurve, overhead: &Overhead, width: usize) -> Self {
        let Subject { workload, profile, conditions, .. } = *subject;
        let steps = step_overhead(overhead, workload);
        let own = profile.task.cpu_s;
        // What the server computes for a task is part of its wait until the CPUs are busy.
        let server_s = conditions.server_cpu_s.min(profile.task.wait_s);
        let delay_s = profile.task.wait_s - server_s + steps.delay_s;
        let share = if cell.strategy == Kind::Sequential { 1.0 } else { conditions.overheads.server_share };
        let server_s = server_s * share;
        let idle_s = (own + overhead.dispatch_s + steps.cpu_s).max(LEAST_DEMAND * own);
        let full = asymptotic_bound(rates, idle_s + server_s, delay_s, width);
        let rate = bounds(workload, profile).fold(full, f64::min);
        let together = rates.together.max(f64::MIN_POSITIVE);
        let busy = (rate * (idle_s + server_s) / together).clamp(0.0, 1.0).powi(2);
        let saved_s = saved_when_busy_s(workload, profile).clamp(0.0, idle_s / 2.0);
        Cost { demand_s: idle_s - saved_s * busy, server_s, delay_s }
    }
}

/// The threads that compute for a cell.
fn workers(cell: &Cell, subject: &Subject<'_>) -> usize {
    let is_awaitable = subject.profile.python.as_ref().map(PythonProfile::is_awaitable);
    match (cell.strategy, is_awaitable) {
        (Kind::Hybrid, _) => cell.processes.unwrap_or(1),
        (Kind::Async, None) => subject.host.cpu_workers(),
        (Kind::Async | Kind::Uvloop, Some(true)) => 1,
        _ => cell.width,
    }
}

/// A task as it goes through the network, step after step: what is no step of computing waits, and then
/// costs its share of the CPU time that those steps do not account for.
fn stages(cell: &Cell, subject: &Subject<'_>, cost: &Cost) -> Vec<Stage> {
    let Subject { workload, profile, .. } = *subject;
    let is_native = profile.python.is_none();
    let handler = if cell.strategy == Kind::Hybrid && is_native { LOOP } else { WORKERS };
    let steps: Vec<_> = workload.steps.iter().zip(&profile.steps).collect();
    let sum = |computing: bool| {
        let those = steps.iter().filter(|(step, _)| matches!(step, StepSpec::Cpu(_)) == computing);
        those.map(|(_, cost)| cost.wall_s).sum::<f64>()
    };
    let (computing_s, waiting_s) = (sum(true), sum(false));
    let in_steps_s = if waiting_s > 0.0 { cost.demand_s.min(computing_s) } else { cost.demand_s };
    if computing_s + waiting_s <= 0.0 || (waiting_s <= 0.0 && cost.delay_s > 0.0) {
        return vec![Stage::Wait(cost.delay_s), Stage::Compute(WORKERS, cost.demand_s)];
    }
    let requests = steps.iter().filter(|(step, _)| matches!(step, StepSpec::Http(_))).count();
    let mut stages = Vec::new();
    for (step, step_cost) in steps {
        if let StepSpec::Cpu(_) = step {
            compute(&mut stages, WORKERS, in_steps_s * step_cost.wall_s / computing_s);
            continue;
        }
        if let StepSpec::Http(_) = step {
            compute(&mut stages, SERVER, cost.server_s / requests as f64);
        }
        let share = step_cost.wall_s / waiting_s;
        stages.push(wait(cell, step, cost, cost.delay_s * share));
        compute(&mut stages, handler, (cost.demand_s - in_steps_s) * share);
    }
    stages
}

/// Adds what a thread goes on to compute.
fn compute(stages: &mut Vec<Stage>, team: usize, s: f64) {
    match stages.last_mut() {
        Some(Stage::Compute(last, sum)) if *last == team => *sum += s,
        _ => stages.push(Stage::Compute(team, s)),
    }
}

/// A wait of `s` seconds, which the timer of an event loop ends where one does.
fn wait(cell: &Cell, step: &StepSpec, cost: &Cost, s: f64) -> Stage {
    let has_loop = matches!(cell.strategy, Kind::Async | Kind::Hybrid);
    match step {
        StepSpec::Http(_) if cost.server_s > 0.0 => Stage::Timer(s),
        StepSpec::Sleep(_) if has_loop => Stage::Timer(s),
        _ => Stage::Wait(s),
    }
}

/// What comes before the first task of a worker: it opens connections.
fn connecting(workload: &Workload, conditions: &Conditions) -> Vec<Stage> {
    let connection = conditions.overheads.connection;
    // A server elsewhere has CPUs of its own.
    let server_s = if conditions.server_cpu_s > 0.0 { connection.server_s } else { 0.0 };
    let keeps = |step: &StepSpec| matches!(step, StepSpec::Http(http) if http.pool);
    if !workload.steps.iter().any(keeps) {
        return Vec::new();
    }
    vec![Stage::Compute(WORKERS, connection.client_s), Stage::Compute(SERVER, server_s)]
}

/// Seconds to start a cell; every process prepares the workload for itself.
fn startup_s(cell: &Cell, profile: &Profile, rates: &RateCurve, overhead: &Overhead) -> f64 {
    let processes = match cell.strategy {
        Kind::Hybrid => cell.processes.unwrap_or(1),
        Kind::Processes => cell.width,
        _ => 0,
    };
    let workers = match cell.strategy {
        Kind::Hybrid if profile.python.is_none() => 1,
        Kind::Hybrid => processes,
        _ => cell.width,
    };
    let prepared_s = processes as f64 * profile.preparation_s / rates.at(processes).max(f64::MIN_POSITIVE);
    overhead.startup_s + overhead.startup_per_worker_s * (workers - 1) as f64 + prepared_s
}

/// What besides the CPUs bounds the tasks per second.
fn bounds(workload: &Workload, profile: &Profile) -> impl Iterator<Item = f64> {
    [serial_bound(workload, profile), rate_bound(workload, profile), upstream_bound(workload)]
        .into_iter()
        .flatten()
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
        StepSpec::Cpu(cpu) if profile.task.wait_s > 0.0 && cpu.is_exact() => {
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
        super::predict(cell, &Subject { workload, profile, host, conditions }).per_s
    }

    #[test]
    fn waiting_scales_with_the_width_and_computing_with_the_cpus() {
        let waiting =
            |n| predict(&Cell::new(Kind::Async, n), &sleeping(100_000), &profile(10e-6, 20e-3), &host(2));
        assert!((waiting(64) / waiting(8) - 8.0).abs() < 0.5, "{}", waiting(64) / waiting(8));
        let busy =
            |n| predict(&Cell::new(Kind::Threads, n), &computing(100_000), &profile(5e-3, 0.0), &host(2));
        assert!((busy(2) - 400.0).abs() < 20.0, "{}", busy(2));
        assert!(busy(64) < 401.0, "{}", busy(64));
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
