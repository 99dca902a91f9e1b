//! Which limit binds: what keeps the chosen cell from being faster.
//!
//! The question is answered from the outside in: what the workload forbids, what the machine has
//! used up, what lies behind the tasks, and last what was simply not measured.

use crate::advice::bound::{Bound, Resource};
use crate::advice::choose::Choice;
use crate::advice::facts::{Facts, Runtime};
use crate::advice::tree::{HANDOVER_PAYS_FROM_S, SERIAL_RULES_FROM};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::capacity::{Capacity, capacity};
use crate::benchmark::result::Status;
use crate::host::Host;
use crate::model::RateCurve;
use crate::model::repairman::blended_throughput;
use crate::policy::INDIFFERENCE;
use crate::profile::result::Waits;
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;
use crate::workload::Workload;

/// A resource used to this share counts as full: batches start and end with some of it idle.
const FULL: f64 = 0.85;

/// From this share of the CPUs on, the embedded server may well use up the rest: a small answer
/// costs the server about as much CPU as it costs the client.
const FIXTURE_COMPETES_FROM: f64 = 0.4;

/// What a task that seems to take no CPU is taken to use, so that rates stay finite.
const SHORTEST_TASK_S: f64 = 1e-9;

/// What the limit is read off.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is run.
    pub workload: &'a Workload,
    /// What one task costs.
    pub profile: &'a Profile,
    /// The machine.
    pub host: &'a Host,
    /// The facts of the tree.
    pub facts: &'a Facts,
    /// Every cell, also those that did not run.
    pub cells: &'a [ConfigurationResult],
    /// What was chosen.
    pub choice: &'a Choice<'a>,
}

/// The limit that binds the chosen cell.
pub fn limit(at: &Situation<'_>) -> Bound {
    serial(at)
        .or_else(|| rate(at))
        .or_else(|| size(at))
        .or_else(|| cpus(at))
        .or_else(|| max_in_flight(at))
        .or_else(|| shared(at))
        .or_else(|| nothing_wider(at))
        .or_else(|| machine(at))
        .unwrap_or(Bound::Unreached { widest: at.choice.chosen.cell.width })
}

impl Situation<'_> {
    fn throughput(&self) -> f64 {
        self.choice.chosen.throughput_per_s.unwrap_or(0.0)
    }

    /// CPU seconds per task under the chosen cell, or alone where that was not measured.
    fn cpu_s_per_task(&self) -> f64 {
        self.choice.chosen.cpu_s_per_task.unwrap_or(self.profile.task.cpu_s)
    }

    /// Share of the CPUs that the tasks of the chosen cell use.
    fn cpu_used(&self) -> f64 {
        self.cpu_s_per_task() * self.throughput() / self.host.cpus_effective
    }

    /// Workers that can compute at the same time.
    fn computing(&self) -> usize {
        let cell = self.choice.chosen.cell;
        cell.processes.unwrap_or(cell.width)
    }

    /// Whether wider cells were measured and none is faster: cells of the same strategy, and of any
    /// if it is sequential, which has no other width.
    fn is_flat(&self) -> bool {
        let chosen = self.choice.chosen.cell;
        self.choice
            .eligible
            .iter()
            .filter(|c| chosen.strategy == StrategyKind::Sequential || c.cell.strategy == chosen.strategy)
            .filter(|c| c.cell.width > chosen.width)
            .filter_map(|c| c.throughput_per_s)
            .reduce(f64::max)
            .is_some_and(|best| best <= self.throughput() * (1.0 + INDIFFERENCE))
    }
}

/// The throughput is what one task at a time through the serialised part allows, or that part rules
/// and more width brings nothing: writers that collide do not reach the ideal.
fn serial(at: &Situation<'_>) -> Option<Bound> {
    let serial = at.facts.serial?;
    let ceiling = 1.0 / (serial.share * at.facts.task_s());
    let rules = serial.share >= SERIAL_RULES_FROM && at.is_flat();
    (rules || at.throughput() >= FULL * ceiling).then_some(Bound::Serial(serial))
}

fn rate(at: &Situation<'_>) -> Option<Bound> {
    let per_s = at.workload.limits.rate_per_s?;
    (at.throughput() >= FULL * per_s).then_some(Bound::Rate { per_s })
}

/// Sequential was chosen because the others cannot repay what starting them, or handing out a task,
/// costs.
fn size(at: &Situation<'_>) -> Option<Bound> {
    let (task_s, total_s) = (at.facts.task_s(), at.facts.workload_s());
    let rival = at.choice.rivals.first()?.cell;
    if at.choice.chosen.cell.strategy != StrategyKind::Sequential {
        return None;
    }
    if rival.startup_s.is_some_and(|startup_s| startup_s >= total_s) {
        return Some(Bound::Size { total_s });
    }
    (task_s < HANDOVER_PAYS_FROM_S && at.host.cpus_effective > 1.0).then_some(Bound::TaskSize { task_s })
}

/// The CPUs are full by count, or every one has a worker that does nothing but compute: on a busy
/// machine such workers do not get all of the CPUs.
fn cpus(at: &Situation<'_>) -> Option<Bound> {
    if let Some(bound) = interpreter_lock(at) {
        return Some(bound);
    }
    let (cpus, used) = (at.host.cpus_effective, at.cpu_used());
    let all_compute = at.profile.class == Class::CpuBound && at.computing() as f64 >= cpus;
    (used >= FULL || all_compute).then(|| {
        let (demand_s, delay_s) = (at.cpu_s_per_task().max(SHORTEST_TASK_S), at.profile.task.wait_s);
        let width = at.choice.chosen.cell.width;
        let predicted = |factor: usize| {
            let servers = RateCurve::ideal(cpus * factor as f64);
            blended_throughput(&servers, demand_s, delay_s, width.saturating_mul(factor))
        };
        Bound::Cpus { cpus, used: used.min(1.0), gain_of_twice: predicted(2) / predicted(1) }
    })
}

/// Threads of an interpreter that hold its lock while they compute use one CPU between them.
fn interpreter_lock(at: &Situation<'_>) -> Option<Bound> {
    let in_threads = matches!(
        at.choice.chosen.cell.strategy,
        StrategyKind::Threads | StrategyKind::Async | StrategyKind::Uvloop
    );
    let one_at_a_time = in_threads && at.facts.runtime == Runtime::GlobalLock;
    let used = at.throughput() * at.cpu_s_per_task();
    (one_at_a_time && used >= FULL).then_some(Bound::InterpreterLock { used: used.min(1.0) })
}

fn max_in_flight(at: &Situation<'_>) -> Option<Bound> {
    let limit = at.workload.limits.max_in_flight?;
    (at.choice.chosen.cell.width >= limit).then_some(Bound::MaxInFlight { limit })
}

/// Wider cells were measured and are no faster, although CPUs are idle.
fn shared(at: &Situation<'_>) -> Option<Bound> {
    at.is_flat().then(|| Bound::Shared {
        what: resource(at),
        beyond: at.choice.chosen.cell.width,
        serves: served_at_once(at),
    })
}

/// Names what is at its limit by what one task alone waits for.
fn resource(at: &Situation<'_>) -> Resource {
    if at.workload.needs_fixture() && at.cpu_used() >= FIXTURE_COMPETES_FROM {
        return Resource::BusyFixture;
    }
    let otherwise = if at.facts.foreign { Resource::Children } else { Resource::Unknown };
    if at.profile.class == Class::CpuBound {
        return if at.facts.foreign { otherwise } else { Resource::Memory };
    }
    let Waits { network, disk, sleep, lock, pipe, child, other } = at.profile.waits;
    let most = [network, disk, sleep, lock, pipe, child, other].into_iter().fold(0.0, f64::max);
    match most {
        0.0 => otherwise,
        _ if network == most => Resource::Upstream,
        _ if disk == most => Resource::Disk,
        _ if lock == most => Resource::Lock,
        _ => otherwise,
    }
}

/// Little's law: tasks being served are the throughput times the time one takes when none is in
/// its way, which the narrowest cell shows.
fn served_at_once(at: &Situation<'_>) -> usize {
    let Some(narrow) = at.choice.eligible.iter().min_by_key(|c| c.cell.width) else {
        return 1;
    };
    let alone_s = narrow.cell.width as f64 / narrow.throughput_per_s.unwrap_or(f64::INFINITY);
    let waiting_s = (alone_s - at.profile.task.cpu_s).max(0.0);
    ((at.throughput() * waiting_s).round() as usize).max(1)
}

/// Throughput still grew at the chosen width: was there nothing wider to run, or was it refused?
fn nothing_wider(at: &Situation<'_>) -> Option<Bound> {
    let chosen = at.choice.chosen.cell;
    if chosen.width as u64 >= at.workload.tasks() {
        return Some(Bound::TaskCount { tasks: at.workload.tasks() });
    }
    let refused = at
        .cells
        .iter()
        .filter(|c| c.cell.strategy == chosen.strategy && c.cell.width > chosen.width)
        .filter(|c| c.status != Status::Ok)
        .min_by_key(|c| c.cell.width)?;
    Some(Bound::Refused { cell: refused.cell.to_string(), reason: refused.reason.clone()? })
}

/// Throughput still grew at the widest that descriptors, threads or memory allow.
fn machine(at: &Situation<'_>) -> Option<Bound> {
    let chosen = at.choice.chosen.cell;
    let Capacity { width, bound_by, by_machine } = capacity(chosen.strategy, at.workload, at.host);
    (by_machine && chosen.width >= width).then_some(Bound::Machine { what: bound_by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::objective::Objective;
    use crate::advice::testing::*;
    use crate::advice::tree::decide;
    use crate::workload::spec::StepSpec;

    const WIDTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

    /// A workload with its profile and machine, ready to be asked for its limit.
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

        fn limit(&self, cells: &[ConfigurationResult]) -> Bound {
            let facts = Facts::of(&self.workload, &self.profile, self.host.cpus_effective);
            let choice = choose(cells, &decide(&facts), Objective::Throughput).unwrap();
            let Case { workload, profile, host } = self;
            limit(&Situation { workload, profile, host, facts: &facts, cells, choice: &choice })
        }
    }

    /// Sequential and async cells, the latter as a function of the width.
    fn measured(alone: f64, per_s: impl Fn(f64) -> f64) -> Vec<ConfigurationResult> {
        let mut cells = vec![cell(StrategyKind::Sequential, 1, alone)];
        cells.extend(curve(StrategyKind::Async, &WIDTHS, per_s));
        cells
    }

    #[test]
    fn a_capped_upstream_is_found_by_littles_law() {
        let case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
        let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(8.0)));
        assert_eq!(bound, Bound::Shared { what: Resource::Upstream, beyond: 8, serves: 8 });
        // A capacity between two widths measured.
        let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(10.0)));
        assert_eq!(bound, Bound::Shared { what: Resource::Upstream, beyond: 16, serves: 10 });
    }

    #[test]
    fn an_embedded_server_on_busy_cpus_is_not_taken_for_a_capped_one() {
        let case = Case::new(vec![http()], Class::IoBound, 0.0008, 0.044);
        let bound = case.limit(&measured(22.0, |n| 22.0 * n.min(56.0)));
        assert_eq!(bound, Bound::Unreached { widest: 64 });
        let bound = case.limit(&measured(400.0, |n| 400.0 * n.min(4.0)));
        assert!(matches!(bound, Bound::Shared { what: Resource::BusyFixture, beyond: 4, .. }), "{bound:?}");
    }

    #[test]
    fn busy_cpus_bind_and_the_model_says_what_more_would_give() {
        let case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        let mut cells = vec![cell(StrategyKind::Sequential, 1, 100.0)];
        cells.extend(curve(StrategyKind::WorkStealing, &[2, 4], |n| 98.0 * n.min(2.0)));
        let Bound::Cpus { cpus, used, gain_of_twice } = case.limit(&cells) else {
            panic!("the CPUs are full");
        };
        assert_eq!(cpus, 2.0);
        assert!((used - 0.98).abs() < 1e-9 && (gain_of_twice - 2.0).abs() < 1e-9);
    }

    #[test]
    fn one_cpu_binds_sequential_computing() {
        let mut case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        case.host = host(1.0);
        let cells = [cell(StrategyKind::Sequential, 1, 99.0), cell(StrategyKind::WorkStealing, 2, 98.0)];
        assert!(matches!(case.limit(&cells), Bound::Cpus { .. }));
    }

    #[test]
    fn a_contended_machine_does_not_hide_that_every_cpu_computes() {
        let case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        let cells = [cell(StrategyKind::Sequential, 1, 50.0), cell(StrategyKind::WorkStealing, 2, 110.0)];
        assert!(matches!(case.limit(&cells), Bound::Cpus { .. }));
    }

    #[test]
    fn computing_that_is_flat_on_idle_cpus_shares_something() {
        let mut case = Case::new(vec![cpu()], Class::CpuBound, 0.01, 0.0);
        case.host = host(128.0);
        let mut cells = vec![cell(StrategyKind::Sequential, 1, 100.0)];
        cells.extend(curve(StrategyKind::WorkStealing, &[8, 16, 64], |n| 95.0 * n.min(16.0)));
        let bound = case.limit(&cells);
        assert!(matches!(bound, Bound::Shared { what: Resource::Memory, beyond: 16, .. }), "{bound:?}");
    }

    #[test]
    fn a_lock_and_a_single_writer_bind_before_anything_else() {
        for (step, by) in [(lock("a"), "a shared lock"), (sqlite(true), "SQLite's single writer")] {
            let case = Case::new(vec![step, cpu()], Class::IoBound, 0.0002, 0.0048);
            let bound = case.limit(&measured(200.0, |n| 203.0 + n / 10.0));
            assert!(matches!(bound, Bound::Serial(serial) if serial.by == by), "{bound:?}");
        }
    }

    #[test]
    fn a_part_that_rules_binds_even_where_collisions_cost_some_throughput() {
        let case = Case::new(vec![sqlite(true), cpu()], Class::Mixed, 0.002, 0.003);
        let bound = case.limit(&measured(200.0, |_| 170.0));
        assert!(matches!(bound, Bound::Serial(_)), "{bound:?}");
    }

    #[test]
    fn what_the_workload_forbids_is_named() {
        let mut case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
        case.workload.limits.rate_per_s = Some(500.0);
        assert_eq!(case.limit(&measured(100.0, |n| (100.0 * n).min(495.0))), Bound::Rate { per_s: 500.0 });
        case.workload.limits.rate_per_s = None;
        case.workload.limits.max_in_flight = Some(64);
        assert_eq!(case.limit(&measured(100.0, |n| 100.0 * n)), Bound::MaxInFlight { limit: 64 });
        case.workload.limits.max_in_flight = Some(8);
        assert_eq!(case.limit(&measured(100.0, |n| 100.0 * n.min(8.0))), Bound::MaxInFlight { limit: 8 });
        case.workload.limits.max_in_flight = None;
        case.workload.items = crate::workload::Items::Count(64);
        assert_eq!(case.limit(&measured(100.0, |n| 100.0 * n)), Bound::TaskCount { tasks: 64 });
    }

    #[test]
    fn what_the_machine_refuses_is_named_with_its_reason() {
        let case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
        let mut cells = measured(100.0, |n| 100.0 * n);
        cells.push(skipped(StrategyKind::Async, 2048, "too wide too"));
        cells.push(skipped(StrategyKind::Async, 1024, "1024 descriptors are allowed"));
        cells.push(skipped(StrategyKind::Threads, 128, "another strategy"));
        let reason = "1024 descriptors are allowed".to_owned();
        assert_eq!(case.limit(&cells), Bound::Refused { cell: "async 1024".to_owned(), reason });
    }

    #[test]
    fn the_widest_that_the_machine_allows_is_a_limit() {
        let mut case = Case::new(vec![http()], Class::IoBound, 0.0, 0.01);
        case.host.limits.open_files = Some(64 + 64);
        let bound = case.limit(&measured(100.0, |n| 100.0 * n));
        assert_eq!(bound, Bound::Machine { what: "open files: 128 (1 per task)".to_owned() });
    }

    #[test]
    fn growth_at_the_widest_is_no_limit() {
        let case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
        assert_eq!(case.limit(&measured(100.0, |n| 100.0 * n)), Bound::Unreached { widest: 64 });
    }

    #[test]
    fn work_too_small_to_share_out_is_bound_by_its_size() {
        let mut case = Case::new(vec![cpu()], Class::CpuBound, 1e-7, 0.0);
        case.host = host(8.0);
        let rival = ConfigurationResult { startup_s: Some(2e-4), ..cell(StrategyKind::Threads, 2, 1e6) };
        let bound = case.limit(&[cell(StrategyKind::Sequential, 1, 5e6), rival]);
        assert!(matches!(bound, Bound::Size { total_s } if (total_s - 1e-4).abs() < 1e-12), "{bound:?}");
        case.workload.items = crate::workload::Items::Count(1_000_000);
        let bound =
            case.limit(&[cell(StrategyKind::Sequential, 1, 5e6), cell(StrategyKind::Threads, 2, 1e6)]);
        assert_eq!(bound, Bound::TaskSize { task_s: 1e-7 });
    }

    #[test]
    fn the_dominant_wait_names_what_is_shared() {
        let waits = Waits::default();
        for (waits, expected) in [
            (Waits { disk: 0.6, network: 0.4, ..waits }, Resource::Disk),
            (Waits { lock: 1.0, ..waits }, Resource::Lock),
            (Waits { pipe: 1.0, ..waits }, Resource::Unknown),
            (waits, Resource::Unknown),
        ] {
            let mut case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
            case.profile.waits = waits;
            let bound = case.limit(&measured(100.0, |n| 100.0 * n.min(4.0)));
            assert!(matches!(bound, Bound::Shared { what, .. } if what == expected), "{bound:?}");
        }
    }
}
