//! Runs batches, each in a process of its own.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::benchmark::batch::{BatchReply, BatchSpec};
use crate::benchmark::cell::Cell;
use crate::code::Code;
use crate::host::Reexec;
use crate::host::child::{ChildError, Pending};
use crate::host::deadline::DeadlineKeeper;
use crate::host::memory::resident_of_tree;
use crate::host::process::kill_tree;
use crate::host::reexec::Role;
use crate::strategy::run::RunReport;
use crate::workload::{Env, Workload};

/// How often the memory of a batch is looked at, where it is limited.
const MEMORY_PERIOD: Duration = Duration::from_millis(20);

/// One batch to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The cell.
    pub cell: Cell,
    /// Which tasks.
    pub tasks: Range<u64>,
    /// No task is started later than this.
    pub time_limit: Duration,
    /// The batch is given up, and counts as failed, when it is not done by then.
    pub patience: Duration,
}

/// Why a batch gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BatchError {
    /// What kind of failure it is.
    pub code: Code,
    /// The failure in words.
    pub message: String,
}

/// Runs batches; a mock makes the scheduler's tests deterministic.
pub trait Executor {
    /// Runs one batch to its end.
    ///
    /// # Errors
    /// When there is nothing to report, because the strategy could not start or its process died.
    fn run(&mut self, order: &Order) -> Result<RunReport, BatchError>;
}

/// Runs every batch in a process of its own.
#[derive(Debug)]
pub struct ProcessExecutor {
    reexec: Reexec,
    workload: Arc<Workload>,
    env: Env,
    cpus: usize,
    batches: u64,
    keeper: DeadlineKeeper,
}

impl ProcessExecutor {
    /// Runs batches of `workload`; each has a directory of its own below `env.state_dir`.
    pub fn new(reexec: Reexec, workload: Arc<Workload>, env: Env, cpus: usize) -> Self {
        ProcessExecutor { reexec, workload, env, cpus, batches: 0, keeper: DeadlineKeeper::new() }
    }

    fn spec(&self, order: &Order, state_dir: PathBuf) -> BatchSpec {
        BatchSpec {
            workload: Arc::clone(&self.workload),
            env: Env { state_dir, ..self.env.clone() },
            cell: order.cell,
            tasks: order.tasks.clone(),
            cpus: self.cpus,
            time_limit: order.time_limit,
        }
    }

    fn exchange(&self, order: &Order, state_dir: PathBuf) -> Result<RunReport, BatchError> {
        let spec = self.spec(order, state_dir);
        let mut command = self.reexec.command(Role::Batch);
        let pending = Pending::start(&mut command, &spec, &spec.env.state_dir).map_err(from_child)?;
        let memory = self.workload.limits.memory.map(|limit| MemoryGuard::watch(pending.pid(), limit));
        let answer = pending.answer(&self.keeper, order.patience);
        if let Some(limit) = memory.and_then(MemoryGuard::exceeded) {
            let message = format!("used more than {} of memory", crate::units::Bytes(limit));
            return Err(BatchError { code: Code::HostMemory, message });
        }
        match answer.map_err(from_child)? {
            BatchReply::Done(report) => Ok(*report),
            BatchReply::Failed { code, message } => Err(BatchError { code, message }),
        }
    }
}

impl Executor for ProcessExecutor {
    fn run(&mut self, order: &Order) -> Result<RunReport, BatchError> {
        let state_dir = self.env.state_dir.join(format!("batch-{}", self.batches));
        self.batches += 1;
        fs::create_dir(&state_dir).map_err(|e| from_child(ChildError::Start(e)))?;
        let result = self.exchange(order, state_dir.clone());
        // What cannot be removed now is removed with the whole directory at the end.
        let _ = fs::remove_dir_all(&state_dir);
        result
    }
}

fn from_child(error: ChildError) -> BatchError {
    let code = match error {
        ChildError::Start(_) => Code::HostSpawn,
        ChildError::Died { .. } => Code::PoolWorkerDied,
        ChildError::Late(_) => Code::PoolHung,
    };
    BatchError { code, message: error.to_string() }
}

/// Kills a batch that holds more memory than it may.
struct MemoryGuard {
    limit: u64,
    exceeded: Arc<AtomicBool>,
    running: mpsc::Sender<()>,
}

impl MemoryGuard {
    fn watch(pid: u32, limit: u64) -> Self {
        let (running, ended) = mpsc::channel::<()>();
        let exceeded = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&exceeded);
        std::thread::spawn(move || {
            while ended.recv_timeout(MEMORY_PERIOD) == Err(mpsc::RecvTimeoutError::Timeout) {
                if resident_of_tree(pid) > limit {
                    seen.store(true, Ordering::SeqCst);
                    kill_tree(pid);
                    return;
                }
            }
        });
        MemoryGuard { limit, exceeded, running }
    }

    /// Ends the watch; the limit, if it was exceeded.
    fn exceeded(self) -> Option<u64> {
        drop(self.running);
        self.exceeded.load(Ordering::SeqCst).then_some(self.limit)
    }
}
