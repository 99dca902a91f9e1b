//! Runs one batch under one strategy and measures what it took.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::host::usage::{CpuTime, peak_rss_of_children, peak_rss_of_self};
use crate::strategy::asynchronous::Async;
use crate::strategy::hybrid::Hybrid;
use crate::strategy::job::{Job, Strategy};
use crate::strategy::kind::StrategyKind;
use crate::strategy::processes::Processes;
use crate::strategy::sequential::Sequential;
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::threads::Threads;
use crate::strategy::time_breakdown::WorkerTimeBreakdown;
use crate::strategy::work_stealing::WorkStealing;
use crate::workload::task_outcomes::TaskOutcomes;

/// What one batch took and gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    /// Seconds until the strategy was ready for the first task.
    pub startup_s: f64,
    /// Seconds from the first task started to the last one ended.
    pub wall_s: f64,
    /// Workers that were busy at once, at the most: below the width where an event loop has more
    /// tasks in flight than it lets run.
    pub most_busy: u64,
    /// CPU time for the tasks, all processes together, start-up excluded.
    pub cpu: CpuTime,
    /// Largest resident sizes of this process and its workers together, in bytes, and for commands
    /// the largest one times those in flight: an upper bound.
    pub peak_rss_bytes: u64,
    /// Where the time of worker processes went; `None` where there are none.
    pub ledger: Option<WorkerTimeBreakdown>,
    /// What became of the tasks.
    pub tally: TaskOutcomes,
}

/// The strategy of that name; `None` if this version does not run it.
pub fn strategy(kind: StrategyKind) -> Option<Box<dyn Strategy>> {
    Some(match kind {
        StrategyKind::Sequential => Box::new(Sequential),
        StrategyKind::Async => Box::new(Async),
        StrategyKind::Threads => Box::new(Threads),
        StrategyKind::WorkStealing => Box::new(WorkStealing),
        StrategyKind::Processes => Box::new(Processes),
        StrategyKind::Hybrid => Box::new(Hybrid),
        StrategyKind::Pipeline | StrategyKind::Uvloop | StrategyKind::Interpreters => return None,
    })
}

/// Stops the feed when the time is over, unless the returned sender is dropped before.
fn stop_after(limit: Duration, feed: &Arc<TaskQueue>) -> mpsc::Sender<()> {
    let (running, ended) = mpsc::channel::<()>();
    let feed = Arc::clone(feed);
    std::thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            feed.stop();
        }
    });
    running
}

/// Starts the strategy, runs the feed and ends the strategy.
///
/// # Errors
/// When the strategy cannot start; failing tasks are part of the report.
pub fn run(strategy: &dyn Strategy, job: &Job, feed: &Arc<TaskQueue>) -> Result<RunReport, Error> {
    let asked = Instant::now();
    let mut pool = strategy.start(job)?;
    let ready = Instant::now();
    let _timer = job.time_limit.map(|limit| stop_after(limit, feed));
    let before = CpuTime::of_self() + CpuTime::of_children();
    let tally = pool.run(feed);
    let wall_s = ready.elapsed().as_secs_f64();
    let workers = pool.usage();
    // Taken before the pool is dropped: workers that are reaped then have told theirs already.
    let used = CpuTime::of_self() + CpuTime::of_children() - before;
    let in_flight = job.width.min(usize::try_from(feed.len()).unwrap_or(usize::MAX)) as u64;
    let commands = if job.workload.runs_commands() { in_flight * peak_rss_of_children() } else { 0 };
    let startup_s = (ready - asked).as_secs_f64();
    let ledger = pool
        .traffic()
        .map(|(workers, traffic)| WorkerTimeBreakdown::new(workers, startup_s, wall_s, traffic));
    Ok(RunReport {
        startup_s,
        wall_s,
        most_busy: if feed.most_busy() > 0 { feed.most_busy() } else { in_flight },
        cpu: used + workers.cpu,
        peak_rss_bytes: peak_rss_of_self() + workers.peak_rss_bytes + commands,
        ledger,
        tally,
    })
}
