//! The search for the limit that keeps the chosen configuration from being faster.
//!
//! The search goes from the outside in: limits of the workload, exhausted resources of the machine,
//! resources behind the tasks, and last, configurations that were not measured.

use crate::advice::context::AdviceContext;
use crate::advice::decision_tree::{HANDOVER_PAYS_FROM_S, SERIAL_RULES_FROM};
use crate::advice::eligible::failure_share;
use crate::advice::facts::TaskRuntime;
use crate::advice::limiting_factor::{LimitingFactor, SharedResource};
use crate::advice::python_notes::{default_pool_threads, is_about};
use crate::advice::seen::Beyond;
use crate::benchmark::capacity::{Capacity, capacity};
use crate::benchmark::conditions::Subject;
use crate::benchmark::predict::bounds::rated_steps;
use crate::benchmark::predict::gain::gain_of_twice_the_cpus;
use crate::benchmark::result::Status;
use crate::profile::Class;
use crate::profile::result::WaitKind;
use crate::strategy::StrategyKind;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Minimum used share at which a resource counts as full: batches start and end with some of it idle.
const FULL: f64 = 0.85;

/// Minimum share of the CPUs used by tasks at which the embedded server may use up the rest: a small
/// answer costs the server about as much CPU as it costs the client.
const FIXTURE_COMPETES_FROM: f64 = 0.4;

/// Returns the limit that binds the chosen cell.
pub(crate) fn limit(at: &AdviceContext<'_>) -> LimitingFactor {
    serial(at)
        .or_else(|| rate(at))
        .or_else(|| one_item(at))
        .or_else(|| size(at))
        .or_else(|| cpus(at))
        .or_else(|| max_in_flight(at))
        .or_else(|| no_gain(at))
        .or_else(|| flat(at))
        .or_else(|| nothing_wider(at))
        .or_else(|| machine(at))
        .unwrap_or_else(|| open(at))
}

impl AdviceContext<'_> {
    fn throughput(&self) -> f64 {
        self.choice.chosen.per_s().unwrap_or(0.0)
    }

    /// Returns the CPU seconds per task under the chosen cell, or those of a task alone if unknown.
    fn cpu_s_per_task(&self) -> f64 {
        self.choice.chosen.cpu_s_per_task.unwrap_or(self.profile.task.cpu_s)
    }

    /// Returns the share of the CPUs that the tasks of the chosen cell use once the strategy has started.
    fn cpu_used(&self) -> f64 {
        let whole_s = 1.0 / self.throughput();
        let startup_s = self.choice.chosen.startup_s.unwrap_or(0.0) / self.workload.tasks() as f64;
        let steady_s = if startup_s < whole_s { whole_s - startup_s } else { whole_s };
        self.cpu_s_per_task() / steady_s / self.host.cpus_effective
    }

    /// Returns the number of workers that can compute at the same time.
    fn computing(&self) -> usize {
        let cell = self.choice.chosen.cell;
        cell.processes.unwrap_or(cell.width)
    }
}

/// Returns the serial section if the throughput reaches the ideal of one task at a time in the section, or
/// if the section dominates and more width gains nothing: writers that collide do not reach the ideal.
fn serial(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let serial = at.facts.serial?;
    let ceiling = 1.0 / (serial.share * at.facts.task_s());
    let rules = serial.share >= SERIAL_RULES_FROM && at.seen.is_flat();
    (rules || at.throughput() >= FULL * ceiling).then_some(serial.into())
}

/// Returns the rate limit if the attempts use it up: each task makes one for every step that counts, and the
/// retries of those that fail.
fn rate(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let rate_per_s = at.workload.limits.rate_per_s?;
    let counts = &at.choice.chosen.tasks;
    let failing = failure_share(counts);
    let retries = at.workload.retry.as_ref().map_or(0, |retry| retry.max);
    let attempts_per_task = rated_steps(at.workload, at.profile) as f64 * attempts(failing, retries);
    let attempts_per_s = at.throughput() / (1.0 - failing).max(f64::MIN_POSITIVE) * attempts_per_task;
    (attempts_per_s >= FULL * rate_per_s)
        .then_some(LimitingFactor::RateLimit { rate_per_s, attempts_per_task })
}

/// Returns the mean number of attempts of a step if `failing` of the tasks fail with all `retries` used up:
/// an attempt then fails with a probability of *p* = failing^(1 / (retries + 1)), and the number of attempts is
/// geometric, cut off after the last.
fn attempts(failing: f64, retries: u32) -> f64 {
    let most = f64::from(retries) + 1.0;
    let fails = failing.clamp(0.0, 1.0).powf(1.0 / most);
    if fails < 1.0 { (1.0 - failing) / (1.0 - fails) } else { most }
}

/// Returns the slowest task seen if it takes much longer than most, and the whole run about as long.
fn one_item(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    at.profile.longest_task_s()?;
    let slowest = at.profile.dispersion.as_ref()?.slowest.first()?;
    let total_s = at.facts.workload_s();
    // Where a task is as long as all of them, there is nothing to share out.
    let is_one_of_many = at.workload.tasks() > 1 && at.choice.chosen.cell.width > 1;
    let bound = at.workload.tasks() as f64 / slowest.wall_s;
    (is_one_of_many && at.throughput() >= FULL * bound).then(|| LimitingFactor::OneItem {
        item: slowest.item.clone(),
        item_s: slowest.wall_s,
        total_s,
    })
}

/// Returns the limit if sequential was chosen because starting the others, or handing out a task, costs
/// more than they gain.
fn size(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let (task_s, total_s) = (at.facts.task_s(), at.facts.workload_s());
    let runner_up = at.choice.runners_up.first()?.cell;
    if at.choice.chosen.cell.strategy != StrategyKind::Sequential {
        return None;
    }
    if runner_up.startup_s.is_some_and(|startup_s| startup_s >= total_s) {
        return Some(LimitingFactor::WorkloadSize { total_s });
    }
    (task_s < HANDOVER_PAYS_FROM_S && at.host.cpus_effective > 1.0)
        .then_some(LimitingFactor::TaskSize { task_s })
}

/// Returns the limit if the CPUs are full, or if every CPU has a worker that only computes: on a busy
/// machine such workers do not get all of the CPUs.
fn cpus(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    if let Some(bound) = interpreter_lock(at) {
        return Some(bound);
    }
    let (cpus, used) = (at.host.cpus_effective, at.cpu_used());
    let all_compute = at.profile.class == Class::CpuBound && at.computing() as f64 >= cpus;
    (used >= FULL || all_compute).then(|| {
        let AdviceContext { workload, profile, host, conditions, .. } = *at;
        let subject = Subject { workload, profile, host, conditions };
        let gain_of_twice = gain_of_twice_the_cpus(&at.choice.chosen.cell, &subject);
        LimitingFactor::Cpus { cpus, used: used.min(1.0), gain_of_twice }
    })
}

/// Returns the limit if threads that hold the interpreter's lock while they compute use up one CPU.
fn interpreter_lock(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let one_at_a_time = at.shares_interpreter() && at.facts.runtime == TaskRuntime::GlobalLock;
    let used = at.throughput() * at.cpu_s_per_task();
    (one_at_a_time && used >= FULL).then_some(LimitingFactor::InterpreterLock { used: used.min(1.0) })
}

fn max_in_flight(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let limit = at.workload.limits.max_in_flight?;
    let growth = at.seen.growth;
    (at.choice.chosen.cell.width >= limit)
        .then_some(LimitingFactor::MaxInFlight { max_in_flight: limit, growth })
}

/// Returns the fastest of the others where sequential is chosen although others ran.
fn no_gain(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let is_sequential = at.choice.chosen.cell.strategy == StrategyKind::Sequential;
    let rival = at.seen.rivals.first().filter(|_| is_sequential)?;
    Some(LimitingFactor::NoGain { fastest: rival.cell, ratio: rival.ratio })
}

/// Returns the limit if wider cells were run and are no faster.
fn flat(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let Beyond::Flat(change) = at.seen.beyond else { return None };
    if !at.seen.is_run {
        return None;
    }
    let resource = shared_resource(at);
    Some(match resource {
        Some(resource) => LimitingFactor::SharedResource {
            resource,
            beyond: at.choice.chosen.cell.width,
            serves: served_at_once(at),
        },
        None => LimitingFactor::Unexplained { change, shares_nothing: shares_nothing(at.workload) },
    })
}

/// Returns true if the steps share nothing but the CPUs: they compute from what they were given, or sleep.
fn shares_nothing(workload: &Workload) -> bool {
    workload.steps.iter().all(|step| matches!(step, StepSpec::Cpu(_) | StepSpec::Sleep(_)))
}

/// Returns the resource that is at its limit, as far as the measurement shows it.
///
/// Tasks must have been seen to queue: one task at a time, as profiled, never shows a limit of what it waits
/// for. Computing does not queue; caches and memory are named only if nothing else can explain it.
fn shared_resource(at: &AdviceContext<'_>) -> Option<SharedResource> {
    if at.workload.needs_fixture() && at.cpu_used() >= FIXTURE_COMPETES_FROM {
        return Some(SharedResource::EmbeddedServer);
    }
    if shares_nothing(at.workload) {
        return None;
    }
    if at.facts.class == Class::CpuBound && !at.facts.foreign {
        let may_be_memory = at.seen.is_quiet && at.facts.runtime != TaskRuntime::GlobalLock;
        return may_be_memory.then_some(SharedResource::Memory);
    }
    at.seen.queueing?;
    if is_default_pool(at) {
        return Some(SharedResource::DefaultThreadPool);
    }
    let otherwise = if at.facts.foreign { SharedResource::Commands } else { SharedResource::Unknown };
    Some(match at.profile.waits.main() {
        Some(WaitKind::Network) => SharedResource::Upstream,
        Some(WaitKind::Disk) => SharedResource::Disk,
        Some(WaitKind::Lock) => SharedResource::Lock,
        _ => otherwise,
    })
}

/// Returns true if an event loop serves as many tasks at once as its default pool has threads.
fn is_default_pool(at: &AdviceContext<'_>) -> bool {
    let is_loop = at.profile.python.is_some() && at.choice.chosen.cell.strategy.is_event_loop();
    let threads = default_pool_threads(at.host.cpus_logical);
    is_loop && served_at_once(at).is_some_and(|serves| is_about(serves, threads))
}

/// Returns the number of tasks served at the same time, by Little's law: the throughput times the
/// unhindered waiting time of a task, which a narrower cell shows.
fn served_at_once(at: &AdviceContext<'_>) -> Option<usize> {
    let waiting_s = (at.seen.unhindered_s? - at.profile.task.cpu_s).max(0.0);
    let serves = ((at.throughput() * waiting_s).round() as usize).max(1);
    // The chosen cell cannot have more served than it has in flight.
    Some(serves.min(at.choice.chosen.cell.width))
}

/// Returns the limit if all tasks are in flight, or if the next wider cell was refused or failed.
fn nothing_wider(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let chosen = at.choice.chosen.cell;
    if chosen.width as u64 >= at.workload.tasks() {
        return Some(LimitingFactor::TaskCount { tasks: at.workload.tasks() });
    }
    if matches!(at.seen.beyond, Beyond::Grows(_)) {
        return None;
    }
    let refused = at
        .cells
        .iter()
        .filter(|c| c.cell.strategy == chosen.strategy || chosen.strategy == StrategyKind::Sequential)
        .filter(|c| c.cell.width > chosen.width && c.status != Status::Ok)
        .filter_map(|c| Some((c.cell, c.reason.clone()?)))
        .min_by_key(|(cell, _)| cell.width);
    let (configuration, reason) = refused?;
    Some(LimitingFactor::Refused { configuration, reason, growth: at.seen.growth })
}

/// Returns the limit if the chosen width is the widest that descriptors, threads or memory allow.
fn machine(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let chosen = at.choice.chosen.cell;
    let Capacity { width, limit } = capacity(chosen.strategy, at.workload, at.host);
    let growth = at.seen.growth;
    (limit.is_of_machine() && chosen.width >= width).then_some(LimitingFactor::Machine { limit, growth })
}

/// Returns the growth that was seen, or the doubt about it.
fn open(at: &AdviceContext<'_>) -> LimitingFactor {
    let width = at.choice.chosen.cell.width;
    let unknown = |wider| LimitingFactor::Unknown { width, narrower: at.seen.undecided_growth, wider };
    match (at.seen.beyond, at.seen.growth) {
        (Beyond::Grows(growth), _) | (Beyond::NotMeasured, Some(growth)) => {
            let tasks = usize::try_from(at.workload.tasks()).unwrap_or(usize::MAX);
            LimitingFactor::NotReached { width, growth, next_width: width.saturating_mul(2).min(tasks) }
        }
        (Beyond::Undecided(change) | Beyond::Flat(change), _) => unknown(Some(change)),
        (Beyond::NotMeasured, None) => unknown(None),
    }
}

#[cfg(test)]
mod tests;
