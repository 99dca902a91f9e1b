//! `[retry]` and `rate_per_s` apply to callables as to any other step, under every strategy.

use std::fs;
use std::time::Duration;

use conc::internal::{Backoff, Code, RetryPolicy, StrategyKind};

use crate::test_bed::{PATIENCE, STRATEGIES, TestBed};

const SOURCE: &str = r#"
import asyncio, os

here = os.path.dirname(os.path.abspath(__file__))

def count(i):
    with open(os.path.join(here, "attempts"), "ab") as file:
        file.write(b"x")

def flaky(i):
    count(i)
    try:
        os.close(os.open(os.path.join(here, "seen-%d" % i), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return i
    raise ConnectionResetError("the first time")

async def flaky_awaited(i):
    await asyncio.sleep(0)
    return flaky(i)

def never(i):
    count(i)
    raise ValueError("as always")

def leaves(i):
    count(i)
    raise SystemExit(3)

def quick(i):
    return i

async def quick_awaited(i):
    return i
"#;

const TASKS: u64 = 12;

fn bed(callable: &str, max: u32) -> TestBed {
    let mut bed = TestBed::new(SOURCE, &[callable], TASKS);
    let base = Duration::from_millis(2);
    bed.workload.retry = Some(RetryPolicy { max, backoff: Backoff::Exponential, base });
    bed
}

fn attempts(bed: &TestBed) -> u64 {
    fs::metadata(bed.directory.path().join("attempts")).expect("attempts").len()
}

#[test]
fn a_task_that_fails_is_tried_again_under_every_strategy() {
    for (strategy, width) in STRATEGIES {
        for callable in ["flaky", "flaky_awaited"] {
            let bed = bed(callable, 1);
            let report = bed.run(strategy, width);
            assert_eq!(report.tally.counts.ok, TASKS, "{strategy} {callable}: {:?}", report.tally.errors());
            assert_eq!(attempts(&bed), 2 * TASKS, "{strategy} {callable}");
        }
    }
}

#[test]
fn no_task_is_tried_more_often_than_it_may_be() {
    for (strategy, width) in STRATEGIES {
        let bed = bed("never", 2);
        let report = bed.run(strategy, width);
        assert_eq!(report.tally.counts.failed, TASKS, "{strategy}");
        assert_eq!(report.tally.errors()[0].code, Code::PythonRaised, "{strategy}");
        assert!(report.tally.errors()[0].message.contains("as always (tasks.py:"), "{strategy}");
        assert_eq!(attempts(&bed), 3 * TASKS, "{strategy}");
    }
}

#[test]
fn what_asks_for_the_end_is_not_tried_again() {
    let bed = bed("leaves", 5);
    assert_eq!(bed.run(StrategyKind::Sequential, 1).tally.counts.failed, TASKS);
    assert_eq!(attempts(&bed), TASKS);
}

#[test]
fn a_timeout_includes_the_retries() {
    let mut bed = bed("never", 1000).timeout(Duration::from_millis(200));
    bed.workload.retry.as_mut().expect("a policy").backoff = Backoff::Constant;
    for (strategy, width) in
        [(StrategyKind::Sequential, 1), (StrategyKind::Threads, 6), (StrategyKind::Processes, 2)]
    {
        let counts = bed.run(strategy, width).tally.counts;
        // Threads may all be at their last attempt when the tasks that wait for one are given up.
        let least = if strategy == StrategyKind::Threads { 6 } else { TASKS };
        assert!(counts.timed_out >= least && counts.timed_out == counts.started(), "{strategy}: {counts:?}");
    }
}

#[test]
fn the_rate_is_one_for_all_workers() {
    const RATE: f64 = 100.0;
    for (strategy, width) in STRATEGIES {
        for callable in ["quick", "quick_awaited"] {
            let mut bed = TestBed::new(SOURCE, &[callable], 40);
            bed.workload.limits.rate_per_s = Some(RATE);
            let report = bed.run(strategy, width);
            assert_eq!(report.tally.counts.ok, 40, "{strategy} {callable}");
            assert!(report.wall_s >= 39.0 / RATE, "{strategy} {callable}: {} s", report.wall_s);
        }
    }
}

#[test]
fn attempts_are_counted_by_the_rate_and_only_those_of_steps_that_wait() {
    const RATE: f64 = 200.0;
    let mut bed = bed("never", 2);
    bed.workload.limits.rate_per_s = Some(RATE);
    let report = bed.run(StrategyKind::Processes, 2);
    assert!(report.wall_s >= (3 * TASKS - 1) as f64 / RATE, "{} s", report.wall_s);

    let mut bed = TestBed::new(SOURCE, &["quick", "quick"], 40);
    bed.workload.limits.rate_per_s = Some(RATE);
    let mut batch = bed.batch(StrategyKind::Threads, 4, PATIENCE);
    let both = bed.session.run(&bed.workload, &batch).expect("a report");
    assert!(both.wall_s >= 79.0 / RATE, "{} s", both.wall_s);
    // A test of the harness, which needs no clock, shows that computing steps take no tokens.
    batch.cpu_steps = Some(vec![false, true]);
    let first = bed.session.run(&bed.workload, &batch).expect("a report");
    assert!(first.tally.counts.ok == 40 && first.wall_s >= 39.0 / RATE, "{} s", first.wall_s);
}

#[test]
fn a_profile_does_not_take_the_rate_for_the_work() {
    let source = "def spin(i):\n    s = 0\n    for k in range(50_000): s += k\n    return s\n";
    let mut bed = TestBed::new(source, &["spin"], 200);
    bed.workload.limits.rate_per_s = Some(40.0);
    let profile = bed.profile(Duration::from_secs(1)).expect("a profile").profile;
    // With the pauses it would be about 0.1.
    assert!(profile.cpu_fraction > 0.5, "{profile:?}");
    assert!(profile.python.as_ref().is_some_and(|python| python.steps[0].cpu_fraction > 0.5), "{profile:?}");
}
