//! The contract between a strategy and the code that runs a batch.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::host::usage::CpuTime;
use crate::strategy::stages::Stages;
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::time_breakdown::IpcStats;
use crate::workload::task_outcomes::TaskOutcomes;
use crate::workload::{Env, Program, Workload};

/// The work of one batch.
#[derive(Debug, Clone)]
pub struct Job {
    /// The workload, for processes that prepare it themselves.
    pub workload: Arc<Workload>,
    /// The workload prepared for this process.
    pub program: Arc<Program>,
    /// The environment of the batch.
    pub env: Env,
    /// Tasks in flight.
    pub width: usize,
    /// Number of worker processes next to the event loop, for `hybrid`.
    pub processes: usize,
    /// Workers of each stage, for `pipeline`; `None` spreads the width evenly.
    pub stages: Option<Stages>,
    /// CPUs that may be used at once; an event loop has this many threads.
    pub cpus: usize,
    /// Time after which no further task is started, counted from when the strategy was ready.
    pub stop_starting_after: Option<Duration>,
}

/// A way to run tasks concurrently.
pub trait Strategy {
    /// Starts threads, processes or a runtime, and returns when they are ready for the first task.
    ///
    /// # Errors
    /// When a thread, a process or a runtime cannot be created.
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error>;
}

/// A started strategy, which runs one batch.
pub trait Pool {
    /// Runs every task of the queue and returns when the last one has ended and every worker has reported.
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun;
}

/// The result of running a pool.
pub struct PoolRun {
    /// The outcome of every task.
    pub outcomes: TaskOutcomes,
    /// The moment at which the last task had ended, before workers were asked what they used.
    pub ended_at: Instant,
    /// CPU time and memory of worker processes; zero where there are none.
    pub usage: WorkerUsage,
    /// The messages to and from worker processes; `None` where there are none.
    pub ipc: Option<IpcStats>,
    /// The number of worker processes.
    pub workers: u64,
    /// The stopped pool. Dropping it reaps worker processes, after which their CPU time also counts as that
    /// of children: read the CPU time of children first.
    pub stopped: Box<dyn Any>,
}

impl PoolRun {
    /// The run of a pool without worker processes, whose last task has just ended.
    pub fn in_process(outcomes: TaskOutcomes, stopped: Box<dyn Any>) -> Self {
        PoolRun {
            outcomes,
            ended_at: Instant::now(),
            usage: WorkerUsage::default(),
            ipc: None,
            workers: 0,
            stopped,
        }
    }
}

impl fmt::Debug for PoolRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolRun")
            .field("outcomes", &self.outcomes)
            .field("usage", &self.usage)
            .field("ipc", &self.ipc)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// Resources used by all worker processes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WorkerUsage {
    /// CPU time for the tasks, including the commands they ran.
    pub cpu: CpuTime,
    /// Sum of the peak resident sizes, in bytes.
    pub peak_rss_bytes: u64,
}

impl WorkerUsage {
    /// Adds another worker.
    pub fn add(&mut self, other: WorkerUsage) {
        self.cpu = self.cpu + other.cpu;
        self.peak_rss_bytes += other.peak_rss_bytes;
    }
}
