//! What a strategy is given and what it has to offer.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::host::usage::CpuTime;
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
    /// The surroundings of the batch.
    pub env: Env,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes beside the event loop, for `hybrid`.
    pub processes: usize,
    /// CPUs that may be used at once; an event loop has this many threads.
    pub cpus: usize,
    /// No task is started later than this after the strategy was ready.
    pub time_limit: Option<Duration>,
}

/// A way to run tasks concurrently.
pub trait Strategy {
    /// Starts what the strategy needs and returns when it is ready for the first task.
    ///
    /// # Errors
    /// When a thread, a process or a runtime cannot be created.
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error>;
}

/// A started strategy.
pub trait Pool {
    /// Runs every task of the feed, at most once per pool, and returns when the last one has ended.
    fn run(&mut self, feed: &Arc<TaskQueue>) -> TaskOutcomes;

    /// What worker processes used for the tasks; zero where there are none. Asked once, after the run.
    fn usage(&mut self) -> WorkerUsage {
        WorkerUsage::default()
    }

    /// What passed between the pool and its worker processes, and how many of these there are; `None`
    /// where there are none. Asked after `usage`.
    fn traffic(&self) -> Option<(u64, &IpcStats)> {
        None
    }
}

/// What worker processes used, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WorkerUsage {
    /// CPU time for the tasks, that of commands they ran included.
    pub cpu: CpuTime,
    /// Sum of the largest resident sizes, in bytes.
    pub peak_rss_bytes: u64,
}

impl WorkerUsage {
    /// Adds another worker.
    pub fn add(&mut self, other: WorkerUsage) {
        self.cpu = self.cpu + other.cpu;
        self.peak_rss_bytes += other.peak_rss_bytes;
    }
}
