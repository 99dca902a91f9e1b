//! Limits of measured curves.

use std::time::Duration;

use super::*;
use crate::advice::choose::choose;
use crate::advice::decision_tree::decide;
use crate::advice::facts::{Facts, SerialPlace};
use crate::advice::objective::Objective;
use crate::advice::seen::{Change, Seen};
use crate::advice::testing::*;
use crate::benchmark::capacity::WidthLimit;
use crate::benchmark::conditions::Conditions;
use crate::benchmark::result::{Latency, Reason};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::diagnostics::Code;
use crate::host::Host;
use crate::profile::Profile;
use crate::profile::result::{Dispersion, SlowTask, Waits};
use crate::workload::Workload;
use crate::workload::spec::{Backoff, RetryPolicy, StepSpec};

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
            seen: &Seen::of(&choice, Objective::Throughput),
            choice: &choice,
        })
    }
}

/// Returns a sequential cell and async cells, the latter with throughput as a function of the width. Every
/// task is in flight, so latency follows from Little's law.
fn measured(alone: f64, per_s: impl Fn(f64) -> f64) -> Vec<ConfigurationResult> {
    let mut cells = vec![cell(StrategyKind::Sequential, 1, alone)];
    cells.extend(curve(StrategyKind::Async, &WIDTHS, per_s));
    for cell in &mut cells {
        let p50 = cell.cell.width as f64 / cell.per_s().unwrap();
        cell.latency_s = Some(Latency { p50, p90: p50, p99: p50, max: p50 });
    }
    cells
}

/// Returns the cells as if their tasks never took longer.
fn without_queueing(mut cells: Vec<ConfigurationResult>) -> Vec<ConfigurationResult> {
    let alone = cells[0].latency_s;
    cells.iter_mut().for_each(|cell| cell.latency_s = alone);
    cells
}

/// Returns a growth from half the width to `to`, by a factor of 2.
fn doubled(to: usize) -> Change {
    Change { from: to / 2, to, ratio: 2.0 }
}

#[test]
fn a_capped_upstream_is_found_by_littles_law() {
    let case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
    let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(8.0)));
    assert_eq!(
        bound,
        LimitingFactor::SharedResource { resource: SharedResource::Upstream, beyond: 8, serves: Some(8) }
    );
    // The capacity lies between two measured widths.
    let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(10.0)));
    assert_eq!(
        bound,
        LimitingFactor::SharedResource { resource: SharedResource::Upstream, beyond: 16, serves: Some(10) }
    );
}

#[test]
fn an_embedded_server_on_busy_cpus_is_not_taken_for_a_capped_one() {
    let case = Case::new(vec![http()], Class::IoBound, 0.0008, 0.044);
    let bound = case.limit(&measured(22.0, |n| 22.0 * n.min(56.0)));
    let LimitingFactor::NotReached { width: 64, growth: Change { from: 32, to: 64, .. }, .. } = bound else {
        panic!("throughput grew from 32 to 64: {bound:?}");
    };
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
fn start_up_is_not_taken_for_cpus_that_the_tasks_do_not_get() {
    let mut case = Case::new(vec![cpu()], Class::CpuBound, 1e-6, 0.0);
    case.workload.items = crate::workload::Items::Count(1000);
    let started =
        ConfigurationResult { startup_s: Some(1e-3), ..cell(StrategyKind::WorkStealing, 2, 1.0 / 1.5e-6) };
    let bound = case.limit(&[cell(StrategyKind::Sequential, 1, 5e5), started]);
    assert!(matches!(bound, LimitingFactor::Cpus { used, .. } if used > 0.99), "{bound:?}");
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

/// Returns a workload whose computing, in a callable or in a step that reads, is flat on idle CPUs.
fn flat_computing() -> (Case, Vec<ConfigurationResult>) {
    let mut case = Case::new(vec![read()], Class::CpuBound, 0.01, 0.0);
    case.host = host(128.0);
    let mut cells = vec![cell(StrategyKind::Sequential, 1, 100.0)];
    cells.extend(curve(StrategyKind::Threads, &[8, 16, 64], |n| 95.0 * n.min(16.0)));
    (case, cells)
}

#[test]
fn computing_that_is_flat_on_idle_cpus_may_share_memory() {
    let (case, cells) = flat_computing();
    let bound = case.limit(&cells);
    assert!(
        matches!(bound, LimitingFactor::SharedResource { resource: SharedResource::Memory, beyond: 16, .. }),
        "{bound:?}"
    );
}

#[test]
fn caches_and_memory_are_not_named_where_something_else_explains_it() {
    let is_memory = |case: &Case, cells: &[ConfigurationResult]| {
        matches!(case.limit(cells), LimitingFactor::SharedResource { resource: SharedResource::Memory, .. })
    };
    let (case, cells) = flat_computing();
    assert!(is_memory(&case, &cells));
    let mut busy = cells.clone();
    busy.iter_mut().for_each(|cell| cell.cpu_others = Some(0.3));
    assert!(!is_memory(&case, &busy), "other programs used the CPUs");
    let mut unrun = cells.clone();
    unrun.iter_mut().for_each(|cell| cell.rounds.clear());
    assert!(!is_memory(&case, &unrun), "nothing was run");
    let (mut described, cells) = flat_computing();
    described.workload.steps = vec![cpu()];
    assert!(!is_memory(&described, &cells), "described steps share nothing");
    let (mut python, cells) = flat_computing();
    python.profile.python = Some(callable(0.95, true));
    assert!(!is_memory(&python, &cells), "threads take turns at the GIL");
}

#[test]
fn what_computes_and_sleeps_shares_nothing() {
    let case = Case::new(vec![sleep()], Class::IoBound, 0.0001, 0.01);
    let bound = case.limit(&measured(100.0, |n| 100.0 * n.min(8.0)));
    let LimitingFactor::Unexplained { change, shares_nothing: true } = bound else {
        panic!("nothing is shared: {bound:?}");
    };
    assert_eq!((change.from, change.to), (8, 64));
}

#[test]
fn an_upstream_needs_tasks_that_queue() {
    let case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
    let capped = || measured(25.0, |n| 25.0 * n.min(8.0));
    let bound = case.limit(&without_queueing(capped()));
    assert!(matches!(bound, LimitingFactor::Unexplained { shares_nothing: false, .. }), "{bound:?}");
    // One width alone does not show that throughput stays.
    let one: Vec<_> = capped().into_iter().filter(|cell| [1, 8].contains(&cell.cell.width)).collect();
    let bound = case.limit(&one);
    assert!(
        matches!(bound, LimitingFactor::NotReached { width: 8, growth: Change { from: 1, to: 8, .. }, .. }),
        "{bound:?}"
    );
}

#[test]
fn growth_is_claimed_only_where_it_was_seen() {
    let case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
    let one = [cell(StrategyKind::Sequential, 1, 25.0), cell(StrategyKind::Async, 48, 900.0)];
    assert_eq!(case.limit(&one), LimitingFactor::Unknown { width: 48, narrower: None, wider: None });
    let doubtful = [cell(StrategyKind::Sequential, 1, 25.0), cell(StrategyKind::Async, 24, 800.0), {
        noisy(StrategyKind::Async, 48, 1000.0, 0.6)
    }];
    let bound = case.limit(&doubtful);
    let LimitingFactor::Unknown { width: 48, narrower: Some(Change { from: 24, to: 48, .. }), wider: None } =
        bound
    else {
        panic!("noise hides the growth: {bound:?}");
    };
}

#[test]
fn sequential_is_not_said_to_be_the_widest_where_others_ran() {
    let case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
    let cells = [cell(StrategyKind::Sequential, 1, 25.0), cell(StrategyKind::Threads, 2, 24.0)];
    let LimitingFactor::NoGain { fastest, ratio } = case.limit(&cells) else {
        panic!("threads gain nothing");
    };
    assert_eq!(fastest, cells[1].cell);
    assert!((ratio - 0.96).abs() < 1e-9);
}

#[test]
fn a_rate_limit_is_compared_with_attempts() {
    let mut case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
    case.workload.limits.rate_per_s = Some(500.0);
    let tasks = |per_s: f64| measured(25.0, move |n| (25.0 * n).min(per_s));
    assert!(!matches!(case.limit(&tasks(250.0)), LimitingFactor::RateLimit { .. }));
    // Two steps that each count.
    case.workload.steps = vec![http(), http()];
    case.profile.steps = vec![case.profile.steps[0].clone(), case.profile.steps[0].clone()];
    let bound = case.limit(&tasks(245.0));
    assert_eq!(bound, LimitingFactor::RateLimit { rate_per_s: 500.0, attempts_per_task: 2.0 });
    // A quarter of the tasks fails after two attempts each: half of the attempts fail.
    case.workload.steps.pop();
    case.workload.retry = Some(RetryPolicy { max: 1, backoff: Backoff::Constant, base: Duration::ZERO });
    let failing: Vec<_> = tasks(240.0).into_iter().map(|cell| failing(cell, 0.25)).collect();
    let bound = case.limit(&failing);
    let LimitingFactor::RateLimit { attempts_per_task, .. } = bound else {
        panic!("320 tasks/s start, with 1.5 attempts each: {bound:?}");
    };
    assert!((attempts_per_task - 1.5).abs() < 1e-9);
}

#[test]
fn a_step_is_attempted_once_to_as_often_as_it_may_be() {
    assert_eq!([0.0, 1.0].map(|failing| attempts(failing, 2)), [1.0, 3.0]);
    assert!((attempts(0.25, 1) - 1.5).abs() < 1e-9);
}

#[test]
fn a_run_is_no_shorter_than_its_longest_item() {
    let mut case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.11);
    case.workload.items = crate::workload::Items::Count(24);
    let slowest = vec![SlowTask { item: "big.csv".to_owned(), wall_s: 1.5 }];
    case.profile.dispersion = Some(Dispersion { coefficient_of_variation: 2.6, slowest });
    let bound = case.limit(&measured(9.0, |n| (9.0 * n).min(15.5)));
    let LimitingFactor::OneItem { item, item_s: 1.5, total_s } = bound else {
        panic!("24 tasks cannot take less than 1.5 s: {bound:?}");
    };
    assert_eq!(item, "big.csv");
    assert!((total_s - 24.0 * 0.1102).abs() < 1e-9);
    let bound = case.limit(&measured(3.0, |n| (3.0 * n).min(6.0)));
    assert!(!matches!(bound, LimitingFactor::OneItem { .. }), "{bound:?}");
    // Where all take about as long, the slowest of them is no limit of its own.
    let slowest = vec![SlowTask { item: "17".to_owned(), wall_s: 0.12 }];
    case.profile.dispersion = Some(Dispersion { coefficient_of_variation: 0.1, slowest });
    let bound = case.limit(&measured(9.0, |n| (9.0 * n).min(190.0)));
    assert!(!matches!(bound, LimitingFactor::OneItem { .. }), "{bound:?}");
}

#[test]
fn an_event_loop_is_limited_by_the_pool_of_its_threads() {
    let mut case = Case::new(vec![http()], Class::IoBound, 0.0002, 0.0398);
    case.profile.python = Some(callable(0.0, false));
    let bound = case.limit(&measured(25.0, |n| 25.0 * n.min(6.0)));
    assert_eq!(
        bound,
        LimitingFactor::SharedResource {
            resource: SharedResource::DefaultThreadPool,
            beyond: 8,
            serves: Some(6)
        }
    );
}

#[test]
fn a_lock_and_a_single_writer_bind_before_anything_else() {
    for (step, place) in [(lock("a"), SerialPlace::SharedLock), (sqlite(true), SerialPlace::SqliteWriter)] {
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
        LimitingFactor::RateLimit { rate_per_s: 500.0, attempts_per_task: 1.0 }
    );
    case.workload.limits.rate_per_s = None;
    case.workload.limits.max_in_flight = Some(64);
    assert_eq!(
        case.limit(&measured(100.0, |n| 100.0 * n)),
        LimitingFactor::MaxInFlight { max_in_flight: 64, growth: Some(doubled(64)) }
    );
    case.workload.limits.max_in_flight = Some(8);
    assert_eq!(
        case.limit(&measured(100.0, |n| 100.0 * n.min(8.0))),
        LimitingFactor::MaxInFlight { max_in_flight: 8, growth: Some(doubled(8)) }
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
    assert_eq!(
        case.limit(&cells),
        LimitingFactor::Refused { configuration, reason, growth: Some(doubled(64)) }
    );
}

#[test]
fn the_widest_that_the_machine_allows_is_a_limit() {
    let mut case = Case::new(vec![http()], Class::IoBound, 0.0, 0.01);
    case.host.limits.open_files = Some(64 + 64);
    let bound = case.limit(&measured(100.0, |n| 100.0 * n));
    assert_eq!(
        bound,
        LimitingFactor::Machine {
            limit: WidthLimit::OpenFiles { allowed: 128, per_task: 1 },
            growth: Some(doubled(64))
        }
    );
}

#[test]
fn growth_at_the_widest_is_no_limit() {
    let case = Case::new(vec![sleep()], Class::IoBound, 0.0, 0.01);
    assert_eq!(
        case.limit(&measured(100.0, |n| 100.0 * n)),
        LimitingFactor::NotReached { width: 64, growth: doubled(64), next_width: 128 }
    );
    let few = Case { workload: workload(100, vec![sleep()]), ..case };
    let bound = few.limit(&measured(100.0, |n| 100.0 * n));
    assert!(matches!(bound, LimitingFactor::NotReached { next_width: 100, .. }), "{bound:?}");
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
    let bound = case.limit(&[cell(StrategyKind::Sequential, 1, 5e6), cell(StrategyKind::Threads, 2, 1e6)]);
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
        let mut case = Case::new(vec![http()], Class::IoBound, 0.0, 0.01);
        case.profile.waits = waits;
        let bound = case.limit(&measured(100.0, |n| 100.0 * n.min(4.0)));
        assert!(
            matches!(bound, LimitingFactor::SharedResource { resource, .. } if resource == expected),
            "{bound:?}"
        );
    }
}
