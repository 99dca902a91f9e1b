//! The run of one batch under one strategy, with its times and costs.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::host::instructions::InstructionCounter;
use crate::host::usage::{CpuTime, peak_rss_of_children, peak_rss_of_self};
use crate::model::FullPipe;
use crate::strategy::asynchronous::Async;
use crate::strategy::hybrid::Hybrid;
use crate::strategy::job::{Job, PoolRun, Strategy};
use crate::strategy::kind::StrategyKind;
use crate::strategy::pipeline::Pipeline;
use crate::strategy::processes::Processes;
use crate::strategy::sequential::Sequential;
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::threads::Threads;
use crate::strategy::time_breakdown::WorkerTimeBreakdown;
use crate::strategy::work_stealing::WorkStealing;
use crate::workload::task_outcomes::TaskOutcomes;

/// The times, costs and outcomes of one batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    /// Seconds until the strategy was ready for the first task, with what its processes paid once, at their
    /// first call.
    pub startup_s: f64,
    /// Seconds from the first task started to the last one ended, without what processes paid once.
    pub wall_s: f64,
    /// Largest number of workers that were busy at once: below the width if an event loop has more
    /// tasks in flight than it lets run.
    pub most_busy: u64,
    /// The rate while every worker was busy; `None` if the times of the tasks are not known.
    #[serde(default)]
    pub full_pipe: Option<FullPipe>,
    /// CPU time for the tasks, all processes together, start-up excluded.
    pub cpu: CpuTime,
    /// Instructions for the tasks in user mode, all processes together, start-up excluded; `None` where they are not
    /// counted.
    #[serde(default)]
    pub instructions: Option<f64>,
    /// Sum of the peak resident sizes of this process and its workers, in bytes. For commands it is the
    /// largest one times the number in flight: an upper bound.
    pub peak_rss_bytes: u64,
    /// Peak memory of this process and its workers in bytes, each shared page counted once (proportional set
    /// size); `None` where it was not measured.
    #[serde(default)]
    pub peak_pss_bytes: Option<u64>,
    /// Time of worker processes by purpose; `None` where there are none.
    pub ledger: Option<WorkerTimeBreakdown>,
    /// The outcomes of the tasks.
    pub tally: TaskOutcomes,
}

/// Returns the native implementation of a strategy; `None` if there is none.
pub fn strategy(kind: StrategyKind) -> Option<Box<dyn Strategy>> {
    Some(match kind {
        StrategyKind::Sequential => Box::new(Sequential),
        StrategyKind::Async => Box::new(Async),
        StrategyKind::Threads => Box::new(Threads),
        StrategyKind::WorkStealing => Box::new(WorkStealing),
        StrategyKind::Processes => Box::new(Processes),
        StrategyKind::Hybrid => Box::new(Hybrid),
        StrategyKind::Pipeline => Box::new(Pipeline),
        // Python only.
        StrategyKind::Uvloop | StrategyKind::Interpreters => return None,
    })
}

/// Stops the queue after `limit`, unless the returned sender is dropped before.
fn stop_after(limit: Duration, queue: &Arc<TaskQueue>) -> mpsc::Sender<()> {
    let (running, ended) = mpsc::channel::<()>();
    let queue = Arc::clone(queue);
    std::thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            queue.stop();
        }
    });
    running
}

/// Starts the strategy, runs the queue and stops the strategy.
///
/// # Errors
/// When the strategy cannot start; failing tasks are part of the report.
pub(crate) fn run(strategy: &dyn Strategy, job: &Job, queue: &Arc<TaskQueue>) -> Result<RunReport, Error> {
    // Only threads and processes that start later are counted.
    let mut counter = InstructionCounter::new();
    let asked = Instant::now();
    let pool = strategy.start(job)?;
    let ready = Instant::now();
    let _timer = job.stop_starting_after.map(|limit| stop_after(limit, queue));
    let before = CpuTime::of_self() + CpuTime::of_children();
    let counting = counter.as_mut().and_then(InstructionCounter::start);
    queue.release();
    let PoolRun { mut outcomes, ended_at, usage, ipc, workers, stopped } = pool.run(queue);
    // Read before the pool is dropped: workers that are reaped then have reported theirs already.
    let used = CpuTime::of_self() + CpuTime::of_children() - before;
    let instructions = counting.and_then(|()| counter.as_mut()?.count());
    drop(stopped);
    let in_flight = job.width.min(usize::try_from(queue.len()).unwrap_or(usize::MAX)) as u64;
    let commands = if job.workload.runs_commands() { in_flight * peak_rss_of_children() } else { 0 };
    let (startup_s, wall_s) = ((ready - asked).as_secs_f64(), (ended_at - ready).as_secs_f64());
    Ok(RunReport {
        startup_s,
        wall_s,
        most_busy: if queue.most_busy() > 0 { queue.most_busy() } else { in_flight },
        full_pipe: FullPipe::of(&std::mem::take(&mut outcomes.intervals)),
        cpu: used + usage.cpu,
        instructions,
        peak_rss_bytes: peak_rss_of_self() + usage.peak_rss_bytes + commands,
        peak_pss_bytes: None,
        ledger: ipc.map(|ipc| WorkerTimeBreakdown::new(workers, startup_s, wall_s, &ipc)),
        tally: outcomes,
    })
}
