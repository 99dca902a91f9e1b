//! Many tasks: a million of them take no more memory than ten thousand, and a hundred thousand may
//! wait at once.

use std::time::Duration;

use conc::internal::{Configuration, Kernel, RunReport, StrategyKind};

use crate::common::lane;
use crate::common::{TestBed, cell, counted, iterations, sleep};

mod common;

fn tiny_tasks(tasks: u64, cell: Configuration) -> RunReport {
    let report = TestBed::new(counted(tasks, vec![iterations(Kernel::Sha256, 1)])).run(cell);
    assert_eq!(report.tally.counts.ok, tasks, "{cell}");
    report
}

/// A million tasks in memory that does not grow with their number.
fn a_million_in_constant_memory(cell: Configuration) {
    if !lane::runs_all(&format!("a million tasks under {cell}")) {
        return;
    }
    let (few, many) = (tiny_tasks(10_000, cell), tiny_tasks(1_000_000, cell));
    let grown = many.peak_rss_bytes.saturating_sub(few.peak_rss_bytes);
    assert!(grown < 4 << 20, "{cell}: {grown} bytes more for a hundred times the tasks");
}

#[test]
fn threads_run_a_million_tasks_in_constant_memory() {
    a_million_in_constant_memory(cell(StrategyKind::Threads, 4));
}

#[test]
fn an_event_loop_runs_a_million_tasks_in_constant_memory() {
    a_million_in_constant_memory(cell(StrategyKind::Async, 64));
}

#[test]
fn work_stealing_runs_a_million_tasks_in_constant_memory() {
    a_million_in_constant_memory(cell(StrategyKind::WorkStealing, 4));
}

#[test]
fn processes_run_a_million_tasks_in_constant_memory() {
    a_million_in_constant_memory(cell(StrategyKind::Processes, 4));
}

#[test]
fn a_hundred_thousand_tasks_wait_at_once() {
    const MANY: usize = 100_000;
    const FEW: usize = 1_000;
    if !lane::runs_all("a hundred thousand tasks at once") {
        return;
    }
    let nap = Duration::from_secs(2);
    let run = |width: usize| {
        TestBed::new(counted(width as u64, vec![sleep(nap)])).run(cell(StrategyKind::Async, width))
    };
    let (few, many) = (run(FEW), run(MANY));
    assert_eq!(many.tally.counts.ok, MANY as u64);
    // Little's law: the mean number in flight is the rate times the mean latency.
    let latency = many.tally.latencies.mean().expect("every task has a latency");
    let in_flight = MANY as f64 / many.wall_s * latency;
    assert!(in_flight > MANY as f64 / 4.0, "{in_flight} in flight");
    let each = many.peak_rss_bytes.saturating_sub(few.peak_rss_bytes) / (MANY - FEW) as u64;
    assert!(each < 4 << 10, "{each} bytes a task");
}
