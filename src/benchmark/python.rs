//! Runs batches of Python callables, each in an interpreter of its own.

use std::time::Duration;

use crate::benchmark::executor::{BatchRequest, Executor};
use crate::error::Error;
use crate::profile::Profile;
use crate::profile::result::{PythonProfile, TaskCost};
use crate::python::Session;
use crate::python::session::PythonBatch;
use crate::strategy::run::RunReport;
use crate::workload::Workload;

/// Time that first calls may take, as a multiple of the time that they are expected to take.
const FIRST_CALL_PATIENCE: f64 = 2.0;

/// Maximum number of workers that are given time to compute one after another what each pays once.
const MAX_IN_TURN: usize = 4;

/// Runs every batch in a fresh interpreter.
#[derive(Debug)]
pub(crate) struct PythonExecutor<'a> {
    session: &'a Session,
    workload: &'a Workload,
    profile: &'a Profile,
}

impl<'a> PythonExecutor<'a> {
    /// Runs batches of a workload that was profiled.
    pub(crate) fn new(session: &'a Session, workload: &'a Workload, profile: &'a Profile) -> Self {
        PythonExecutor { session, workload, profile }
    }
}

impl Executor for PythonExecutor<'_> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let once = self.profile.python.as_ref().and_then(|python| python.once_per_process);
        let first_calls = once.map_or(Duration::ZERO, |once| time_of_first_calls(once, request.cell.width));
        let batch = PythonBatch {
            strategy: request.cell.strategy,
            width: request.cell.width,
            processes: request.cell.processes.unwrap_or(1),
            stages: request.cell.stages,
            pools: self.profile.python.as_ref().map(PythonProfile::stage_pools).unwrap_or_default(),
            tasks: request.tasks.clone(),
            permutation_id: request.permutation_id,
            cpu_steps: self.profile.python.as_ref().map(PythonProfile::cpu_steps),
            task_s: Some(self.profile.task.total_s()),
            once,
            stop_starting_after: request.stop_starting_after + first_calls,
            kill_after: request.kill_after + first_calls,
        };
        self.session.run(self.workload, &batch)
    }
}

/// Returns the time beside that of its tasks that the first calls of a batch may take.
fn time_of_first_calls(once: TaskCost, width: usize) -> Duration {
    let s = FIRST_CALL_PATIENCE * (once.wait_s + once.cpu_s * width.clamp(1, MAX_IN_TURN) as f64);
    Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX)
}
