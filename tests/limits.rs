//! The limits of a workload act under every strategy, on real work.

use std::time::Duration;

use conc::internal::{
    Backoff, Code, Configuration, FixtureSpec, Kernel, RetryPolicy, StepSpec, StrategyKind, TaskCounts,
    Workload, WorkloadLimits, pause,
};

use crate::common::{
    CELLS, PATIENCE, SEED, TestBed, cell, command, compute, counted, http, iterations, lock, sleep,
};

mod common;

const MS: Duration = Duration::from_millis(1);

/// Seconds of a step that no test waits for, however busy the machine is.
const LONG_S: f64 = 120.0;
const LONG: Duration = Duration::from_secs(120);

fn limited(tasks: u64, steps: Vec<StepSpec>, limits: WorkloadLimits) -> Workload {
    Workload { limits, ..counted(tasks, steps) }
}

/// Steps of which each takes far longer than the timeout end at it, under every strategy.
fn times_out(step: StepSpec) {
    const TASKS: u64 = 4;
    let limits = WorkloadLimits { timeout: Some(MS * 50), ..WorkloadLimits::default() };
    let mut bed = TestBed::new(limited(TASKS, vec![step], limits));
    for cell in CELLS {
        let report = bed.run(cell);
        let counts = TaskCounts { timed_out: TASKS, ..TaskCounts::default() };
        assert_eq!(report.tally.counts, counts, "{cell}: {:?}", report.tally.errors());
        assert_eq!(report.tally.errors()[0].code, Code::TaskTimeout, "{cell}");
        assert!(report.wall_s < LONG_S / 2.0, "{cell}: {} s", report.wall_s);
    }
}

#[test]
fn a_timeout_ends_a_wait() {
    times_out(sleep(LONG));
}

#[test]
fn a_timeout_ends_a_computation() {
    times_out(compute(LONG));
}

#[test]
fn nothing_is_computed_for_a_task_that_is_over() {
    const TASKS: u64 = 200;
    let limits = WorkloadLimits { timeout: Some(MS * 50), ..WorkloadLimits::default() };
    let mut bed = TestBed::new(limited(TASKS, vec![compute(LONG)], limits));
    let report = bed.run(Configuration::hybrid(TASKS as usize, 1));
    assert_eq!(report.tally.counts.timed_out, TASKS);
    // All time out in the queue while the only worker computes for the first of them: 200 computations
    // of 50 ms would take 10 s.
    assert!(report.cpu.total_s() < 4.0, "{} s", report.cpu.total_s());
}

#[test]
fn a_timeout_kills_a_command() {
    times_out(command(&["sleep", "60"]));
}

#[test]
fn a_timeout_ends_a_wait_for_the_shared_lock() {
    let limits = WorkloadLimits { timeout: Some(MS * 200), ..WorkloadLimits::default() };
    let mut bed = TestBed::new(limited(3, vec![lock(LONG)], limits));
    for cell in CELLS {
        let report = bed.run(cell);
        assert_eq!(report.tally.counts.timed_out, 3, "{cell}: {:?}", report.tally.errors());
        assert!(report.wall_s < LONG_S / 2.0, "{cell}: {} s", report.wall_s);
    }
}

#[test]
fn a_rate_is_kept_by_all_workers_together() {
    const TASKS: u64 = 30;
    let limits = WorkloadLimits { rate_per_s: Some(100.0), ..WorkloadLimits::default() };
    let mut bed = TestBed::new(limited(TASKS, vec![sleep(Duration::ZERO)], limits));
    for cell in CELLS {
        let report = bed.run(cell);
        assert_eq!(report.tally.counts.ok, TASKS, "{cell}");
        assert!(report.wall_s >= 0.3, "{cell}: {} s", report.wall_s);
    }
}

#[test]
fn a_rate_counts_tasks_where_nothing_waits() {
    const TASKS: u64 = 20;
    let limits = WorkloadLimits { rate_per_s: Some(100.0), ..WorkloadLimits::default() };
    let steps = vec![iterations(Kernel::Sha256, 1), iterations(Kernel::Sha256, 1)];
    let mut bed = TestBed::new(limited(TASKS, steps, limits));
    for cell in CELLS {
        let report = bed.run(cell);
        assert_eq!(report.tally.counts.ok, TASKS, "{cell}");
        assert!(report.wall_s >= 0.2, "{cell}: {} s", report.wall_s);
    }
}

#[test]
fn pauses_between_attempts_are_kept_and_attempts_are_counted() {
    const TASKS: u64 = 12;
    let retry = RetryPolicy { max: 2, backoff: Backoff::Exponential, base: MS * 20 };
    let pauses = |index| (0..retry.max).map(|attempt| pause(&retry, attempt, index, SEED)).sum::<Duration>();
    let longest = (0..TASKS).map(pauses).max().expect("there are tasks").as_secs_f64();
    let fixture = Some(FixtureSpec { error_rate: 1.0, ..FixtureSpec::default() });
    let failing = counted(TASKS, vec![http("fixture:/{item}")]);
    let mut bed = TestBed::new(Workload { fixture, retry: Some(retry.clone()), ..failing });
    for cell in CELLS {
        let tally = bed.run(cell).tally;
        assert_eq!(tally.counts, TaskCounts { failed: TASKS, ..TaskCounts::default() }, "{cell}");
        let slowest = tally.latencies.max().expect("every task has a latency");
        assert!(slowest >= 0.98 * longest, "{cell}: {slowest} s, pauses alone are {longest} s");
    }
    let stats = bed.fixture.take().expect("it was started").stop().expect("it ends well");
    assert_eq!(stats.requests, CELLS.len() as u64 * TASKS * u64::from(1 + retry.max));
}

#[test]
fn a_batch_that_takes_too_much_memory_is_stopped() {
    // The kernel streams through 64 MiB; the pause is there to be cut short.
    let steps = vec![iterations(Kernel::Memory, 1), sleep(Duration::from_secs(60))];
    let limits = WorkloadLimits { memory: Some(48 << 20), ..WorkloadLimits::default() };
    for cell in [Configuration::REFERENCE, cell(StrategyKind::Processes, 2)] {
        let mut bed = TestBed::new(limited(2, steps.clone(), limits.clone()));
        let error = bed.try_run(cell, PATIENCE, PATIENCE).expect_err("too much memory");
        assert_eq!(error.code, Code::HostMemory, "{cell}: {error}");
        assert!(error.message.contains("48"), "{error}");
    }
}

#[test]
fn a_batch_within_its_memory_is_left_alone() {
    let steps = vec![iterations(Kernel::Memory, 1), sleep(MS * 50)];
    let limits = WorkloadLimits { memory: Some(4 << 30), ..WorkloadLimits::default() };
    let report = TestBed::new(limited(2, steps, limits)).run(cell(StrategyKind::Threads, 2));
    assert_eq!(report.tally.counts.ok, 2);
    assert!((64 << 20..256 << 20).contains(&report.peak_rss_bytes), "{} bytes", report.peak_rss_bytes);
}

#[test]
fn a_lock_is_had_by_one_task_at_a_time_in_whatever_thread_or_process() {
    const TASKS: u32 = 20;
    let hold = MS * 8;
    let mut bed = TestBed::new(counted(TASKS.into(), vec![lock(hold)]));
    for cell in CELLS {
        let report = bed.run(cell);
        assert_eq!(report.tally.counts.ok, u64::from(TASKS), "{cell}");
        assert!(report.wall_s >= 0.9 * (TASKS * hold).as_secs_f64(), "{cell}: {} s", report.wall_s);
    }
}
