//! The sentence of every limit.

use super::*;
use crate::benchmark::Configuration;
use crate::benchmark::capacity::WidthLimit;
use crate::benchmark::result::Reason;
use crate::diagnostics::Code;
use crate::strategy::StrategyKind;

fn assert_sentence(limit: &LimitingFactor, expected: &str) {
    assert_eq!(sentence(limit, Basis::Measured, Together::Tasks), expected);
    let response = response(limit, Together::Tasks);
    assert!(!response.ends_with('.') && response.len() > 10, "{response}");
}

const GROWTH: Change = Change { from: 24, to: 48, ratio: 1.9 };

#[test]
fn limits_of_the_workload_have_their_sentences() {
    let serial = |place| LimitingFactor::SerialSection { place, share: 0.95 };
    let item = "big.csv".to_owned();
    for (limit, expected) in [
        (serial(SerialPlace::MaxInFlight), "max_in_flight = 1: tasks run one at a time"),
        (serial(SerialPlace::SharedLock), "a shared lock: tasks hold it one at a time, for 95% of each task"),
        (
            serial(SerialPlace::SqliteWriter),
            "SQLite's single writer: tasks write one at a time, for 95% of each task",
        ),
        (
            LimitingFactor::RateLimit { rate_per_s: 1500.0, attempts_per_task: 1.0 },
            "rate_per_s: the workload allows 1 500 attempts/s",
        ),
        (
            LimitingFactor::RateLimit { rate_per_s: 1500.0, attempts_per_task: 1.52 },
            "rate_per_s: the workload allows 1 500 attempts/s; a task makes about 1.5",
        ),
        (
            LimitingFactor::OneItem { item, item_s: 1.5, total_s: 2.65 },
            "one item: 'big.csv' takes 1.50 s, and all tasks together 2.65 s; no run is shorter than its longest task",
        ),
        (
            LimitingFactor::WorkloadSize { total_s: 2e-4 },
            "the size of the workload: 200 µs in total is too short to share",
        ),
        (
            LimitingFactor::TaskSize { task_s: 1e-6 },
            "the size of a task: 1.00 µs is too short to hand to another worker",
        ),
        (
            LimitingFactor::MaxInFlight { max_in_flight: 48, growth: Some(GROWTH) },
            "max_in_flight = 48; throughput grew up to that width (48 in flight give 1.9x the throughput of 24)",
        ),
        (LimitingFactor::MaxInFlight { max_in_flight: 48, growth: None }, "max_in_flight = 48"),
        (LimitingFactor::TaskCount { tasks: 20 }, "the number of tasks: all 20 run at the same time"),
    ] {
        assert_sentence(&limit, expected);
    }
}

#[test]
fn limits_of_the_machine_have_their_sentences() {
    let cpus = |used| LimitingFactor::Cpus { cpus: 1.5, used, gain_of_twice: 1.94 };
    let configuration = Configuration::new(StrategyKind::Async, 512);
    let reason = Reason::new(Code::HostLimit, "at most 448 wide here");
    let limit = WidthLimit::OpenFiles { allowed: 1024, per_task: 1 };
    for (limit, expected) in [
        (cpus(0.97), "the CPUs: the tasks use 97% of 1.5 CPUs"),
        (cpus(0.55), "the CPUs: a task computes on every CPU, but the tasks get only 55% of 1.5 CPUs"),
        (
            LimitingFactor::InterpreterLock { used: 0.97 },
            "the GIL: one thread computes at a time, 97% of the time",
        ),
        (
            LimitingFactor::Refused { configuration, reason, growth: None },
            "async 512 could not run: at most 448 wide here",
        ),
        (
            LimitingFactor::Machine { limit, growth: Some(GROWTH) },
            "this machine: open files: 1024 (1 per task); throughput grew up to that width (48 in flight give 1.9x the throughput of 24)",
        ),
        (LimitingFactor::Machine { limit, growth: None }, "this machine: open files: 1024 (1 per task)"),
    ] {
        assert_sentence(&limit, expected);
    }
}

#[test]
fn what_is_shared_has_its_sentences() {
    let shared = |resource, serves| LimitingFactor::SharedResource { resource, beyond: 16, serves };
    let unexplained = |ratio, shares_nothing| LimitingFactor::Unexplained {
        change: Change { from: 8, to: 64, ratio },
        shares_nothing,
    };
    for (limit, expected) in [
        (
            shared(SharedResource::Upstream, Some(10)),
            "the upstream serves about 10 at a time: beyond 16 in flight, throughput does not grow and tasks take longer",
        ),
        (
            shared(SharedResource::DefaultThreadPool, Some(6)),
            "about 6 at a time in the event loop, the threads of `asyncio.to_thread`'s default pool: beyond 16 in flight, throughput does not grow and tasks take longer",
        ),
        (
            shared(SharedResource::Disk, None),
            "the disk: beyond 16 in flight, throughput does not grow and tasks take longer",
        ),
        (
            shared(SharedResource::Memory, None),
            "perhaps memory bandwidth or caches: beyond 16 in flight, throughput does not grow, although CPUs are idle",
        ),
        (
            unexplained(0.98, true),
            "unknown: throughput does not grow beyond 8 in flight (64 in flight: 2% less), although the tasks share nothing but the CPUs",
        ),
        (
            unexplained(1.001, false),
            "unknown: throughput does not grow beyond 8 in flight (64 in flight: as much), and why was not seen",
        ),
    ] {
        assert_sentence(&limit, expected);
    }
}

#[test]
fn growth_and_doubt_have_their_sentences() {
    let change = |from, to, ratio| Some(Change { from, to, ratio });
    let unknown = |narrower, wider| LimitingFactor::Unknown { width: 48, narrower, wider };
    let fastest = Configuration::new(StrategyKind::Threads, 2);
    for (limit, expected) in [
        (
            LimitingFactor::NotReached { width: 48, growth: GROWTH, next_width: 90 },
            "none seen: 48 in flight give 1.9x the throughput of 24, and nothing wider was measured",
        ),
        (
            LimitingFactor::NotReached { width: 24, growth: GROWTH, next_width: 48 },
            "none reached at 24: 48 in flight give 1.9x the throughput of 24",
        ),
        (
            unknown(None, change(48, 64, 1.02)),
            "unknown: it is undecided whether throughput grows beyond 48 in flight (64 in flight: 2% more)",
        ),
        (
            unknown(change(24, 48, 1.03), None),
            "unknown: nothing wider than 48 in flight was measured, and whether it gains over 24 is undecided (3% more)",
        ),
        (unknown(None, None), "unknown: no other width than 48 has a valid result to compare with"),
        (
            LimitingFactor::NoGain { fastest, ratio: 0.97 },
            "not known: the fastest of the others, threads 2, is 3% slower than sequential",
        ),
        (
            LimitingFactor::NoGain { fastest, ratio: 1.04 },
            "not known: the fastest of the others, threads 2, is 4% faster than sequential",
        ),
    ] {
        assert_sentence(&limit, expected);
    }
    for (limit, expected) in [
        (
            LimitingFactor::NotReached { width: 48, growth: GROWTH, next_width: 90 },
            "predicted, not measured: 48 in flight give 1.9x the throughput of 24, and nothing wider was considered",
        ),
        (
            unknown(None, change(48, 64, 1.0)),
            "predicted, not measured: throughput does not grow beyond 48 in flight (64 in flight: as much)",
        ),
        (unknown(None, None), "unknown: the recommended configuration was not run"),
    ] {
        assert_eq!(sentence(&limit, Basis::Predicted, Together::Tasks), expected);
    }
}

#[test]
fn responses_name_their_figures() {
    let cpus = LimitingFactor::Cpus { cpus: 1.5, used: 0.97, gain_of_twice: 1.94 };
    assert!(response(&cpus, Together::Tasks).ends_with("about 1.9x the throughput"));
    let not_reached = |width| {
        response(&LimitingFactor::NotReached { width, growth: GROWTH, next_width: 90 }, Together::Tasks)
    };
    assert_eq!(not_reached(48), "go wider, for example with --width 90");
    assert_eq!(not_reached(24), "use up to 48 in flight, if only throughput matters");
    let unknown = LimitingFactor::Unknown { width: 1, narrower: None, wider: None };
    assert_eq!(response(&unknown, Together::Tasks), "compare widths, for example with --width 1,2");
}

#[test]
fn every_resource_has_a_sentence_and_a_response() {
    for resource in [
        SharedResource::EmbeddedServer,
        SharedResource::Disk,
        SharedResource::Lock,
        SharedResource::Memory,
        SharedResource::Commands,
        SharedResource::DefaultThreadPool,
        SharedResource::Unknown,
    ] {
        assert!(shared(resource, 8, None, Together::Tasks).contains("beyond 8 in flight"));
        assert!(!shared_response(resource, 8, Together::Tasks).is_empty());
    }
}

#[test]
fn commands_run_some_at_a_time() {
    let change = Change { from: 8, to: 16, ratio: 1.0 };
    let limits = [
        LimitingFactor::NotReached { width: 24, growth: GROWTH, next_width: 90 },
        LimitingFactor::NotReached { width: 48, growth: GROWTH, next_width: 90 },
        LimitingFactor::MaxInFlight { max_in_flight: 48, growth: Some(GROWTH) },
        LimitingFactor::TaskCount { tasks: 20 },
        LimitingFactor::Unexplained { change, shares_nothing: false },
        LimitingFactor::Unexplained { change, shares_nothing: true },
        LimitingFactor::Unknown { width: 8, narrower: Some(GROWTH), wider: None },
        LimitingFactor::Unknown { width: 8, narrower: None, wider: Some(change) },
        LimitingFactor::SharedResource { resource: SharedResource::Commands, beyond: 8, serves: None },
        LimitingFactor::SharedResource { resource: SharedResource::Upstream, beyond: 8, serves: None },
    ];
    for limit in limits {
        for basis in [Basis::Measured, Basis::Predicted] {
            let told = format!(
                "{}. {}.",
                sentence(&limit, basis, Together::Commands),
                response(&limit, Together::Commands)
            );
            assert!(!told.contains("in flight"), "{told}");
        }
    }
    let change = LimitingFactor::Unexplained { change, shares_nothing: false };
    assert_eq!(response(&change, Together::Commands), "keep to 8 at a time: more only take longer");
}
