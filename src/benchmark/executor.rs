//! Runs batches, each in a process of its own.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::benchmark::batch::{BatchReply, BatchSpec};
use crate::benchmark::configuration::Configuration;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::child::{Allowance, ChildError, Pending};
use crate::host::deadline::DeadlineKeeper;
use crate::host::reexec::HiddenRole;
use crate::strategy::run::RunReport;
use crate::workload::{Env, Workload};

/// One batch to run.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRequest {
    /// The strategy and its width.
    pub cell: Configuration,
    /// Positions of the permutation.
    pub tasks: Range<u64>,
    /// Number of the random order of the items; configurations that are compared share it.
    pub permutation_id: u64,
    /// Time after which no further task is started.
    pub stop_starting_after: Duration,
    /// Time after which the process of the batch is killed and the batch counts as failed.
    pub kill_after: Duration,
}

impl BatchRequest {
    /// Returns the same batch with no task started after `seconds`, if that is earlier.
    pub fn within(self, seconds: f64) -> Self {
        let most = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
        BatchRequest { stop_starting_after: self.stop_starting_after.min(most), ..self }
    }

    /// Returns the same batch, killed after `seconds` if that is earlier.
    pub fn killed_within(self, seconds: f64) -> Self {
        let most = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
        BatchRequest { kill_after: self.kill_after.min(most), ..self }
    }
}

/// Runs batches; a mock makes the scheduler's tests deterministic.
pub trait Executor {
    /// Runs one batch to its end.
    ///
    /// # Errors
    /// When there is nothing to report, because the strategy could not start or its process died.
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error>;

    /// Returns true if nothing more can be run; measuring ends then, and the batch that found out does not
    /// count as a failure of its configuration.
    fn is_exhausted(&self) -> bool {
        false
    }
}

impl<E: Executor + ?Sized> Executor for Box<E> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        (**self).run(request)
    }

    fn is_exhausted(&self) -> bool {
        (**self).is_exhausted()
    }
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

    fn spec(&self, request: &BatchRequest, state_dir: PathBuf) -> BatchSpec {
        BatchSpec {
            workload: Arc::clone(&self.workload),
            env: Env { state_dir, permutation_id: request.permutation_id, ..self.env.clone() },
            cell: request.cell,
            tasks: request.tasks.clone(),
            cpus: self.cpus,
            stop_starting_after: request.stop_starting_after,
        }
    }

    fn exchange(&self, request: &BatchRequest, state_dir: PathBuf) -> Result<RunReport, Error> {
        let spec = self.spec(request, state_dir);
        let mut command = self.reexec.command(HiddenRole::Batch);
        let pending = Pending::start(&mut command, &spec, &spec.env.state_dir)?;
        let allowance = Allowance { patience: request.kill_after, memory: self.workload.limits.memory };
        match pending.answer(&self.keeper, allowance)? {
            BatchReply::Done(report) => Ok(*report),
            BatchReply::Failed(error) => Err(error),
        }
    }
}

impl Executor for ProcessExecutor {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let state_dir = self.env.state_dir.join(format!("batch-{}", self.batches));
        self.batches += 1;
        fs::create_dir(&state_dir).map_err(ChildError::Start)?;
        let result = self.exchange(request, state_dir.clone());
        // A directory that cannot be removed now is removed with its parent at the end.
        let _ = fs::remove_dir_all(&state_dir);
        result
    }
}
