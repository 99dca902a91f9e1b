//! The search for the limit that keeps the chosen configuration from being faster.
//!
//! The search goes from the outside in: limits of the workload, exhausted resources of the machine,
//! resources behind the tasks, and last, configurations that were not measured.

use crate::advice::context::AdviceContext;
use crate::advice::decision_tree::{HANDOVER_PAYS_FROM_S, SERIAL_RULES_FROM};
use crate::advice::facts::TaskRuntime;
use crate::advice::limiting_factor::{LimitingFactor, SharedResource};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::capacity::{Capacity, capacity};
use crate::benchmark::conditions::Subject;
use crate::benchmark::predict::gain::gain_of_twice_the_cpus;
use crate::benchmark::result::Status;
use crate::policy::INDIFFERENCE;
use crate::profile::Class;
use crate::profile::result::Waits;
use crate::strategy::StrategyKind;

/// Minimum used share at which a resource counts as full: batches start and end with some of it idle.
const FULL: f64 = 0.85;

/// Minimum share of the CPUs used by tasks at which the embedded server may use up the rest: a small
/// answer costs the server about as much CPU as it costs the client.
const FIXTURE_COMPETES_FROM: f64 = 0.4;

/// Returns the limit that binds the chosen cell.
pub(crate) fn limit(at: &AdviceContext<'_>) -> LimitingFactor {
    serial(at)
        .or_else(|| rate(at))
        .or_else(|| size(at))
        .or_else(|| cpus(at))
        .or_else(|| max_in_flight(at))
        .or_else(|| shared(at))
        .or_else(|| nothing_wider(at))
        .or_else(|| machine(at))
        .unwrap_or_else(|| LimitingFactor::NotReached {
            width: at.choice.chosen.cell.width,
            widest: at.comparable().map(|c| c.cell.width).max().unwrap_or(1),
        })
}

impl AdviceContext<'_> {
    fn throughput(&self) -> f64 {
        self.choice.chosen.throughput_per_s.unwrap_or(0.0)
    }

    /// Returns the CPU seconds per task under the chosen cell, or those of a task alone if unknown.
    fn cpu_s_per_task(&self) -> f64 {
        self.choice.chosen.cpu_s_per_task.unwrap_or(self.profile.task.cpu_s)
    }

    /// Returns the share of the CPUs that the tasks of the chosen cell use.
    fn cpu_used(&self) -> f64 {
        self.cpu_s_per_task() * self.throughput() / self.host.cpus_effective
    }

    /// Returns the number of workers that can compute at the same time.
    fn computing(&self) -> usize {
        let cell = self.choice.chosen.cell;
        cell.processes.unwrap_or(cell.width)
    }

    /// Returns the cells of the chosen strategy, or of every strategy if sequential, which has only one
    /// width, is chosen.
    fn comparable(&self) -> impl Iterator<Item = &ConfigurationResult> {
        let chosen = self.choice.chosen.cell.strategy;
        let is_comparable = move |strategy| chosen == StrategyKind::Sequential || strategy == chosen;
        self.choice.eligible.iter().copied().filter(move |c| is_comparable(c.cell.strategy))
    }

    /// Returns true if wider cells were measured and none is faster.
    fn is_flat(&self) -> bool {
        let width = self.choice.chosen.cell.width;
        self.comparable()
            .filter(|c| c.cell.width > width)
            .filter_map(|c| c.throughput_per_s)
            .reduce(f64::max)
            .is_some_and(|best| best <= self.throughput() * (1.0 + INDIFFERENCE))
    }
}

/// Returns the serial section if the throughput reaches the ideal of one task at a time in the section, or
/// if the section dominates and more width gains nothing: writers that collide do not reach the ideal.
fn serial(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let serial = at.facts.serial?;
    let ceiling = 1.0 / (serial.share * at.facts.task_s());
    let rules = serial.share >= SERIAL_RULES_FROM && at.is_flat();
    (rules || at.throughput() >= FULL * ceiling).then_some(serial.into())
}

fn rate(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let per_s = at.workload.limits.rate_per_s?;
    (at.throughput() >= FULL * per_s).then_some(LimitingFactor::RateLimit { rate_per_s: per_s })
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
    let in_threads = matches!(
        at.choice.chosen.cell.strategy,
        StrategyKind::Threads | StrategyKind::Async | StrategyKind::Uvloop
    );
    let one_at_a_time = in_threads && at.facts.runtime == TaskRuntime::GlobalLock;
    let used = at.throughput() * at.cpu_s_per_task();
    (one_at_a_time && used >= FULL).then_some(LimitingFactor::InterpreterLock { used: used.min(1.0) })
}

fn max_in_flight(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let limit = at.workload.limits.max_in_flight?;
    (at.choice.chosen.cell.width >= limit).then_some(LimitingFactor::MaxInFlight { max_in_flight: limit })
}

/// Returns the shared resource if wider cells were measured and are no faster, although CPUs are idle.
fn shared(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    at.is_flat().then(|| LimitingFactor::SharedResource {
        resource: shared_resource(at),
        beyond: at.choice.chosen.cell.width,
        serves: served_at_once(at),
    })
}

/// Infers the resource that is at its limit from the waits of one task alone.
fn shared_resource(at: &AdviceContext<'_>) -> SharedResource {
    if at.workload.needs_fixture() && at.cpu_used() >= FIXTURE_COMPETES_FROM {
        return SharedResource::EmbeddedServer;
    }
    let otherwise = if at.facts.foreign { SharedResource::Commands } else { SharedResource::Unknown };
    if at.profile.class == Class::CpuBound {
        return if at.facts.foreign { otherwise } else { SharedResource::Memory };
    }
    let Waits { network, disk, sleep, lock, pipe, child, other } = at.profile.waits;
    let most = [network, disk, sleep, lock, pipe, child, other].into_iter().fold(0.0, f64::max);
    match most {
        0.0 => otherwise,
        _ if network == most => SharedResource::Upstream,
        _ if disk == most => SharedResource::Disk,
        _ if lock == most => SharedResource::Lock,
        _ => otherwise,
    }
}

/// Returns the number of tasks served at the same time, by Little's law: the throughput times the
/// unhindered waiting time of a task, which the narrowest cell shows.
fn served_at_once(at: &AdviceContext<'_>) -> usize {
    let Some(narrow) = at.choice.eligible.iter().min_by_key(|c| c.cell.width) else {
        return 1;
    };
    let alone_s = narrow.cell.width as f64 / narrow.throughput_per_s.unwrap_or(f64::INFINITY);
    let waiting_s = (alone_s - at.profile.task.cpu_s).max(0.0);
    ((at.throughput() * waiting_s).round() as usize).max(1)
}

/// Returns the limit if all tasks are in flight, or if the next wider cell was refused or failed.
fn nothing_wider(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let chosen = at.choice.chosen.cell;
    if chosen.width as u64 >= at.workload.tasks() {
        return Some(LimitingFactor::TaskCount { tasks: at.workload.tasks() });
    }
    let refused = at
        .cells
        .iter()
        .filter(|c| c.cell.strategy == chosen.strategy && c.cell.width > chosen.width)
        .filter(|c| c.status != Status::Ok)
        .min_by_key(|c| c.cell.width)?;
    Some(LimitingFactor::Refused { configuration: refused.cell, reason: refused.reason.clone()? })
}

/// Returns the limit if the chosen width is the widest that descriptors, threads or memory allow.
fn machine(at: &AdviceContext<'_>) -> Option<LimitingFactor> {
    let chosen = at.choice.chosen.cell;
    let Capacity { width, limit } = capacity(chosen.strategy, at.workload, at.host);
    (limit.is_of_machine() && chosen.width >= width).then_some(LimitingFactor::Machine { limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::decide;
    use crate::advice::facts::{Facts, SerialPlace};
    use crate::advice::objective::Objective;
    use crate::advice::testing::*;
    use crate::benchmark::Configuration;
    use crate::benchmark::capacity::WidthLimit;
    use crate::benchmark::conditions::Conditions;
    use crate::benchmark::result::Reason;
    use crate::diagnostics::Code;
    use crate::host::Host;
    use crate::profile::Profile;
    use crate::workload::Workload;
    use crate::workload::spec::StepSpec;

    const WIDTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

    /// A workload with its profile and machine.
    struct Case {
        workload: Workload,
        profile: Profile,
        host: Host,
    }

    impl Case {
        fn new(steps: Vec<StepSpec>, class: Class, cpu_s: f64, wait_s: f64) -> Self {
            let workload = workload(1000, steps);
            let profile = profile(&workload, class, cpu_s, wait_s);
            Case { workload, profile, host: host(2.0) }
        }

        fn limit(&self, cells: &[ConfigurationResult]) -> LimitingFactor {
            let facts = Facts::of(&self.workload, &self.profile, self.host.cpus_effective);
            let choice = choose(cells, &decide(&facts), Objective::Throughput).unwrap();
            let Case { workload, profile, host } = self;
            limit(&AdviceContext {
                workload,
                profile,
                host,
                conditions: &Conditions::usual(host),
                facts: &facts,
                cells,
                choice: &choice,
            })
        }
    }

    /// Returns a sequential cell and async cells, the latter with throughput as a function of the width.
    fn measured(alone: f64, per_s: impl Fn(f64) -> f64) -> Vec<ConfigurationResult> {
        let mut cells = vec![cell(StrategyKind::Sequential, 1, alone)];
        cells.extend(curve(StrategyKind::Async, &WIDTHS, per_s));
        cells
    }

    #[test]
    fn a_capped_upstream_is_found_by_littles_law() {
        let case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
        let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(8.0)));
        assert_eq!(
            bound,
            LimitingFactor::SharedResource { resource: SharedResource::Upstream, beyond: 8, serves: 8 }
        );
        // The capacity lies between two measured widths.
        let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(10.0)));
        assert_eq!(
            bound,
            LimitingFactor::SharedResource { resource: SharedResource::Upstream, beyond: 16, serves: 10 }
        );
    }

    #[test]
    fn an_embedded_server_on_busy_cpus_is_not_taken_for_a_capped_one() {
        let case = Case::new(vec![http()], Class::IoBound, 0.0008, 0.044);
        let bound = case.limit(&measured(22.0, |n| 22.0 * n.min(56.0)));
        assert_eq!(bound, LimitingFactor::NotReached { width: 64, widest: 64 });
        let bound = case.limit(&measured(400.0, |n| 400.0 * n.min(4.0)));
        assert!(
            matches!(
                bound,
                LimitingFactor::SharedResource { resource: SharedResource::EmbeddedServer, beyond: 4, .. }
            ),
            "{bound:?}"
        );
    }

    #[test]
    fn busy_cpus_bind_and_the_model_says_what_more_would_give() {
        let case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        let mut cells = vec![cell(StrategyKind::Sequential, 1, 100.0)];
        cells.extend(curve(StrategyKind::WorkStealing, &[2, 4], |n| 98.0 * n.min(2.0)));
        let LimitingFactor::Cpus { cpus, used, gain_of_twice } = case.limit(&cells) else {
            panic!("the CPUs are full");
        };
        assert_eq!(cpus, 2.0);
        assert!((used - 0.98).abs() < 1e-9);
        // On twice the CPUs the ragged end of the run takes as long, and is a larger share of the run.
        assert!((1.8..=2.1).contains(&gain_of_twice), "{gain_of_twice}");
    }

    #[test]
    fn one_cpu_binds_sequential_computing() {
        let mut case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        case.host = host(1.0);
        let cells = [cell(StrategyKind::Sequential, 1, 99.0), cell(StrategyKind::WorkStealing, 2, 98.0)];
        assert!(matches!(case.limit(&cells), LimitingFactor::Cpus { .. }));
    }

    #[test]
    fn a_contended_machine_does_not_hide_that_every_cpu_computes() {
        let case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        let cells = [cell(StrategyKind::Sequential, 1, 50.0), cell(StrategyKind::WorkStealing, 2, 110.0)];
        assert!(matches!(case.limit(&cells), LimitingFactor::Cpus { .. }));
    }

    #[test]
    fn computing_that_is_flat_on_idle_cpus_shares_something() {
        let mut case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        case.host = host(128.0);
        let mut cells = vec![cell(StrategyKind::Sequential, 1, 100.0)];
        cells.extend(curve(StrategyKind::WorkStealing, &[8, 16, 64], |n| 95.0 * n.min(16.0)));
        let bound = case.limit(&cells);
        assert!(
            matches!(
                bound,
                LimitingFactor::SharedResource { resource: SharedResource::Memory, beyond: 16, .. }
            ),
            "{bound:?}"
        );
    }

    #[test]
    fn a_lock_and_a_single_writer_bind_before_anything_else() {
        for (step, place) in [(lock("a"), SerialPlace::SharedLock), (sqlite(true), SerialPlace::SqliteWriter)]
        {
            let case = Case::new(vec![step, cpu()], Class::IoBound, 0.0002, 0.0048);
            let bound = case.limit(&measured(200.0, |n| 203.0 + n / 10.0));
            assert!(
                matches!(bound, LimitingFactor::SerialSection { place: found, .. } if found == place),
                "{bound:?}"
            );
        }
    }

    #[test]
    fn a_part_that_rules_binds_even_where_collisions_cost_some_throughput() {
        let case = Case::new(vec![sqlite(true), cpu()], Class::Mixed, 0.002, 0.003);
        let bound = case.limit(&measured(200.0, |_| 170.0));
        assert!(matches!(bound, LimitingFactor::SerialSection { .. }), "{bound:?}");
    }

    #[test]
    fn what_the_workload_forbids_is_named() {
        let mut case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
        case.workload.limits.rate_per_s = Some(500.0);
        assert_eq!(
            case.limit(&measured(100.0, |n| (100.0 * n).min(495.0))),
            LimitingFactor::RateLimit { rate_per_s: 500.0 }
        );
        case.workload.limits.rate_per_s = None;
        case.workload.limits.max_in_flight = Some(64);
        assert_eq!(
            case.limit(&measured(100.0, |n| 100.0 * n)),
            LimitingFactor::MaxInFlight { max_in_flight: 64 }
        );
        case.workload.limits.max_in_flight = Some(8);
        assert_eq!(
            case.limit(&measured(100.0, |n| 100.0 * n.min(8.0))),
            LimitingFactor::MaxInFlight { max_in_flight: 8 }
        );
        case.workload.limits.max_in_flight = None;
        case.workload.items = crate::workload::Items::Count(64);
        assert_eq!(case.limit(&measured(100.0, |n| 100.0 * n)), LimitingFactor::TaskCount { tasks: 64 });
    }

    #[test]
    fn what_the_machine_refuses_is_named_with_its_reason() {
        let case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
        let mut cells = measured(100.0, |n| 100.0 * n);
        cells.push(skipped(StrategyKind::Async, 2048, "too wide too"));
        cells.push(skipped(StrategyKind::Async, 1024, "1024 descriptors are allowed"));
        cells.push(skipped(StrategyKind::Threads, 128, "another strategy"));
        let configuration = Configuration::new(StrategyKind::Async, 1024);
        let reason = Reason::new(Code::HostLimit, "1024 descriptors are allowed");
        assert_eq!(case.limit(&cells), LimitingFactor::Refused { configuration, reason });
    }

    #[test]
    fn the_widest_that_the_machine_allows_is_a_limit() {
        let mut case = Case::new(vec![http()], Class::IoBound, 0.0, 0.01);
        case.host.limits.open_files = Some(64 + 64);
        let bound = case.limit(&measured(100.0, |n| 100.0 * n));
        assert_eq!(
            bound,
            LimitingFactor::Machine { limit: WidthLimit::OpenFiles { allowed: 128, per_task: 1 } }
        );
    }

    #[test]
    fn growth_at_the_widest_is_no_limit() {
        let case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
        assert_eq!(
            case.limit(&measured(100.0, |n| 100.0 * n)),
            LimitingFactor::NotReached { width: 64, widest: 64 }
        );
    }

    #[test]
    fn work_too_small_to_share_out_is_bound_by_its_size() {
        let mut case = Case::new(vec![cpu()], Class::CpuBound, 1e-7, 0.0);
        case.host = host(8.0);
        let runner_up = ConfigurationResult { startup_s: Some(2e-4), ..cell(StrategyKind::Threads, 2, 1e6) };
        let bound = case.limit(&[cell(StrategyKind::Sequential, 1, 5e6), runner_up]);
        assert!(
            matches!(bound, LimitingFactor::WorkloadSize { total_s } if (total_s - 1e-4).abs() < 1e-12),
            "{bound:?}"
        );
        case.workload.items = crate::workload::Items::Count(1_000_000);
        let bound =
            case.limit(&[cell(StrategyKind::Sequential, 1, 5e6), cell(StrategyKind::Threads, 2, 1e6)]);
        assert_eq!(bound, LimitingFactor::TaskSize { task_s: 1e-7 });
    }

    #[test]
    fn the_dominant_wait_names_what_is_shared() {
        let waits = Waits::default();
        for (waits, expected) in [
            (Waits { disk: 0.6, network: 0.4, ..waits }, SharedResource::Disk),
            (Waits { lock: 1.0, ..waits }, SharedResource::Lock),
            (Waits { pipe: 1.0, ..waits }, SharedResource::Unknown),
            (waits, SharedResource::Unknown),
        ] {
            let mut case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
            case.profile.waits = waits;
            let bound = case.limit(&measured(100.0, |n| 100.0 * n.min(4.0)));
            assert!(
                matches!(bound, LimitingFactor::SharedResource { resource, .. } if resource == expected),
                "{bound:?}"
            );
        }
    }
}
