//! No rate is beyond what the event loop or the interpreter's lock allows, however short the batch.

use conc::internal::{BatchTimes, StrategyKind};

use crate::test_bed::TestBed;

const BLOCKING: &str = r#"
import asyncio, time

async def blocks(item):
    time.sleep(0.02)

async def blocks_after_a_wait(item):
    await asyncio.sleep(0.001)
    time.sleep(0.02)

def holds_the_lock(item):
    return sum(i * i for i in range(60_000))
"#;

/// Batches of one, two, three and many tasks per worker.
const BATCHES: [(u64, usize); 4] = [(16, 16), (32, 16), (24, 8), (30, 2)];

#[test]
fn a_coroutine_that_blocks_its_loop_runs_one_at_a_time_at_every_width() {
    for callable in ["blocks", "blocks_after_a_wait"] {
        for (tasks, width) in BATCHES {
            let report = TestBed::new(BLOCKING, &[callable], tasks).run(StrategyKind::Async, width);
            let x = BatchTimes::of(&report, 2.0).throughput(100_000);
            // A sleep is never shorter than 20 ms.
            assert!(x <= 55.0, "{callable}, {tasks} tasks at {width}: {x}/s, {:?}", report.full_pipe);
        }
    }
}

#[test]
fn a_loop_in_every_process_blocks_for_itself() {
    let report = TestBed::new(BLOCKING, &["blocks_after_a_wait"], 48).run(StrategyKind::Hybrid, 16);
    let x = BatchTimes::of(&report, 2.0).throughput(100_000);
    assert!(x <= 110.0, "two processes: {x}/s, {:?}", report.full_pipe);
}

#[test]
fn threads_that_hold_the_lock_do_no_more_than_one_cpu() {
    for (tasks, width) in [(24, 8), (16, 8), (48, 16)] {
        let report = TestBed::new(BLOCKING, &["holds_the_lock"], tasks).run(StrategyKind::Threads, width);
        let cpu_s = report.cpu.total_s() / tasks as f64;
        let x = BatchTimes::of(&report, f64::INFINITY).steady_rate();
        assert!(x * cpu_s <= 1.4, "{tasks} tasks at {width}: {} CPUs, {:?}", x * cpu_s, report.full_pipe);
    }
}

#[test]
fn workers_count_the_wait_for_their_next_task() {
    let source = "import time\ndef f(item): time.sleep(0.002)";
    for (strategy, width) in [(StrategyKind::Processes, 2), (StrategyKind::Threads, 3)] {
        let report = TestBed::new(source, &["f"], 30).run(strategy, width);
        let latencies_s = report.tally.latencies.mean().expect("latencies") * 30.0;
        // Every worker is busy from the release to its last task, so the sum is about the time of all workers.
        assert!(
            latencies_s > 0.6 * report.wall_s * width as f64,
            "{strategy}: {latencies_s} {}",
            report.wall_s
        );
        assert_eq!(report.full_pipe.map(|pipe| pipe.workers), Some(width as u64), "{strategy}");
    }
}
